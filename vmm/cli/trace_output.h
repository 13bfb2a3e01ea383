/* SPDX-License-Identifier: MIT */
/* A file that is made out of traces (trace export, report). */
#ifndef KVL_CLI_TRACE_OUTPUT_H
#define KVL_CLI_TRACE_OUTPUT_H

#include "vmm/cli/replace.h"

/* EXIT_USAGE: @output (of option -o) would lie in the trace @dir: its readers would take it for a
 * stream. */
int trace_output_check(const char *output, const char *dir, struct err *err);

/*
 * Ends @file after what wrote it returned @result and @err. What came of a damaged trace (EXIT_VMM)
 * is kept, as far as it could be read. Returns -1 with @err if either failed.
 */
int trace_output_end(struct replacement *file, int result, struct err *err);

#endif
