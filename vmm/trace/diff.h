/* SPDX-License-Identifier: MIT */
/* "kvalab trace diff": where two traces part. */
#ifndef KVL_TRACE_DIFF_H
#define KVL_TRACE_DIFF_H

#include <stdio.h>

#include "vmm/err.h"
#include "vmm/trace/reader.h"

struct trace_diff_options {
	const char *const *event; /* only these, by name */
	u32 nevents;		  /* 0: all that are comparable (event_comparable()) */
};

/*
 * Compares stream with stream, record by record: event, site by name, all fields but times. Prints
 * to @out that all is the same, or the difference with the smallest ticket, with what is before it
 * on both sides, and where other streams part. EXIT_USAGE: no trace, or an unknown event; EXIT_VMM:
 * compared, but one of the traces is damaged or incomplete; EXIT_HOST: @out takes no more.
 */
int trace_diff(const char *const dir[2], FILE *out, const struct trace_diff_options *options,
	       bool *same, struct err *err);

#endif
