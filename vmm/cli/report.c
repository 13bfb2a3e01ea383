/* SPDX-License-Identifier: MIT */
/* kvalab report DIR…: where the page goes. What is in it: vmm/trace/report.c. */
#include "vmm/cli/cli.h"
#include "vmm/cli/trace_output.h"
#include "vmm/trace/report.h"

static int check_given(const struct options *options, struct err *err)
{
	if (!options->output)
		return err_set(err, EXIT_USAGE, "report needs -o FILE.html (- is stdout)");
	for (u32 i = 0; i < options->nwords; i++)
		if (trace_output_check(options->output, options->word[i], err))
			return -1;
	return 0;
}

int cmd_report(struct options *options)
{
	struct report_options how = { .dir = options->word,
				      .ndirs = options->nwords,
				      .most_events = options->print.limit };
	struct replacement file;
	struct err err;

	if (check_given(options, &err) || replace_begin(&file, "-o", options->output, &err) ||
	    trace_output_end(&file, report_write(file.file, &how, &err), &err))
		return cli_fail(&err);
	return EXIT_OK;
}
