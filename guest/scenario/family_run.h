/* SPDX-License-Identifier: MIT */
/* Families of processes as the workload of a scenario, from the first one's start to the last one's
 * end. */
#ifndef GUEST_SCENARIO_FAMILY_RUN_H
#define GUEST_SCENARIO_FAMILY_RUN_H

#include "guest/scenario/family.h"

struct family_run {
	bool lowmem;	      /* pages of processes and of the file; else they are highmem */
	struct family family; /* the first ones begin on all CPUs in turn */
	bool spread;	      /* children run on all CPUs in turn; else with their parent */
	/* With a disk, by another task, beside them: pages of theirs that are to go out. */
	u32 swaps;
	u32 team; /* then a process whose threads share its memory: so often each adds to it; 0: none */
	void (*born)(struct mm *mm); /* of each new space, before it runs; NULL: nothing */
};

/* A scheme of addresses is in use (kva.h), if there are pages that need one. Reports metrics and
 * checks. */
void family_run(const struct family_run *run);

/* --- parameters, for a scenario's table, and what they say --- */
/* clang-format off */
#define FAMILY_PARAMS \
	{ "families", "number", "1", "processes that fork: there at once, on all CPUs in turn" }, \
	{ "forks", "number", "2", "of each of them; each child executes an errand" }, \
	{ "batch", "number", "2", "children of each that are there at once" }, \
	{ "memory", "number", "2", "pages of data of each process" }, \
	{ "reads", "number", "2", "pages of a file that each errand has copied to its memory" }, \
	{ "errand_maps", "number", "2", "pages that each errand maps, writes and unmaps" }, \
	{ "spread", "on|off", "on", "children run on all CPUs in turn, or with their parent" }, \
	{ "swaps", "number", "8", "with a disk: pages of processes that another task takes out" }
/* clang-format on */
struct family_run family_run_read(void);

#endif
