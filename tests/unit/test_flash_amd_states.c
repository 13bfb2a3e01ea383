/* SPDX-License-Identifier: MIT */
/*
 * The command state machine of set 0002 in devices/flash against the model of the data sheets'
 * tables in amd_states.c: all 256 codes in every state, at every kind of address; all sequences of
 * three cycles that matter; a long random walk with power cuts.
 */
#include <check.h>
#include <string.h>

#include "tests/unit/amd_bench.h"
#include "tests/unit/suite.h"

/* ---- the way to each state ------------------------------------------------------------------- */

enum then {
	AT_ONCE,
	A_WHILE, /* wait for an eighth of the time that the operation has left */
	ALMOST,	 /* until the window of an erase is nearly over */
	WINDOW,	 /* until it is over, and a while */
	TO_END,	 /* wait until it ends or rests */
};

struct move {
	u16 value;
	enum amd_place place;
	enum then then;
};


#define MAX_MOVES 20

struct way {
	const char *to;
	u32 families;
	u8 fails; /* AM_PROGRAM, AM_ERASE: the first one does */
	struct move moves[MAX_MOVES];
	u32 nmoves;
};

#define FAULTY(to, families, fails, ...)                                             \
	{                                                                            \
		to, families, fails, { __VA_ARGS__ },                                \
			sizeof((struct move[]){ __VA_ARGS__ }) / sizeof(struct move) \
	}
#define WAY(to, families, ...) FAULTY(to, families, AM_NONE, __VA_ARGS__)

/* clang-format off */
#define C(value, place) { value, place, AT_ONCE }
#define UNLOCK C(0xAA, U1), C(0x55, U2)
#define ENTER(code) UNLOCK, C(code, U1)
#define PROGRAM_AT(place) ENTER(0xA0), C(0x0F00, place)
#define COUNT_2(place) UNLOCK, C(0x25, place), C(1, place)
#define LOADED_2 COUNT_2(HOME), C(0x1234, HOME), C(0x0055, NEXT)
#define BUFFER_AT(place) UNLOCK, C(0x25, place), C(0, place), C(0x1234, place), C(0x29, place)
#define ERASE_UNLOCKED ENTER(0x80), UNLOCK
#define ERASE_AT(place) ERASE_UNLOCKED, C(0x30, place)
#define ERASE_HALF ERASE_UNLOCKED, { 0x30, HOME, WINDOW }
#define SUSPENDED ERASE_HALF, { 0xB0, HOME, TO_END }
#define BUFFER_HALF UNLOCK, C(0x25, HOME), C(0, HOME), C(0x1234, HOME), { 0x29, HOME, A_WHILE }
#define BUFFER_ASIDE UNLOCK, C(0x25, ASIDE), C(0, ASIDE), C(0x1234, ASIDE), { 0x29, ASIDE, A_WHILE }
#define PROGRAM_RESTS BUFFER_HALF, { 0xB0, HOME, TO_END }
#define NESTED_RESTS SUSPENDED, BUFFER_ASIDE, { 0xB0, ASIDE, TO_END }

static const struct way ways[] = {
	{ "ready", AM_ALL, AM_NONE, { { 0 } }, 0 },
	WAY("unlock", AM_ALL, C(0xAA, U1)),
	WAY("unlocked", AM_ALL, UNLOCK),
	WAY("unlocked with other address bits", AM_ALL, C(0xFFAA, HU1), C(0x1255, U2)),

	WAY("program", AM_WORD, ENTER(0xA0)),
	WAY("program running", AM_WORD, PROGRAM_AT(HOME)),
	WAY("program running elsewhere", AM_WORD, PROGRAM_AT(AWAY)),
	WAY("program refused", AM_WORD, PROGRAM_AT(SHUT)),
	WAY("program that sets bits", AM_WORD, ENTER(0xA0), { 0xFFFF, HOME, TO_END }),
	FAULTY("program failed", AM_WORD, AM_PROGRAM, ENTER(0xA0), { 0x0F00, ASIDE, TO_END }),
	WAY("buffer count", AM_GL, UNLOCK, C(0x25, HOME)),
	WAY("buffer load, first", AM_GL, COUNT_2(HOME)),
	WAY("buffer load, last", AM_GL, COUNT_2(HOME), C(0x1234, HOME)),
	WAY("buffer load, the same word", AM_GL, UNLOCK, C(0x25, HOME), C(2, HOME), C(0x1234, HOME),
	    C(0x55, HOME)),
	WAY("buffer confirm", AM_GL, LOADED_2),
	WAY("buffer running", AM_GL, LOADED_2, C(0x29, HOME)),
	WAY("buffer refused", AM_GL, BUFFER_AT(SHUT)),
	FAULTY("buffer failed", AM_GL, AM_PROGRAM, UNLOCK, C(0x25, ASIDE), C(0, ASIDE), C(0, ASIDE),
	       { 0x29, ASIDE, TO_END }),
	WAY("buffer aborted by its count", AM_GL, UNLOCK, C(0x25, HOME), C(0xFF, AWAY)),
	WAY("buffer aborted by a word", AM_GL, COUNT_2(HOME), C(0x1234, HOME), C(0, PAGE)),
	WAY("buffer aborted by no confirmation", AM_GL, LOADED_2, C(0xF0, HOME)),
	WAY("buffer aborted, unlock", AM_GL, LOADED_2, C(0xF0, HOME), C(0xAA, U1)),
	WAY("buffer aborted, unlocked", AM_GL, LOADED_2, C(0xF0, HOME), UNLOCK),
	WAY("buffer aborted and reset", AM_GL, LOADED_2, C(0xF0, HOME), ENTER(0xF0)),
	WAY("buffer aborted, 71h", AM_GLS, LOADED_2, C(0xF0, HOME), C(0x71, U1)),

	WAY("erase", AM_ALL, ENTER(0x80)),
	WAY("erase, unlock", AM_ALL, ENTER(0x80), C(0xAA, U1)),
	WAY("erase, unlocked", AM_ALL, ERASE_UNLOCKED),
	WAY("erase named", AM_ALL, ERASE_AT(HOME)),
	WAY("erase of two named", AM_ALL, ERASE_AT(ASIDE), C(0x30, HOME)),
	WAY("erase of two named, the second late", AM_ALL & ~AM_GLS, ERASE_UNLOCKED,
	    { 0x30, ASIDE, ALMOST }, { 0x30, HOME, ALMOST }),
	WAY("erase named again late", AM_ALL & ~AM_GLS, ERASE_UNLOCKED, { 0x30, HOME, ALMOST },
	    { 0x30, HOME, ALMOST }),
	WAY("erase named late", AM_ALL, ERASE_UNLOCKED, { 0x30, HOME, A_WHILE }),
	WAY("erase refused", AM_ALL, ERASE_AT(SHUT)),
	WAY("erase refused, and one more", AM_ALL, ERASE_AT(SHUT), C(0x30, HOME)),
	WAY("erase and one refused", AM_ALL, ERASE_AT(HOME), C(0x30, SHUT)),
	WAY("erase refused, window over", AM_ALL, ERASE_UNLOCKED, { 0x30, SHUT, WINDOW }),
	WAY("erasing", AM_ALL, ERASE_HALF),
	WAY("erasing two", AM_ALL, ERASE_AT(ASIDE), { 0x30, HOME, WINDOW }),
	WAY("erasing, one refused", AM_ALL, ERASE_AT(HOME), { 0x30, SHUT, WINDOW }),
	WAY("erased", AM_ALL, ERASE_UNLOCKED, { 0x30, HOME, TO_END }),
	FAULTY("erase failed", AM_ALL, AM_ERASE, ERASE_UNLOCKED, { 0x30, HOME, TO_END }),
	WAY("chip erase", AM_ALL, ERASE_UNLOCKED, C(0x10, U1)),
	WAY("suspending", AM_ALL, ERASE_HALF, C(0xB0, HOME)),
	WAY("suspended in the window", AM_ALL & ~AM_GLS, ERASE_AT(HOME), C(0xB0, HOME)),
	WAY("suspended in the window, resumed", AM_ALL & ~AM_GLS, ERASE_AT(HOME), { 0xB0, HOME, TO_END },
	    C(0x30, HOME)),
	WAY("suspended", AM_ALL, SUSPENDED),
	WAY("suspended, two named", AM_ALL & ~AM_GLS, ERASE_AT(ASIDE), { 0x30, HOME, WINDOW },
	    { 0xB0, HOME, TO_END }),
	WAY("suspended, one refused", AM_ALL & ~AM_GLS, ERASE_AT(SHUT), { 0x30, HOME, WINDOW },
	    { 0xB0, HOME, TO_END }),
	WAY("resumed", AM_ALL, SUSPENDED, C(0x30, HOME)),
	WAY("suspended, unlock", AM_ALL, SUSPENDED, C(0xAA, U1)),
	WAY("suspended, unlocked", AM_ALL, SUSPENDED, UNLOCK),
	WAY("suspended, program", AM_WORD, SUSPENDED, ENTER(0xA0)),
	WAY("suspended, program running", AM_WORD, SUSPENDED, PROGRAM_AT(ASIDE)),
	WAY("suspended, program running elsewhere", AM_WORD, SUSPENDED, PROGRAM_AT(AWAY)),
	WAY("suspended, program refused", AM_WORD, SUSPENDED, PROGRAM_AT(HOME)),
	WAY("suspended, buffer load", AM_GL, SUSPENDED, COUNT_2(ASIDE)),
	WAY("suspended, buffer running", AM_GL, SUSPENDED, BUFFER_ASIDE),
	WAY("suspended, buffer refused", AM_GL, SUSPENDED, BUFFER_AT(HOME)),
	WAY("suspended, buffer aborted", AM_GL, SUSPENDED, COUNT_2(ASIDE), C(0, HOME)),
	FAULTY("suspended, program failed", AM_WORD, AM_PROGRAM, SUSPENDED, ENTER(0xA0),
	       { 0x0F00, ASIDE, TO_END }),
	WAY("suspended, codes", AM_ALL & ~AM_GLS, SUSPENDED, ENTER(0x90)),
	WAY("suspended, query", AM_ALL & ~AM_GLS, SUSPENDED, C(0x98, CFI)),
	WAY("suspended, bypass", AM_LV | AM_DL, SUSPENDED, ENTER(0x20)),
	WAY("suspended, bypass program running", AM_LV | AM_DL, SUSPENDED, ENTER(0x20), C(0xA0, HOME),
	    C(0, ASIDE)),
	WAY("suspended, region", AM_GLN, SUSPENDED, ENTER(0x88)),
	WAY("suspended, DYB", AM_GLS, SUSPENDED, ENTER(0xE0)),
	WAY("suspended, DYB set", AM_GLS, SUSPENDED, ENTER(0xE0), C(0xA0, HOME), C(0, ASIDE)),
	WAY("suspended, nested suspending", AM_GL, SUSPENDED, BUFFER_ASIDE, C(0xB0, ASIDE)),
	WAY("suspended, nested suspended", AM_GL, NESTED_RESTS),
	WAY("suspended, nested suspended, codes", AM_GLN, NESTED_RESTS, ENTER(0x90)),
	WAY("suspended, nested resumed", AM_GL, NESTED_RESTS, C(0x30, HOME)),

	WAY("program suspending", AM_GL, BUFFER_HALF, C(0xB0, AWAY)),
	WAY("program suspended", AM_GL, PROGRAM_RESTS),
	WAY("program suspended by 51h", AM_GLS, BUFFER_HALF, { 0x51, HOME, TO_END }),
	WAY("program suspended, unlocked", AM_GLN, PROGRAM_RESTS, UNLOCK),
	WAY("program suspended, codes", AM_GLN, PROGRAM_RESTS, ENTER(0x90)),
	WAY("program suspended, query", AM_GLN, PROGRAM_RESTS, C(0x98, CFI)),
	WAY("program suspended, region", AM_GLN, PROGRAM_RESTS, ENTER(0x88)),
	WAY("program resumed", AM_GL, PROGRAM_RESTS, C(0x30, AWAY)),
	WAY("program resumed by 50h", AM_GLS, PROGRAM_RESTS, C(0x50, AWAY)),

	WAY("codes", AM_ALL, ENTER(0x90)),
	WAY("codes of the other bank", AM_ALL, UNLOCK, C(0x90, HU1)),
	WAY("query", AM_ALL, C(0x98, CFI)),
	WAY("query from codes", AM_ALL, UNLOCK, C(0x90, HU1), C(0x98, CFI)),
	WAY("query from codes, reset", AM_ALL, ENTER(0x90), C(0x98, CFI), C(0xF0, AWAY)),
	WAY("bypass", AM_ALL & ~AM_GLS, ENTER(0x20)),
	WAY("bypass, program", AM_LV | AM_DL | AM_GLN_X16, ENTER(0x20), C(0xA0, AWAY)),
	WAY("bypass, program running", AM_LV | AM_DL | AM_GLN_X16, ENTER(0x20), C(0xA0, AWAY), C(0, HOME)),
	WAY("bypass, program refused", AM_LV | AM_DL | AM_GLN_X16, ENTER(0x20), C(0xA0, AWAY), C(0, SHUT)),
	WAY("bypass, buffer load", AM_GLN, ENTER(0x20), C(0x25, HOME), C(1, HOME)),
	WAY("bypass, buffer running", AM_GLN, ENTER(0x20), C(0x25, HOME), C(0, HOME), C(0, HOME),
	    C(0x29, HOME)),
	WAY("bypass, buffer aborted", AM_GLN, ENTER(0x20), C(0x25, HOME), C(1, AWAY)),
	WAY("bypass, exit", AM_ALL & ~AM_GLS, ENTER(0x20), C(0x90, HOME)),

	WAY("region", AM_GL, ENTER(0x88)),
	WAY("region of another sector", AM_GL, UNLOCK, C(0x88, HU1)),
	WAY("region, unlocked", AM_GL, ENTER(0x88), UNLOCK),
	WAY("region, program running", AM_GLN_X16 | AM_GLS, ENTER(0x88), PROGRAM_AT(CFI)),
	WAY("region, programmed", AM_GLN_X16 | AM_GLS, ENTER(0x88), ENTER(0xA0), { 0x1234, CFI, TO_END }),
	WAY("region, buffer running", AM_GL, UNLOCK, C(0x88, U1), BUFFER_AT(CFI)),
	WAY("region, program behind it", AM_GLN_X16 | AM_GLS, ENTER(0x88), PROGRAM_AT(U1)),
	WAY("region, program elsewhere", AM_GLN_X16 | AM_GLS, ENTER(0x88), PROGRAM_AT(HOME)),
	WAY("region locked, program", AM_GLN_X16 | AM_GLS, ENTER(0x40), C(0xA0, HOME), { 0xFFFE, HOME, TO_END },
	    C(0x90, HOME), C(0, HOME), ENTER(0x88), PROGRAM_AT(CFI)),
	WAY("region, exit", AM_GL, ENTER(0x88), ENTER(0x90)),

	WAY("lock register", AM_GL, ENTER(0x40)),
	WAY("lock register, word", AM_GL, ENTER(0x40), C(0xA0, HOME)),
	WAY("lock register, running", AM_GL, ENTER(0x40), C(0xA0, HOME), C(0xFFFD, HOME)),
	WAY("lock register, programmed", AM_GL, ENTER(0x40), C(0xA0, HOME), { 0xFFFA, HOME, TO_END }),
	WAY("PPB", AM_GL, ENTER(0xC0)),
	WAY("PPB, set", AM_GL, ENTER(0xC0), C(0xA0, HOME)),
	WAY("PPB, setting", AM_GL, ENTER(0xC0), C(0xA0, HOME), C(0, HOME)),
	WAY("PPB, clear", AM_GL, ENTER(0xC0), C(0x80, HOME)),
	WAY("PPB, clearing", AM_GL, ENTER(0xC0), C(0x80, HOME), C(0x30, CFI)),
	WAY("PPB, cleared", AM_GL, ENTER(0xC0), C(0x80, HOME), { 0x30, CFI, TO_END }),
	WAY("PPB lock", AM_GL, ENTER(0x50)),
	WAY("PPB lock, word", AM_GL, ENTER(0x50), C(0xA0, HOME)),
	WAY("PPB frozen, set", AM_GL, ENTER(0x50), C(0xA0, HOME), C(0, HOME), C(0x90, HOME),
	    C(0, HOME), ENTER(0xC0), C(0xA0, HOME), C(0, HOME)),
	WAY("PPB frozen, clear", AM_GL, ENTER(0x50), C(0xA0, HOME), C(0, HOME), C(0x90, HOME),
	    C(0, HOME), ENTER(0xC0), C(0x80, HOME), C(0x30, HOME)),
	WAY("DYB", AM_GL, ENTER(0xE0)),
	WAY("DYB, word", AM_GL, ENTER(0xE0), C(0xA0, HOME)),
	WAY("DYB set, buffer refused", AM_GL, ENTER(0xE0), C(0xA0, HOME), C(0, HOME), C(0x90, HOME),
	    C(0, HOME), BUFFER_AT(HOME)),
	WAY("DYB cleared again", AM_GL, ENTER(0xE0), C(0xA0, HOME), C(0, HOME), C(0xA0, HOME),
	    C(1, HOME)),
	WAY("registers, exit", AM_GL, ENTER(0xC0), C(0x90, HOME)),

	WAY("status register", AM_GLS, C(0x70, U1)),
	WAY("status register after a refusal", AM_GLS, ENTER(0xA0), { 0, SHUT, TO_END }, C(0x70, U1)),
	WAY("status register, then a success", AM_GLS, ENTER(0xA0), { 0, SHUT, TO_END }, ENTER(0xA0),
	    { 0, HOME, TO_END }, C(0x70, U1)),
	WAY("status register while erasing", AM_GLS, ERASE_HALF, C(0x70, U1)),
	WAY("status register, of a program that has ended", AM_GLS, PROGRAM_AT(HOME),
	    { 0x70, HU1, TO_END }),
	WAY("blank check", AM_GLS, C(0x33, HU1)),
	WAY("blank check failed", AM_GLS, { 0x33, HU1, TO_END }),
};
/* clang-format on */

static void put(enum amd_place place, u16 value)
{
	states_write(amd_place[place], value);
}

static void make_move(const struct move *move)
{
	u64 window = states->part.erase_window_us * 1000ull;

	put(move->place, move->value);
	switch (move->then) {
	case AT_ONCE: break;
	case ALMOST: states_wait(window - 1); break;
	case WINDOW: states_wait(window); __attribute__((fallthrough));
	case A_WHILE: states_wait(states_time_left() / 8); break;
	case TO_END: states_wait_until_idle(); break;
	}
}

static void go(const struct way *way)
{
	states->way = way->to;
	for (u32 i = 0; i < way->nmoves; i++)
		make_move(&way->moves[i]);
}

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

	put(to[code % ARRAY_LEN(to)], next[code / 3 % ARRAY_LEN(next)]);
	states_compare(code % 7, 7);
	for (u32 i = 0; i < 3; i++) {
		states_wait_until_idle();
		states_compare(i, 7);
		put(HOME, 0x30);
	}
	states_wait_until_idle();
	put(HOME, 0xF0);
	states_compare(3, 7);
	states_compare_cells();
}

/* The states are kept that a cycle has left as they were. */
static struct amd_model before;

static void go_anew(const struct way *way)
{
	states_renew();
	go(way);
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

	put(place, (u16)(high | code));
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
	for (u32 i = (u32)_i % HANDS; i < ARRAY_LEN(ways); i += HANDS) {
		if (!(ways[i].families & amd_bench_model.family))
			continue;
		if (ways[i].fails != fails) {
			states_close();
			fails = ways[i].fails;
			amd_bench_open(row, fails == AM_PROGRAM, fails == AM_ERASE);
		}
		check_way(&ways[i]);
	}
	states_close();
}
END_TEST

/* ---- every sequence of three cycles ---------------------------------------------------------- */

static u64 random_state;

static u32 below(u32 n)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((random_state >> 33) % n);
}

/* A time that matters to what runs (also: too late to suspend it), or none. */
static u64 some_time(void)
{
	u64 left = states_time_left(), window = states->part.erase_window_us * 1000ull;

	switch (below(12)) {
	case 0: return left;
	case 1: return left / 8;
	case 2: return left ? left - 1 : 1;
	case 3: return below(2000);
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
	{ AM_ALL, 0xAA, U1 },   { AM_ALL, 0x55, U2 },	  { AM_ALL, 0xA0, U1 },   { AM_ALL, 0x80, U1 },
	{ AM_ALL, 0x90, U1 },   { AM_ALL, 0x20, U1 },	  { AM_ALL, 0x10, U1 },   { AM_ALL, 0x30, HOME },
	{ AM_ALL, 0x30, AWAY }, { AM_ALL, 0xB0, HOME }, { AM_ALL, 0xF0, HOME }, { AM_ALL, 0x98, CFI },
	{ AM_ALL, 0, HOME },    { AM_DL, 0xB0, AWAY },  { AM_DL, 0x90, HU1 },   { AM_GL, 0x25, HOME },
	{ AM_GL, 0x29, HOME },  { AM_GL, 0x01, ASIDE }, { AM_GL, 0x88, U1 },    { AM_GL, 0x40, U1 },
	{ AM_GL, 0xC0, U1 },    { AM_GL, 0x50, U1 },	  { AM_GL, 0xE0, U1 },    { AM_GLS, 0x51, HOME },
	{ AM_GLS, 0x70, U1 },   { AM_GLS, 0x71, U1 },	  { AM_GLS, 0x33, HU1 },
};

static const struct way starts[] = {
	{ "ready", AM_ALL, AM_NONE, { { 0 } }, 0 },
	WAY("unlocked", AM_ALL, UNLOCK),
	WAY("suspended", AM_ALL, SUSPENDED),
	WAY("suspended, unlocked", AM_ALL, SUSPENDED, UNLOCK),
	WAY("program suspended", AM_GL, PROGRAM_RESTS),
};

static void check_sequence(const struct way *start, const struct letter *const word[3])
{
	go(start);
	for (u32 i = 0; i < 3; i++) {
		put(word[i]->place, word[i]->value);
		states_compare(below(12), 12);
		states_wait(some_time());
	}
	states_compare(below(6), 6);
	states_wait_until_idle();
	states_compare(below(12), 12);
	states_compare_cells();
	states_renew();
}

START_TEST(every_sequence_of_three)
{
	const struct way *start = &starts[(size_t)_i % ARRAY_LEN(starts)];
	const struct letter *known[ARRAY_LEN(letters)];
	u32 n = 0;

	amd_bench_open((size_t)_i / ARRAY_LEN(starts), 0, 0);
	random_state = (u64)_i;
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

#define WALK_WAYS 2000

static void step(const struct move *move)
{
	put(move->place, move->value);
	switch (below(8)) {
	case 0: states_pass(some_time()); break; /* and no word of it but with the next cycle */
	case 1: states_wait(some_time()); break;
	case 2: states_compare(below(12), 12); break;
	case 3: states_wait_until_idle(); break;
	default: break;
	}
}

static void stray(void)
{
	const struct letter *letter = &letters[below(ARRAY_LEN(letters))];
	struct move any = { (u16)below(0x10000), (enum amd_place)below(AMD_PLACES), AT_ONCE };
	struct move known = { letter->value, letter->place, AT_ONCE };

	step(below(4) ? &known : &any);
}

/* The way to some state, from wherever the one before has led, and not quite. */
static void walk(void)
{
	const struct way *way = &ways[below(ARRAY_LEN(ways))];

	if (!(way->families & amd_bench_model.family))
		return;
	for (u32 i = 0; i < way->nmoves; i++)
		if (below(32))
			step(&way->moves[i]);
		else
			stray();
	for (u32 i = below(4); i; i--)
		stray();
	states_compare(below(12), 12);
}

static void erase_interrupted(void)
{
	for (u32 i = 0; i < states->nblocks; i++) {
		if (!(amd_bench_model.interrupted >> i & 1))
			continue;
		make_move(&(struct move)C(0xAA, U1));
		make_move(&(struct move)C(0x55, U2));
		make_move(&(struct move)C(0x80, U1));
		make_move(&(struct move)C(0xAA, U1));
		make_move(&(struct move)C(0x55, U2));
		states_write(states->block[i].start, 0x30);
		states_wait_until_idle();
	}
}

START_TEST(random_walk)
{
	amd_bench_open((size_t)_i, 0, 0);
	random_state = 0x20020909;
	for (u32 i = 1; i <= WALK_WAYS; i++) {
		walk();
		if (i % 8)
			continue;
		states->way = "random walk";
		states_wait(0);
		states_compare(below(4), 4);
		states_compare_cells();
		if (i % 16) {
			states_power_cut();
			states_compare_all();
			states_compare_cells();
			erase_interrupted();
			states_compare(below(4), 4);
			states_compare_cells();
		}
		states_renew();
	}
	states_close();
}
END_TEST

static TCase *tests(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("flash states, set 0002");
	int rows = (int)amd_bench_rows;

	tcase_add_loop_test(tests(suite, "cells"), every_code_in_every_state, 0, HANDS * rows);
	tcase_add_loop_test(tests(suite, "sequences"), every_sequence_of_three, 0,
			    (int)ARRAY_LEN(starts) * rows);
	tcase_add_loop_test(tests(suite, "walk"), random_walk, 0, rows);
	return run_suite(suite);
}
