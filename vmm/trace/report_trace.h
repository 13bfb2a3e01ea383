/* SPDX-License-Identifier: MIT */
/* One trace of a report. */
#ifndef KVL_TRACE_REPORT_TRACE_H
#define KVL_TRACE_REPORT_TRACE_H

#include <stdio.h>

#include "devices/abi/types.h"
#include "vmm/err.h"

/*
 * Writes the elements "events-N" and "trace-N" of the trace in @dir, with all of its events if
 * there are at most @most. Errors: report_write()'s.
 */
int report_trace_write(FILE *out, const char *dir, u32 number, u64 most, struct err *err);

#endif
