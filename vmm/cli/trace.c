/* SPDX-License-Identifier: MIT */
/* kvalab trace print DIR. What is printed: vmm/trace/print.c. */
#include <string.h>

#include "vmm/cli/cli.h"
#include "vmm/trace/print.h"

int cmd_trace(struct options *options)
{
	struct err err;

	if (strcmp(options->word[0], "print") != 0) {
		err_set(&err, EXIT_USAGE,
			"trace: unknown \"%s\"; did you mean \"trace print DIR\"?",
			options->word[0]);
		return cli_fail(&err);
	}
	options->print.event = options->event;
	options->print.nevents = options->nevents;
	if (trace_print(options->word[1], stdout, &options->print, &err))
		return cli_fail(&err);
	return EXIT_OK;
}
