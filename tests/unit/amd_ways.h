/* SPDX-License-Identifier: MIT */
/* The cycles that lead to each state of a chip of set 0002 on the bench of amd_bench.h. */
#ifndef TEST_AMD_WAYS_H
#define TEST_AMD_WAYS_H

#include "tests/unit/amd_bench.h"

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

extern const struct way amd_ways[], amd_starts[]; /* all; those that sequences begin at */
extern const size_t amd_nways, amd_nstarts;

void amd_way_put(enum amd_place place, u16 value);
void amd_way_move(const struct move *move);
void amd_way_go(const struct way *way);

#endif
