/* SPDX-License-Identifier: MIT */
/* Owns the pieces of pages, which the linker has put into this program. Data: who makes a page. */
#include "vmm/page/page.h"

#include <stddef.h>

/* Made by the linker from the build's files. */
#define PIECE(name) extern const char kvl_binary_##name##_start[], kvl_binary_##name##_end[]
PIECE(head);
PIECE(script);
PIECE(trace_body);
PIECE(trace_end);
PIECE(compare_body);
PIECE(compare_end);

struct piece {
	const char *start, *end;
};
#define PLACE(name)                                                \
	{                                                          \
		kvl_binary_##name##_start, kvl_binary_##name##_end \
	}

static const struct piece head = PLACE(head), script = PLACE(script);
static const struct {
	struct piece body, end;
} own[] = {
	[PAGE_TRACE] = { PLACE(trace_body), PLACE(trace_end) },
	[PAGE_COMPARE] = { PLACE(compare_body), PLACE(compare_end) },
};

static void write_piece(FILE *out, struct piece piece)
{
	fwrite(piece.start, 1, (size_t)(piece.end - piece.start), out);
}

void page_begin(FILE *out, enum page page)
{
	write_piece(out, head);
	write_piece(out, own[page].body);
}

void page_end(FILE *out, enum page page)
{
	write_piece(out, script);
	write_piece(out, own[page].end);
}
