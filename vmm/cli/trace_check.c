/* SPDX-License-Identifier: MIT */
/* kvalab trace check DIR…: what does not hold of traces that were kept. Judged by: vmm/trace/check.c. */
#include <inttypes.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/summary.h"
#include "vmm/cli/trace.h"
#include "vmm/trace/check.h"
#include "vmm/trace/model.h"

static void print_findings(const struct model *model)
{
	const struct finding *finding;
	u32 kept = 0;

	for (; (finding = model_finding(model, kept)); kept++)
		summary_finding(stdout, 2, finding);
	if (model_findings(model) > kept)
		printf("  … and %u more\n", model_findings(model) - kept);
}

static int check_one(const char *dir)
{
	struct trace_checked checked;
	struct err err;
	u32 findings;

	if (trace_check(dir, &checked, &err))
		return cli_fail(&err);
	findings = model_findings(checked.model);
	printf("%s: %" PRIu64 " records, %u findings%s\n", dir, checked.records, findings,
	       checked.ended ? "" : " (the guest did not come to its end)");
	print_findings(checked.model);
	trace_check_done(&checked);
	return findings ? EXIT_CHECK : EXIT_OK;
}

/* All are checked; what is damaged (5) is graver than what does not hold (1). */
int trace_check_command(struct options *options)
{
	int status = EXIT_OK;

	for (u32 i = 1; i < options->nwords; i++) {
		int one = check_one(options->word[i]);

		status = one > status ? one : status;
		fflush(stdout);
	}
	return status;
}
