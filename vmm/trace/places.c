/* SPDX-License-Identifier: MIT */
/* Where sites stand: text in, places of numbers out. The text is untrusted. */
#include "vmm/trace/places.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SITES 65536u /* a record's site has 16 bits */

static void parse_line(struct places *places, char *line)
{
	char *end;
	unsigned long site;

	if (!isdigit((unsigned char)line[0]))
		return;
	site = strtoul(line, &end, 10);
	if (*end != ' ' || site >= MAX_SITES)
		return;
	for (char *c = end + 1; *c; c++)
		if (!isgraph((unsigned char)*c))
			*c = '?';
	places->place[site] = end + 1;
}

void places_parse(struct places *places, char *text)
{
	char *line;

	places->text = text;
	places->count = MAX_SITES;
	places->place = text ? calloc(MAX_SITES, sizeof(*places->place)) : NULL;
	while (places->place && (line = strsep(&text, "\n")))
		parse_line(places, line);
}

void places_free(struct places *places)
{
	free(places->place);
	free(places->text);
	memset(places, 0, sizeof(*places));
}

const char *places_find(const struct places *places, u32 site)
{
	const char *place = places->place && site < places->count ? places->place[site] : NULL;

	return place ? place : "";
}
