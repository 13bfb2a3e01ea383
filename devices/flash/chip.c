/* SPDX-License-Identifier: MIT */
/*
 * Owns one chip of a bank: where its words, blocks and hardware partitions are, how its operations
 * start, rest and end, and who is told. Leaves to the command set what a cycle means, to
 * operation.c how cells change, to bank.c the bus, the time and the power.
 */
#include "devices/flash/chip.h"

/* --- places ----------------------------------------------------------------------------------- */
u32 chip_partition_of(const struct flash_chip *chip, u32 word)
{
	if (!chip->part->nruns)
		return 0;
	return flash_hw_partition_at(chip->part, (u64)word * chip->array.word_bytes).index;
}

struct flash_block chip_block_of(const struct flash_chip *chip, u32 word)
{
	return flash_block_at(chip->part, (u64)word * chip->array.word_bytes);
}

u32 chip_first_word(const struct flash_chip *chip, const struct flash_block *block)
{
	return (u32)(block->start / chip->array.word_bytes);
}

u32 chip_block_words(const struct flash_chip *chip, const struct flash_block *block)
{
	return block->bytes / chip->array.word_bytes;
}

/* --- reads ------------------------------------------------------------------------------------ */
/* xorshift64 (Marsaglia): any sequence does, so long as it is the same for the same seed. */
u16 chip_undefined(const struct flash_chip *chip)
{
	u64 x = chip->bank->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	chip->bank->random = x;
	return (u16)(x >> 24);
}

/*
 * An interrupted erase leaves the bits of its last pulse between the levels: where the cell was
 * raised it may still read 0.
 */
static u16 unstable_bits(const struct flash_chip *chip, u32 word)
{
	struct flash_block block = chip_block_of(chip, word);
	const struct flash_nv_block *nv = &chip->nv->block[block.index];

	if (!flash_nv_unstable(nv))
		return 0;
	return flash_bit_in_order(word, nv->erasing - 2u, chip->array.word_bytes * 8);
}

/* A read of stable cells leaves no trace, not even in the generator: it may go past the bank. */
u16 chip_array_word(const struct flash_chip *chip, u32 word)
{
	u16 value = cells_get(&chip->array, word);
	u16 between = chip->unstable ? unstable_bits(chip, word) : 0;

	return between ? value & (u16) ~(between & chip_undefined(chip)) : value;
}

u16 chip_query_word(const struct flash_chip *chip, u32 word)
{
	u32 address = chip_address(chip, word);

	return address < FLASH_QUERY_BYTES ? chip->bank->query[address] : 0;
}

/* --- what is told ----------------------------------------------------------------------------- */
static u32 told_partition(const struct flash_chip *chip, u32 partition)
{
	return chip->number * flash_hw_partition_count(chip->part) + partition;
}

void chip_set_mode(struct flash_chip *chip, u32 partition, enum kvl_flash_mode mode)
{
	const struct flash_observer *observer = &chip->bank->observer;

	if (chip->mode[partition] == mode)
		return;
	chip->mode[partition] = mode;
	chip->bank->generation++;
	if (observer->mode)
		observer->mode(observer->owner, told_partition(chip, partition), mode,
			       chip->bank->now_ns);
}

/* The bus word that carries @word. */
static u64 bus_offset(const struct flash_chip *chip, u32 word)
{
	return (u64)word * chip->bank->bus_bytes;
}

void chip_tell_command(const struct flash_chip *chip, u32 word, u8 command, u16 data)
{
	const struct flash_observer *observer = &chip->bank->observer;

	if (observer->command)
		observer->command(observer->owner,
				  told_partition(chip, chip_partition_of(chip, word)),
				  bus_offset(chip, word), command, data, chip->bank->now_ns);
}

static enum kvl_flash_state state_of(const struct flash_chip *chip, const struct flash_op *op)
{
	switch (op->kind) {
	case FLASH_OP_PROGRAM:
		return op->suspended ? KVL_FLASH_PROGRAM_SUSPENDED : KVL_FLASH_PROGRAM;
	case FLASH_OP_ERASE: return op->suspended ? KVL_FLASH_ERASE_SUSPENDED : KVL_FLASH_ERASE;
	case FLASH_OP_CHECK: return KVL_FLASH_CHECK;
	case FLASH_OP_LOCK:
	case FLASH_OP_UNLOCK: return KVL_FLASH_LOCK;
	case FLASH_OP_NONE: break;
	}
	if (chip_erase_rests(chip) && chip->erase.partition == op->partition)
		return KVL_FLASH_ERASE_SUSPENDED;
	return KVL_FLASH_IDLE;
}

void chip_tell_state(struct flash_chip *chip, const struct flash_op *op)
{
	const struct flash_observer *observer = &chip->bank->observer;

	chip->bank->generation++;
	if (observer->state)
		observer->state(observer->owner, told_partition(chip, op->partition),
				state_of(chip, op), chip->set->status(chip, op->partition),
				chip->bank->now_ns);
}

/* --- operations ------------------------------------------------------------------------------- */
struct flash_op *chip_running(struct flash_chip *chip)
{
	if (op_runs(&chip->program))
		return &chip->program;
	return op_runs(&chip->erase) ? &chip->erase : NULL;
}

static u64 duration_ns(const struct flash_chip *chip, struct flash_time time)
{
	const struct flash_config *config = &chip->bank->config;
	u64 typ = time.typ_us * 1000ull, max = time.max_us * 1000ull;

	if (max <= typ || config->timing == FLASH_TYPICAL)
		return typ;
	if (config->timing == FLASH_SLOWEST)
		return max;
	return typ +
	       flash_mix(config->seed + chip->operations * 2ull + chip->number) % (max - typ + 1);
}

static u64 longest_ns(struct flash_time time)
{
	return (time.max_us > time.typ_us ? time.max_us : time.typ_us) * 1000ull;
}

/* A chip that keeps the time itself halts what does not come to its end. */
static void give_up(const struct flash_chip *chip, u64 longest, struct flash_fate *fate)
{
	if (!chip->set->gives_up || !(fate->stuck || fate->fails || fate->duration_ns > longest))
		return;
	fate->stuck = false;
	fate->fails = true;
	fate->duration_ns = longest;
}

/* Counts the operation that begins, and says what will become of it. */
static struct flash_fate next_fate(struct flash_chip *chip, struct flash_time time, bool fails)
{
	const struct flash_faults *faults = &chip->bank->config.faults;
	struct flash_fate fate;

	chip->operations++;
	fate = (struct flash_fate){
		.duration_ns = chip->operations == faults->slow ? 4 * longest_ns(time)
								: duration_ns(chip, time),
		.stuck = chip->operations == faults->stuck,
		.fails = fails,
		.weak = faults->weak_words,
		.seed = flash_mix(chip->bank->config.seed + chip->operations),
	};
	give_up(chip, longest_ns(time), &fate);
	return fate;
}

static void begin(struct flash_chip *chip, struct flash_op *op, u32 word)
{
	op->partition = chip_partition_of(chip, word);
	chip_tell_state(chip, op);
}

void chip_program(struct flash_chip *chip, u32 word, const struct flash_cells *cells, u32 start,
		  const u16 *data, u32 words, struct flash_time time)
{
	bool fails = ++chip->programs == chip->bank->config.faults.fail_program;
	struct flash_fate fate = next_fate(chip, time, fails);

	op_program(&chip->program, cells, start, data, words, &fate, chip->bank->now_ns);
	begin(chip, &chip->program, word);
}

struct flash_time chip_buffer_time(const struct flash_chip *chip, u32 words)
{
	const struct flash_part *part = chip->part;
	u32 room = (1u << part->cfi.buffer_log2) / chip->array.word_bytes;
	u64 typ = (u64)part->buffer.typ_us * words / room;
	u64 max = (u64)part->buffer.max_us * words / room;
	struct flash_time least = part->program;

	if (least.typ_us > part->buffer.typ_us)
		least = part->buffer;
	if (typ < least.typ_us)
		return least;
	return (struct flash_time){ (u32)typ, (u32)max };
}

void chip_erase(struct flash_chip *chip, u32 word, u64 from_ns)
{
	const struct flash_faults *faults = &chip->bank->config.faults;
	struct flash_block block = chip_block_of(chip, word);
	struct flash_nv_block *nv = &chip->nv->block[block.index];
	bool fails = ++chip->erases == faults->fail_erase ||
		     (faults->endurance && nv->cycles >= faults->endurance);
	struct flash_fate fate = next_fate(chip, block.erase, fails);

	op_erase(&chip->erase, &chip->array, chip_first_word(chip, &block),
		 chip_block_words(chip, &block), nv, &fate, from_ns);
	begin(chip, &chip->erase, word);
}

void chip_check(struct flash_chip *chip, u32 word)
{
	struct flash_block block = chip_block_of(chip, word);
	struct flash_fate fate = next_fate(chip, chip->part->blank_check, false);

	op_check(&chip->erase, chip_first_word(chip, &block), chip_block_words(chip, &block), &fate,
		 chip->bank->now_ns);
	begin(chip, &chip->erase, word);
}

void chip_lock(struct flash_chip *chip, u32 word)
{
	struct flash_fate fate = next_fate(chip, chip->part->lock, false);

	op_lock(&chip->erase, &chip->nv->block[chip_block_of(chip, word).index], &fate,
		chip->bank->now_ns);
	begin(chip, &chip->erase, word);
}

void chip_unlock_all(struct flash_chip *chip, u32 word)
{
	struct flash_fate fate = next_fate(chip, chip->part->unlock, false);

	op_unlock(&chip->erase, chip->nv->block, flash_block_count(chip->part), &fate,
		  chip->bank->now_ns);
	begin(chip, &chip->erase, word);
}

void chip_refuse(struct flash_chip *chip, struct flash_op *op, u32 word, u64 from_ns,
		 struct flash_time time)
{
	struct flash_fate fate = { .duration_ns = duration_ns(chip, time) };

	op_check(op, word, 1, &fate, from_ns);
	begin(chip, op, word);
}

void chip_cancel(struct flash_chip *chip, struct flash_op *op)
{
	op->kind = FLASH_OP_NONE;
	chip_tell_state(chip, op);
}

void chip_suspend(struct flash_chip *chip, struct flash_op *op)
{
	const struct flash_part *part = chip->part;
	struct flash_time time = op == &chip->program ? part->suspend_program : part->suspend_erase;
	u64 at = chip->bank->now_ns;

	if (op->run_ns <= at) /* else it has not begun, and rests at once */
		at += duration_ns(chip, time);
	op_suspend(op, at);
}

void chip_resume(struct flash_chip *chip, struct flash_op *op)
{
	op_resume(op, chip->bank->now_ns + chip->part->resume_us * 1000ull);
	chip_tell_state(chip, op);
}

bool chip_is_blank(const struct flash_chip *chip, u32 start, u32 words)
{
	u16 erased = chip->array.word_bytes == 1 ? 0xFF : 0xFFFF;

	for (u32 word = start; word < start + words; word++)
		if (cells_get(&chip->array, word) != erased)
			return false;
	return true;
}

static u32 count_unstable(const struct flash_chip *chip)
{
	u32 count = 0;

	for (u32 i = 0; i < flash_block_count(chip->part); i++)
		count += flash_nv_unstable(&chip->nv->block[i]);
	return count;
}

bool chip_proceed(struct flash_chip *chip)
{
	struct flash_op *op = chip_running(chip);
	enum flash_op_kind was = op->kind;

	if (op_proceed(op)) {
		chip->bank->steps++;
		return true;
	}
	if (was == FLASH_OP_ERASE)
		chip->unstable = count_unstable(chip);
	chip->set->stopped(chip, op, was);
	if (!op_runs(op)) /* else another one has begun, and that was told */
		chip_tell_state(chip, op);
	return false;
}

/* --- life ------------------------------------------------------------------------------------- */
void chip_power_up(struct flash_chip *chip)
{
	chip->erase.kind = FLASH_OP_NONE;
	chip->program.kind = FLASH_OP_NONE;
	chip->unstable = count_unstable(chip);
	chip->set->power_up(chip);
	for (u32 i = 0; i < flash_hw_partition_count(chip->part); i++)
		chip_set_mode(chip, i, KVL_FLASH_READ_ARRAY);
}

static bool touches(const struct flash_chip *chip, const struct flash_op *op,
		    const struct flash_block *block)
{
	u32 first = chip_first_word(chip, block), words = chip_block_words(chip, block);

	return op_has(op, &chip->array, first, words);
}

static bool runs_in(const struct flash_op *op, u32 partition)
{
	return op_runs(op) && op->partition == partition;
}

enum flash_view chip_view(const struct flash_chip *chip, const struct flash_block *block)
{
	u32 partition = flash_hw_partition_at(chip->part, block->start).index;
	enum flash_view view;

	if (runs_in(&chip->erase, partition) || runs_in(&chip->program, partition))
		return FLASH_VIEW_BUSY;
	if (chip->mode[partition] != KVL_FLASH_READ_ARRAY)
		return FLASH_VIEW_MODE;
	view = chip->set->view(chip, block);
	if (view != FLASH_VIEW_ARRAY)
		return view;
	if (touches(chip, &chip->erase, block) || touches(chip, &chip->program, block))
		return FLASH_VIEW_RESTS;
	return flash_nv_unstable(&chip->nv->block[block->index]) ? FLASH_VIEW_UNSTABLE
								 : FLASH_VIEW_ARRAY;
}
