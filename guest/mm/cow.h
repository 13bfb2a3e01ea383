/* SPDX-License-Identifier: MIT */
/*
 * Anonymous memory that forks (seed rows T6, T8, T9). A page is zeroed when it is touched first.
 * After a fork both spaces have it, read-only; who writes first gets a copy. Pages with one owner
 * can go to the swap (swap.h), also by another task, which may read and write all of it. Pages may
 * be anywhere in RAM: the kernel gets at each by kva_get(), but at one that it copies for a task
 * through that task's own address.
 */
#ifndef GUEST_COW_H
#define GUEST_COW_H

#include "guest/mm/vm.h"

/* Why a page has to be got at. */
enum cow_cause {
	COW_CLEAR, /* it is touched first */
	COW_COPY, /* it becomes the copy that a task writes to; the original needs no address (row T6) */
	COW_FORCED, /* it is copied for a write by a task of another space: both pages */
	COW_ACCESS, /* another task reads or writes it (row T8) */
	COW_CAUSES,
};

struct cow_stats {
	struct cow_use {
		u64 events;
		u64 high;     /* pages without an address that these were of: what maps must be */
		u64 accesses; /* pages that were got at */
		u64 maps;     /* of these, those that had to get an address */
	} by[COW_CAUSES];
	u64 made_writable; /* writes to a clean page, or one whose other owners have gone */
	u64 forks, shared; /* and pages that were shared in them */
	u64 protected;	   /* entries that were writable, and then were not, in forks */
	u64 swapped_out, swapped_in;
	u64 dropped; /* went without being written: the swap has them, or they are zero */
	u64 kept;    /* could not be written, or had no room in the swap */
	u64 flushes; /* asked for, wherever the space is loaded: one of a page, or of the area for a fork */
};

/* Areas that came from one another; outlives them. */
struct cow_group {
	const struct frame_source *frames;
	u64 allocated; /* frames */
	struct cow_stats stats;
};

/* An area of @mm with nothing in it. NULL: overlaps, or outside user space. */
struct vma *cow_map(struct mm *mm, u64 start, u64 bytes, u32 prot, struct cow_group *group);

/*
 * The same area for @child, which nobody runs in yet, with what @vma holds when this returns and no
 * later write of its tasks. They may run meanwhile; those that write wait. What the swap has comes
 * back first. NULL: out of pages, or the swap failed. Waits.
 */
struct vma *cow_fork(struct vma *vma, struct mm *child);
/* The same of all such areas of @mm, while none comes or goes. False: what @child has got is left
 * to its end. */
bool cow_fork_all(struct mm *mm, struct mm *child);

/*
 * For any task; the caller is a user of @mm (mm_get()). Pages of [@va, @va + @bytes) that are in
 * memory and that no other space has go out; dirty ones are written to the swap. Returns how many
 * went. Waits.
 */
u32 cow_swap_out(struct mm *mm, u64 va, u64 bytes);

/*
 * As ptrace does: copies @bytes between @va of @mm and @buffer, which is the kernel's. False: no
 * area there, or none that may be written, out of memory, or the swap failed; what was copied by
 * then stays. Waits.
 */
bool cow_access(struct mm *mm, u64 va, void *buffer, u64 bytes, bool write);

#endif
