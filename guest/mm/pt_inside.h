/* SPDX-License-Identifier: MIT */
/* Page tables from inside: entries by table and level, for pt*.c and table_way.c. With the space's
 * pt_lock, but for what is said otherwise. */
#ifndef GUEST_PT_INSIDE_H
#define GUEST_PT_INSIDE_H

#include "guest/mm/pt.h"
#include "guest/mm/table_way.h"

/* The entry of @table, which is of @level, that translates @va. Without a lock what it says may be
 * old. */
u64 pt_entry(struct mm *mm, u64 va, u32 level, u64 table);
void pt_entry_set(struct mm *mm, u64 va, u32 level, u64 table, u64 new, u16 site);
/* The entries for @table->va and what is behind it, @n of them; those that are there stay. */
void pt_entries_add(const struct table *table, const u64 *entry, u32 n, u16 site);
/*
 * The table of @level on the way to @va. Missing tables are made if @create. 0: there is none, or a
 * larger leaf is in the way.
 */
u64 pt_walk(struct mm *mm, u64 va, u32 level, bool create, u16 site);

/* Entries that are not slots. */
u32 pt_entries_in_use(u64 table);
/* Takes away the first of them that translates *@va or what is behind it, and says which: there is
 * one. */
u64 pt_take_entry(const struct table *table, u64 *va, u16 site);
/* The first @n slots of a level-1 table that are set, from @table->va on. */
void pt_slots_clear(const struct table *table, u32 n, u16 site);

#endif
