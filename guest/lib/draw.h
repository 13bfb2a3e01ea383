/* SPDX-License-Identifier: MIT */
/* Numbers drawn from a seed, for workloads that it determines. */
#ifndef GUEST_DRAW_H
#define GUEST_DRAW_H

#include "devices/abi/types.h"

/* The next 31 bits of a linear congruential generator (Knuth's MMIX), whose low bits are left out. */
static inline u64 draw_next(u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

#endif
