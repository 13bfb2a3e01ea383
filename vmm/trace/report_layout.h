/* SPDX-License-Identifier: MIT */
/* The layout that the guest of a trace ran on, planned again out of the trace's metadata. */
#ifndef KVL_TRACE_REPORT_LAYOUT_H
#define KVL_TRACE_REPORT_LAYOUT_H

#include <stdio.h>

#include "vmm/trace/metadata.h"

/*
 * Writes "layout":{"name":…,"maps":[…]}, or "layout":null if the trace does not say. A map is
 * {"kind":…,"kernel":[box,…],"physical":[box,…],"figures":{…}}, a box [kind,name,start,bytes,other
 * (null: none),number]. Where there are holes and the layout is not the linear one, that comes
 * first: before and after.
 */
void report_layout_write(const struct metadata_parsed *metadata, FILE *out);

#endif
