/* SPDX-License-Identifier: MIT */
/* Owns the ways to the states that test_flash_amd_states.c tries cycles in. */
#include "tests/unit/amd_ways.h"

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

const struct way amd_ways[] = {
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

const struct way amd_starts[] = {
	{ "ready", AM_ALL, AM_NONE, { { 0 } }, 0 },
	WAY("unlocked", AM_ALL, UNLOCK),
	WAY("suspended", AM_ALL, SUSPENDED),
	WAY("suspended, unlocked", AM_ALL, SUSPENDED, UNLOCK),
	WAY("program suspended", AM_GL, PROGRAM_RESTS),
};
/* clang-format on */

const size_t amd_nways = ARRAY_LEN(amd_ways), amd_nstarts = ARRAY_LEN(amd_starts);

void amd_way_put(enum amd_place place, u16 value)
{
	states_write(amd_place[place], value);
}

void amd_way_move(const struct move *move)
{
	u64 window = states->part.erase_window_us * 1000ull;

	amd_way_put(move->place, move->value);
	switch (move->then) {
	case AT_ONCE: break;
	case ALMOST: states_wait(window - 1); break;
	case WINDOW: states_wait(window); __attribute__((fallthrough));
	case A_WHILE: states_wait(states_time_left() / 8); break;
	case TO_END: states_wait_until_idle(); break;
	}
}

void amd_way_go(const struct way *way)
{
	states->way = way->to;
	for (u32 i = 0; i < way->nmoves; i++)
		amd_way_move(&way->moves[i]);
}
