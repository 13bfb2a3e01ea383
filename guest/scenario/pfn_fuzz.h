/* SPDX-License-Identifier: MIT */
/* Inside pfn's fuzzer: for pfn_fuzz*.c. */
#ifndef GUEST_SCENARIO_PFN_FUZZ_H
#define GUEST_SCENARIO_PFN_FUZZ_H

#include "guest/lib/draw.h"
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

static inline u32 fuzz_draw(struct crowd *c, u32 n)
{
	return draw_next(&c->draws) % n;
}

/* --- by a task that has a space: pfn_fuzz_ops.c --- */
void fuzz_operate(struct crowd *c); /* once */
void fuzz_end_all(struct crowd *c); /* reads what each space has of its own, then ends it */

/* --- what is seen: pfn_fuzz_judge.c --- */
/* Whose pages are: of space @s; of all spaces, while nobody operates. */
void fuzz_judge(struct crowd *c, u32 s, const struct model_range *range);
void fuzz_judge_map(struct crowd *c, u32 s, struct model_map *map);
void fuzz_judge_space(struct crowd *c, u32 s);
void fuzz_judge_all(struct crowd *c);
/* Was it done, as it should have been? */
bool fuzz_done_as(struct crowd *c, bool got, bool want);
/* A word of a page of a map of the space that the task is in. */
void fuzz_read_page(struct crowd *c, struct model_map *map, u32 index);
void fuzz_write_page(struct crowd *c, struct model_map *map, u32 index);

#endif
