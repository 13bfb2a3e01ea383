/* SPDX-License-Identifier: MIT */
/*
 * Page tables below the mapping functions of vm.h: for the code of guest/mm only.
 *
 * pt.c is the only file that can reach an entry. Tables come from the arena; where they have no
 * direct address (arena in highmem), each access maps the table's frame in this CPU's fixmap slot,
 * as highpte did: two entries written and one flush. The tables of spaces are reached in another
 * way, if one is chosen (table_way.h).
 */
#ifndef GUEST_PT_H
#define GUEST_PT_H

#include "guest/mm/vm.h"

void pt_init(void); /* arena, init_mm's root from the boot page, direct map of lowmem */
/* Removes the identity mappings by which the CPUs came into long mode. */
void pt_drop_identity(void);

/* All spaces but init_mm, first one or NULL; mm.c's list, held until it is unlocked. */
struct mm *mm_list_lock(void);
void mm_list_unlock(void);

/*
 * Seed row B2: what hangs in the kernel's directories is the same for all spaces from now on, as
 * they have init_mm's; ukva cannot be among it. Otherwise, as at the start, each space has its own.
 * There are no spaces yet.
 */
void pt_share_directories(bool share);
bool pt_directories_are_shared(void);

/* Empty top levels of a new space; the kernel part is filled lazily from init_mm, but for what the
 * fault path itself needs (layout.h: the core, and the fixmap); or it is init_mm's. */
void pt_create(struct mm *mm);
/* Frees every table of a space whose user part is empty. No CPU has the root loaded. */
void pt_destroy(struct mm *mm);

/*
 * The vmalloc fault (seed row W2): if init_mm translates @va and @mm's directory lacks that part,
 * copies the directory entry. PT_MISSING: init_mm has no translation.
 */
enum pt_sync { PT_MISSING, PT_SYNCED, PT_PRESENT };
enum pt_sync pt_sync_kernel(struct mm *mm, u64 va);

/* Fixmap slots: one page each at fixed addresses; entries in a table of their own, so that no other
 * table is needed to set them. */
#define FIXMAP_START_VA (GiB(4) - LARGE_BYTES)
enum fixmap_use { FIXMAP_TABLE, FIXMAP_LOCAL0, FIXMAP_LOCAL1, FIXMAP_PER_CPU };
u64 fixmap_va(u32 cpu, enum fixmap_use use);
void fixmap_set(u64 va, u64 entry, u16 site); /* 0 = clear; interrupts off; the caller flushes */

/*
 * Slots: pages whose leaf table is there as long as the space, so that an entry can be set without
 * a walk and without the space's lock: nobody else changes it meanwhile. pt_slot_table() makes the
 * table.
 */
u64 pt_slot_table(struct mm *mm, u64 va, u16 site);
/* @entry 0 = clear; the caller flushes. */
void pt_slot_set(struct mm *mm, u64 table, u64 va, u64 entry, u16 site);

#endif
