/* SPDX-License-Identifier: MIT */
/* The file "extra/symbols" of a trace directory: lines "hex-address name", ascending. */
#ifndef KVL_TRACE_SYMTEXT_H
#define KVL_TRACE_SYMTEXT_H

#include "devices/abi/types.h"

struct symtext {
	char *text; /* owned; names lie in it */
	u32 count;
	struct symtext_symbol {
		u64 va;
		const char *name;
	} * symbol;
};

/* Takes @text (NUL-terminated, from malloc) over; lines that are not of the form are left out. */
void symtext_parse(struct symtext *symbols, char *text);
void symtext_free(struct symtext *symbols);

/* The last symbol at or below @va and how far behind it; NULL: none, or too far for a function. */
const char *symtext_find(const struct symtext *symbols, u64 va, u64 *offset);

#endif
