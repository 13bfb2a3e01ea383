/* SPDX-License-Identifier: MIT */
/*
 * ukva: the part of kernel space that is each space's own (Bligh's "per-task kernel space", seed
 * rows B1-B13; the task's own table of row T14). Its tables hang in the space's directory alone and
 * end with the space. Not for kernel tasks: they run on any. From its start:
 *
 *   the window   the tables of user space, a page each: the entry for address a stands at
 *                a / PAGE_BYTES * 8 of it, if tables are reached so (ukva_table_enter())
 *   slots        the last 2 MiB, one leaf table: first the tables above those of user space, and
 *                ukva's own; then pages that the space's tasks use
 */
#ifndef GUEST_UKVA_H
#define GUEST_UKVA_H

#include "guest/mm/layout.h"
#include "guest/mm/table_way.h"
#include "guest/mm/vm.h"

enum {
	UKVA_TABLE_SLOTS = 16, /* for those tables; behind them pairs of CPUs (kva_per_map.c) */
	UKVA_POOL_SLOTS = KVL_UKVA_SLOTS_BYTES / PAGE_BYTES - UKVA_TABLE_SLOTS - MM_SLOTS,
};

static inline const struct kvl_range *ukva_region(void)
{
	return &layout.region[KVL_REGION_UKVA];
}

static inline bool is_ukva(u64 va)
{
	return va - ukva_region()->start < ukva_region()->bytes;
}

u64 ukva_slot_address(u32 slot);
u32 ukva_address_slot(
	const void *address); /* of any address; which slots there are knows the caller */
/* Changes the slot's entry, which nobody else does meanwhile; the caller flushes. */
void ukva_slot_set(struct mm *mm, u32 slot, const struct page *page, u16 site);
void ukva_slot_clear(struct mm *mm, u32 slot, u16 site);

/*
 * A pool of slots of the space, made at its first use. What is kept of each: who holds it, and
 * since nobody does, the stamp of the space's clock (mm_clock.h) from which on another may.
 */
struct ukva_pool {
	struct spinlock lock;
	u32 slots, held;
	u32 next; /* is looked at first */
	struct ukva_slot {
		struct task *holder;
		struct page *page;
		u64 stamp;
	} slot[];
};

/* Of @slots where it has none yet. */
struct ukva_pool *ukva_pool(struct mm *mm, u32 slots);
u64 ukva_pool_address(u32 slot);

/* The space ends: a named failure if somebody holds a slot. */
void ukva_end(struct mm *mm);

/* --- the tables of the space itself (seed row B3), with its pt_lock -------------------------- */
/* Where @table, one of the space's own, stands in each space; 0: it is none of those that do, but
 * init_mm's. */
u64 ukva_table_address(const struct table *table);
/* Where a task finds its own space's entry for @va, of user space, if there is the leaf table. */
u64 ukva_entry_address(u64 va);
/* It stands there from now on: for struct table_way's made(). No flush: nothing did before. */
void ukva_table_enter(const struct table *table);
/* None does; no slot is set, and no CPU has the space loaded. */
void ukva_tables_leave(struct mm *mm);

#endif
