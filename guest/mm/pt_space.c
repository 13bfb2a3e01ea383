/* SPDX-License-Identifier: MIT */
/*
 * What a space's tables are made of, from its birth to its end, and the kernel's part of them:
 * directories of its own, filled from init_mm's when they are needed, or init_mm's themselves.
 */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/arena.h"
#include "guest/mm/pt_inside.h"
#include "guest/trace.h"

/* --- the vmalloc fault ------------------------------------------------------------------------ */

/* init_mm's directory entry (level 2) for @va, if it leads to a translation; else 0. */
static u64 master_directory(u64 va)
{
	u64 table = init_mm.root_gpa, entry = 0, directory = 0;

	for (u32 level = ARCH_PT_LEVELS; level; level--) {
		entry = pt_entry(&init_mm, va, level, table);
		if (!arch_pte_present(entry))
			return 0;
		if (level == 2)
			directory = entry;
		if (arch_pte_is_leaf(entry, level))
			return directory;
		table = arch_pte_gpa(entry);
	}
	return directory;
}

/* Under mm->pt_lock: what is removed from init_mm meanwhile is removed here after us. */
static enum pt_sync sync_locked(struct mm *mm, u64 va, u16 site)
{
	u64 directory = master_directory(va), table;

	if (!directory)
		return PT_MISSING;
	if (pt_directories_are_shared())
		return PT_PRESENT; /* it is this space's, too, and init_mm's lock is not held */
	table = pt_walk(mm, va, 2, true, site);
	if (pt_entry(mm, va, 2, table) == directory)
		return PT_PRESENT;
	pt_entry_set(mm, va, 2, table, directory, site);
	return PT_SYNCED;
}

enum pt_sync pt_sync_kernel(struct mm *mm, u64 va)
{
	enum pt_sync result;

	if (mm == &init_mm)
		return master_directory(va) ? PT_PRESENT : PT_MISSING;
	spin_lock(&mm->pt_lock);
	result = sync_locked(mm, va, SITE("fault.sync"));
	spin_unlock(&mm->pt_lock);
	return result;
}

/* --- birth ------------------------------------------------------------------------------------ */

static bool one_directory; /* init_mm's serve all spaces */

void pt_share_directories(bool share)
{
	if (mm_list_lock())
		panic("space in use", "other kernel directories, and there are spaces");
	mm_list_unlock();
	one_directory = share;
	spin_lock(&init_mm.pt_lock);
	for (u64 va = layout.page_offset; share && va < GiB(4); va += GiB(1))
		pt_walk(&init_mm, va, 2, true, SITE("directories.share"));
	spin_unlock(&init_mm.pt_lock);
}

bool pt_directories_are_shared(void)
{
	return one_directory;
}

#define COPIED_AT_ONCE 16u

/* Tables may have to be mapped to be reached: as seldom as possible, and never two at a time. */
static void copy_directories(struct mm *mm, u64 va, u64 end, u16 site)
{
	u64 from = pt_walk(&init_mm, va, 2, false, site), entry[COPIED_AT_ONCE];
	struct table to = { mm, va, 2, pt_walk(mm, va, 2, true, site) };

	while (to.va < end) {
		u32 n = 0;

		for (va = to.va; va < end && n < COPIED_AT_ONCE; va += LARGE_BYTES)
			entry[n++] = pt_entry(&init_mm, va, 2, from);
		pt_entries_add(&to, entry, n, site);
		to.va = va;
	}
}

static void enter_shared_directories(struct mm *mm, u16 site)
{
	u64 from = pt_walk(&init_mm, layout.page_offset, 3, false, site),
	    to = pt_walk(mm, layout.page_offset, 3, true, site);

	for (u64 va = layout.page_offset; va < GiB(4); va += GiB(1))
		pt_entry_set(mm, va, 3, to, pt_entry(&init_mm, va, 3, from), site);
}

static void enter_kernel(struct mm *mm, u16 site)
{
	u64 core = layout.core.start + layout.page_offset;

	if (one_directory) {
		enter_shared_directories(mm, site);
		return;
	}
	copy_directories(mm, core, core + layout.core.bytes, site);
	copy_directories(mm, FIXMAP_START_VA, GiB(4), site);
}

void pt_create(struct mm *mm)
{
	u16 site = SITE("mm.create");
	u64 entry;

	spin_lock(&mm->pt_lock);
	mm->root_gpa = arena_alloc(ARCH_PT_LEVELS, mm->id);
	trace_event(KVL_EV_MM_CREATE, site, 0, 0, mm->id, mm->root_gpa, 0, 0, 0);
	entry = pt_entry(&init_mm, KVL_WINDOW_VA, ARCH_PT_LEVELS, init_mm.root_gpa);
	pt_entry_set(mm, KVL_WINDOW_VA, ARCH_PT_LEVELS, mm->root_gpa, entry, site);
	if (table_made)
		table_made(&(struct table){ mm, 0, ARCH_PT_LEVELS, mm->root_gpa });
	enter_kernel(mm, site);
	spin_unlock(&mm->pt_lock);
}

/* --- end -------------------------------------------------------------------------------------- */

/* True if the entry leads to what this space shares with the others. */
static bool is_shared(u64 va, u32 level)
{
	return va >= KVL_WINDOW_VA || (level == 2 && kvl_is_shared(&layout, va)) ||
	       (level == 3 && va >= layout.page_offset && one_directory);
}

static void free_table(const struct table *table, u16 site)
{
	u64 va = table->va;

	while (pt_entries_in_use(table->gpa)) {
		u64 entry = pt_take_entry(table, &va, site);

		if (table->level == 1)
			panic("mapping left", "%lx in space %u maps %lx", va, table->mm->id,
			      arch_pte_gpa(entry));
		if (!is_shared(va, table->level))
			free_table(&(struct table){ table->mm, va, table->level - 1,
						    arch_pte_gpa(entry) },
				   site);
	}
	arena_free(table->gpa, table->level, table->mm->id);
}

void pt_destroy(struct mm *mm)
{
	u16 site = SITE("mm.destroy");

	spin_lock(&mm->pt_lock);
	trace_event(KVL_EV_MM_DESTROY, site, 0, 0, mm->id, mm->root_gpa, 0, 0, 0);
	if (tables_end)
		tables_end(mm);
	free_table(&(struct table){ mm, 0, ARCH_PT_LEVELS, mm->root_gpa }, site);
	spin_unlock(&mm->pt_lock);
}
