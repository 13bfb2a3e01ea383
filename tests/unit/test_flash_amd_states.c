/* SPDX-License-Identifier: MIT */
/*
 * The command state machine of set 0002 in devices/flash against the model of the data sheets'
 * tables in amd_states.c: all 256 codes in every state, at every kind of address; all sequences of
 * three cycles that matter; a long random walk with power cuts.
 */
#include <check.h>
#include <string.h>

#include "tests/unit/amd_ways.h"

/* ---- every code in every state --------------------------------------------------------------- */

static bool is_command(u32 code)
{
	for (size_t i = 0; i < am_nrows; i++)
		if (am_rows[i].code == (int)code)
			return true;
	return false;
}

/* Tells apart what cannot be seen at once, and sees it to its end. */
static void follow(u32 code)
{
	static const enum amd_place to[] = { HOME, ASIDE, U1 };
	static const u8 next[] = { 0x30, 0xF0, 0xB0, 0x29 };

	amd_way_put(to[code % ARRAY_LEN(to)], next[code / 3 % ARRAY_LEN(next)]);
	states_compare(code % 7, 7);
	for (u32 i = 0; i < 3; i++) {
		states_wait_until_idle();
		states_compare(i, 7);
		amd_way_put(HOME, 0x30);
	}
	states_wait_until_idle();
	amd_way_put(HOME, 0xF0);
	states_compare(3, 7);
	states_compare_cells();
}

/* The states are kept that a cycle has left as they were. */
static struct amd_model before;

static void go_anew(const struct way *way)
{
	states_renew();
	amd_way_go(way);
	states_compare(0, 3);
	before = amd_bench_model;
}

static bool is_as_before(void)
{
	size_t from = offsetof(struct amd_model, part);

	return memcmp((const u8 *)&before + from, (const u8 *)&amd_bench_model + from,
		      sizeof(before) - from) == 0;
}

static void check_cell(const struct way *way, enum amd_place place, u32 code)
{
	u32 high = place % 2 ? code << 8 : 0; /* counts in counts and data alone */

	amd_way_put(place, (u16)(high | code));
	if (is_command(code)) {
		states_compare_all();
		follow(code);
		go_anew(way);
		return;
	}
	states_compare(code % 9, 9);
	if (!is_as_before())
		go_anew(way);
}

static void check_way(const struct way *way)
{
	static const enum amd_place places[] = { U1, U2, CFI, HOME, NEXT, PAGE, HU1, AWAY, SHUT };

	go_anew(way);
	for (u32 i = 0; i < ARRAY_LEN(places); i++)
		for (u32 code = 0; code < 256; code++)
			check_cell(way, places[i], code);
	states_renew();
}

/* The ways are dealt out: a process for each would take longer than what it does. */
#define HANDS 8

START_TEST(every_code_in_every_state)
{
	size_t row = (size_t)_i / HANDS;
	u8 fails = AM_NONE;

	amd_bench_open(row, 0, 0);
	for (u32 i = (u32)_i % HANDS; i < amd_nways; i += HANDS) {
		if (!(amd_ways[i].families & amd_bench_model.family))
			continue;
		if (amd_ways[i].fails != fails) {
			states_close();
			fails = amd_ways[i].fails;
			amd_bench_open(row, fails == AM_PROGRAM, fails == AM_ERASE);
		}
		check_way(&amd_ways[i]);
	}
	states_close();
}
END_TEST

/* ---- every sequence of three cycles ---------------------------------------------------------- */

/* A time that matters to what runs (also: too late to suspend it), or none. */
static u64 some_time(void)
{
	u64 left = states_time_left(), window = states->part.erase_window_us * 1000ull;

	switch (states_below(12)) {
	case 0: return left;
	case 1: return left / 8;
	case 2: return left ? left - 1 : 1;
	case 3: return states_below(2000);
	case 4: return left > 2000 ? left - 2000 : 0;
	case 5: return window;
	case 6: return window ? window - 1 : 0;
	default: return 0;
	}
}

/* Cycles that mean something to the families. */
static const struct letter {
	u32 families;
	u16 value;
	enum amd_place place;
} letters[] = {
	{ AM_ALL, 0xAA, U1 },	{ AM_ALL, 0x55, U2 },	{ AM_ALL, 0xA0, U1 },
	{ AM_ALL, 0x80, U1 },	{ AM_ALL, 0x90, U1 },	{ AM_ALL, 0x20, U1 },
	{ AM_ALL, 0x10, U1 },	{ AM_ALL, 0x30, HOME }, { AM_ALL, 0x30, AWAY },
	{ AM_ALL, 0xB0, HOME }, { AM_ALL, 0xF0, HOME }, { AM_ALL, 0x98, CFI },
	{ AM_ALL, 0, HOME },	{ AM_DL, 0xB0, AWAY },	{ AM_DL, 0x90, HU1 },
	{ AM_GL, 0x25, HOME },	{ AM_GL, 0x29, HOME },	{ AM_GL, 0x01, ASIDE },
	{ AM_GL, 0x88, U1 },	{ AM_GL, 0x40, U1 },	{ AM_GL, 0xC0, U1 },
	{ AM_GL, 0x50, U1 },	{ AM_GL, 0xE0, U1 },	{ AM_GLS, 0x51, HOME },
	{ AM_GLS, 0x70, U1 },	{ AM_GLS, 0x71, U1 },	{ AM_GLS, 0x33, HU1 },
};

static void check_sequence(const struct way *start, const struct letter *const word[3])
{
	amd_way_go(start);
	for (u32 i = 0; i < 3; i++) {
		amd_way_put(word[i]->place, word[i]->value);
		states_compare(states_below(12), 12);
		states_wait(some_time());
	}
	states_compare(states_below(6), 6);
	states_wait_until_idle();
	states_compare(states_below(12), 12);
	states_compare_cells();
	states_renew();
}

START_TEST(every_sequence_of_three)
{
	const struct way *start = &amd_starts[(size_t)_i % amd_nstarts];
	const struct letter *known[ARRAY_LEN(letters)];
	u32 n = 0;

	amd_bench_open((size_t)_i / amd_nstarts, 0, 0);
	states_seed((u64)_i);
	for (u32 i = 0; i < ARRAY_LEN(letters); i++)
		if (letters[i].families & amd_bench_model.family)
			known[n++] = &letters[i];
	for (u32 i = 0; start->families & amd_bench_model.family && i < n * n * n; i++)
		check_sequence(start, (const struct letter *const[]){
					      known[i % n], known[i / n % n], known[i / n / n] });
	states_close();
}
END_TEST

/* ---- random walk ----------------------------------------------------------------------------- */

#define WALK_WAYS 10000

static void step(const struct move *move)
{
	amd_way_put(move->place, move->value);
	switch (states_below(8)) {
	case 0: states_pass(some_time()); break; /* and no word of it but with the next cycle */
	case 1: states_wait(some_time()); break;
	case 2: states_compare(states_below(12), 12); break;
	case 3: states_wait_until_idle(); break;
	default: break;
	}
}

static void stray(void)
{
	const struct letter *letter = &letters[states_below(ARRAY_LEN(letters))];
	struct move any = { (u16)states_below(0x10000), (enum amd_place)states_below(AMD_PLACES),
			    AT_ONCE };
	struct move known = { letter->value, letter->place, AT_ONCE };

	step(states_below(4) ? &known : &any);
}

/* The way to some state, from wherever the one before has led, and not quite. */
static void walk(void)
{
	const struct way *way = &amd_ways[states_below(amd_nways)];

	if (!(way->families & amd_bench_model.family))
		return;
	for (u32 i = 0; i < way->nmoves; i++)
		if (states_below(32))
			step(&way->moves[i]);
		else
			stray();
	for (u32 i = states_below(4); i; i--)
		stray();
	states_compare(states_below(12), 12);
}

static void erase_interrupted(void)
{
	for (u32 i = 0; i < states->nblocks; i++) {
		if (!(amd_bench_model.interrupted >> i & 1))
			continue;
		amd_way_put(U1, 0xAA);
		amd_way_put(U2, 0x55);
		amd_way_put(U1, 0x80);
		amd_way_put(U1, 0xAA);
		amd_way_put(U2, 0x55);
		states_write(states->block[i].start, 0x30);
		states_wait_until_idle();
	}
}

START_TEST(random_walk)
{
	amd_bench_open((size_t)_i, 0, 0);
	states_seed(0x20020909);
	for (u32 i = 1; i <= WALK_WAYS; i++) {
		walk();
		if (i % 8)
			continue;
		states->way = "random walk";
		states_wait(0);
		states_compare(states_below(4), 4);
		states_compare_cells();
		if (i % 16) {
			states_power_cut();
			states_compare_all();
			states_compare_cells();
			erase_interrupted();
			states_compare(states_below(4), 4);
			states_compare_cells();
		}
		states_renew();
	}
	states_close();
}
END_TEST

int main(void)
{
	int rows = (int)amd_bench_rows;

	return states_run("flash states, set 0002",
			  (struct states_tests){ every_code_in_every_state, HANDS * rows },
			  (struct states_tests){ every_sequence_of_three, (int)amd_nstarts * rows },
			  (struct states_tests){ random_walk, rows });
}
