/* SPDX-License-Identifier: MIT */
/* Owns the slots of a space's own part of kernel space: where they are, their table, made when the
 * first is set, and their end with the space. Who holds a slot of the pool is its user's. */
#include "guest/mm/ukva.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/pt.h"
#include "guest/trace.h"

static u64 slots_start(void)
{
	return ukva_region()->start + ukva_region()->bytes - KVL_UKVA_SLOTS_BYTES;
}

u64 ukva_slot_address(u32 slot)
{
	return slots_start() + (UKVA_TABLE_SLOTS + (u64)slot) * PAGE_BYTES;
}

u32 ukva_address_slot(const void *address)
{
	return ((u64)address - ukva_slot_address(0)) / PAGE_BYTES;
}

static void set(struct mm *mm, u32 slot, u64 entry, u16 site)
{
	u64 *table = &mm->ukva_table[ukva_region()->bytes / LARGE_BYTES - 1];

	if (!*table)
		*table = pt_slot_table(mm, slots_start(), SITE("ukva.table"));
	pt_slot_set(mm, *table, ukva_slot_address(slot), entry, site);
}

void ukva_slot_set(struct mm *mm, u32 slot, const struct page *page, u16 site)
{
	set(mm, slot, arch_pte_leaf(page_gpa(page), PROT_WRITE), site);
}

void ukva_slot_clear(struct mm *mm, u32 slot, u16 site)
{
	set(mm, slot, 0, site);
}

/* --- the pool --------------------------------------------------------------------------------- */

u64 ukva_pool_address(u32 slot)
{
	return ukva_slot_address(MM_SLOTS + slot);
}

/* Two threads may come at once: the second one's is not needed. */
static struct ukva_pool *make_pool(struct mm *mm, u32 slots)
{
	struct ukva_pool *pool = kalloc(sizeof(*pool) + slots * sizeof(pool->slot[0])),
			 *none = NULL;

	pool->lock.name = "ukva pool";
	pool->slots = slots;
	if (__atomic_compare_exchange_n(&mm->ukva_pool, &none, pool, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return pool;
	kfree(pool);
	return none;
}

struct ukva_pool *ukva_pool(struct mm *mm, u32 slots)
{
	struct ukva_pool *pool = __atomic_load_n(&mm->ukva_pool, __ATOMIC_ACQUIRE);

	return pool ? pool : make_pool(mm, slots);
}

/* --- the end ---------------------------------------------------------------------------------- */

void ukva_end(struct mm *mm)
{
	u32 held = mm->ukva_pool ? mm->ukva_pool->held : 0;

	for (u32 i = 0; i < MM_SLOTS; i++)
		held += mm->slot_holder[i] != NULL;
	if (held)
		panic("mapping left", "space %u ends with %u slots of its own in use", mm->id,
		      held);
	if (mm->ukva_pool)
		kfree(mm->ukva_pool);
}
