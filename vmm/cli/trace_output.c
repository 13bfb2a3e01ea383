/* SPDX-License-Identifier: MIT */
/* Owns what all files have in common that are made out of traces: where they may lie, when they are
 * kept. */
#include "vmm/cli/trace_output.h"

#include <string.h>
#include <sys/stat.h>

int trace_output_check(const char *output, const char *dir, struct err *err)
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

int trace_output_end(struct replacement *file, int result, struct err *err)
{
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
