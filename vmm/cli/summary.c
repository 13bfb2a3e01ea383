/* SPDX-License-Identifier: MIT */
/* Owns the table that ends a run: checks, counts, trace, findings, and why it ended as it did. */
#include "vmm/cli/summary.h"

#include <string.h>

#define LINE_COLUMNS 80
#define INDENT 10
#define CELL_COLUMNS 24 /* at least */
#define GAP 2

static void print_checks(FILE *out, const struct run_result *result)
{
	u32 good = 0;

	for (u32 i = 0; i < result->nchecks; i++)
		good += result->check[i].ok;
	fprintf(out, "%-*s%u hold, %u do not\n", INDENT, "checks", good, result->nchecks - good);
	for (u32 i = 0; i < result->nchecks; i++) {
		const struct run_check *check = &result->check[i];

		if (check->ok)
			continue;
		fprintf(out, "%*s%s: got %lld, want %lld", INDENT, "", check->name,
			(long long)check->got, (long long)check->low);
		if (check->low != check->high)
			fprintf(out, " to %lld", (long long)check->high);
		fprintf(out, "\n");
	}
}

static int value_text(const struct run_value *value, char *text, size_t bytes)
{
	return snprintf(text, bytes, "%s %lld", value->name, (long long)value->value);
}

/* "name value" pairs in columns that are as wide as the longest needs, as many as fit on a line. */
static void print_values(FILE *out, const char *title, const struct run_value *value, u32 n)
{
	int width = CELL_COLUMNS, columns;
	char text[80];

	for (u32 i = 0; i < n; i++) {
		int bytes = value_text(&value[i], text, sizeof(text)) + GAP;

		width = bytes > width ? bytes : width;
	}
	columns = (LINE_COLUMNS - INDENT + GAP) / width;
	columns = columns ? columns : 1;
	for (u32 i = 0; i < n; i++) {
		bool first = i % (u32)columns == 0;
		bool last = i + 1 == n || (i + 1) % (u32)columns == 0;

		value_text(&value[i], text, sizeof(text));
		if (first)
			fprintf(out, "%-*s", INDENT, i ? "" : title);
		fprintf(out, "%-*s%s", last ? 0 : width, text, last ? "\n" : "");
	}
}

static void print_trace(FILE *out, const struct run_config *config, const struct run_result *result)
{
	if (result->tier == TIER_OFF) {
		fprintf(out, "%-*soff: nothing was recorded, nothing audited\n", INDENT, "trace");
		return;
	}
	fprintf(out, "%-*s%llu events, %llu lost, %llu unreported (%s); %llu entries audited\n",
		INDENT, "trace", (unsigned long long)result->trace.events,
		(unsigned long long)result->trace.lost, (unsigned long long)result->unreported,
		run_tier_names[result->tier], (unsigned long long)result->audited_entries);
	if (config->trace_dir)
		fprintf(out, "%*sin %s (kvalab trace print %s, or babeltrace2 %s)\n", INDENT, "",
			config->trace_dir, config->trace_dir, config->trace_dir);
}

void summary_finding(FILE *out, int indent, const struct finding *finding)
{
	fprintf(out, "%*s%s", indent, "", finding_kind_name(finding->kind));
	if (finding->ticket)
		fprintf(out, " at %llu", (unsigned long long)finding->ticket);
	fprintf(out, ": %s\n", finding->text);
}

void summary_oracle(FILE *out, const struct oracle *oracle)
{
	fprintf(out,
		"stale uses %llu, reuse windows %llu; unneeded: flushes %llu of %llu, IPIs %llu "
		"of %llu\n",
		(unsigned long long)oracle->stale_uses, (unsigned long long)oracle->reuse_windows,
		(unsigned long long)oracle->flushes_unneeded, (unsigned long long)oracle->flushes,
		(unsigned long long)oracle->ipis_unneeded, (unsigned long long)oracle->ipis);
}

static void print_oracle(FILE *out, const struct run_result *result)
{
	if (result->tier == TIER_OFF)
		return;
	fprintf(out, "%-*s", INDENT, "oracle");
	summary_oracle(out, &result->oracle);
	fprintf(out, "%*sby what CPUs %s\n", INDENT, "",
		result->oracle.exact ? "hold (exact)" : "may hold (conservative)");
}

static void print_findings(FILE *out, const struct run_result *result)
{
	fprintf(out, "%-*s%u\n", INDENT, "findings", result->nfindings);
	for (u32 i = 0; i < result->nfindings_kept; i++)
		summary_finding(out, INDENT, &result->finding[i]);
	if (result->nfindings > result->nfindings_kept)
		fprintf(out, "%*s… and %u more\n", INDENT, "",
			result->nfindings - result->nfindings_kept);
}

void summary_print(FILE *out, const struct run_config *config, const struct run_result *result)
{
	char tlb[RUN_TLB_TEXT_BYTES];

	if (result->report)
		fprintf(out, "\n%s", result->report);
	fprintf(out, "\n%-*s%s%s%s, seed %llu, %s schedule, %u vCPU%s on %s (%s paging)\n", INDENT,
		"run", config->scenario, config->arm ? " --arm " : "",
		config->arm ? config->arm : "", (unsigned long long)config->seed,
		config->schedule == SCHEDULE_FREE ? "free" : "seeded", config->layout.ncpus,
		config->layout.ncpus == 1 ? "" : "s", result->host_class, result->paging);
	if (config->layout.soft_entries)
		fprintf(out, "%-*s%s\n", INDENT, "tlb", run_tlb_text(run_tlb(config), tlb));
	print_checks(out, result);
	print_values(out, "counts", result->count, result->ncounts);
	print_values(out, "host", result->host_count, result->nhost_counts);
	print_values(out, "metrics", result->metric, result->nmetrics);
	print_trace(out, config, result);
	print_oracle(out, result);
	print_findings(out, result);
	fprintf(out, "%-*s%d%s%s\n", INDENT, "exit", (int)result->status,
		*result->reason ? ": " : "", result->reason);
}
