/* SPDX-License-Identifier: MIT */
/* Precedence of what can be wrong with a run. Gathering the facts: run.c, results.c, vmm/trace. */
#include "vmm/judge.h"

#include <stdio.h>
#include <string.h>

u32 judge_gravity(enum exit_status status)
{
	switch (status) {
	case EXIT_OK: return 0;
	case EXIT_SKIPPED: return 1;
	case EXIT_CHECK: return 2;
	case EXIT_USAGE: return 3;
	case EXIT_TIMEOUT: return 4;
	case EXIT_GUEST: return 5;
	case EXIT_HOST: return 6;
	case EXIT_VMM: return 7;
	}
	return 8;
}

void judge_offer(struct run_result *result, enum exit_status status, const char *reason)
{
	if (judge_gravity(status) < judge_gravity(result->status) ||
	    (judge_gravity(status) == judge_gravity(result->status) && *result->reason))
		return;
	result->status = status;
	snprintf(result->reason, sizeof(result->reason), "%s", reason);
}

bool judge_blames_trace(enum finding_kind kind)
{
	return kind == FINDING_UNREPORTED || kind == FINDING_OLD_VALUE ||
	       kind == FINDING_UNKNOWN_TABLE || kind == FINDING_BAD_RECORD;
}

void judge_findings(struct run_result *result, bool lossy)
{
	char text[96];

	for (u32 i = 0; i < result->nfindings_kept; i++) {
		const struct finding *finding = &result->finding[i];

		judge_offer(result, judge_blames_trace(finding->kind) ? EXIT_VMM : EXIT_CHECK,
			    finding->text);
	}
	if (!result->trace.lost || lossy)
		return;
	snprintf(text, sizeof(text), "%llu events are lost",
		 (unsigned long long)result->trace.lost);
	judge_offer(result, EXIT_VMM, text);
}

static void describe_check(const struct run_check *check, char *text, size_t bytes)
{
	if (check->low == check->high)
		snprintf(text, bytes, "check %s: got %lld, want %lld", check->name,
			 (long long)check->got, (long long)check->low);
	else
		snprintf(text, bytes, "check %s: got %lld, want %lld to %lld", check->name,
			 (long long)check->got, (long long)check->low, (long long)check->high);
}

void judge_checks(struct run_result *result)
{
	char text[192];

	for (u32 i = 0; i < result->nchecks; i++) {
		if (result->check[i].ok)
			continue;
		describe_check(&result->check[i], text, sizeof(text));
		judge_offer(result, EXIT_CHECK, text);
	}
	if (!result->nchecks && result->status == EXIT_OK)
		judge_offer(result, EXIT_CHECK, "no check was made: nothing is known to hold");
}
