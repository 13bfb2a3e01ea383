/* SPDX-License-Identifier: MIT */
/*
 * Owns the calls of a bank that is watched, so that nothing it does is missed, and the rules of
 * time and power: what the bank says of the end of operations is true; without power all bits read
 * one and nothing changes, and after power-up it is idle and in read array mode. Leaves to told.c
 * what the observer is told, to watch_cells.c which cells change, to watch_shown.c what may be
 * mapped.
 */
#include "tests/fuzz/watch.h"

static struct watch the_watch;

/* --- time ------------------------------------------------------------------------------------- */
static void check_time(const struct watch *watch)
{
	u64 until = flash_busy_until(watch->bank);
	bool runs = false;

	for (u32 c = 0; c < watch->geometry.chips; c++)
		runs |= told_chip_runs(&watch->told, c);
	demand(until == UINT64_MAX || runs, "%s: busy until %llu ns, but nothing runs",
	       name_of(watch), (unsigned long long)until);
	demand(until != UINT64_MAX || !runs || watch->config.flash.faults.stuck,
	       "%s: an operation runs, and there is no end to it", name_of(watch));
	demand(until >= watch->now_ns, "%s: busy until %llu ns, which has been", name_of(watch),
	       (unsigned long long)until);
	demand(flash_has_power(watch->bank) == watch->told.powered, "%s: it has%s power",
	       name_of(watch), watch->told.powered ? " no" : "");
}

/* With config.split, in three strides: what the cells hold depends on the time alone. */
static void go_to(struct watch *watch, u64 now_ns)
{
	u64 from = watch->now_ns;

	if (now_ns <= from)
		return;
	watch->now_ns = watch->told.handed_ns = now_ns;
	if (!watch->config.split)
		return;
	flash_advance(watch->bank, from + (now_ns - from) / 3);
	flash_advance(watch->bank, from + (now_ns - from) / 2);
	flash_advance(watch->bank, now_ns - 1);
}

void watch_advance(struct watch *watch, u64 now_ns)
{
	u64 until = flash_busy_until(watch->bank), after;

	go_to(watch, now_ns);
	flash_advance(watch->bank, now_ns);
	after = flash_busy_until(watch->bank);
	demand(now_ns != until || after == UINT64_MAX || after > until,
	       "%s: it said that it was busy until %llu ns, and still is then", name_of(watch),
	       (unsigned long long)until);
}

/* --- the bus ---------------------------------------------------------------------------------- */
/* A mask of the bytes of an access that nobody answers. */
static u64 unanswered(const struct watch *watch, u64 offset, u32 bytes)
{
	u64 end = watch->geometry.bytes;

	if (!watch->told.powered || offset >= end)
		return ones(bytes);
	return ones(bytes) & ~ones(end - offset);
}

u64 watch_read(struct watch *watch, u64 offset, u32 bytes, u64 now_ns)
{
	u64 value, floating;

	go_to(watch, now_ns);
	value = flash_read(watch->bank, offset, bytes, now_ns);
	floating = unanswered(watch, offset, bytes);
	demand((value & floating) == floating, "%s: %u bytes at %llx read %llx", name_of(watch),
	       bytes, (unsigned long long)offset, (unsigned long long)value);
	demand(!(value & ~ones(bytes)), "%s: %u bytes read %llx", name_of(watch), bytes,
	       (unsigned long long)value);
	watch->told.digest = told_mix(watch->told.digest, value);
	return value;
}

void watch_write(struct watch *watch, u64 offset, u32 bytes, u64 value, u64 now_ns)
{
	go_to(watch, now_ns);
	flash_write(watch->bank, offset, bytes, value, now_ns);
}

/* --- power ------------------------------------------------------------------------------------ */
void watch_power_cut(struct watch *watch)
{
	flash_power_cut(watch->bank);
	told_power(&watch->told, false);
}

static void check_power_up(const struct watch *watch)
{
	demand(flash_busy_until(watch->bank) == UINT64_MAX, "%s: busy after power-up",
	       name_of(watch));
	for (u32 c = 0; c < watch->geometry.chips; c++)
		for (u32 i = 0; i < watch->geometry.partitions; i++)
			demand(watch->told.mode[c][i] == KVL_FLASH_READ_ARRAY,
			       "%s: chip %u, partition %u: mode %d after power-up", name_of(watch),
			       c, i, (int)watch->told.mode[c][i]);
}

void watch_power_up(struct watch *watch)
{
	told_power(&watch->told, true);
	flash_power_up(watch->bank);
	check_power_up(watch);
}

/* --- life ------------------------------------------------------------------------------------- */
static void make_bank(struct watch *watch)
{
	struct flash_observer observer = told_observer(&watch->told);

	watch->bank = flash_create(&watch->config.flash, watch->config.array, watch->config.nv,
				   &observer);
	demand(watch->bank, "%s: flash_create() fails", name_of(watch));
	demand(flash_part_of(watch->bank) == watch->config.flash.part, "%s: is another part",
	       name_of(watch));
	watch->generation = flash_shown_generation(watch->bank) - 1; /* nothing to compare with */
	check_power_up(watch);
}

struct watch *watch_open(const struct watch_config *config)
{
	struct watch *watch = &the_watch;

	watch->config = *config;
	geometry_make(&watch->geometry, &config->flash);
	watch->now_ns = 0;
	watch->turn = config->flash.seed;
	told_begin(&watch->told, &watch->config.flash, &watch->geometry);
	watch->told.verbose = config->verbose;
	watch_cells_begin(watch);
	make_bank(watch);
	return watch;
}

void watch_close(struct watch *watch)
{
	flash_destroy(watch->bank);
	watch_cells_end(watch);
}

void watch_reopen(struct watch *watch)
{
	u64 digest = watch->told.digest;

	flash_destroy(watch->bank);
	told_begin(&watch->told, &watch->config.flash, &watch->geometry);
	watch->told.verbose = watch->config.verbose;
	watch->told.digest = digest;
	watch->told.handed_ns = watch->now_ns;
	make_bank(watch);
}

u64 watch_now(const struct watch *watch)
{
	return watch->now_ns;
}

u64 watch_busy_until(const struct watch *watch)
{
	return flash_busy_until(watch->bank);
}

void watch_step(struct watch *watch)
{
	flash_advance(watch->bank, watch->now_ns); /* what takes no time is due now */
	watch_cells(watch);
	check_time(watch);
	watch_shown(watch);
	told_step_is_over(&watch->told);
}

void watch_finish(struct watch *watch)
{
	u64 until;

	for (u32 i = 0; !watch->config.sparse; i++) {
		until = flash_busy_until(watch->bank);
		if (until == UINT64_MAX)
			break;
		demand(i <= 2 * watch->geometry.blocks, "%s: there is no end", name_of(watch));
		watch_advance(watch, until);
		watch_step(watch);
	}
	watch_power_cut(watch);
	watch_step(watch);
	watch_power_up(watch);
	watch_step(watch);
}

u64 watch_digest(struct watch *watch)
{
	return watch_cells_digest(watch, told_mix(watch->told.digest, flash_steps(watch->bank)));
}
