/* SPDX-License-Identifier: MIT */
/*
 * Address space by areas: which addresses are taken, by whom, and where there is room. Knows
 * nothing of pages, tables or locks: who changes a space orders that, and the memory of an area is
 * the caller's.
 *
 * There are no objects for what is free: each area knows how much is free behind it. The areas
 * stand in two balanced trees (libbsd's), one by address, where each also knows the most that is
 * free behind any below it (first fit), and one by what is free behind them (best fit). So
 * everything but a walk takes steps by the logarithm of how many areas there are; an alignment
 * beyond a page's may need more, because what is large enough may not be when it is aligned.
 */
#ifndef GUEST_AREA_H
#define GUEST_AREA_H

#include <bsd/sys/tree.h>

#include "devices/abi/types.h"

struct page;

enum area_kind {
	AREA_LOWMEM, /* of the direct map, which holds its addresses against everybody (seed row A5) */
	AREA_GAP,    /* nobody's: it catches what runs over lowmem's end */
	/* vmalloc's, from here on: is_vmalloc_addr() */
	AREA_VMALLOC,
	AREA_VMAP,
	AREA_IOREMAP,
	AREA_VMA, /* addresses alone: for a kernel VMA, or somebody who maps by himself */
};

struct area {
	u64 start, end; /* [start, end); of vmalloc's the last page is a guard */
	u64 gap;	/* free bytes behind it */
	u64 largest;	/* the largest gap of those below it in the tree, and its own */
	RB_ENTRY(area) by_address;
	RB_ENTRY(area) by_gap; /* while it has one */
	/* vmalloc.c's */
	const char *who; /* asked for it; NULL: the kernel itself */
	u64 gpa;	 /* AREA_LOWMEM, AREA_IOREMAP: of what is mapped at start */
	struct page **page;
	u32 npages; /* AREA_VMALLOC: of page, and the area's own. AREA_VMAP: so many are mapped */
	u8 kind;    /* enum area_kind */
};

RB_HEAD(area_by_address, area);
RB_HEAD(area_by_gap, area);

enum area_fit {
	AREA_FIRST_FIT, /* the lowest address that will do */
	AREA_BEST_FIT,	/* the smallest gap that will do; of these the lowest */
};

struct area_space {
	struct area first; /* no area: the start of the space, with what is free there */
	struct area_by_address by_address;
	struct area_by_gap by_gap;
	u64 bytes;
	enum area_fit fit; /* may be changed at any time */
};

/* All of [start, end) is free, and reserved by first fit. */
void area_space_init(struct area_space *space, u64 start, u64 end);

/*
 * Reserves @bytes, page-aligned, at a multiple of @align, a power of two, and so sets start and end
 * of @area, which is the caller's and stays where it is until it is released. False: no room, or 0
 * bytes.
 */
bool area_reserve(struct area_space *space, struct area *area, u64 bytes, u64 align);
/* The same at a fixed place. False: not all of it is free. */
bool area_reserve_at(struct area_space *space, struct area *area, u64 start, u64 bytes);
void area_release(struct area_space *space, struct area *area);

/* The area that holds @va; NULL: it is free, or not of the space. */
struct area *area_find(const struct area_space *space, u64 va);
/* All areas, ascending; NULL: there are no more. */
struct area *area_first(struct area_space *space);
struct area *area_next(struct area *area);
/* Bytes of the largest free run. */
u64 area_largest_free(const struct area_space *space);

/* Is it one of vmalloc's? */
static inline bool area_is_vmalloc(const struct area *area)
{
	return area->kind >= AREA_VMALLOC;
}

#endif
