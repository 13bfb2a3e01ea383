/* SPDX-License-Identifier: MIT */
/*
 * How the kernel reaches the page tables of spaces, where that is to be chosen (seed rows B3, B5):
 * an arm of the scenario task-pt. Without a choice they are reached as init_mm's: at their direct
 * address, or, if the arena is in highmem, by a fixmap slot.
 */
#ifndef GUEST_TABLE_WAY_H
#define GUEST_TABLE_WAY_H

#include "guest/mm/vm.h"

/* A page table of a space, and where it stands there. */
struct table {
	struct mm *mm;
	u64 va; /* that it translates, among others */
	u32 level;
	u64 gpa;
};

/* How often tables are reached. */
struct table_uses {
	u64 own_leaves, own_upper; /* tables of level 1, and above, of the task's own space */
	u64 other_leaves, other_upper;
	u64 kernel; /* init_mm's, where they have no direct address: by a fixmap slot and a flush */
};

/* Pages that are mapped one by one in a space, which has no leaf tables yet. */
struct table_work {
	u64 pages;
	u64 leaf_tables, directories; /* that are made for them: of level 1 and 2 */
	u64 gibs;		      /* of user space that the leaf tables are of */
};

/* What that takes, by a task of the space: without a pool's part of it. */
struct table_forms {
	u64 uses_of_leaves, uses_of_upper;
	u64 entries, page_flushes; /* those that are made and executed to reach tables included */
};

struct table_way {
	u64 highmem; /* 1: the arena has no direct addresses; first, as the host reads it */
	/* What the parameters choose instead, of the row of an arm; NULL: this. */
	const struct table_way *(*choose)(void);
	void (*start)(void); /* may be NULL; parameters are read here */
	void (*stop)(void);  /* may be NULL */
	/* The table's address until unmap(), which is given it: one table at a time. Interrupts are
	 * off, and the space's pt_lock is held unless @table is one of slots. */
	u64 (*map)(const struct table *table);
	void (*unmap)(u64 address);
	/* The space has a new table, which its upper one leads to. NULL: nothing is to do. */
	void (*made)(const struct table *table);
	/* No CPU has the space loaded, and its tables end: what made() left is taken back. */
	void (*ends)(struct mm *mm);
	/* Of kernel space, to reach @tables of spaces. */
	u64 (*address_bytes)(u64 tables);
	/* Tables stay mapped until a pool of so many slots has been used up (COUNT_TABLE_INSTALLS),
	 * and all CPUs flush (COUNT_TABLE_WRAPS). NULL: there is none. */
	const u32 *pool_slots;
	bool in_ukva; /* tables of the running task stand there, so ukva's are there from birth */
	void (*predict)(const struct table_work *work, struct table_forms *forms);
};
extern const struct table_way *table_way; /* NULL: none is chosen */

/* What happens to tables of spaces when one is made, and before all of a space end; NULL: nothing.
 * The way's, or what keeps memory beside tables (pt_side.h). With the space's pt_lock. */
extern void (*table_made)(const struct table *table);
extern void (*tables_end)(struct mm *mm);

/* For all spaces from now on, until stop; there are none. */
void table_way_start(const struct table_way *way);
void table_way_stop(void);

/* A table of the space that the task runs in: what it translates, it translates here. */
static inline bool table_is_own(const struct table *table)
{
	return table->mm == current()->mm;
}

/* Since it was chosen. */
void table_way_uses(struct table_uses *uses);

/* For pt.c: by the chosen way; and that one of init_mm's was reached by a fixmap slot meanwhile. */
u64 table_way_map(const struct table *table);
void table_way_note_kernel(void);

/* What every way takes: for each page its directory is read, and its leaf table written; for each
 * table that is made the entry that leads to it; to find a directory, the two tables above it. */
void table_forms_of_work(const struct table_work *work, struct table_forms *forms);

/* --- for ways: tables of any space ------------------------------------------------------------ */
u64 table_direct_address(u64 gpa);
/* In this CPU's fixmap slot, as highpte did with kmap_atomic(): two entries written and a flush. */
u64 table_map_here(u64 gpa);
void table_unmap_here(void);

#endif
