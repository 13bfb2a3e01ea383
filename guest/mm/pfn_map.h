/* SPDX-License-Identifier: MIT */
/*
 * Mappings of raw frames, which no struct page describes (seed rows L1-L8): of a segment that many
 * guests share, of a chip that programs run from. In a private one a page is copied when it is
 * written first; then the area has both raw frames and pages of its own, and a rule (page_rule.h)
 * tells them apart.
 *
 * All else that is known of a page stands in its entry: raw frame, own page, the place of the swap
 * that has it (not present), or nothing yet.
 */
#ifndef GUEST_PFN_MAP_H
#define GUEST_PFN_MAP_H

#include "guest/mm/page_rule.h"

struct pfn_map;
struct pfn_source;

struct pfn_source_ops {
	const char *name;
	/* Guest-physical address of @page of the source, which has none outside its range. */
	u64 (*frame)(const struct pfn_source *source, u64 page);
	/* Frames can be read, and stay mapped, until leave(); may wait. False: not any more. NULL:
	 * always. */
	bool (*enter)(const struct pfn_source *source);
	void (*leave)(const struct pfn_source *source);
};

struct pfn_source {
	const struct pfn_source_ops *ops; /* FAULT_TABLE */
	void *owner;
	u64 gpa, bytes;
	struct spinlock lock; /* of maps; needs a name */
	struct pfn_map *maps;
};

enum pfn_sharing {
	PFN_SHARED,  /* read, and executed */
	PFN_PRIVATE, /* written, too: the copy is the space's own */
};

struct pfn_stats {
	u64 raw;	   /* frames that were mapped */
	u64 copied;	   /* of a raw frame */
	u64 copied_own;	   /* of a page that a fork had shared */
	u64 made_writable; /* whose other owners had gone */
	u64 shared;	   /* pages, in forks */
	u64 moved;	   /* entries */
	u64 swapped_out, swapped_in;
	u64 revoked;	 /* raw frames that their source took back */
	u64 areas;	 /* that there are now, beyond one for each mapping */
	u64 lock_writes; /* the list of areas was locked to be changed by a page fault (row L6) */
	u64 misjudged;	 /* raw frames that the rule took for pages: pfn_tolerate() */
};

/* Of all mappings since page_rule_start(). */
struct pfn_stats pfn_stats(void);

/* May the rule be wrong? Then that is counted, and nothing comes of it; else it is a named failure
 * ("raw frame freed", "raw frame taken for a page"). */
void pfn_tolerate(bool tolerate);

/* From now on, until remove; nothing is mapped of it then. A named failure if RAM is in its
 * range. */
void pfn_source_add(struct pfn_source *source);
void pfn_source_remove(struct pfn_source *source);

/*
 * Maps @bytes of the source, from @page on, at @start of @mm; to be shared, without PROT_WRITE.
 * NULL: overlaps, or outside user space. Private, and the rule copies none: a named failure
 * ("copy-on-write of raw frames"). It ends with pfn_unmap() or the space.
 */
struct vma *pfn_map(struct pfn_source *source, struct mm *mm, u64 start, u64 page, u64 bytes,
		    u32 prot, enum pfn_sharing sharing);

/*
 * All mappings of @mm, of which no other fork is under way, for @child, which nobody runs in yet:
 * raw frames are raw in both, pages are shared until one writes. What the swap has comes back
 * first. False: out of pages, or the swap failed; what the child has got is left to its end.
 */
bool pfn_fork(struct mm *mm, struct mm *child);

/* Of [@start, @start + @bytes), which are whole pages of one mapping, but for what is unmapped
 * already. Areas are split at both ends. Any task may ask, for as long as it keeps @mm
 * (mm_get()). */
void pfn_unmap(struct mm *mm, u64 start, u64 bytes);
void pfn_protect(struct mm *mm, u64 start, u64 bytes, u32 prot);
/* To @to, as mremap() does. False: it is not free, or outside user space; nothing has moved. */
bool pfn_move(struct mm *mm, u64 start, u64 bytes, u64 to);
/* Own pages that no other space has go to the swap (swap.h). Returns how many went. */
u32 pfn_swap_out(struct mm *mm, u64 start, u64 bytes);

/* No CPU reaches a frame of the source any more, until somebody enters it: the caller keeps all
 * from that. Own pages stay. Returns how many frames were mapped. */
u32 pfn_revoke(struct pfn_source *source);

/* Where a linear mapping has the frame of @va: what lies so far behind the area's start lies so far
 * behind the source's frame for that. */
u64 pfn_linear_frame(const struct vma *vma, u64 va);

enum pfn_whose {
	PFN_NOBODYS, /* nothing, or what the swap has */
	PFN_RAW,
	PFN_OWN,
};
/* What the rule says of the page at @va, which lies in a mapping. */
enum pfn_whose pfn_whose(struct mm *mm, u64 va);

#endif
