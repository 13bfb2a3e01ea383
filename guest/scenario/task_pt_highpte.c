/* SPDX-License-Identifier: MIT */
/*
 * Arm highpte: the arena is in highmem, and a table is mapped when it is needed. In two variants:
 *
 *   by=atomic   in this CPU's fixmap slot, for one use, and flushed there (Linux's CONFIG_HIGHPTE,
 *               pte_offset_map() by kmap_atomic())
 *   by=pkmap    in a pool that all share, where it stays until the pool has been used up; then all
 *               CPUs flush (Arcangeli's pte-highmem of 2002, by kmap())
 *
 * Here the upper tables are in the arena, too, which Linux keeps in lowmem: of what is counted, the
 * uses of leaf tables are what Linux has.
 */
#include "guest/mm/arena.h"
#include "guest/mm/pt.h"
#include "guest/scenario/task_pt.h"
#include "guest/trace.h"

/* --- atomic ----------------------------------------------------------------------------------- */

static u64 map(const struct table *table)
{
	return table_map_here(table->gpa);
}

static void unmap(u64 address)
{
	(void)address;
	table_unmap_here();
}

static u64 address_bytes(u64 tables)
{
	(void)tables;
	return boot_options.ncpus * PAGE_BYTES;
}

static void predict(const struct table_work *work, struct table_forms *forms)
{
	u64 uses;

	table_forms_of_work(work, forms);
	uses = forms->uses_of_leaves + forms->uses_of_upper;
	forms->entries += 2 * uses;
	forms->page_flushes += uses;
}

/* --- pkmap: the pool is in the fixmap, whose own table needs no mapping ----------------------- */

#define POOL_MOST 256
#define FIRST (FIXMAP_PER_CPU * KVL_MAX_CPUS)

_Static_assert(FIRST + POOL_MOST < ARCH_PT_ENTRIES, "the fixmap has so many pages");

static struct {
	struct spinlock lock;
	u32 slots, last;
	struct {
		u64 table; /* 0: none */
		u32 users;
	} slot[POOL_MOST];
	u16 *slot_of; /* of each frame of the arena, + 1; 0: none; in the core */
} pool = { .lock = SPINLOCK("pool of tables") };

static u16 *slot_of(u64 table)
{
	return &pool.slot_of[(table - layout.arena.start) / PAGE_BYTES];
}

static u64 slot_address(u32 i)
{
	return FIXMAP_START_VA + (FIRST + i) * PAGE_BYTES;
}

static void clear(u32 i)
{
	*slot_of(pool.slot[i].table) = 0;
	pool.slot[i].table = 0;
	fixmap_set(slot_address(i), 0, SITE("highpte.flush"));
}

static void flush_all_not_used(void)
{
	count(COUNT_TABLE_WRAPS);
	for (u32 i = 0; i < pool.slots; i++)
		if (pool.slot[i].table && !pool.slot[i].users)
			clear(i);
	tlb_flush_range(&init_mm, 0, GiB(4), SITE("highpte.flush"));
}

/* A CPU uses one table at a time, so there is a free one after a flush. */
static u32 next_free(void)
{
	do {
		pool.last = (pool.last + 1) % pool.slots;
		if (pool.last == 0)
			flush_all_not_used();
	} while (pool.slot[pool.last].table);
	return pool.last;
}

static u32 find(u64 table)
{
	u16 *of = slot_of(table);

	if (!*of) {
		u32 i = next_free();

		count(COUNT_TABLE_INSTALLS);
		fixmap_set(slot_address(i), arch_pte_leaf(table, PROT_WRITE), SITE("highpte.map"));
		pool.slot[i].table = table;
		*of = i + 1;
	}
	return *of - 1;
}

static u64 pool_map(const struct table *table)
{
	u32 i;

	spin_lock(&pool.lock);
	i = find(table->gpa);
	pool.slot[i].users++;
	spin_unlock(&pool.lock);
	return slot_address(i);
}

static void pool_unmap(u64 address)
{
	spin_lock(&pool.lock);
	pool.slot[(address - slot_address(0)) / PAGE_BYTES].users--;
	spin_unlock(&pool.lock);
}

static void pool_start(void)
{
	pool.slots = param_number("pool", 64, 2 * KVL_MAX_CPUS, POOL_MOST);
	pool.last = 0;
	pool.slot_of = kalloc(layout.arena.bytes / PAGE_BYTES * sizeof(*pool.slot_of));
}

static void pool_stop(void)
{
	flush_all_not_used();
	kfree(pool.slot_of);
}

static u64 pool_address_bytes(u64 tables)
{
	(void)tables;
	return pool.slots * PAGE_BYTES;
}

static const struct table_way pool_way FAULT_TABLE = {
	.highmem = 1,
	.start = pool_start,
	.stop = pool_stop,
	.map = pool_map,
	.unmap = pool_unmap,
	.address_bytes = pool_address_bytes,
	.pool_slots = &pool.slots,
	.predict = table_forms_of_work,
};

static const struct table_way *choose(void)
{
	return param_choice("by", "atomic", "pkmap") ? &pool_way : &task_pt_highpte;
}

const struct table_way task_pt_highpte FAULT_TABLE = {
	.highmem = 1,
	.choose = choose,
	.map = map,
	.unmap = unmap,
	.address_bytes = address_bytes,
	.predict = predict,
};
