/* SPDX-License-Identifier: MIT */
/*
 * Page frames: one struct page each, a buddy allocator per zone. The frame table is all zero at
 * start and is initialised as frames are first handed out.
 */
#ifndef GUEST_PAGE_H
#define GUEST_PAGE_H

#include "devices/abi/layout.h"

enum zone_id {
	ZONE_LOWMEM,  /* has a direct address */
	ZONE_HIGHMEM, /* below 4 GiB, no direct address */
	ZONE_HIGH4G,  /* above 4 GiB: a 32-bit device cannot reach it (seed row T11) */
	ZONES,
};

struct page {
	u8 state; /* enum page_state */
	u8 order;
	u8 zone;
	u8 poisoned;
	u32 refs;
	union {
		struct {
			u32 next, prev; /* free: list by frame number; 0 = none */
		};
		struct {
			volatile u32
				kva; /* in use: its slot of the kva window + 1; 0: none (kva.h) */
			u32 unused;
		};
		struct {
			/* a page table given back: the next; 0 = none (arena.c); or one that is in
			 * use: address of what lies beside it (pt_side.c) */
			u32 next_table;
			u32 entries; /* a page table: those in use (pt.c) */
		};
	};
};

_Static_assert(sizeof(struct page) == KVL_FRAME_ENTRY_BYTES, "layout.h plans this size");

enum page_state {
	PAGE_UNTOUCHED = 0, /* never handed out, or inside a free block */
	PAGE_FREE_HEAD,	    /* first frame of a free block of 2^order */
	PAGE_IN_USE,
};

/* 2^order frames in @zone or, if that is empty, in a lower one (highmem falls back to lowmem, never
 * the reverse). Contents: poison in lowmem, unspecified in highmem. NULL: out of memory. */
struct page *page_alloc(enum zone_id zone, u32 order);
void page_free(struct page *page); /* must have no mapping left; named failure on a double free */

/* --- pages that have several owners: one when it is allocated --- */
void page_get(struct page *page); /* by an owner, for another */
void page_put(struct page *page); /* the last owner's frees it */
/* Has it others than the owner who asks? It cannot get any meanwhile but by him. */
bool page_is_shared(const struct page *page);

u64 page_gpa(const struct page *page);
struct page *gpa_page(u64 gpa);		     /* NULL: no usable frame there */
struct page *ram_page(u64 gpa);		     /* of any RAM, also where no page can be */
void *page_address(const struct page *page); /* lowmem: direct address; highmem: NULL */

/* Has it no direct address (PG_highmem, seed row T10)? Of a page that is in use. */
static inline bool page_is_highmem(const struct page *page)
{
	return page->zone != ZONE_LOWMEM;
}

/* All usable frames, in the order of their addresses: how many, and the gpa of the @nth. */
u64 page_frames(void);
u64 page_nth_frame(u64 nth);

/* Frames in use now, per zone: scenarios compare before and after (leak check). */
u64 pages_in_use(enum zone_id zone);
u64 all_pages_in_use(void);

/* Zeroed memory for @n things of @bytes in lowmem, of whatever size: a usage failure if that is not
 * left, as parameters say how many there are. And back. */
void *lowmem_array(u64 n, u64 bytes);
void lowmem_array_free(void *array);

/* Small kernel objects, zeroed, from the core heap; a named failure when it is exhausted. */
void *kalloc(size_t bytes);
void kfree(void *object);
u64 kalloc_bytes_in_use(void);
/* A kernel stack: ARCH_STACK_BYTES, aligned to their size; kfree() frees it. */
void *kalloc_stack(void);

void page_init(void);
/* Frames of the core that nobody needs any more become free pages: whole ones. */
void page_add(u64 gpa, u64 bytes);

#endif
