/* SPDX-License-Identifier: MIT */
/*
 * Owns the story that a bank tells its observer: times that do not go back, partitions that there
 * are, states that follow from one another, one operation at a time in a chip, and which blocks an
 * erase is about: the block that the last command addressed, and those of the commands that came
 * while it ran.
 */
#include "tests/fuzz/told.h"

#include <stdio.h>
#include <string.h>

static const char *const state_names[] = {
	"idle", "program", "erase", "program suspended", "erase suspended", "check", "lock"
};

u64 told_mix(u64 digest, u64 value)
{
	u64 x = (digest ^ value) * 0x9E3779B97F4A7C15ull;

	return x ^ x >> 29;
}

bool told_runs(enum kvl_flash_state state)
{
	return state == KVL_FLASH_PROGRAM || state == KVL_FLASH_ERASE || state == KVL_FLASH_CHECK ||
	       state == KVL_FLASH_LOCK;
}

bool told_chip_runs(const struct told *told, u32 chip)
{
	for (u32 i = 0; i < told->geometry->partitions; i++)
		if (told_runs(told->state[chip][i]))
			return true;
	return false;
}

static void event(struct told *told, u32 partition, u64 what, u64 now_ns)
{
	demand(told->powered, "told of something while there is no power");
	demand(now_ns >= told->last_ns, "told of %llu ns after %llu ns", (unsigned long long)now_ns,
	       (unsigned long long)told->last_ns);
	demand(now_ns <= told->handed_ns, "told of %llu ns, handed %llu ns",
	       (unsigned long long)now_ns, (unsigned long long)told->handed_ns);
	demand(partition < told->geometry->chips * told->geometry->partitions,
	       "told of partition %u", partition);
	told->last_ns = now_ns;
	told->events++;
	told->digest = told_mix(told_mix(told->digest, what), partition + now_ns);
}

/* --- commands --------------------------------------------------------------------------------- */
static void on_command(void *owner, u32 partition, u64 offset, u8 command, u64 data, u64 now_ns)
{
	struct told *told = owner;
	const struct geometry *geometry = told->geometry;
	struct told_chip *chip;
	u32 block, number;

	event(told, partition, command + (offset << 8) + (data << 48), now_ns);
	demand(offset < geometry->bytes && offset % geometry->bus == 0,
	       "a command at %llx, which is no bus word of the bank", (unsigned long long)offset);
	demand(data < 1ull << geometry->lane * 8, "a command with data %llx",
	       (unsigned long long)data);
	number = partition / geometry->partitions;
	block = geometry_block(geometry, offset / geometry->chips);
	demand(geometry->partition[block] == partition % geometry->partitions,
	       "a command at %llx is told for partition %u", (unsigned long long)offset, partition);
	if (told->verbose)
		fprintf(stderr, "    chip %u: command %02x, block %u, data %llx\n", number, command,
			block, (unsigned long long)data);
	chip = &told->chip[number];
	chip->named = block;
	chip->command = command;
	/* The one thing that a stranger cannot see: Chip Erase of set 0002 names no block. */
	chip->named_all = told->config->part->command_set == 0x0002 && command == 0x10;
	/* Set 0002 takes more sectors as long as the erase has not begun; then never again. */
	for (u32 i = 0; i < geometry->partitions && !chip->erase_rested; i++)
		if (told->state[number][i] == KVL_FLASH_ERASE)
			chip->in_erase[block] = 1;
}

/* --- states ----------------------------------------------------------------------------------- */
static bool may_begin(const struct told_chip *chip, enum kvl_flash_state state)
{
	switch (state) {
	case KVL_FLASH_PROGRAM:
	case KVL_FLASH_CHECK: return true;
	case KVL_FLASH_ERASE:
	case KVL_FLASH_LOCK: return !chip->erase_in_hand;
	case KVL_FLASH_IDLE:
	case KVL_FLASH_PROGRAM_SUSPENDED:
	case KVL_FLASH_ERASE_SUSPENDED: break;
	}
	return false;
}

/* @rests: the chip's erase rests in this partition. */
static bool may_follow(const struct told_chip *chip, bool rests, enum kvl_flash_state before,
		       enum kvl_flash_state state)
{
	enum kvl_flash_state over = rests ? KVL_FLASH_ERASE_SUSPENDED : KVL_FLASH_IDLE;

	switch (before) {
	case KVL_FLASH_IDLE: return may_begin(chip, state);
	case KVL_FLASH_PROGRAM: return state == KVL_FLASH_PROGRAM_SUSPENDED || state == over;
	case KVL_FLASH_ERASE: /* once more: of the next sector that was named */
		return state == KVL_FLASH_ERASE_SUSPENDED || state == KVL_FLASH_IDLE ||
		       state == KVL_FLASH_ERASE;
	case KVL_FLASH_PROGRAM_SUSPENDED: return state == KVL_FLASH_PROGRAM;
	case KVL_FLASH_ERASE_SUSPENDED:
		return state == KVL_FLASH_ERASE || state == KVL_FLASH_PROGRAM ||
		       state == KVL_FLASH_CHECK;
	case KVL_FLASH_CHECK: /* set 0002: a refused erase, to which a sector is added that is not */
		return state == over || (state == KVL_FLASH_ERASE && !chip->erase_in_hand);
	case KVL_FLASH_LOCK: return state == over;
	}
	return false;
}

static bool erase_rests_in(const struct told *told, u32 chip, u32 partition)
{
	const struct told_chip *of = &told->chip[chip];

	if (!of->erase_in_hand || told->state[chip][partition] == KVL_FLASH_ERASE)
		return false;
	for (u32 i = 0; i < told->geometry->blocks; i++)
		if (of->in_erase[i] == 1 && told->geometry->partition[i] == partition)
			return true;
	return false;
}

static void begin_erase(struct told *told, u32 number, u32 partition)
{
	const struct geometry *geometry = told->geometry;
	struct told_chip *chip = &told->chip[number];

	demand(chip->named_all || geometry->partition[chip->named] == partition,
	       "an erase in partition %u, but the command was about block %u", partition,
	       chip->named);
	chip->erase_in_hand = true;
	chip->erase_rested = false;
	if (chip->named_all)
		memset(chip->in_erase, 1, geometry->blocks);
	else
		chip->in_erase[chip->named] = 1;
}

/* What is over keeps its blocks until the step is, marked as over. */
static void end_erase(struct told *told, struct told_chip *chip)
{
	chip->erase_in_hand = false;
	for (u32 i = 0; i < told->geometry->blocks; i++)
		if (chip->in_erase[i])
			chip->in_erase[i] = 2;
}

static void on_state(void *owner, u32 partition, enum kvl_flash_state state, u8 status, u64 now_ns)
{
	struct told *told = owner;
	enum kvl_flash_state before;
	struct told_chip *chip;
	u32 number;

	event(told, partition, state + (status << 8), now_ns);
	demand(state <= KVL_FLASH_LOCK, "state %d", (int)state);
	number = partition / told->geometry->partitions;
	partition %= told->geometry->partitions;
	chip = &told->chip[number];
	before = told->state[number][partition];
	if (told->verbose)
		fprintf(stderr, "    chip %u: partition %u: %s, status %02x, at %llu ns\n", number,
			partition, state_names[state], status, (unsigned long long)now_ns);
	demand(may_follow(chip, erase_rests_in(told, number, partition), before, state),
	       "chip %u, partition %u: '%s' after '%s'", number, partition, state_names[state],
	       state_names[before]);
	told->state[number][partition] = KVL_FLASH_IDLE;
	demand(!told_runs(state) || !told_chip_runs(told, number),
	       "chip %u: two operations run at once", number);
	if (state == KVL_FLASH_ERASE && (before == KVL_FLASH_IDLE || before == KVL_FLASH_CHECK))
		begin_erase(told, number, partition);
	if (before == KVL_FLASH_ERASE && state == KVL_FLASH_IDLE)
		end_erase(told, chip);
	chip->erase_rested |= state == KVL_FLASH_ERASE_SUSPENDED;
	chip->erase_ran |= state == KVL_FLASH_ERASE;
	chip->lock_ran |= state == KVL_FLASH_LOCK;
	chip->program_ran |= state == KVL_FLASH_PROGRAM;
	chip->program_ran_in[partition] |= state == KVL_FLASH_PROGRAM;
	told->state[number][partition] = state;
}

/* --- modes, power ----------------------------------------------------------------------------- */
static void on_mode(void *owner, u32 partition, enum kvl_flash_mode mode, u64 now_ns)
{
	struct told *told = owner;
	u32 number;

	event(told, partition, 1 + mode, now_ns);
	demand(mode <= KVL_FLASH_READ_OTHER, "mode %d", (int)mode);
	number = partition / told->geometry->partitions;
	partition %= told->geometry->partitions;
	if (told->verbose)
		fprintf(stderr, "    chip %u: partition %u: mode %d\n", number, partition,
			(int)mode);
	demand(told->mode[number][partition] != mode, "mode %d is told, but it is no other",
	       (int)mode);
	told->mode[number][partition] = mode;
}

static void on_power_lost(void *owner, u64 steps, u64 now_ns)
{
	struct told *told = owner;

	event(told, 0, steps, now_ns);
	demand(steps == told->config->cut_at, "the power goes after %llu steps",
	       (unsigned long long)steps);
	if (told->verbose)
		fprintf(stderr, "    the power goes, at %llu ns\n", (unsigned long long)now_ns);
	told_power(told, false);
}

void told_power(struct told *told, bool powered)
{
	told->powered = powered;
	memset(told->state, 0, sizeof(told->state));
	for (u32 i = 0; i < told->geometry->chips; i++) {
		end_erase(told, &told->chip[i]);
		told->chip[i].command = 0;
	}
}

/* --- life ------------------------------------------------------------------------------------- */
void told_begin(struct told *told, const struct flash_config *config,
		const struct geometry *geometry)
{
	memset(told, 0, sizeof(*told));
	told->config = config;
	told->geometry = geometry;
	told->powered = true;
}

struct flash_observer told_observer(struct told *told)
{
	return (struct flash_observer){
		.owner = told,
		.command = on_command,
		.state = on_state,
		.mode = on_mode,
		.power_lost = on_power_lost,
	};
}

void told_step_is_over(struct told *told)
{
	for (u32 c = 0; c < told->geometry->chips; c++) {
		struct told_chip *chip = &told->chip[c];

		chip->erase_ran = chip->lock_ran = chip->program_ran = false;
		for (u32 i = 0; i < told->geometry->partitions; i++) {
			enum kvl_flash_state state = told->state[c][i];

			chip->erase_ran |= state == KVL_FLASH_ERASE;
			chip->lock_ran |= state == KVL_FLASH_LOCK;
			chip->program_ran |= state == KVL_FLASH_PROGRAM;
			chip->program_ran_in[i] = state == KVL_FLASH_PROGRAM;
		}
		for (u32 i = 0; i < told->geometry->blocks; i++)
			if (chip->in_erase[i] == 2)
				chip->in_erase[i] = 0;
	}
}
