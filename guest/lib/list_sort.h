/* SPDX-License-Identifier: MIT */
/* Stable merge sort of singly linked lists, without recursion and without memory. */
#ifndef GUEST_LIST_SORT_H
#define GUEST_LIST_SORT_H

#include "devices/abi/types.h"

/* A list is linked through its first member. */
struct list_link {
	struct list_link *next;
};

/* Sorts ascending by @compare (as strcmp); returns the new first element. */
struct list_link *list_sort(struct list_link *first,
			    int (*compare)(const struct list_link *, const struct list_link *));

#endif
