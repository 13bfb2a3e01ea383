/* SPDX-License-Identifier: MIT */
/* "kvalab report": traces as one page for a browser, which needs nothing beside it. */
#ifndef KVL_TRACE_REPORT_H
#define KVL_TRACE_REPORT_H

#include <stdio.h>

#include "devices/abi/types.h"
#include "vmm/err.h"

/* So many events of a trace are all in the page; of more, their numbers in slices of the trace. */
#define REPORT_MOST_EVENTS 1000000u

struct report_options {
	const char *const *dir; /* the traces */
	u32 ndirs;
	u64 most_events; /* 0: REPORT_MOST_EVENTS */
};

/*
 * Writes the page to @out. What is damaged is left out, and the page says so. Memory grows with
 * page tables and mapped pages of the chip, not with events. EXIT_USAGE: one is no trace; EXIT_VMM:
 * written, but one is damaged or incomplete, which is then not judged; EXIT_HOST: @out takes no
 * more, no memory.
 */
int report_write(FILE *out, const struct report_options *options, struct err *err);

#endif
