/* SPDX-License-Identifier: MIT */
/* Values on the command line: sizes, numbers, choices, and which name may be meant by a wrong
 * one. */
#ifndef KVL_CLI_PARSE_H
#define KVL_CLI_PARSE_H

#include "devices/abi/types.h"
#include "vmm/err.h"

/*
 * All parsers return 0, or -1 with EXIT_USAGE and a message that begins with @what (the option's
 * name) and quotes the value.
 */

/* Decimal or 0x…; with K, M or G behind it in units of 2^10, 2^20, 2^30. */
int parse_size(const char *what, const char *text, u64 *out, struct err *err);

/* Decimal or 0x…, between @least and @most. */
int parse_number(const char *what, const char *text, u64 least, u64 most, u64 *out,
		 struct err *err);

/* One of @n names; its index. */
int parse_choice(const char *what, const char *text, const char *const *names, size_t n, u32 *out,
		 struct err *err);

/* Insertions, deletions, replacements and swaps of neighbours that make @b out of @a. */
u32 edit_distance(const char *a, const char *b);

/*
 * The name that may be meant by @text: it is mistyped, or its beginning; NULL: none is near.
 * @name(list, i) is the i-th name, NULL behind the last; there is one at least.
 */
const char *near_name(const char *text, const char *(*name)(const void *list, size_t i),
		      const void *list);

#define HINT_BYTES 512

/* What to say then: "did you mean NAME?", or else all names: "there are NAME, …". Returns @hint. */
const char *name_hint(const char *text, const char *(*name)(const void *list, size_t i),
		      const void *list, char hint[HINT_BYTES]);

/* For near_name(): @list is an array of strings that ends with NULL. */
const char *name_of_array(const void *list, size_t i);

#endif
