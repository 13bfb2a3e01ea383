/* SPDX-License-Identifier: MIT */
/* Owns the entry of one page, whatever it says: for those who keep more in it than a mapping. */
#include "guest/mm/pt_inside.h"

u64 pt_leaf(struct mm *mm, u64 va)
{
	u64 table, entry;

	spin_lock(&mm->pt_lock);
	table = pt_walk(mm, va, 1, false, 0);
	entry = table ? pt_entry(mm, va, 1, table) : 0;
	spin_unlock(&mm->pt_lock);
	return entry;
}

u64 pt_leaf_set(struct mm *mm, u64 va, u64 entry, u16 site)
{
	u64 table, old;

	spin_lock(&mm->pt_lock);
	table = pt_walk(mm, va, 1, true, site);
	old = pt_entry(mm, va, 1, table);
	pt_entry_set(mm, va, 1, table, entry, site);
	spin_unlock(&mm->pt_lock);
	return old;
}
