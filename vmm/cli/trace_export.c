/* SPDX-License-Identifier: MIT */
/* kvalab trace export DIR: where the export goes. What is in it: vmm/trace/export.c. */
#include <string.h>
#include <sys/stat.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/replace.h"
#include "vmm/cli/trace.h"

static int check_given(const struct options *options, struct err *err)
{
	if (!options->format_given)
		return err_set(err, EXIT_USAGE, "trace export needs --format ndjson or perfetto");
	if (!options->output)
		return err_set(err, EXIT_USAGE, "trace export needs -o FILE (- is stdout)");
	return 0;
}

/* CTF readers take each file beside metadata for a stream, and a stream must not be replaced. */
static int check_place(const char *output, const char *dir, struct err *err)
{
	const char *slash = strrchr(output, '/');
	char folder[4096] = ".";
	struct stat there, trace;

	if (slash)
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - output) + 1, output);
	if (strcmp(output, "-") && !stat(folder, &there) && !stat(dir, &trace) &&
	    there.st_dev == trace.st_dev && there.st_ino == trace.st_ino)
		return err_set(err, EXIT_USAGE,
			       "-o: %s lies in the trace itself, whose readers would take it for a "
			       "part of it: name a file elsewhere",
			       output);
	return 0;
}

/* A damaged trace is exported all the same, as far as it can be read. */
static int export_to(struct replacement *file, struct options *options, struct err *err)
{
	struct trace_export_options how = { .format = options->format, .tsc = options->print.tsc };
	int result = trace_export(options->word[1], file->file, &how, err);
	struct err lost;

	if (result && err->status != EXIT_VMM) {
		replace_drop(file);
		return -1;
	}
	if (!replace_end(file, &lost))
		return result;
	*err = lost;
	return -1;
}

int trace_export_command(struct options *options)
{
	struct replacement file;
	struct err err;

	if (check_given(options, &err) || check_place(options->output, options->word[1], &err) ||
	    replace_begin(&file, "-o", options->output, &err) || export_to(&file, options, &err))
		return cli_fail(&err);
	return EXIT_OK;
}
