/* SPDX-License-Identifier: MIT */
/* Owns the chip on the bench, and its comparison with the model. What they are: the *_bench.c. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/flash_states_rig.h"

struct states_rig *states;

/* ---- mismatches ------------------------------------------------------------------------------ */

static void tell_history(char *text, size_t size)
{
	u32 first = states->steps > STATES_HISTORY ? states->steps - STATES_HISTORY : 0;
	size_t used = 0;

	for (u32 i = first; i < states->steps && used < size; i++) {
		const struct states_step *step = &states->history[i % STATES_HISTORY];

		if (step->kind == STEP_WRITE)
			used += (size_t)snprintf(text + used, size - used, "\n  %s: %llx = %llx",
						 step->state, (unsigned long long)step->offset,
						 (unsigned long long)step->value);
		else
			used += (size_t)snprintf(text + used, size - used, "\n  until %llu ns",
						 (unsigned long long)step->now);
	}
}

#define require(condition, ...)                        \
	do {                                           \
		if (!(condition))                      \
			differ(__LINE__, __VA_ARGS__); \
	} while (0)

__attribute__((format(printf, 2, 3))) static void differ(int line, const char *format, ...)
{
	static char what[256], steps[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	tell_history(steps, sizeof(steps));
	ck_abort_msg("%s, %s (line %d): %s; model: %s at %llu ns, after%s", states->name,
		     states->way, line, what, states->ops->state(states->model),
		     (unsigned long long)states->now, steps);
}

struct told *model_tell(struct flash_model *model, struct told told)
{
	require(model->ntold < MODEL_MAX_TOLD, "the model has more to tell than it can keep");
	model->told[model->ntold] = told;
	return &model->told[model->ntold++];
}

/* ---- what the chip tells --------------------------------------------------------------------- */

static void record(struct told told)
{
	if (states->ntold < MODEL_MAX_TOLD)
		states->told[states->ntold++] = told;
}

static void on_command(void *owner, u32 partition, u64 offset, u8 command, u64 data, u64 ns)
{
	(void)owner;
	record((struct told){ TOLD_COMMAND, partition, command, offset, data, 0, ns });
}

static void on_state(void *owner, u32 partition, enum kvl_flash_state state, u8 status, u64 ns)
{
	(void)owner;
	record((struct told){ TOLD_STATE, partition, state, 0, status, 0, ns });
}

static void on_mode(void *owner, u32 partition, enum kvl_flash_mode mode, u64 ns)
{
	(void)owner;
	record((struct told){ TOLD_MODE, partition, mode, 0, 0, 0, ns });
}

static const struct flash_observer observer = {
	.command = on_command,
	.state = on_state,
	.mode = on_mode,
};

static bool same(const struct told *got, const struct told *wanted)
{
	return got->kind == wanted->kind && got->partition == wanted->partition &&
	       got->what == wanted->what && got->offset == wanted->offset &&
	       ((got->data ^ wanted->data) & ~wanted->unknown) == 0 && got->ns == wanted->ns;
}

static void compare_told(void)
{
	struct flash_model *model = states->model;

	for (u32 i = 0; i < states->ntold && i < model->ntold; i++) {
		const struct told *got = &states->told[i], *wanted = &model->told[i];

		require(same(got, wanted),
			"event %u: kind %d partition %u what %llx data %llx at %llu, not kind %d "
			"partition %u what %llx data %llx at %llu",
			i, got->kind, got->partition, (unsigned long long)got->what,
			(unsigned long long)got->data, (unsigned long long)got->ns, wanted->kind,
			wanted->partition, (unsigned long long)wanted->what,
			(unsigned long long)wanted->data, (unsigned long long)wanted->ns);
	}
	require(states->ntold == model->ntold, "%u events, not %u (the first missed is %llx)",
		states->ntold, model->ntold,
		(unsigned long long)(states->ntold < model->ntold
					     ? model->told[states->ntold].what
					     : states->told[model->ntold].what));
	states->ntold = model->ntold = 0;
}

/* ---- the chip -------------------------------------------------------------------------------- */

void states_new(const char *name, const char *part, u32 bus_bytes)
{
	const struct flash_part *row = flash_part_find(part);

	ck_assert_ptr_nonnull(row);
	states = calloc(1, sizeof(*states));
	ck_assert_ptr_nonnull(states);
	states->name = states->way = name;
	states->part = *row;
	states->bus_bytes = bus_bytes;
	states->config.part = &states->part;
	states->config.bus_bytes = bus_bytes;
	states->config.seed = 1;
}

void states_add_probe(u64 offset)
{
	ck_assert_uint_lt(states->nprobes, STATES_MAX_PROBES);
	states->probe[states->nprobes++] = offset;
}

static void find_blocks(void)
{
	u64 at = 0;

	ck_assert_uint_le(states->part.chip_bytes, STATES_MAX_BYTES);
	for (u32 i = 0; i < flash_block_count(&states->part); i++) {
		ck_assert_uint_lt(i, MODEL_MAX_BLOCKS);
		states->block[i] = flash_block_at(&states->part, at);
		at += states->block[i].bytes;
	}
	states->nblocks = flash_block_count(&states->part);
	ck_assert_uint_eq(at, states->part.chip_bytes);
}

static u32 all_blocks(void)
{
	return (u32)((1ull << states->nblocks) - 1);
}

static void fill_pristine(void)
{
	struct flash_block blank = flash_block_at(&states->part, states->blank);

	for (u32 i = 0; i < states->part.chip_bytes; i++)
		states->pristine[i] = (u8)(i * 37 + (i >> 8) * 11 + 1);
	memset(&states->pristine[blank.start], 0xFF, blank.bytes);
	flash_nv_init(&states->part, states->pristine_nv, 1, 0);
	for (u32 i = 0; i < states->nblocks; i++)
		states->pristine_nv->block[i].locked = states->stored >> i & 1;
}

static void restore_cells(u32 blocks)
{
	for (u32 i = 0; i < states->nblocks; i++) {
		const struct flash_block *block = &states->block[i];
		u64 at = block->start;

		if (!(blocks >> i & 1))
			continue;
		memcpy(&states->array[at], &states->pristine[at], block->bytes);
		memcpy(&states->model_array[at], &states->pristine[at], block->bytes);
	}
	memcpy(states->nv, states->pristine_nv, flash_nv_bytes(&states->part));
}

static void begin(void)
{
	states->ops->reset(states->model, &states->config, states->model_array, &states->cells);
	states->ops->advance(states->model, states->now);
	states->ntold = 0;
	states->steps = 0;
	states->toggled = 0;
	states->generation = flash_shown_generation(states->bank);
	states->shown = all_blocks();
}

static void make_bank(void)
{
	struct flash_nv *nv[FLASH_MAX_CHIPS] = { states->nv };

	states->bank = flash_create(&states->config, states->array, nv, &observer);
	ck_assert_ptr_nonnull(states->bank);
}

void states_open(void)
{
	ck_assert_ptr_null(flash_config_problem(&states->config));
	states->nv = calloc(1, flash_nv_bytes(&states->part));
	states->pristine_nv = calloc(1, flash_nv_bytes(&states->part));
	ck_assert(states->nv && states->pristine_nv);
	find_blocks();
	fill_pristine();
	restore_cells(all_blocks());
	states->cells.array = states->array;
	states->cells.nv = states->nv;
	make_bank();
	begin();
}

void states_close(void)
{
	flash_destroy(states->bank);
	free(states->nv);
	free(states->pristine_nv);
	free(states);
	states = NULL;
}

void states_power_cut(void)
{
	flash_power_cut(states->bank);
	flash_power_up(states->bank);
	states->ops->power_cut(states->model);
	states->ntold = states->model->ntold = 0;
	states->toggled = 0;
	states->generation = UINT64_MAX;
}

/* Operations that are to fail are counted from the first of a new bank. */
static bool has_faults(void)
{
	static const struct flash_faults none;

	return memcmp(&states->config.faults, &none, sizeof(none)) != 0;
}

void states_renew(void)
{
	if (has_faults()) {
		flash_destroy(states->bank);
		restore_cells(states->model->dirty);
		make_bank();
	} else {
		flash_power_cut(states->bank);
		restore_cells(states->model->dirty);
		flash_power_up(states->bank);
	}
	begin();
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void note(struct states_step step)
{
	step.state = states->ops->state(states->model);
	states->history[states->steps++ % STATES_HISTORY] = step;
}

void states_write(u64 offset, u16 value)
{
	if (states->bus_bytes == 1)
		value &= 0xFF;
	note((struct states_step){ STEP_WRITE, offset, value, states->now, NULL });
	flash_write(states->bank, offset, states->bus_bytes, value, states->now);
	states->ops->write(states->model, offset, value, states->now);
	states->toggled = 0;
}

void states_pass(u64 ns)
{
	states->now += ns;
	note((struct states_step){ STEP_WAIT, 0, 0, states->now, NULL });
}

void states_wait(u64 ns)
{
	states_pass(ns);
	flash_advance(states->bank, states->now);
	states->ops->advance(states->model, states->now);
	states->toggled = 0;
}

u64 states_time_left(void)
{
	u64 until = states->ops->busy_until(states->model);

	return until == UINT64_MAX ? 0 : until - states->now;
}

void states_wait_until_idle(void)
{
	u64 left = states_time_left();

	if (left)
		states_wait(left);
}

/* ---- comparison ------------------------------------------------------------------------------ */

#define MAX_READS 64 /* a bit that varies is the same in all of them once in 2^63 times */

static u16 read_chip(u64 offset)
{
	return (u16)flash_read(states->bank, offset, states->bus_bytes, states->now);
}

static void compare_again(u64 offset, const struct model_read *wanted, u16 first)
{
	u16 same = wanted->defined | wanted->steady, varied = 0, last = first;
	u32 least = same == wanted->defined && !wanted->toggles ? 0 : 2;

	for (u32 i = 0; i < MAX_READS && (i < least || wanted->varies & ~varied); i++) {
		u16 again = read_chip(offset);

		require(((again ^ last) & same) == 0 && (~(again ^ last) & wanted->toggles) == 0,
			"%llx reads %04x, then %04x (%04x toggle, %04x do not change)",
			(unsigned long long)offset, last, again, wanted->toggles, same);
		varied |= first ^ again;
		last = again;
	}
	require((wanted->varies & ~varied) == 0, "%llx reads %04x, bits %04x never vary",
		(unsigned long long)offset, first, wanted->varies & ~varied);
	states->last_read = last;
}

static void count_once(u16 value, u16 varies)
{
	for (u32 bit = 0; bit < ARRAY_LEN(states->once); bit++)
		if (varies >> bit & 1) {
			states->once[bit].reads++;
			states->once[bit].ones += value >> bit & 1;
		}
}

static void compare_counted(void)
{
	for (u32 bit = 0; bit < ARRAY_LEN(states->once); bit++) {
		u32 reads = states->once[bit].reads, ones = states->once[bit].ones;

		require(reads < MAX_READS || (ones && ones < reads),
			"bit %u is the same in all of %u reads", bit, reads);
	}
}

static void compare_read(u64 offset)
{
	struct model_read wanted = states->ops->read(states->model, offset);
	u16 first = read_chip(offset), toggled = states->toggled & wanted.toggles;

	require(((first ^ wanted.value) & wanted.defined) == 0,
		"%llx reads %04x, not %04x in bits %04x", (unsigned long long)offset, first,
		wanted.value, wanted.defined);
	require((~(first ^ states->last_read) & toggled) == 0,
		"%llx reads %04x, and the read before %04x: %04x toggle",
		(unsigned long long)offset, first, states->last_read, toggled);
	states->toggled = wanted.toggles;
	if (wanted.once)
		count_once(first, wanted.varies);
	else
		compare_again(offset, &wanted, first);
}

static u32 shown_by_chip(void)
{
	struct flash_range range;
	u32 shown = 0;

	for (u64 from = 0; flash_next_shown(states->bank, from, &range);
	     from = range.start + range.bytes)
		for (u32 i = 0; i < states->nblocks; i++)
			if (states->block[i].start - range.start < range.bytes)
				shown |= 1u << i;
	return shown;
}

static void compare_shown(void)
{
	u64 generation = flash_shown_generation(states->bank);
	u32 shown = shown_by_chip(), wanted = 0;

	for (u32 i = 0; i < states->nblocks; i++)
		wanted |= (u32)states->ops->shows(states->model, &states->block[i]) << i;
	require(shown == wanted, "blocks %05x are shown, not %05x", shown, wanted);
	require(flash_is_array(states->bank) == (wanted == all_blocks()), "is array: %d",
		flash_is_array(states->bank));
	require(shown == states->shown || generation != states->generation,
		"shown blocks are %05x, were %05x: generation the same", shown, states->shown);
	states->generation = generation;
	states->shown = shown;
}

void states_compare(u32 first, u32 nth)
{
	u64 until, wanted;

	flash_advance(states->bank, states->now);
	states->ops->advance(states->model, states->now);
	until = flash_busy_until(states->bank);
	wanted = states->ops->busy_until(states->model);
	compare_told();
	require(until == wanted, "busy until %lld, not %lld", (long long)until, (long long)wanted);
	compare_shown();
	for (u32 i = first; i < states->nprobes; i += nth)
		compare_read(states->probe[i]);
	compare_told(); /* reads tell nothing, or what the model says */
}

void states_compare_all(void)
{
	states_compare(0, 1);
}

void states_compare_cells(void)
{
	u32 bytes = states->part.chip_bytes;
	const char *problem;

	if (!states->ops->is_idle(states->model))
		return;
	for (u32 i = 0; memcmp(states->array, states->model_array, bytes); i++)
		require(states->array[i] == states->model_array[i], "byte %x is %02x, not %02x", i,
			states->array[i], states->model_array[i]);
	compare_counted();
	problem = states->ops->cells_problem(states->model);
	require(!problem, "other cells: %s", problem);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static u64 random_state;

void states_seed(u64 seed)
{
	random_state = seed;
}

u32 states_below(u32 n)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((random_state >> 33) % n);
}

static void add(Suite *suite, const char *name, struct states_tests tests)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, tests.test, 0, tests.times);
	suite_add_tcase(suite, tcase);
}

int states_run(const char *name, struct states_tests cells, struct states_tests sequences,
	       struct states_tests walk)
{
	Suite *suite = suite_create(name);

	add(suite, "cells", cells);
	add(suite, "sequences", sequences);
	add(suite, "walk", walk);
	return run_suite(suite);
}
