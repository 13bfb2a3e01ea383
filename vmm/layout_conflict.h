/* SPDX-License-Identifier: MIT */
/*
 * A map of what cannot be: of a request that the planner refuses, who wants what. Not every refusal
 * has one: a size that is none is no matter of who else is there.
 */
#ifndef KVL_LAYOUT_CONFLICT_H
#define KVL_LAYOUT_CONFLICT_H

#include "devices/abi/layout.h"
#include "vmm/board.h"

struct layout_claim {
	struct kvl_range range; /* in_kernel: bytes alone */
	const char *what;
	const char *option; /* which one moves it; "": none */
	const char *note;   /* what else there is to say of it, or "" */
	bool conflict;	    /* one of those that cannot be together */
	bool inner;	    /* in_kernel: of the claim before, and not one more */
};

struct layout_conflict {
	bool in_kernel;	      /* of kernel space there is too little; else: places in RAM */
	u64 there_is, wanted; /* in_kernel: bytes */
	u32 nclaims;
	struct layout_claim claim[KVL_MAX_HOLES + KVL_REGIONS + 1]; /* places: ascending */
};

/*
 * @board: whose the holes are, or NULL. @why: what kvl_layout_plan() said of @request. False: there
 * is nothing to show.
 */
bool layout_conflict_make(const struct kvl_layout_request *request, const struct board *board,
			  const struct kvl_layout_failure *why, struct layout_conflict *out);

#endif
