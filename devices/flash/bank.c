/* SPDX-License-Identifier: MIT */
/*
 * Owns a bank: its life, its time, its power, and how an access of the CPU becomes cycles of its
 * chips. Leaves to chip.c what one chip does.
 *
 * Time goes from event to event: whatever is due first, a step or the end of an operation of either
 * chip, happens first, at its own time. So what the cells hold depends on the time alone, not on
 * how often anybody looked.
 */
#include <stdlib.h>
#include <string.h>

#include "devices/flash/chip.h"

#define MAX_ACCESS_BYTES 8

/* --- what banks there can be ------------------------------------------------------------------ */
static u32 chips_of(const struct flash_config *config)
{
	return config->chips ? config->chips : 1;
}

static u32 widest(const struct flash_part *part)
{
	return part->widths & 2 ? 2 : 1;
}

u32 flash_bus_bytes(const struct flash_config *config)
{
	return config->bus_bytes ? config->bus_bytes : widest(config->part) * chips_of(config);
}

u64 flash_bank_bytes(const struct flash_config *config)
{
	return (u64)config->part->chip_bytes * chips_of(config);
}

const char *flash_config_problem(const struct flash_config *config)
{
	u32 chips = chips_of(config), bus = flash_bus_bytes(config);

	if (chips > FLASH_MAX_CHIPS)
		return "at most two chips can be side by side";
	if (bus != 1 && bus != 2 && bus != 4)
		return "a bus is 8, 16 or 32 bits wide";
	if (bus % chips || bus / chips > 2 || !(config->part->widths & bus / chips))
		return "the part has no data bus of that width for each chip";
	return flash_part_problem(config->part);
}

struct flash_block flash_bank_block_at(const struct flash_config *config, u64 offset)
{
	u32 chips = chips_of(config);
	struct flash_block block = flash_block_at(config->part, offset / chips);

	block.start *= chips;
	block.bytes *= chips;
	return block;
}

/* --- what a chip keeps ------------------------------------------------------------------------ */
size_t flash_nv_bytes(const struct flash_part *part)
{
	return sizeof(struct flash_nv) + flash_block_count(part) * sizeof(struct flash_nv_block);
}

bool flash_nv_unstable(const struct flash_nv_block *block)
{
	return block->erasing >= 2;
}

/* Intel's registers begin with a lock word, of which bit 0 has the factory's half locked. */
void flash_nv_init(const struct flash_part *part, struct flash_nv *nv, u64 seed, u32 chip)
{
	u64 serial = flash_mix(flash_mix(seed) + chip);

	memset(nv, 0, flash_nv_bytes(part));
	memset(nv->otp, 0xFF, sizeof(nv->otp));
	nv->lock_register = 0xFFFF;
	if (!(part->features & FLASH_OTP) || part->command_set == 0x0002)
		return;
	nv->otp[0] = 0xFFFE;
	memcpy(&nv->otp[1], &serial, sizeof(serial));
}

/* --- life ------------------------------------------------------------------------------------- */
static bool make_chip(struct flash_bank *bank, u32 number, u8 *array, struct flash_nv *nv)
{
	struct flash_chip *chip = &bank->chip[number];
	const struct flash_part *part = bank->config.part;
	u32 word_bytes = bank->bus_bytes / bank->config.chips;

	chip->bank = bank;
	chip->part = part;
	chip->set = part->command_set == 0x0002 ? &flash_amd_set : &flash_intel_set;
	chip->number = number;
	chip->words = part->chip_bytes / word_bytes;
	chip->address_shift = word_bytes < part->native_bytes;
	chip->array =
		(struct flash_cells){ array + number * word_bytes, bank->bus_bytes, word_bytes };
	chip->nv = nv;
	if (nv)
		return true;
	chip->owns_nv = true;
	chip->nv = malloc(flash_nv_bytes(part));
	if (chip->nv)
		flash_nv_init(part, chip->nv, bank->config.seed, number);
	return chip->nv;
}

static u32 chips_in(const struct flash_bank *bank)
{
	return bank->config.chips;
}

struct flash_bank *flash_create(const struct flash_config *config, u8 *array,
				struct flash_nv *const nv[FLASH_MAX_CHIPS],
				const struct flash_observer *observer)
{
	struct flash_bank *bank = calloc(1, sizeof(*bank));

	if (!bank)
		return NULL;
	bank->config = *config;
	bank->config.chips = chips_of(config);
	bank->bus_bytes = flash_bus_bytes(config);
	bank->bytes = flash_bank_bytes(config);
	bank->random = flash_mix(config->seed) | 1;
	flash_cfi_query(config->part, bank->query);
	for (u32 i = 0; i < chips_in(bank); i++)
		if (!make_chip(bank, i, array, nv ? nv[i] : NULL))
			goto out_destroy;
	flash_power_up(bank);
	if (observer)
		bank->observer = *observer;
	return bank;

out_destroy:
	flash_destroy(bank);
	return NULL;
}

void flash_destroy(struct flash_bank *bank)
{
	if (!bank)
		return;
	for (u32 i = 0; i < chips_in(bank); i++)
		if (bank->chip[i].owns_nv)
			free(bank->chip[i].nv);
	free(bank);
}

const struct flash_part *flash_part_of(const struct flash_bank *bank)
{
	return bank->config.part;
}

/* --- power ------------------------------------------------------------------------------------ */
u64 flash_steps(const struct flash_bank *bank)
{
	return bank->steps;
}

const char *flash_missed_fault(const struct flash_bank *bank, u32 *n)
{
	const struct flash_faults *faults = &bank->config.faults;
	const u32 number[] = { faults->slow, faults->stuck, faults->fail_program,
			       faults->fail_erase };
	static const char *const name[] = { "slow", "stuck", "program", "erase" };

	for (u32 i = 0; i < ARRAY_LEN(number); i++) {
		u32 most = 0;

		for (u32 c = 0; c < chips_of(&bank->config); c++) {
			const struct flash_chip *chip = &bank->chip[c];
			u32 count = i < 2    ? chip->operations
				    : i == 2 ? chip->programs
					     : chip->erases;

			most = count > most ? count : most;
		}
		*n = number[i];
		if (most < number[i])
			return name[i];
	}
	return NULL;
}

bool flash_has_power(const struct flash_bank *bank)
{
	return bank->powered;
}

void flash_power_cut(struct flash_bank *bank)
{
	bank->powered = false;
	bank->generation++;
}

void flash_power_up(struct flash_bank *bank)
{
	bank->powered = true;
	bank->generation++;
	for (u32 i = 0; i < chips_in(bank); i++)
		chip_power_up(&bank->chip[i]);
}

static void lose_power(struct flash_bank *bank)
{
	const struct flash_observer *observer = &bank->observer;

	flash_power_cut(bank);
	if (observer->power_lost)
		observer->power_lost(observer->owner, bank->steps, bank->now_ns);
}

/* --- time ------------------------------------------------------------------------------------- */
/* The chip in which something is due first, and when; NULL: nothing is. */
static struct flash_chip *next_chip(struct flash_bank *bank, u64 *when_ns)
{
	struct flash_chip *next = NULL;

	*when_ns = UINT64_MAX;
	for (u32 i = 0; i < chips_in(bank); i++) {
		const struct flash_op *op = chip_running(&bank->chip[i]);

		if (!op || op->next_ns >= *when_ns)
			continue;
		next = &bank->chip[i];
		*when_ns = op->next_ns;
	}
	return next;
}

void flash_advance(struct flash_bank *bank, u64 now_ns)
{
	struct flash_chip *chip;
	u64 when_ns;

	while (bank->powered && (chip = next_chip(bank, &when_ns)) && when_ns <= now_ns) {
		if (when_ns > bank->now_ns)
			bank->now_ns = when_ns;
		if (chip_proceed(chip) && bank->steps == bank->config.cut_at)
			lose_power(bank);
	}
	if (now_ns > bank->now_ns)
		bank->now_ns = now_ns;
}

u64 flash_busy_until(const struct flash_bank *bank)
{
	bool busy = false;
	u64 until = 0;

	for (u32 i = 0; bank->powered && i < chips_in(bank); i++) {
		const struct flash_chip *chip = &bank->chip[i];
		const struct flash_op *op = op_runs(&chip->program) ? &chip->program : &chip->erase;

		if (!op_runs(op))
			continue;
		busy = true;
		if (op_stops_at(op) > until)
			until = op_stops_at(op);
	}
	return busy ? until : UINT64_MAX;
}

/* --- the bus ---------------------------------------------------------------------------------- */
/* The part of an access that one bus cycle carries. */
struct cycle {
	u32 word;  /* bus word */
	u32 shift; /* bits from the bottom of the bus word to the first lane that is used */
	u32 bytes; /* lanes used */
};

/* @offset lies inside the bank. */
static struct cycle next_cycle(const struct flash_bank *bank, u64 offset, u32 bytes)
{
	u32 lane = offset % bank->bus_bytes;
	u32 room = bank->bus_bytes - lane;

	return (struct cycle){
		.word = (u32)(offset / bank->bus_bytes),
		.shift = lane * 8,
		.bytes = bytes < room ? bytes : room,
	};
}

/* How many of @bytes at @offset lie inside the bank; none of an access that begins outside. */
static u32 bytes_inside(const struct flash_bank *bank, u64 offset, u32 bytes)
{
	if (bytes > MAX_ACCESS_BYTES)
		bytes = MAX_ACCESS_BYTES;
	if (offset >= bank->bytes || !bank->powered)
		return 0;
	return bytes < bank->bytes - offset ? bytes : (u32)(bank->bytes - offset);
}

static u64 low_bytes_mask(u32 bytes)
{
	return bytes >= sizeof(u64) ? UINT64_MAX : (1ull << bytes * 8) - 1;
}

/* Each chip sees every cycle, whichever lanes the access is after. */
static u64 read_word(struct flash_bank *bank, u32 word)
{
	u64 value = 0;
	u32 lane_bits = bank->chip[0].array.word_bytes * 8;

	for (u32 i = 0; i < chips_in(bank); i++) {
		struct flash_chip *chip = &bank->chip[i];

		value |= (u64)(chip->set->read(chip, word) & low_bytes_mask(lane_bits / 8))
			 << i * lane_bits;
	}
	return value;
}

static void write_word(struct flash_bank *bank, u32 word, u64 value)
{
	u32 lane_bits = bank->chip[0].array.word_bytes * 8;

	for (u32 i = 0; i < chips_in(bank); i++) {
		struct flash_chip *chip = &bank->chip[i];

		chip->set->write(chip, word,
				 (u16)(value >> i * lane_bits & low_bytes_mask(lane_bits / 8)));
	}
}

u64 flash_read(struct flash_bank *bank, u64 offset, u32 bytes, u64 now_ns)
{
	u32 inside;
	u64 value;

	flash_advance(bank, now_ns);
	inside = bytes_inside(bank, offset, bytes);
	value = low_bytes_mask(bytes) & ~low_bytes_mask(inside);
	for (u32 done = 0; done < inside;) {
		struct cycle cycle = next_cycle(bank, offset + done, inside - done);
		u64 lanes = read_word(bank, cycle.word) >> cycle.shift;

		value |= (lanes & low_bytes_mask(cycle.bytes)) << (done * 8);
		done += cycle.bytes;
	}
	return value;
}

void flash_write(struct flash_bank *bank, u64 offset, u32 bytes, u64 value, u64 now_ns)
{
	u64 bus = low_bytes_mask(bank->bus_bytes);
	u32 inside;

	flash_advance(bank, now_ns);
	inside = bytes_inside(bank, offset, bytes);
	for (u32 done = 0; done < inside;) {
		struct cycle cycle = next_cycle(bank, offset + done, inside - done);
		u64 lanes = low_bytes_mask(cycle.bytes) << cycle.shift;
		u64 driven = ((value >> done * 8) << cycle.shift) & lanes;

		write_word(bank, cycle.word, driven | (bus & ~lanes));
		done += cycle.bytes;
	}
}

/* --- what may be mapped ----------------------------------------------------------------------- */
static enum flash_view view(const struct flash_bank *bank, const struct flash_block *block)
{
	enum flash_view found = bank->powered ? FLASH_VIEW_ARRAY : FLASH_VIEW_OFF;

	for (u32 i = 0; i < chips_in(bank) && found == FLASH_VIEW_ARRAY; i++)
		found = chip_view(&bank->chip[i], block);
	return found;
}

enum flash_view flash_view_at(const struct flash_bank *bank, u64 offset)
{
	struct flash_block block = flash_block_at(bank->config.part, offset / chips_in(bank));

	return view(bank, &block);
}

bool flash_next_shown(const struct flash_bank *bank, u64 from, struct flash_range *range)
{
	u32 chips = chips_in(bank);
	struct flash_block block;

	range->bytes = 0;
	for (u64 at = from / chips; at < bank->config.part->chip_bytes;
	     at = block.start + block.bytes) {
		block = flash_block_at(bank->config.part, at);
		if (view(bank, &block) != FLASH_VIEW_ARRAY) {
			if (range->bytes)
				break;
			continue;
		}
		if (!range->bytes)
			range->start = block.start * chips;
		range->bytes += (u64)block.bytes * chips;
	}
	return range->bytes;
}

bool flash_is_array(const struct flash_bank *bank)
{
	struct flash_range range;

	return flash_next_shown(bank, 0, &range) && range.bytes == bank->bytes;
}

u64 flash_shown_generation(const struct flash_bank *bank)
{
	return bank->generation;
}
