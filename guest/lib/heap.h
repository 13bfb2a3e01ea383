/* SPDX-License-Identifier: MIT */
/*
 * Things by their keys, the least first: a binary heap of the numbers 0, 1, … @n - 1, each of which
 * is in it all the time. A key may change at any time, in O(log n).
 */
#ifndef GUEST_LIB_HEAP_H
#define GUEST_LIB_HEAP_H

#include "devices/abi/types.h"

/* The caller's memory: @n of each. */
struct heap {
	u32 n;
	u64 *key;   /* of thing 0, 1, … */
	u32 *thing; /* at place 0, 1, … of the heap */
	u32 *place; /* of thing 0, 1, … */
};

/* All keys are 0. */
void heap_start(struct heap *heap);
void heap_set(struct heap *heap, u32 thing, u64 key);

/* One with the least key. */
static inline u32 heap_first(const struct heap *heap)
{
	return heap->thing[0];
}

#endif
