/* SPDX-License-Identifier: MIT */
/* Owns the chips of test_flash_states.c, and the comparison of each with its model. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/flash_states_rig.h"
#include "tests/unit/suite.h"

struct states_rig *states;

#define SMALL KiB(1)
#define LARGE KiB(2)

/* Rows of devices/flash on a diet: the same features and times, 32 KiB, other partitions. */
static const struct {
	const char *name, *part;
	u32 bus_bytes;
	u32 partitions;
} rows[] = {
	{ "J3", "28f128j3", 2, 0 },
	{ "J3 x8", "28f128j3", 1, 0 },
	{ "J3 65 nm", "28f128j3f", 2, 0 },
	{ "J3 65 nm x8", "28f128j3f", 1, 0 },
	{ "C3", "28f640c3b", 2, 0 },
	{ "L18 of 4", "28f256l18", 2, 4 },
	{ "P30", "28f256p30", 2, 0 },
	{ "P30 65 nm", "28f512p30", 2, 0 },
	{ "P30 65 nm of 2", "28f512p30", 2, 2 },
};

const size_t states_nrows = ARRAY_LEN(rows);

const char *states_row_name(size_t row)
{
	return rows[row].name;
}

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
		     states->way, line, what, intel_model_state(&states->model),
		     (unsigned long long)states->now, steps);
}

/* ---- what the chip tells --------------------------------------------------------------------- */

static void record(struct im_event event)
{
	if (states->nevents < IM_MAX_EVENTS)
		states->event[states->nevents++] = event;
}

static void on_command(void *owner, u32 partition, u64 offset, u8 command, u64 data, u64 ns)
{
	(void)owner;
	record((struct im_event){ IM_EVENT_COMMAND, partition, command, offset, data, 0, ns });
}

static void on_state(void *owner, u32 partition, enum kvl_flash_state state, u8 status, u64 ns)
{
	(void)owner;
	record((struct im_event){ IM_EVENT_STATE, partition, state, 0, status, 0, ns });
}

static void on_mode(void *owner, u32 partition, enum kvl_flash_mode mode, u64 ns)
{
	(void)owner;
	record((struct im_event){ IM_EVENT_MODE, partition, mode, 0, 0, 0, ns });
}

static const struct flash_observer observer = {
	.command = on_command,
	.state = on_state,
	.mode = on_mode,
};

static bool same_event(const struct im_event *got, const struct im_event *wanted)
{
	return got->kind == wanted->kind && got->partition == wanted->partition &&
	       got->what == wanted->what && got->offset == wanted->offset &&
	       ((got->data ^ wanted->data) & ~wanted->unknown) == 0 && got->ns == wanted->ns;
}

static void compare_events(void)
{
	struct intel_model *model = &states->model;

	for (u32 i = 0; i < states->nevents && i < model->nevents; i++) {
		const struct im_event *got = &states->event[i], *wanted = &model->event[i];

		require(same_event(got, wanted),
			"event %u: kind %d partition %u what %llx data %llx at %llu, not kind %d "
			"partition %u what %llx data %llx at %llu",
			i, got->kind, got->partition, (unsigned long long)got->what,
			(unsigned long long)got->data, (unsigned long long)got->ns, wanted->kind,
			wanted->partition, (unsigned long long)wanted->what,
			(unsigned long long)wanted->data, (unsigned long long)wanted->ns);
	}
	require(states->nevents == model->nevents, "%u events, not %u (the first missed is %llx)",
		states->nevents, model->nevents,
		(unsigned long long)(states->nevents < model->nevents
					     ? model->event[states->nevents].what
					     : states->event[model->nevents].what));
	states->nevents = model->nevents = 0;
}

/* ---- the chips ------------------------------------------------------------------------------- */

static void shrink(struct flash_part *part, u32 partitions)
{
	part->chip_bytes = STATES_BYTES;
	if (part->nregions == 1) {
		part->region[0].blocks = STATES_BYTES / LARGE;
		part->region[0].block_bytes = LARGE;
	} else {
		part->region[0].blocks = 4;
		part->region[0].block_bytes = SMALL;
		part->region[1].blocks = (STATES_BYTES - 4 * SMALL) / LARGE;
		part->region[1].block_bytes = LARGE;
	}
	part->nruns = partitions > 0;
	part->run[0].partitions = partitions;
	part->run[0].partition_bytes = partitions ? STATES_BYTES / partitions : 0;
}

static void fill_pristine(void)
{
	for (u32 i = 0; i < STATES_BYTES; i++)
		states->pristine[i] = (u8)(i * 37 + (i >> 8) * 11 + 1);
	memset(&states->pristine[states->place[ASIDE]], 0xFF, LARGE);
}

static void set_places(void)
{
	u64 home = states->part.nruns ? states->part.run[0].partition_bytes : 0;
	u32 home_bytes = flash_block_at(&states->part, home).bytes;
	u8 buffer = states->part.cfi.buffer_log2; /* 0: none */

	states->place[HOME] = home;
	states->place[NEXT] = home + states->bus_bytes;
	states->place[NEAR] = home + 0x85 * 2;
	states->place[LOCK_WORD] = home + 0x80 * 2;
	states->place[ASIDE] = home + LARGE;
	states->place[AWAY] = 4 * SMALL;
	states->place[SHUT] = home + 4 * LARGE;
	states->place[DOWN] = home + 5 * LARGE + 0x20;
	states->place[LAST_FILL] = home + home_bytes - (buffer ? 1u << buffer : states->bus_bytes);
}

static void add_probe(u64 offset)
{
	ck_assert_uint_lt(states->nprobes, STATES_MAX_PROBES);
	states->probe[states->nprobes++] = offset;
}

/* Identifier and query words of each partition, status of each block, array around the places. */
static void set_probes(void)
{
	static const u32 words[] = { 0, 1, 5, 0x10, 0x15, 0x2A, 0x80, 0x81, 0x85, 0x89, 0x10A };
	u64 step = states->part.nruns ? states->part.run[0].partition_bytes : STATES_BYTES;

	for (u64 at = 0; at < STATES_BYTES; at += step)
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			add_probe(at + words[i] * 2);
	for (u32 i = 0; i < states->nblocks; i++)
		add_probe(states->block[i].start + 2 * 2);
	for (u32 i = 0; i < PLACES; i++)
		add_probe(states->place[i]);
	add_probe(states->place[HOME] + 3 * states->bus_bytes);
	add_probe(states->place[HOME] + 4 * states->bus_bytes);
	add_probe(states->place[AWAY] + 4 * states->bus_bytes);
	add_probe(states->place[ASIDE] + LARGE - 2);
}

static void find_blocks(void)
{
	for (u64 at = 0; at < STATES_BYTES; at += states->block[states->nblocks++].bytes)
		states->block[states->nblocks] = flash_block_at(&states->part, at);
}

void states_open(size_t row)
{
	const struct flash_part *part = flash_part_find(rows[row].part);

	ck_assert_ptr_nonnull(part);
	states = calloc(1, sizeof(*states));
	states->name = states->way = rows[row].name;
	states->part = *part;
	states->bus_bytes = rows[row].bus_bytes;
	shrink(&states->part, rows[row].partitions);
	states->config.part = &states->part;
	states->config.bus_bytes = states->bus_bytes;
	states->config.seed = 1;
	ck_assert_ptr_null(flash_config_problem(&states->config));
	find_blocks();
	set_places();
	set_probes();
	fill_pristine();
	memcpy(states->array, states->pristine, STATES_BYTES);
	memcpy(states->model_array, states->pristine, STATES_BYTES);
	states->nv = calloc(1, flash_nv_bytes(&states->part));
	states_renew();
}

void states_close(void)
{
	flash_destroy(states->bank);
	free(states->nv);
	free(states);
	states = NULL;
}

static void restore_cells(void)
{
	for (u32 i = 0; i < states->nblocks; i++) {
		const struct flash_block *block = &states->block[i];
		u64 at = block->start;

		if (!(states->model.dirty >> i & 1))
			continue;
		memcpy(&states->array[at], &states->pristine[at], block->bytes);
		memcpy(&states->model_array[at], &states->pristine[at], block->bytes);
	}
}

void states_renew(void)
{
	struct flash_nv *nv[FLASH_MAX_CHIPS] = { states->nv };

	if (states->bank)
		flash_destroy(states->bank);
	restore_cells();
	flash_nv_init(&states->part, states->nv, 1, 0);
	states->bank = flash_create(&states->config, states->array, nv, &observer);
	if (!states->bank)
		ck_abort_msg("no memory for a bank");
	intel_model_reset(&states->model, &states->part, states->bus_bytes, states->model_array,
			  states->nv->otp);
	states->now = 0;
	states->nevents = 0;
	states->steps = 0;
	states->generation = flash_shown_generation(states->bank);
	states->shown = (u32)((1ull << states->nblocks) - 1);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void note(struct states_step step)
{
	step.state = intel_model_state(&states->model);
	states->history[states->steps++ % STATES_HISTORY] = step;
}

void states_write(u64 offset, u16 value)
{
	if (states->bus_bytes == 1)
		value &= 0xFF;
	note((struct states_step){ STEP_WRITE, offset, value, states->now, NULL });
	flash_write(states->bank, offset, states->bus_bytes, value, states->now);
	intel_model_write(&states->model, offset, value, states->now);
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
	intel_model_advance(&states->model, states->now);
}

void states_wait_until_idle(void)
{
	u64 until = intel_model_busy_until(&states->model);

	if (until != UINT64_MAX)
		states_wait(until - states->now);
}

/* ---- comparison ------------------------------------------------------------------------------ */

#define MAX_READS 64 /* a bit that varies is the same in all of them once in 2^63 times */

static void compare_read(u64 offset)
{
	struct im_read wanted = intel_model_read(&states->model, offset);
	u16 first = (u16)flash_read(states->bank, offset, states->bus_bytes, states->now);
	u16 varied = 0;

	require(((first ^ wanted.value) & wanted.defined) == 0,
		"%llx reads %04x, not %04x in bits %04x", (unsigned long long)offset, first,
		wanted.value, wanted.defined);
	for (u32 i = 0; i < MAX_READS && wanted.varies & ~varied; i++) {
		u16 again = (u16)flash_read(states->bank, offset, states->bus_bytes, states->now);

		varied |= first ^ again;
		require((varied & wanted.defined) == 0, "%llx reads %04x, then %04x",
			(unsigned long long)offset, first, again);
	}
	require((wanted.varies & ~varied) == 0, "%llx reads %04x, bits %04x never vary",
		(unsigned long long)offset, first, wanted.varies & ~varied);
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
		wanted |= (u32)intel_model_shows(&states->model, &states->block[i]) << i;
	require(shown == wanted, "blocks %05x are shown, not %05x", shown, wanted);
	require(flash_is_array(states->bank) == (wanted == (u32)((1ull << states->nblocks) - 1)),
		"is array: %d", flash_is_array(states->bank));
	require(shown == states->shown || generation != states->generation,
		"shown blocks are %05x, were %05x: generation the same", shown, states->shown);
	states->generation = generation;
	states->shown = shown;
}

void states_compare(u32 first, u32 nth)
{
	u64 until = flash_busy_until(states->bank);

	compare_events();
	require(until == intel_model_busy_until(&states->model), "busy until %lld, not %lld",
		(long long)until, (long long)intel_model_busy_until(&states->model));
	compare_shown();
	for (u32 i = first; i < states->nprobes; i += nth)
		compare_read(states->probe[i]);
	compare_events(); /* reads tell nothing */
}

void states_compare_all(void)
{
	states_compare(0, 1);
}

void states_compare_cells(void)
{
	if (states->model.op.exists || states->model.erase.exists)
		return;
	for (u32 i = 0; memcmp(states->array, states->model_array, STATES_BYTES); i++)
		require(states->array[i] == states->model_array[i], "byte %x is %02x, not %02x", i,
			states->array[i], states->model_array[i]);
	for (u32 i = 0; i < FLASH_OTP_WORDS; i++)
		require(states->nv->otp[i] == states->model.otp[i],
			"protection word %x is %04x, not %04x", 0x80 + i, states->nv->otp[i],
			states->model.otp[i]);
}
