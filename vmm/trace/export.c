/* SPDX-License-Identifier: MIT */
/* Owns the walk through a trace that is exported. What becomes of a record: ndjson.c,
 * perfetto.c. */
#include "vmm/trace/export.h"

#include <stdlib.h>

#include "vmm/trace/perfetto.h"

static int finish(struct trace_reader *reader, const char *dir, FILE *out, struct err *err)
{
	if (ferror(out) || fflush(out))
		return err_errno(err, EXIT_HOST, "cannot write the export of %s", dir);
	return trace_reader_verdict(reader, dir, err);
}

int trace_export(const char *dir, FILE *out, const struct trace_export_options *options,
		 struct err *err)
{
	struct trace_reader *reader = trace_reader_open(dir, err);
	struct perfetto *perfetto = calloc(1, sizeof(*perfetto));
	struct kvl_record record;
	int result = -1;
	u32 cpu;

	if (!reader)
		goto out_free;
	if (!perfetto) {
		err_set(err, EXIT_HOST, "no memory to export a trace");
		goto out_close;
	}
	*perfetto = (struct perfetto){ .out = out, .reader = reader, .tsc = options->tsc };
	while (trace_reader_next(reader, &record, &cpu)) {
		if (options->format == EXPORT_PERFETTO)
			perfetto_record(perfetto, &record, cpu);
		else
			ndjson_record(out, reader, &record, cpu, options->tsc);
		if (ferror(out)) /* errno says why, until the next record is read */
			break;
	}
	result = finish(reader, dir, out, err);
out_close:
	trace_reader_close(reader);
out_free:
	free(perfetto);
	return result;
}
