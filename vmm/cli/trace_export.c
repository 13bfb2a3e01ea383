/* SPDX-License-Identifier: MIT */
/* kvalab trace export DIR: where the export goes. What is in it: vmm/trace/export.c. */
#include "vmm/cli/cli.h"
#include "vmm/cli/trace.h"
#include "vmm/cli/trace_output.h"

static int check_given(const struct options *options, struct err *err)
{
	if (!options->format_given)
		return err_set(err, EXIT_USAGE, "trace export needs --format ndjson or perfetto");
	if (!options->output)
		return err_set(err, EXIT_USAGE, "trace export needs -o FILE (- is stdout)");
	return 0;
}

static int export_to(struct replacement *file, struct options *options, struct err *err)
{
	struct trace_export_options how = { .format = options->format, .tsc = options->print.tsc };
	int result = trace_export(options->word[1], file->file, &how, err);

	return trace_output_end(file, result, err);
}

int trace_export_command(struct options *options)
{
	struct replacement file;
	struct err err;

	if (check_given(options, &err) ||
	    trace_output_check(options->output, options->word[1], &err) ||
	    replace_begin(&file, "-o", options->output, &err) || export_to(&file, options, &err))
		return cli_fail(&err);
	return EXIT_OK;
}
