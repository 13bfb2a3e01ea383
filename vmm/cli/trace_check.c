/* SPDX-License-Identifier: MIT */
/*
 * kvalab trace check DIR…: what does not hold of traces that were kept, what their flushes were
 * good for, and what other ways of flushing would have made of them. Judged by: vmm/trace/check.c.
 */
#include <inttypes.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/summary.h"
#include "vmm/cli/trace.h"
#include "vmm/judge.h"
#include "vmm/trace/check.h"
#include "vmm/trace/metadata.h"
#include "vmm/trace/model.h"
#include "vmm/trace/reader.h"

#define NAME_COLUMNS 14
#define SITE_ROWS 12 /* of the sites that flush most for nothing */

static void print_findings(const struct model *model)
{
	const struct finding *finding;
	u32 kept = 0;

	for (; (finding = model_finding(model, kept)); kept++)
		summary_finding(stdout, 2, finding);
	if (model_findings(model) > kept)
		printf("  … and %u more\n", model_findings(model) - kept);
}

/* --- the table of policies -------------------------------------------------------------------- */
static void print_row(const char *name, const struct oracle *o)
{
	printf("  %-*s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64
	       " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "\n",
	       NAME_COLUMNS, name, o->flushes, o->flushes_full, o->flushes_unneeded, o->ipis,
	       o->ipis_unneeded, o->stale_uses, o->flash_violations, o->reuse_windows,
	       o->reuse_longest);
	if (!o->complete)
		printf("  %*s up to ticket %" PRIu64
		       ": behind it there is more than can be followed\n",
		       NAME_COLUMNS, "", o->judged_to);
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

	printf("  by what CPUs %s:\n", oracle.exact ? "hold (exact)" : "may hold (conservative)");
	printf("  %-*s %8s %8s %8s %8s %8s %8s %8s %8s %8s\n", NAME_COLUMNS, "flushing", "flushes",
	       "full", "unneeded", "IPIs", "unneeded", "stale", "chip", "reused", "longest");
	print_row("as it was", &oracle);
	print_policies(checked, options);
	if (oracle.needed_known)
		printf("  least number of IPIs, put off until the address is used again: %" PRIu64
		       "\n",
		       oracle.ipis_needed);
	else
		printf("  least number of IPIs: not known, more was mapped than is followed\n");
}

/* --- who flushed for nothing ------------------------------------------------------------------ */
/* The site with the most unneeded flushes among those that come behind @after in that order. */
static u32 next_site(const struct trace_checked *checked, u32 nsites, u32 after)
{
	struct site_flushes last = model_site_flushes(checked->model, (u16)after), best = { 0 };
	u32 found = nsites;

	for (u32 i = 0; i < nsites; i++) {
		struct site_flushes now = model_site_flushes(checked->model, (u16)i);
		bool later = after == nsites || now.flushes_unneeded < last.flushes_unneeded ||
			     (now.flushes_unneeded == last.flushes_unneeded && i > after);

		if (later && now.flushes_unneeded > best.flushes_unneeded) {
			best = now;
			found = i;
		}
	}
	return found;
}

static void print_sites(const struct trace_checked *checked)
{
	u32 nsites = trace_reader_metadata(checked->reader)->nsites, rows = 0;

	for (u32 site = next_site(checked, nsites, nsites); site < nsites && rows < SITE_ROWS;
	     site = next_site(checked, nsites, site), rows++) {
		struct site_flushes f = model_site_flushes(checked->model, (u16)site);

		if (!rows)
			printf("  %-30s %8s %8s %8s %8s\n", "flushed for nothing by", "flushes",
			       "unneeded", "IPIs", "unneeded");
		printf("  %-30s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "\n",
		       site && checked->site[site][0] ? checked->site[site] : "-", f.flushes,
		       f.flushes_unneeded, f.ipis, f.ipis_unneeded);
	}
}

static int status_of(const struct model *model)
{
	int status = EXIT_OK;

	for (u32 kind = 0; kind < FINDING_KINDS; kind++) {
		if (!model_finding_count(model, (enum finding_kind)kind))
			continue;
		if (judge_blames_trace((enum finding_kind)kind))
			return EXIT_VMM;
		status = EXIT_CHECK;
	}
	return status;
}

static int check_one(const char *dir, const struct options *options)
{
	struct trace_checked checked;
	struct err err;
	int status;

	if (trace_check(dir, options->policy, options->npolicies, &checked, &err))
		return cli_fail(&err);
	status = status_of(checked.model);
	printf("%s: %" PRIu64 " records, %u finding%s%s\n", dir, checked.records,
	       model_findings(checked.model), model_findings(checked.model) == 1 ? "" : "s",
	       checked.ended ? "" : " (the guest did not come to its end)");
	print_findings(checked.model);
	print_oracle(&checked, options);
	print_sites(&checked);
	trace_check_done(&checked);
	return status;
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
