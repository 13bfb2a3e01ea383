/* SPDX-License-Identifier: MIT */
/*
 * kvalab trace check DIR…: what does not hold of traces that were kept, what their flushes were good for, and what
 * other ways of flushing would have made of them. Judged by: vmm/trace/check.c.
 */
#include <inttypes.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/summary.h"
#include "vmm/cli/trace.h"
#include "vmm/trace/check.h"
#include "vmm/trace/model.h"

#define NAME_COLUMNS 14

static void print_findings(const struct model *model)
{
	const struct finding *finding;
	u32 kept = 0;

	for (; (finding = model_finding(model, kept)); kept++)
		summary_finding(stdout, 2, finding);
	if (model_findings(model) > kept)
		printf("  … and %u more\n", model_findings(model) - kept);
}

static void print_row(const char *name, const struct oracle *o)
{
	printf("  %-*s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64
	       " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "\n",
	       NAME_COLUMNS, name, o->flushes, o->flushes_full, o->flushes_unneeded, o->ipis,
	       o->ipis_unneeded, o->stale_uses, o->flash_violations, o->reuse_windows,
	       o->reuse_longest);
}

static void print_policies(const struct trace_checked *checked, const struct options *options)
{
	for (u32 i = 0; i < options->npolicies; i++) {
		struct oracle oracle = model_oracle(checked->what_if[i]);

		print_row(options->policy_name[i], &oracle);
		if (options->policy[i].kind == POLICY_SEQ)
			printf("  %*s %" PRIu64 " conflicts, %" PRIu64 " of them true\n",
			       NAME_COLUMNS, "", oracle.conflicts, oracle.conflicts_true);
	}
}

/* Columns as in the table of docs/trace-format.md. */
static void print_oracle(const struct trace_checked *checked, const struct options *options)
{
	struct oracle oracle = model_oracle(checked->model);

	printf("  %-*s %8s %8s %8s %8s %8s %8s %8s %8s %8s\n", NAME_COLUMNS, "flushing", "flushes",
	       "full", "unneeded", "IPIs", "unneeded", "stale", "chip", "reused", "longest");
	print_row("as it was", &oracle);
	print_policies(checked, options);
	if (oracle.needed_known)
		printf("  %" PRIu64 " IPIs would have been enough; by what CPUs %s\n",
		       oracle.ipis_needed,
		       oracle.exact ? "hold (exact)" : "may hold (conservative)");
	else
		printf("  more was mapped than is followed: how many IPIs would have been enough "
		       "is not known\n");
}

static int check_one(const char *dir, const struct options *options)
{
	struct trace_checked checked;
	struct err err;
	u32 findings;

	if (trace_check(dir, options->policy, options->npolicies, &checked, &err))
		return cli_fail(&err);
	findings = model_findings(checked.model);
	printf("%s: %" PRIu64 " records, %u findings%s\n", dir, checked.records, findings,
	       checked.ended ? "" : " (the guest did not come to its end)");
	print_findings(checked.model);
	print_oracle(&checked, options);
	trace_check_done(&checked);
	return findings ? EXIT_CHECK : EXIT_OK;
}

/* All are checked; what is damaged (5) is graver than what does not hold (1). */
int trace_check_command(struct options *options)
{
	int status = EXIT_OK;

	for (u32 i = 1; i < options->nwords; i++) {
		int one = check_one(options->word[i], options);

		status = one > status ? one : status;
		fflush(stdout);
	}
	return status;
}
