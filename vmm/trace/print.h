/* SPDX-License-Identifier: MIT */
/* "kvalab trace print": one line per record, in ticket order. */
#ifndef KVL_TRACE_PRINT_H
#define KVL_TRACE_PRINT_H

#include <stdio.h>

#include "devices/abi/types.h"
#include "vmm/err.h"
#include "vmm/trace/reader.h"

/* All zero: everything. */
struct trace_print_options {
	const char *const *event; /* only these, by name */
	u32 nevents;		  /* 0: all */
	bool one_cpu;
	u32 cpu;   /* if one_cpu: only this stream; TRACE_CPU_VMM is the VMM's */
	u64 limit; /* at most so many lines; 0: no limit */
	bool tsc;  /* a column with the time-stamp counter */
};

/*
 * Prints the trace in @dir to @out: ticket, CPU, event, site, fields by name, columns aligned. What
 * is damaged is left out, and named in lines that begin with "# " at the end. EXIT_USAGE: no trace
 * there, an unknown event, a CPU that it does not have; EXIT_VMM: printed, but damaged or
 * incomplete; EXIT_HOST: @out takes no more.
 */
int trace_print(const char *dir, FILE *out, const struct trace_print_options *options,
		struct err *err);

/* One line. @site_width: of the column of sites (trace_reader_site_width()). */
void trace_print_record(FILE *out, struct trace_reader *reader, const struct kvl_record *record,
			u32 cpu, bool tsc, u32 site_width);

#endif
