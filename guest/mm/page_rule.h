/* SPDX-License-Identifier: MIT */
/*
 * Is this frame mine to free? In an area with raw frames, which no struct page describes, and pages
 * that were copied from them (pfn_map.h), the VM must know which of both an entry maps: what
 * Linux's vm_normal_page() says. What it knows that by is a rule: an arm of the scenario pfn (seed
 * rows L1-L6), of which one is in use at a time.
 */
#ifndef GUEST_PAGE_RULE_H
#define GUEST_PAGE_RULE_H

#include "guest/mm/vm.h"

struct pfn_source;

/* What a scenario has mapped, as closed forms need it. */
struct page_rule_work {
	u64 source_pages;
	u64 leaf_tables; /* of all spaces */
	u64 areas;	 /* beyond one for each mapping, where areas are split */
};

struct page_rule {
	bool copies; /* no: areas whose pages would be copied are refused (row L1) */
	bool linear; /* right where sources are filled linearly; elsewhere it misjudges (row L2) */
	bool splits; /* each area says of all its pages whose they are: vma->copied (row L6) */
	/* What the parameters choose instead, of the row of an arm; NULL: this. */
	const struct page_rule *(*choose)(void);
	/* Both while no source is there, nor any space; may be NULL. Parameters are read in
	 * start(). */
	void (*start)(void);
	void (*stop)(void);
	/* A source comes, and goes, of which nothing is mapped; may be NULL. */
	void (*add)(const struct pfn_source *source);
	void (*remove)(const struct pfn_source *source);
	/*
	 * The accessors. Whoever calls has the mapping to himself, and its source is entered; so
	 * nothing is asked between an entry and what is noted of it.
	 */
	u64 (*raw_entry)(u64 entry); /* the entry that maps a raw frame so; NULL: @entry */
	/* A raw frame's entry has been stored, and has been taken away or replaced. NULL: nothing
	 * is to be noted. */
	void (*mapped)(struct mm *mm, u64 va, u64 entry);
	void (*unmapped)(struct mm *mm, u64 va, u64 entry);
	/* Of a present entry. */
	bool (*is_raw)(const struct vma *vma, u64 va, u64 entry);
	u64 (*bytes)(void); /* kept now, areas apart; NULL: nothing */
	u64 (*predict)(const struct page_rule_work *work); /* what bytes() will say; NULL: 0 */
	/* Of what it keeps one is so large here, and in Linux on a 64-bit machine; 0: the same. */
	u32 unit_bytes, linux_unit_bytes;
};
extern const struct page_rule *page_rule; /* NULL: none is in use */

/* From now on, until stop. */
void page_rule_start(const struct page_rule *rule);
void page_rule_stop(void);

/* What the rule keeps, and the areas into which it has split others: here, and with the sizes that
 * Linux has on a 64-bit machine. */
u64 page_rule_bytes(void);
u64 page_rule_linux_bytes(void);

#endif
