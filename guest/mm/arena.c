/* SPDX-License-Identifier: MIT */
/*
 * The page-table arena: the only source of table pages. A free table is all zero, so handing one
 * out costs no stores; pt.c counts the entries in use of each table and gives back only empty ones.
 */
#include "guest/mm/arena.h"

#include "guest/kernel.h"
#include "guest/mm/vm.h"
#include "guest/task/sched.h"
#include "guest/trace.h"

static struct spinlock arena_lock = SPINLOCK("arena");
static u32 fresh; /* frames from here on were never used */
static u32 freed; /* number of the frame that was given back last, before it the others; 0: none */
static u32 in_use;

static u64 take(void)
{
	u64 gpa = (u64)freed << PAGE_SHIFT;

	if (freed) {
		freed = ram_page(gpa)->next_table;
		return gpa;
	}
	if (fresh == layout.arena.bytes / PAGE_BYTES)
		panic("out of page tables", "all %u tables of the arena are in use", in_use);
	return layout.arena.start + (u64)fresh++ * PAGE_BYTES;
}

u64 arena_alloc(u32 level, u32 mm)
{
	u64 gpa;

	spin_lock(&arena_lock);
	gpa = take();
	in_use++;
	trace_event(KVL_EV_TABLE_ALLOC, 0, 0, level, gpa, mm, 0, 0, 0);
	spin_unlock(&arena_lock);
	return gpa;
}

void arena_free(u64 gpa, u32 level, u32 mm)
{
	spin_lock(&arena_lock);
	trace_event(KVL_EV_TABLE_FREE, 0, 0, level, gpa, mm, 0, 0, 0);
	ram_page(gpa)->next_table = freed;
	freed = gpa >> PAGE_SHIFT;
	in_use--;
	spin_unlock(&arena_lock);
}

u64 pt_tables_in_use(void)
{
	return in_use;
}

u64 pt_tables_free(void)
{
	return layout.arena.bytes / PAGE_BYTES - in_use;
}

void arena_init(u32 boot_tables)
{
	fresh = in_use = boot_tables;
}
