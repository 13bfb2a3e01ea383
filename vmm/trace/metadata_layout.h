/* SPDX-License-Identifier: MIT */
/* The layout in a trace's metadata: the part of metadata.c and metadata_parse.c that is about
 * it. */
#ifndef KVL_TRACE_METADATA_LAYOUT_H
#define KVL_TRACE_METADATA_LAYOUT_H

#include "vmm/trace/metadata.h"

/*
 * Lines of the env block: what the layout was planned from, and whose its holes are. CPUs and soft
 * TLB stand there already. @board: NULL, nobody said.
 */
void metadata_write_layout(FILE *out, const struct kvl_layout_request *request,
			   const struct board *board);

/* metadata.c's: one line, of @value @most bytes, escaped. */
void metadata_write_string(FILE *out, const char *key, const char *value, size_t most);

/*
 * Reads them back into @parsed, whose env, CPUs and number of soft entries are there, and says what
 * the entries translate. False: there are some lines, but not a request that the planner takes; or
 * there is none, and a soft TLB.
 */
bool metadata_read_layout(struct metadata_parsed *parsed);

#endif
