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
static u32 fresh;				/* frames from here on were never used */
static u16 freed[KVL_ARENA_BYTES / PAGE_BYTES]; /* a stack of frames given back */
static u32 nfreed;
static u32 in_use;

u64 arena_alloc(u32 level, u32 mm)
{
	u64 gpa;

	spin_lock(&arena_lock);
	if (!nfreed && fresh == layout.arena.bytes / PAGE_BYTES)
		panic("out of page tables", "all %u tables of the arena are in use", in_use);
	gpa = layout.arena.start + (nfreed ? freed[--nfreed] : fresh++) * PAGE_BYTES;
	in_use++;
	trace_event(KVL_EV_TABLE_ALLOC, 0, 0, level, gpa, mm, 0, 0, 0);
	spin_unlock(&arena_lock);
	return gpa;
}

void arena_free(u64 gpa, u32 level, u32 mm)
{
	spin_lock(&arena_lock);
	trace_event(KVL_EV_TABLE_FREE, 0, 0, level, gpa, mm, 0, 0, 0);
	freed[nfreed++] = (gpa - layout.arena.start) / PAGE_BYTES;
	in_use--;
	spin_unlock(&arena_lock);
}

u64 pt_tables_in_use(void)
{
	return in_use;
}

void arena_init(u32 boot_tables)
{
	fresh = in_use = boot_tables;
}
