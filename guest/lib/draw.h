/* SPDX-License-Identifier: MIT */
/* Numbers drawn from a seed, for workloads that it determines. */
#ifndef GUEST_DRAW_H
#define GUEST_DRAW_H

#include "devices/abi/types.h"

/* The next 31 bits of a linear congruential generator (Knuth's MMIX), whose low bits are left
 * out. */
static inline u64 draw_next(u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

/*
 * Where stream @index of @seed begins. All streams of draw_next() are pieces of one cycle: of two
 * that began side by side, or one where the other goes on, each would foretell the other. So the
 * place is mixed: SplitMix64's step (Steele, Lea, Flood: Fast splittable pseudorandom number
 * generators, 2014).
 */
static inline u64 draw_stream(u64 seed, u64 index)
{
	u64 z = seed + (index + 1) * 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

#endif
