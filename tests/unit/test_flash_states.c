/* SPDX-License-Identifier: MIT */
/*
 * The command state machines of devices/flash (sets 0001, 0003) against the model of the data
 * sheets' tables in intel_states.c: all 256 codes in every state that can be reached, all sequences
 * of three cycles over the codes that matter, a long random walk.
 */
#include <check.h>

#include "tests/unit/intel_bench.h"

/* ---- the way to each state ------------------------------------------------------------------- */

enum then {
	AT_ONCE,
	A_WHILE,   /* wait for an eighth of the time that the operation has left */
	TO_END,	   /* wait until it ends or rests */
	EACH_WORD, /* as many times as the buffer has words */
};

struct move {
	u16 value;
	enum place place;
	enum then then;
};

/* Which chips have the way. */
enum only { ANY, BUFFER = 1, CHECK = 2, J3 = 4, P30 = 8 };

#define MAX_MOVES 10

struct way {
	const char *to;
	u32 only;
	struct move moves[MAX_MOVES];
	u32 nmoves;
};

#define WAY(to, only, ...)                                                           \
	{                                                                            \
		to, only, { __VA_ARGS__ },                                           \
			sizeof((struct move[]){ __VA_ARGS__ }) / sizeof(struct move) \
	}
#define PROGRAM                       \
	{ 0x40, HOME, AT_ONCE },      \
	{                             \
		0x0F00, HOME, AT_ONCE \
	}
#define BUFFER_OF_2                                                               \
	{ 0xE8, HOME, AT_ONCE }, { 1, HOME, AT_ONCE }, { 0x1234, HOME, AT_ONCE }, \
	{                                                                         \
		0x0055, NEXT, AT_ONCE                                             \
	}
#define ERASE_HALF                  \
	{ 0x20, HOME, AT_ONCE },    \
	{                           \
		0xD0, HOME, A_WHILE \
	}
#define SUSPEND_ERASE              \
	ERASE_HALF,                \
	{                          \
		0xB0, HOME, TO_END \
	}
#define BUSY_PROGRAM_HALF             \
	{ 0x40, HOME, AT_ONCE },      \
	{                             \
		0x0F00, HOME, A_WHILE \
	}
#define SUSPEND_PROGRAM            \
	BUSY_PROGRAM_HALF,         \
	{                          \
		0xB0, HOME, TO_END \
	}
#define PROGRAM_ASIDE                  \
	{ 0x40, ASIDE, AT_ONCE },      \
	{                              \
		0x0F00, ASIDE, AT_ONCE \
	}
#define NESTED SUSPEND_ERASE, PROGRAM_ASIDE
#define SUSPEND_NESTED             \
	NESTED,                    \
	{                          \
		0xB0, AWAY, TO_END \
	}
#define BEFP                        \
	{ 0x80, HOME, AT_ONCE },    \
	{                           \
		0xD0, HOME, AT_ONCE \
	}

static const struct way ways[] = {
	{ "ready, array", ANY, { { 0 } }, 0 },
	WAY("ready, status", ANY, { 0x70, HOME, AT_ONCE }),
	WAY("ready, identifier", ANY, { 0x90, HOME, AT_ONCE }),
	WAY("ready, query", ANY, { 0x98, HOME, AT_ONCE }),
	WAY("ready, status elsewhere", P30, { 0x70, AWAY, AT_ONCE }),
	WAY("program setup", ANY, { 0x40, HOME, AT_ONCE }),
	WAY("program setup 10h", ANY, { 0x10, HOME, AT_ONCE }),
	WAY("erase setup", ANY, { 0x20, HOME, AT_ONCE }),
	WAY("buffer count", BUFFER, { 0xE8, HOME, AT_ONCE }),
	WAY("buffer data 1", BUFFER, { 0xE8, HOME, AT_ONCE }, { 1, HOME, AT_ONCE }),
	WAY("buffer data 2", BUFFER, { 0xE8, HOME, AT_ONCE }, { 1, HOME, AT_ONCE },
	    { 0x1234, HOME, AT_ONCE }),
	WAY("buffer data of 3", BUFFER, { 0xE8, HOME, AT_ONCE }, { 2, HOME, AT_ONCE },
	    { 0x1234, HOME, AT_ONCE }),
	WAY("buffer confirm", BUFFER, BUFFER_OF_2),
	WAY("buffer confirm, locked", BUFFER, { 0xE8, SHUT, AT_ONCE }, { 0, SHUT, AT_ONCE },
	    { 0x1234, SHUT, AT_ONCE }),
	WAY("lock setup", ANY, { 0x60, HOME, AT_ONCE }),
	WAY("otp setup", ANY, { 0xC0, HOME, AT_ONCE }),
	WAY("otp setup, group locked", ANY, { 0xC0, HOME, AT_ONCE }, { 0xFFFD, LOCK_WORD, TO_END },
	    { 0xC0, HOME, AT_ONCE }),
	WAY("befp setup", P30, { 0x80, HOME, AT_ONCE }),
	WAY("check setup", CHECK, { 0xBC, HOME, AT_ONCE }),
	WAY("configuration setup", J3, { 0xB8, HOME, AT_ONCE }),
	WAY("program busy", ANY, PROGRAM),
	WAY("program busy, array", P30, PROGRAM, { 0xFF, HOME, AT_ONCE }),
	WAY("program busy, identifier", P30, PROGRAM, { 0x90, HOME, AT_ONCE }),
	WAY("program busy elsewhere", ANY, { 0x40, AWAY, AT_ONCE }, { 0x1234, AWAY, A_WHILE }),
	WAY("buffer busy", BUFFER, BUFFER_OF_2, { 0xD0, HOME, AT_ONCE }),
	WAY("erase busy", ANY, ERASE_HALF),
	WAY("erase busy, array", P30, ERASE_HALF, { 0xFF, HOME, AT_ONCE }),
	WAY("erase busy, after a resume", ANY, SUSPEND_ERASE, { 0xD0, HOME, AT_ONCE }),
	WAY("erase ended", ANY, ERASE_HALF, { 0x70, HOME, TO_END }),
	WAY("otp busy", ANY, { 0xC0, HOME, AT_ONCE }, { 0x1234, NEAR, AT_ONCE }),
	WAY("otp busy, identifier", P30, { 0xC0, HOME, AT_ONCE }, { 0x1234, NEAR, AT_ONCE },
	    { 0x90, HOME, AT_ONCE }),
	WAY("lock busy", J3, { 0x60, HOME, AT_ONCE }, { 0x01, HOME, AT_ONCE }),
	WAY("unlock busy", J3, { 0x60, HOME, AT_ONCE }, { 0xD0, HOME, AT_ONCE }),
	WAY("befp, empty", P30, BEFP),
	WAY("befp, begun", P30, BEFP, { 0x1234, HOME, AT_ONCE }),
	WAY("befp busy", P30, BEFP, { 0x1234, HOME, EACH_WORD }),
	WAY("befp, second fill", P30, BEFP, { 0x1234, HOME, EACH_WORD }, { 0x70, HOME, TO_END }),
	WAY("befp, wrapped", P30, { 0x80, HOME, AT_ONCE }, { 0xD0, LAST_FILL, AT_ONCE },
	    { 0x1234, HOME, EACH_WORD }, { 0x70, HOME, TO_END }, { 0x00FF, NEAR, EACH_WORD }),
	WAY("befp elsewhere", P30, { 0x80, HOME, AT_ONCE }, { 0xD0, AWAY, AT_ONCE },
	    { 0x1234, AWAY, AT_ONCE }),
	WAY("check busy", CHECK, { 0xBC, HOME, AT_ONCE }, { 0xD0, HOME, AT_ONCE }),
	WAY("check busy, of a blank block", CHECK, { 0xBC, HOME, AT_ONCE },
	    { 0xD0, ASIDE, AT_ONCE }),
	WAY("program suspending", ANY, BUSY_PROGRAM_HALF, { 0xB0, HOME, AT_ONCE }),
	WAY("program suspended", ANY, SUSPEND_PROGRAM),
	WAY("program suspended, array", ANY, SUSPEND_PROGRAM, { 0xFF, HOME, AT_ONCE }),
	WAY("program suspended, identifier", ANY, SUSPEND_PROGRAM, { 0x90, HOME, AT_ONCE }),
	WAY("program suspended, query", ANY, SUSPEND_PROGRAM, { 0x98, HOME, AT_ONCE }),
	WAY("program suspended, dropped", ANY, SUSPEND_PROGRAM, { 0x20, HOME, AT_ONCE }),
	WAY("program suspended, dropped, array", ANY, SUSPEND_PROGRAM, { 0x60, HOME, AT_ONCE },
	    { 0xFF, HOME, AT_ONCE }, { 0xFF, HOME, AT_ONCE }),
	WAY("buffer suspended", BUFFER, BUFFER_OF_2, { 0xD0, HOME, AT_ONCE },
	    { 0xB0, HOME, TO_END }, { 0xFF, HOME, AT_ONCE }),
	WAY("program suspended too late", ANY, PROGRAM, { 0xB0, HOME, A_WHILE },
	    { 0xD0, HOME, TO_END }),
	WAY("erase suspending", ANY, ERASE_HALF, { 0xB0, HOME, AT_ONCE }),
	WAY("erase suspended", ANY, SUSPEND_ERASE),
	WAY("erase suspended, array", ANY, SUSPEND_ERASE, { 0xFF, HOME, AT_ONCE }),
	WAY("erase suspended, identifier", ANY, SUSPEND_ERASE, { 0x90, HOME, AT_ONCE }),
	WAY("erase suspended, query", ANY, SUSPEND_ERASE, { 0x98, HOME, AT_ONCE }),
	WAY("erase suspended, dropped erase", ANY, SUSPEND_ERASE, { 0x20, AWAY, AT_ONCE }),
	WAY("erase suspended, dropped otp", ANY, SUSPEND_ERASE, { 0xC0, HOME, AT_ONCE }),
	WAY("erase suspended, 60h", ANY, SUSPEND_ERASE, { 0x60, HOME, AT_ONCE }),
	WAY("erase suspended, 80h", ANY, SUSPEND_ERASE, { 0x80, HOME, AT_ONCE }),
	WAY("erase suspended, BCh", ANY, SUSPEND_ERASE, { 0xBC, HOME, AT_ONCE }),
	WAY("erase suspended, B8h", ANY, SUSPEND_ERASE, { 0xB8, HOME, AT_ONCE }),
	WAY("erase suspended, program setup", ANY, SUSPEND_ERASE, { 0x40, ASIDE, AT_ONCE }),
	WAY("erase suspended, buffer count", BUFFER, SUSPEND_ERASE, { 0xE8, ASIDE, AT_ONCE }),
	WAY("erase suspended, buffer data", BUFFER, SUSPEND_ERASE, { 0xE8, ASIDE, AT_ONCE },
	    { 1, ASIDE, AT_ONCE }),
	WAY("erase suspended, buffer confirm", BUFFER, SUSPEND_ERASE, { 0xE8, AWAY, AT_ONCE },
	    { 0, AWAY, AT_ONCE }, { 0x1234, AWAY, AT_ONCE }),
	WAY("erase suspended, buffer confirm, locked", BUFFER, SUSPEND_ERASE,
	    { 0xE8, SHUT, AT_ONCE }, { 0, SHUT, AT_ONCE }, { 0x1234, SHUT, AT_ONCE }),
	WAY("erase suspended, program busy", ANY, NESTED),
	WAY("erase suspended, program ended", ANY, NESTED, { 0x70, ASIDE, TO_END }),
	WAY("erase suspended, program busy elsewhere", ANY, SUSPEND_ERASE, { 0x40, AWAY, AT_ONCE },
	    { 0x1234, AWAY, AT_ONCE }),
	WAY("erase suspended, program busy in its block", ANY, SUSPEND_ERASE,
	    { 0x40, HOME, AT_ONCE }, { 0x1234, NEAR, AT_ONCE }),
	WAY("erase suspended, buffer busy", BUFFER, SUSPEND_ERASE, { 0xE8, ASIDE, AT_ONCE },
	    { 0, ASIDE, AT_ONCE }, { 0x1234, ASIDE, AT_ONCE }, { 0xD0, ASIDE, AT_ONCE }),
	WAY("erase suspended, program suspending", ANY, NESTED, { 0xB0, AWAY, AT_ONCE }),
	WAY("erase suspended, program suspended", ANY, SUSPEND_NESTED),
	WAY("erase suspended, program suspended, array", ANY, SUSPEND_NESTED,
	    { 0xFF, HOME, AT_ONCE }),
	WAY("erase suspended, program suspended, dropped", ANY, SUSPEND_NESTED,
	    { 0x40, AWAY, AT_ONCE }),
	WAY("erase suspended, program suspended, dropped 60h", ANY, SUSPEND_NESTED,
	    { 0x60, HOME, AT_ONCE }),
	WAY("erase suspended, program suspended elsewhere", ANY, SUSPEND_ERASE,
	    { 0x40, AWAY, AT_ONCE }, { 0x1234, AWAY, A_WHILE }, { 0xB0, HOME, TO_END }),
};

static void put(enum place place, u16 value)
{
	states_write(intel_place[place], value);
}

/* Blocks as they are called; partitions in array mode. */
static void prepare(void)
{
	static const enum place open[] = { HOME, ASIDE, AWAY };

	if (states->part.features & FLASH_LOCK_INSTANT)
		for (u32 i = 0; i < ARRAY_LEN(open); i++) {
			put(open[i], 0x60);
			put(open[i], 0xD0);
		}
	put(SHUT, 0x60);
	put(SHUT, 0x01);
	states_wait_until_idle();
	put(DOWN, 0x60);
	put(DOWN, 0x2F);
	put(DOWN, 0x50);
	for (u32 i = 0; i < PLACES; i++)
		put((enum place)i, 0xFF);
}

static void leave_errors(void)
{
	put(HOME, 0x20);
	put(HOME, 0x20);
	put(HOME, 0xFF);
}

static u32 words_of_buffer(void)
{
	return (1u << states->part.cfi.buffer_log2) / states->bus_bytes;
}

static void make_move(const struct move *move)
{
	u32 times = move->then == EACH_WORD ? words_of_buffer() : 1;

	for (u32 i = 0; i < times; i++)
		put(move->place, (u16)(move->value + (times > 1 ? i : 0)));
	if (move->then == TO_END)
		states_wait_until_idle();
	if (move->then == A_WHILE)
		states_wait(states_time_left() / 8);
}

static void go(const struct way *way)
{
	states->way = way->to;
	for (u32 i = 0; i < way->nmoves; i++)
		make_move(&way->moves[i]);
}

static bool exists(const struct way *way)
{
	const struct flash_part *part = &states->part;
	u32 has = 0;

	if (part->cfi.buffer_log2)
		has |= BUFFER;
	if (part->features & FLASH_BLANK_CHECK)
		has |= CHECK;
	if (part->features & FLASH_LOCK_STORED)
		has |= J3;
	if (part->features & FLASH_STATES_P30)
		has |= P30;
	return (way->only & ~has) == 0;
}

/* ---- every code in every state --------------------------------------------------------------- */

static const struct variant {
	enum place place;
	u16 high; /* the upper byte of the cycle */
	bool errors;
	bool all; /* of the 256 codes, else those that are commands of any part, and every eighth */
} variants[] = {
	{ HOME, 0x0000, false, true },	{ NEAR, 0x0000, false, true },
	{ ASIDE, 0x0000, false, true }, { AWAY, 0x0000, false, true },
	{ NEXT, 0x0000, false, false }, { SHUT, 0x0000, false, false },
	{ DOWN, 0x0000, false, false }, { HOME, 0x0100, false, false },
	{ AWAY, 0xFF00, false, false }, { HOME, 0x0000, true, false },
	{ AWAY, 0x0000, true, false },
};

static bool is_interesting(u32 code)
{
	for (size_t i = 0; i < im_ncodes; i++)
		if (im_codes[i].code == code)
			return true;
	return code % 8 == 0;
}

/* Tells apart what cannot be seen at once, and sees it to its end. */
static void follow(u8 code)
{
	put(HOME, code);
	states_compare(0, 7);
	for (u32 i = 0; i < 3; i++) {
		states_wait_until_idle();
		states_compare(3, 7);
		put(HOME, 0xD0);
	}
	states_wait_until_idle();
	for (u32 i = 0; i < PLACES; i++)
		put((enum place)i, 0x70);
	states_compare(0, 3);
	states_compare_cells();
}

static void check_cell(const struct way *way, const struct variant *variant, u32 code)
{
	static const u8 next[] = { 0xD0, 0xFF, 0xB0 };

	prepare();
	if (variant->errors)
		leave_errors();
	go(way);
	states_compare(0, 5);
	put(variant->place, (u16)(variant->high | code));
	states_compare_all();
	if (is_interesting(code))
		follow(next[(code + (u32)(variant - variants)) % ARRAY_LEN(next)]);
	states_renew();
}

static void check_way(const struct way *way)
{
	for (u32 i = 0; exists(way) && i < ARRAY_LEN(variants); i++)
		for (u32 code = 0; code < 256; code++)
			if (variants[i].all || is_interesting(code))
				check_cell(way, &variants[i], code);
}

/* The ways are dealt out: a process for each would take longer than what it does. */
#define HANDS 8

START_TEST(every_code_in_every_state)
{
	intel_bench_open((size_t)_i / HANDS);
	for (u32 i = (u32)_i % HANDS; i < ARRAY_LEN(ways); i += HANDS)
		check_way(&ways[i]);
	states_close();
}
END_TEST

/* ---- every sequence of three cycles ---------------------------------------------------------- */

/* A time that matters to what runs (also: too late to suspend it), or a short one. */
static u64 some_time(void)
{
	u64 left = states_time_left();
	u64 suspend = states->part.suspend_program.typ_us * 1000ull;

	switch (states_below(10)) {
	case 0: return left;
	case 1: return left / 8;
	case 2: return left ? left - 1 : 1;
	case 3: return states_below(2000);
	case 4: return left > suspend ? left - suspend : 0;
	default: return 0;
	}
}

static const u8 alphabet[] = { 0xFF, 0x70, 0x90, 0x98, 0x50, 0x40, 0xE8, 0x20, 0x80, 0xD0,
			       0xB0, 0x60, 0xC0, 0xBC, 0xB8, 0x01, 0x2F, 0x03, 0x00, 0x10 };

#define LETTERS ((u32)ARRAY_LEN(alphabet))

static const struct way starts[] = {
	{ "power-up", ANY, { { 0 } }, 0 },
	{ "blocks unlocked", ANY, { { 0 } }, 0 },
	WAY("erase suspended", ANY, SUSPEND_ERASE),
};

/* Places and times are drawn; most cycles go to one block, as they do in use. */
static void check_sequence(const struct way *start, u32 number)
{
	static const enum place drawn[] = { HOME, HOME, HOME, HOME, NEXT, NEAR, ASIDE, AWAY };

	states_seed(number);
	if (start != starts)
		prepare();
	go(start);
	for (u32 i = 0, rest = number; i < 3; i++, rest /= LETTERS) {
		put(drawn[states_below(ARRAY_LEN(drawn))], alphabet[rest % LETTERS]);
		states_compare(states_below(8), 8);
		states_wait(some_time());
	}
	states_compare(states_below(2), 2);
	states_wait_until_idle();
	states_compare(states_below(8), 8);
	states_compare_cells();
	states_renew();
}

START_TEST(every_sequence_of_three)
{
	intel_bench_open((size_t)_i / ARRAY_LEN(starts));
	for (u32 number = 0; number < LETTERS * LETTERS * LETTERS; number++)
		check_sequence(&starts[(size_t)_i % ARRAY_LEN(starts)], number);
	states_close();
}
END_TEST

/* ---- random walk ----------------------------------------------------------------------------- */

#define WALK_CYCLES 40000
#define WALK_POWER_UPS 100

static u16 some_value(void)
{
	switch (states_below(16)) {
	case 0:
	case 1:
	case 2:
	case 3: return 0xD0;
	case 4: return 0xB0;
	case 5: return (u16)states_below(4);
	case 6: return (u16)states_below(0x10000);
	case 7: return 0xFFFF;
	default: return alphabet[states_below(LETTERS)];
	}
}

/* Loads take more cycles of a kind than chance brings about. */
static void run_on(u64 offset)
{
	u32 words = states_below(words_of_buffer() + 2);

	for (u32 i = 0; i < words; i++)
		states_write(offset, (u16)states_below(0x10000));
}

static void walk(void)
{
	enum place place = states_below(2) ? HOME : (enum place)states_below(PLACES);
	u64 offset = intel_place[place] + states_below(4) / 3 * states_below(8) * states->bus_bytes;

	if (states_below(32) == 0)
		run_on(offset);
	states_write(offset, some_value());
	if (states_below(4) == 0) {
		states_pass(some_time()); /* and no word of it but with the next cycle */
	} else {
		states_wait(some_time());
		states_compare(states_below(16), 16);
	}
}

START_TEST(random_walk)
{
	intel_bench_open((size_t)_i);
	states_seed(0x20020909);
	for (u32 i = 0; i < WALK_POWER_UPS; i++) {
		if (i % 4)
			prepare();
		for (u32 cycle = 0; cycle < WALK_CYCLES / WALK_POWER_UPS; cycle++)
			walk();
		states_wait(0);
		states_compare_all();
		states_compare_cells();
		states_renew();
	}
	states_close();
}
END_TEST

int main(void)
{
	int rows = (int)intel_bench_rows;

	return states_run(
		"flash states", (struct states_tests){ every_code_in_every_state, HANDS * rows },
		(struct states_tests){ every_sequence_of_three, (int)ARRAY_LEN(starts) * rows },
		(struct states_tests){ random_walk, rows });
}
