/* SPDX-License-Identifier: MIT */
/*
 * pfn: a read-only segment that no struct page describes, mapped by many small tasks, read and
 * executed where it is, and privately written (seed rows L1-L8). The arms are the rules by which
 * the VM tells raw frames from its own pages (struct page_rule): a file and a row each.
 */
#ifndef GUEST_SCENARIO_PFN_H
#define GUEST_SCENARIO_PFN_H

#include "guest/kernel.h"
#include "guest/mm/fault.h"
#include "guest/mm/pfn_map.h"
#include "guest/scenario/scenario.h"

extern const struct arm pfn_arms[];
extern const struct scenario_param pfn_params[];
void pfn_run(const struct arm *arm);

#define ARM(name, ops, about) extern const struct page_rule ops;
#define VARIES(count, when, why)
#include "guest/scenario/pfn.arms"
#undef ARM
#undef VARIES

#define PFN_VA MiB(64) /* where spaces map it */

/* --- the segment: pfn_segment.c --- */
/* The source that layout.segment is: the user programs, and behind them pages of data, in the order
 * of its frames, or each in one that is drawn (fill=random). Lasts from start to stop. A usage
 * failure if it is too small, or begins otherwise. */
struct pfn_source *pfn_segment_start(void);
void pfn_segment_stop(void);
u32 pfn_segment_pages(void);
u32 pfn_text_pages(void); /* of the programs */
/* Word @nth of @page, as the kernel reads it by an address of its own. */
u64 pfn_segment_word(u32 page, u32 nth);
/* Pages from @first on, @n of them, whose frame is not the one that the linear rule expects. */
u32 pfn_segment_displaced(u32 first, u32 n);

/* --- the swap: in RAM, or a disk, if there is one (pfn_swap.c) --- */
void pfn_swap_start(u32 pages);
void pfn_swap_stop(void);

/* --- the parts of a run: each reports its metrics and checks --- */
/* Tasks map the programs, and execute them where they are, and @pages of data, which they read and
 * write in part (pfn_place.c). */
struct pfn_place {
	const struct page_rule *rule;
	struct pfn_source *source;
	u32 tasks, pages;
	u32 written; /* of 1,000 pages */
	bool run;    /* one behind the other from the first on, and not as far apart as can be */
	bool hold;   /* waits for ever, with spaces and copies, and says so */
};
void pfn_place(const struct pfn_place *place);
/* What faults cost, and what those pay that map no raw frame (pfn_costs.c). */
void pfn_costs(const struct page_rule *rule, struct pfn_source *source);
/* Threads of a space on all CPUs write the same pages (pfn_threads.c). */
void pfn_threads(const struct page_rule *rule, struct pfn_source *source);
/* While a thread stores to a page, that is unmapped, moved, swapped: so often (pfn_races.c). */
void pfn_races(const struct page_rule *rule, struct pfn_source *source, u32 rounds);
/* @ops drawn operations on spaces that fork, write, unmap, move, protect, swap and end, against a
 * model of whose each page is (pfn_fuzz.c). */
void pfn_fuzz(const struct page_rule *rule, struct pfn_source *source, u32 ops);
/* The same mappings over a flash chip that is written meanwhile; only with --flash
 * (pfn_flash.c). */
void pfn_flash(const struct page_rule *rule);
/* @what must not be done ("none": nothing): does not return (pfn_provoke.c). */
void pfn_provoke(const struct page_rule *rule, struct pfn_source *source, const char *what);

#endif
