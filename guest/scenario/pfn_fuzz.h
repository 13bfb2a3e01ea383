/* SPDX-License-Identifier: MIT */
/* Inside pfn's fuzzer: for pfn_fuzz.c and pfn_fuzz_ops.c. */
#ifndef GUEST_SCENARIO_PFN_FUZZ_H
#define GUEST_SCENARIO_PFN_FUZZ_H

#include "guest/scenario/pfn_model.h"

enum fuzz_kind {
	FUZZ_READ,
	FUZZ_WRITE,
	FUZZ_MAP,
	FUZZ_FORK,
	FUZZ_UNMAP,
	FUZZ_MOVE,
	FUZZ_PROTECT,
	FUZZ_SWAP,
	FUZZ_BEGIN, /* of a space */
	FUZZ_END,
	FUZZ_KINDS,
};

struct fuzz_seen {
	u64 done[FUZZ_KINDS];
	u64 revokes;	/* which come between turns */
	u64 refusals;	/* that had to be, */
	u64 refused;	/* that had not, */
	u64 granted;	/* and what had to be refused */
	u64 misjudged;	/* answers of pfn_whose() that are not the model's */
	u64 unforetold; /* nor what the rule must say: foretell() */
	u64 wrong;	/* words that were read */
	u64 miscounted; /* what pfn_swap_out() and pfn_revoke() say */
};

/* Spaces that fork from one another, of one stream of draws: a task at a time uses them. */
struct crowd {
	const struct page_rule *rule;
	struct pfn_source *source;
	bool misjudges; /* raw frames that are displaced: the linear rule does */
	u64 draws;
	u32 left;		     /* operations of its turn */
	struct mm *home;	     /* has no mapping: where its task begins */
	struct mm *mm[MODEL_SPACES]; /* NULL: no such space */
	struct model model;
	struct fuzz_seen seen;
};

/* --- by a task that has a space: pfn_fuzz_ops.c --- */
void fuzz_operate(struct crowd *c); /* once */
void fuzz_end_all(struct crowd *c); /* reads what each space has of its own, then ends it */

/* --- by any, while nobody operates --- */
void fuzz_judge_all(struct crowd *c);

#endif
