/* SPDX-License-Identifier: MIT */
/* The file "extra/places" of a trace directory: lines "number file:line", where its sites stand. */
#ifndef KVL_TRACE_PLACES_H
#define KVL_TRACE_PLACES_H

#include "devices/abi/types.h"

struct places {
	char *text;	    /* owned; places lie in it */
	const char **place; /* by the site's number; NULL: not said */
	u32 count;
};

/* Takes @text (NUL-terminated, from malloc, or NULL) over; lines that are not of the form are left
 * out. */
void places_parse(struct places *places, char *text);
void places_free(struct places *places);

/* Printable ASCII; "": not known. */
const char *places_find(const struct places *places, u32 site);

#endif
