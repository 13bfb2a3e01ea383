/* SPDX-License-Identifier: MIT */
/* From everything that is known after a run to one status and one reason. */
#ifndef KVL_JUDGE_H
#define KVL_JUDGE_H

#include "vmm/run.h"

/* Findings that say that the record is not what happened; all others are about the guest. */
bool judge_blames_trace(enum finding_kind kind);

/* How grave a status is: 0 for EXIT_OK, more for what is worse, in the order below. */
u32 judge_gravity(enum exit_status status);

/*
 * Offers a status and its reason; the result keeps the gravest, among equals the first:
 * VMM or trace wrong (5), this host cannot (3), guest crash (4), time limit (124), usage (2),
 * a check or finding (1), 0.
 */
void judge_offer(struct run_result *result, enum exit_status status, const char *reason);

/* Offers what findings, lost events and failed checks of @result mean. */
void judge_findings(struct run_result *result, bool lossy);
void judge_checks(struct run_result *result);

#endif
