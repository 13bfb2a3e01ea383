/* SPDX-License-Identifier: MIT */
/* Inside anonymous memory that forks: for cow.c and cow_others.c. */
#ifndef GUEST_COW_AREA_H
#define GUEST_COW_AREA_H

#include "guest/mm/cow.h"

/*
 * A page of an area. It has one user at a time: who takes it may change all of it, and wait
 * meanwhile. While nobody does, it is mapped if it is in memory, and not if it is not.
 */
struct cow_slot {
	struct page *page; /* NULL: not in memory */
	u32 place; /* of the swap, which has what it holds, + 1; 0: none. Never that of a shared page */
	bool busy;
	bool dirty;    /* nothing else has what it holds: the swap has not, and it is not zero */
	bool writable; /* by its entry; then it is dirty, too, and not shared */
};

struct cow_area {
	struct cow_group *group;
	struct cow_slot slot[];
};

extern const struct vma_ops cow_ops;

static inline struct cow_area *cow_area(const struct vma *vma)
{
	return vma->private;
}

static inline struct cow_slot *cow_slot(const struct vma *vma, u64 va)
{
	return &cow_area(vma)->slot[(va - vma->start) / PAGE_BYTES];
}

/* Adds to one of the group's figures. */
static inline void cow_count(u64 *figure, u64 n)
{
	__atomic_fetch_add(figure, n, __ATOMIC_RELAXED);
}

/* --- of a slot that is taken --- */
void cow_take(const struct vma *vma, struct cow_slot *slot);
void cow_let_go(struct cow_slot *slot);

/* It is in memory, and can be written if @write. False: out of memory, or the swap failed. */
bool cow_touch(struct vma *vma, struct cow_slot *slot, bool write);
void cow_slot_map(struct vma *vma, struct cow_slot *slot);
/* No CPU reaches the page through the space any more. */
void cow_slot_unmap(struct vma *vma, struct cow_slot *slot, u16 site);
/* The address of a page, to be put by kva_put(). */
void *cow_kva_get(struct cow_group *group, enum cow_cause cause, struct page *page);
/* Something happened to pages; @page: one of them. */
void cow_count_event(struct cow_group *group, enum cow_cause cause, const struct page *page);

#endif
