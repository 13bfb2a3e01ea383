/* SPDX-License-Identifier: MIT */
/* The layout in a trace's metadata: the part of metadata.c and metadata_parse.c that is about it. */
#ifndef KVL_TRACE_METADATA_LAYOUT_H
#define KVL_TRACE_METADATA_LAYOUT_H

#include "vmm/trace/metadata.h"

/* Lines of the env block: what the layout was planned from. CPUs and soft TLB stand there already. */
void metadata_write_layout(FILE *out, const struct kvl_layout_request *request);

/*
 * Reads them back into @parsed, whose env, CPUs and soft TLB are there. False: there are some, but not a
 * request that the planner takes.
 */
bool metadata_read_layout(struct metadata_parsed *parsed);

#endif
