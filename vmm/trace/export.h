/* SPDX-License-Identifier: MIT */
/* "kvalab trace export": the records for other programs, as lines of JSON or for Perfetto. */
#ifndef KVL_TRACE_EXPORT_H
#define KVL_TRACE_EXPORT_H

#include <stdio.h>

#include "vmm/trace/reader.h"

enum export_format { EXPORT_NDJSON, EXPORT_PERFETTO };

struct trace_export_options {
	enum export_format format;
	bool tsc; /* the time-stamp counter, too, which no two runs have in common */
};

/*
 * Writes all records of the trace in @dir to @out, in ticket order. Damaged packets are left out.
 * EXIT_USAGE: no trace there; EXIT_VMM: written, but damaged or incomplete; EXIT_HOST: @out takes
 * no more.
 */
int trace_export(const char *dir, FILE *out, const struct trace_export_options *options,
		 struct err *err);

/* One record as one line (ndjson.c). */
void ndjson_record(FILE *out, struct trace_reader *reader, const struct kvl_record *record, u32 cpu,
		   bool tsc);

#endif
