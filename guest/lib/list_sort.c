/* SPDX-License-Identifier: MIT */
/* Owns the sort of linked lists: runs of 2^n elements wait in slot n until an equal one arrives. */
#include "guest/lib/list_sort.h"

typedef int (*compare_fn)(const struct list_link *, const struct list_link *);

/* @a holds what came first, so it wins a tie. */
static struct list_link *merge(struct list_link *a, struct list_link *b, compare_fn compare)
{
	struct list_link *first = NULL, **end = &first;

	while (a && b) {
		struct list_link **from = compare(a, b) <= 0 ? &a : &b;

		*end = *from;
		*from = (*from)->next;
		end = &(*end)->next;
	}
	*end = a ? a : b;
	return first;
}

struct list_link *list_sort(struct list_link *first, compare_fn compare)
{
	struct list_link *slot[32] = { NULL };
	struct list_link *sorted = NULL;

	while (first) {
		struct list_link *run = first;
		u32 n = 0;

		first = first->next;
		run->next = NULL;
		for (; n < ARRAY_LEN(slot) - 1 && slot[n]; n++) {
			run = merge(slot[n], run, compare);
			slot[n] = NULL;
		}
		slot[n] = slot[n] ? merge(slot[n], run, compare) : run;
	}
	for (u32 n = 0; n < ARRAY_LEN(slot); n++)
		sorted = merge(slot[n], sorted, compare);
	return sorted;
}
