/* SPDX-License-Identifier: MIT */
/* Owns the order of a heap: no thing has a lesser key than the one above it, at half its place. */
#include "guest/lib/heap.h"

void heap_start(struct heap *heap)
{
	for (u32 i = 0; i < heap->n; i++) {
		heap->key[i] = 0;
		heap->thing[i] = heap->place[i] = i;
	}
}

static u64 key_at(const struct heap *heap, u32 place)
{
	return heap->key[heap->thing[place]];
}

static void put_at(struct heap *heap, u32 place, u32 thing)
{
	heap->thing[place] = thing;
	heap->place[thing] = place;
}

static u32 lesser_child(const struct heap *heap, u32 place)
{
	u32 left = 2 * place + 1;

	return left + 1 < heap->n && key_at(heap, left + 1) < key_at(heap, left) ? left + 1 : left;
}

void heap_set(struct heap *heap, u32 thing, u64 key)
{
	u32 place = heap->place[thing], child;

	heap->key[thing] = key;
	for (; place && key < key_at(heap, (place - 1) / 2); place = (place - 1) / 2)
		put_at(heap, place, heap->thing[(place - 1) / 2]);
	for (; 2 * place + 1 < heap->n; place = child) {
		child = lesser_child(heap, place);
		if (key_at(heap, child) >= key)
			break;
		put_at(heap, place, heap->thing[child]);
	}
	put_at(heap, place, thing);
}
