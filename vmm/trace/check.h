/* SPDX-License-Identifier: MIT */
/* "kvalab trace check": a trace that was kept is judged once more, by the rules of a run. */
#ifndef KVL_TRACE_CHECK_H
#define KVL_TRACE_CHECK_H

#include "devices/abi/types.h"
#include "vmm/err.h"

#define CHECK_MAX_POLICIES 8

struct model;
struct flush_policy;
struct trace_reader;

struct trace_checked {
	struct model *what_if[CHECK_MAX_POLICIES]; /* the same records under each policy */
	struct model *model; /* its findings; NULL before trace_check() and after it has failed */
	struct trace_reader *reader;
	const char **site; /* names that the model refers to */
	u64 records;
	bool ended; /* the guest ended by itself; else what was left open is no finding */
};

/*
 * Judges all of the trace in @dir, as it is and as it would be under each of @policy (model.h);
 * what has no record of its own cannot be judged here: what an audit compares with memory. Memory
 * grows with tables and mapped pages, not with events. EXIT_USAGE: no trace there; EXIT_VMM: it is
 * damaged or incomplete, so that nothing it says can be relied on; EXIT_HOST: no memory.
 * trace_check_done() is for both cases.
 */
int trace_check(const char *dir, const struct flush_policy *policy, u32 npolicies,
		struct trace_checked *out, struct err *err);
void trace_check_done(struct trace_checked *checked);

#endif
