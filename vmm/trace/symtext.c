/* SPDX-License-Identifier: MIT */
/* Symbols of a trace: text in, names of addresses out. The text is untrusted. */
#include "vmm/trace/symtext.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FARTHEST_BYTES MiB(1) /* no function is longer */

static u32 count_lines(const char *text)
{
	u32 lines = 1;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* Parses one line in place; false: not of the form, or not ascending. */
static bool parse_line(char *line, u64 least, struct symtext_symbol *out)
{
	char *end;

	if (!isxdigit((unsigned char)line[0]))
		return false;
	out->va = strtoull(line, &end, 16);
	if (*end != ' ' || !end[1] || out->va < least)
		return false;
	out->name = end + 1;
	for (char *c = end + 1; *c; c++)
		if (!isgraph((unsigned char)*c))
			*c = '?';
	return true;
}

void symtext_parse(struct symtext *symbols, char *text)
{
	u64 least = 0;

	symbols->text = text;
	symbols->count = 0;
	symbols->symbol = text ? calloc(count_lines(text), sizeof(*symbols->symbol)) : NULL;
	while (symbols->symbol && text) {
		char *line = strsep(&text, "\n");
		struct symtext_symbol *symbol = &symbols->symbol[symbols->count];

		if (parse_line(line, least, symbol)) {
			least = symbol->va;
			symbols->count++;
		}
	}
}

void symtext_free(struct symtext *symbols)
{
	free(symbols->symbol);
	free(symbols->text);
	memset(symbols, 0, sizeof(*symbols));
}

const char *symtext_find(const struct symtext *symbols, u64 va, u64 *offset)
{
	u32 low = 0, high = symbols->count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (symbols->symbol[middle].va <= va)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || va - symbols->symbol[low - 1].va >= FARTHEST_BYTES)
		return NULL;
	*offset = va - symbols->symbol[low - 1].va;
	return symbols->symbol[low - 1].name;
}
