/* SPDX-License-Identifier: MIT */
/*
 * Owns the memory beside leaf tables. Where it lies stands in the table's struct page, which also
 * links the tables of a space that have some (refs: nobody counts those of a table).
 */
#include "guest/mm/pt_side.h"

#include "guest/kernel.h"
#include "guest/mm/pt_inside.h"

static struct {
	u32 each;
	u64 bytes;
} side;

static void made(const struct table *table)
{
	struct page *page = ram_page(table->gpa);

	if (table->level != 1)
		return;
	page->next_table = (u64)kalloc(side.each); /* the core's: its space may lack all else */
	page->refs = table->mm->sided;
	table->mm->sided = table->gpa >> PAGE_SHIFT;
	__atomic_fetch_add(&side.bytes, side.each, __ATOMIC_RELAXED);
}

static void all_end(struct mm *mm)
{
	while (mm->sided) {
		struct page *page = ram_page((u64)mm->sided << PAGE_SHIFT);

		mm->sided = page->refs;
		kfree((void *)(u64)page->next_table);
		__atomic_fetch_sub(&side.bytes, side.each, __ATOMIC_RELAXED);
	}
}

static void no_spaces(void)
{
	if (mm_list_lock())
		panic("space in use", "memory beside page tables, and there are spaces");
	mm_list_unlock();
}

void pt_side_start(u32 bytes)
{
	no_spaces();
	side.each = bytes;
	table_made = made;
	tables_end = all_end;
}

void pt_side_stop(void)
{
	no_spaces();
	table_made = NULL;
	tables_end = NULL;
}

void *pt_side(struct mm *mm, u64 va)
{
	u64 table;

	spin_lock(&mm->pt_lock);
	table = pt_walk(mm, va, 1, false, 0);
	spin_unlock(&mm->pt_lock);
	return (void *)(u64)ram_page(table)->next_table;
}

u64 pt_side_bytes(void)
{
	return side.bytes;
}
