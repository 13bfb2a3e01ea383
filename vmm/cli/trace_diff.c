/* SPDX-License-Identifier: MIT */
/* kvalab trace diff A B: two traces (vmm/trace/diff.c) or two results (result_diff.c). */
#include <sys/stat.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/result_diff.h"
#include "vmm/cli/trace.h"
#include "vmm/trace/diff.h"

static int kind_of(const char *path, bool *is_trace, struct err *err)
{
	struct stat info;

	if (stat(path, &info))
		return err_errno(err, EXIT_USAGE, "%s is no trace and no result", path);
	*is_trace = S_ISDIR(info.st_mode);
	return 0;
}

static int compare(struct options *options, bool *same, struct err *err)
{
	const char *const *path = options->word + 1;
	struct trace_diff_options how = { .event = options->event, .nevents = options->nevents };
	bool is_trace[2] = { false };

	if (kind_of(path[0], &is_trace[0], err) || kind_of(path[1], &is_trace[1], err))
		return -1;
	if (is_trace[0] != is_trace[1])
		return err_set(err, EXIT_USAGE,
			       "%s is a directory, %s is none: trace diff takes two traces or two "
			       "results",
			       path[is_trace[1]], path[is_trace[0]]);
	if (is_trace[0])
		return trace_diff(path, stdout, &how, same, err);
	if (options->nevents)
		return err_set(err, EXIT_USAGE, "--event needs two traces; %s is a file", path[0]);
	return result_diff(path, stdout, same, err);
}

int trace_diff_command(struct options *options)
{
	bool same = false;
	struct err err;

	if (compare(options, &same, &err))
		return cli_fail(&err);
	return same ? EXIT_OK : EXIT_CHECK;
}
