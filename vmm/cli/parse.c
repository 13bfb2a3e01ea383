/* SPDX-License-Identifier: MIT */
/* Owns the syntax of single values. Which options there are and what they mean: option_table.c. */
#include "vmm/cli/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Digits without sign or space; *rest points behind them. errno is ERANGE if they do not fit. */
static bool digits(const char *text, u64 *out, char **rest)
{
	int base = 10;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && isxdigit((u8)text[2]))
		base = 16;
	else if (!isdigit((u8)text[0]))
		return false;
	errno = 0;
	*out = strtoull(text, rest, base);
	return true;
}

static int unit_shift(const char *suffix)
{
	static const char units[] = "KMG";
	const char *unit = strchr(units, toupper((u8)suffix[0]));

	if (suffix[0] == '\0')
		return 0;
	if (!unit || suffix[1] != '\0')
		return -1;
	return 10 * (int)(unit - units + 1);
}

int parse_size(const char *what, const char *text, u64 *out, struct err *err)
{
	char *rest;
	int shift;

	if (!digits(text, out, &rest) || (shift = unit_shift(rest)) < 0)
		return err_set(err, EXIT_USAGE,
			       "%s: \"%s\" is not a size; give a number, with K, M or G behind it "
			       "for KiB, MiB or GiB (as in 512M)",
			       what, text);
	if (errno == ERANGE || *out > UINT64_MAX >> shift)
		return err_set(err, EXIT_USAGE, "%s: %s does not fit into 64 bits", what, text);
	*out <<= shift;
	return 0;
}

int parse_number(const char *what, const char *text, u64 least, u64 most, u64 *out, struct err *err)
{
	char *rest;

	if (!digits(text, out, &rest) || *rest != '\0')
		return err_set(err, EXIT_USAGE, "%s: \"%s\" is not a number", what, text);
	if (errno == ERANGE || *out < least || *out > most)
		return err_set(err, EXIT_USAGE, "%s: %s is not between %llu and %llu", what, text,
			       (unsigned long long)least, (unsigned long long)most);
	return 0;
}

int parse_choice(const char *what, const char *text, const char *const *names, size_t n, u32 *out,
		 struct err *err)
{
	const char *list[8] = { NULL }, *meant;
	char all[200] = "";

	for (size_t i = 0; i < n && i < ARRAY_LEN(list) - 1; i++) {
		if (strcmp(text, names[i]) == 0) {
			*out = (u32)i;
			return 0;
		}
		list[i] = names[i];
		if (i)
			strncat(all, ", ", sizeof(all) - strlen(all) - 1);
		strncat(all, names[i], sizeof(all) - strlen(all) - 1);
	}
	meant = near_name(text, name_of_array, list);
	if (!meant)
		return err_set(err, EXIT_USAGE, "%s: \"%s\" is not one of %s", what, text, all);
	return err_set(err, EXIT_USAGE, "%s: \"%s\" is not one of %s; did you mean %s?", what, text,
		       all, meant);
}

static u32 least3(u32 a, u32 b, u32 c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Names longer than this are compared by their beginning. */
#define NAME_MAX_CHARS 64

u32 edit_distance(const char *a, const char *b)
{
	size_t na = strnlen(a, NAME_MAX_CHARS), nb = strnlen(b, NAME_MAX_CHARS);
	u32 row[3][NAME_MAX_CHARS + 1];
	u32 *before = row[0], *last = row[1], *now = row[2];

	for (u32 j = 0; j <= nb; j++)
		last[j] = j;
	for (u32 i = 1; i <= na; i++) {
		u32 *oldest = before;

		now[0] = i;
		for (u32 j = 1; j <= nb; j++) {
			u32 cost = a[i - 1] != b[j - 1];

			now[j] = least3(last[j] + 1, now[j - 1] + 1, last[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least3(now[j], now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = oldest;
	}
	return last[nb];
}

/* The name that comes nearest to @text; NULL: there is none at all. */
static const char *nearest_name(const char *text, const char *(*name)(const void *list, size_t i),
				const void *list)
{
	const char *best = NULL;
	u32 best_distance = UINT32_MAX;

	for (size_t i = 0; name(list, i); i++) {
		u32 distance = edit_distance(text, name(list, i));

		if (distance < best_distance) {
			best = name(list, i);
			best_distance = distance;
		}
	}
	return best;
}

static bool begins(const char *text, const char *name)
{
	size_t n = strlen(text);

	return n > 1 && strncmp(text, name, n) == 0;
}

const char *near_name(const char *text, const char *(*name)(const void *list, size_t i),
		      const void *list)
{
	const char *nearest = nearest_name(text, name, list);
	size_t n = strlen(text);

	if (nearest && edit_distance(text, nearest) <= (n < 5 ? 1 : (n + 1) / 3))
		return nearest;
	for (size_t i = 0; name(list, i); i++)
		if (begins(text, name(list, i)))
			return name(list, i);
	return NULL;
}

const char *name_hint(const char *text, const char *(*name)(const void *list, size_t i),
		      const void *list, char hint[HINT_BYTES])
{
	const char *meant = near_name(text, name, list);
	size_t used;

	if (meant) {
		snprintf(hint, HINT_BYTES, "did you mean %s?", meant);
		return hint;
	}
	used = (size_t)snprintf(hint, HINT_BYTES, "there are ");
	for (size_t i = 0; name(list, i) && used < HINT_BYTES; i++)
		used += (size_t)snprintf(hint + used, HINT_BYTES - used, "%s%s", i ? ", " : "",
					 name(list, i));
	return hint;
}

const char *name_of_array(const void *list, size_t i)
{
	return ((const char *const *)list)[i];
}
