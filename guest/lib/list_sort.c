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
	struct list_link *slot[32], *sorted = NULL;
	u32 used = 0;

	if (!first || !first->next)
		return first;
	while (first) {
		struct list_link *run = first;
		u32 n = 0;

		first = first->next;
		run->next = NULL;
		for (; n < used && slot[n]; n++) {
			run = merge(slot[n], run, compare);
			slot[n] = NULL;
		}
		slot[n] = run; /* 2^32 elements would need one slot more */
		used = n < used ? used : n + 1;
	}
	for (u32 n = 0; n < used; n++)
		sorted = merge(slot[n], sorted, compare);
	return sorted;
}
