/* SPDX-License-Identifier: MIT */
/*
 * The addresses that vmalloc() and its like share, and what is known of them; the allocations
 * themselves are in vm.h.
 */
#ifndef GUEST_VMALLOC_H
#define GUEST_VMALLOC_H

#include "guest/mm/area.h"
#include "guest/task/sched.h"

/*
 * All that vmalloc may use (layout.vmalloc). In an intermixed layout it begins where lowmem does,
 * and lowmem is areas in it (seed rows A5, A6). Looked at and changed with the lock held.
 */
extern struct area_space vmalloc_space;
extern struct spinlock vmalloc_lock;

/* After page_init(), before the first reservation. */
void vmalloc_init(void);

/*
 * Addresses alone, at a multiple of @align, for a kernel VMA or somebody who maps by himself; a
 * guard page follows. @who asks: for the listing, kept as a pointer. 0: no room.
 */
u64 vmalloc_reserve(u64 bytes, u64 align, const char *who);
/* The same at a fixed place; false: not all of it is free. */
bool vmalloc_reserve_at(u64 start, u64 bytes, const char *who);
void vmalloc_release(u64 start); /* a named failure if that is no such reservation's */

/* How addresses are chosen from now on; first fit at the start. */
void vmalloc_set_fit(enum area_fit fit);

struct vmalloc_stats {
	u64 total;	  /* bytes of address space that vmalloc may use; lowmem's not counted */
	u64 used;	  /* of these reserved, guard pages included */
	u64 largest_free; /* bytes of the largest free run; what goes there needs a guard page, too */
	u32 areas;	  /* lowmem's not counted */
};

struct vmalloc_stats vmalloc_stats(void);

/* Calls @visit for each area, lowmem's too, ascending, with the lock held. */
void vmalloc_walk(void (*visit)(const struct area *area, void *context), void *context);
/*
 * Lists them in the manner of Linux's /proc/vmallocinfo: addresses, bytes, who asked, pages, the
 * physical address, what it is. Sizes include the guard page, as there.
 */
void vmallocinfo_print(void);

#endif
