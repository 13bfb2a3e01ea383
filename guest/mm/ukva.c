/* SPDX-License-Identifier: MIT */
/* Owns what stands where in a space's own part of kernel space: slots, whose table is made when the
 * first is set, and the space's tables. */
#include "guest/mm/ukva.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/pt_inside.h"
#include "guest/trace.h"

static const struct kvl_range *region(void)
{
	return &layout.region[KVL_REGION_UKVA];
}

bool is_ukva(u64 va)
{
	return va - region()->start < region()->bytes;
}

static u64 slots_start(void)
{
	return region()->start + region()->bytes - KVL_UKVA_SLOTS_BYTES;
}

u64 ukva_slot_address(u32 slot)
{
	return slots_start() + (UKVA_TABLE_SLOTS + (u64)slot) * PAGE_BYTES;
}

u32 ukva_address_slot(const void *address)
{
	return ((u64)address - ukva_slot_address(0)) / PAGE_BYTES;
}

static u32 nth_table(u64 va)
{
	return (va - region()->start) / LARGE_BYTES;
}

static void set(struct mm *mm, u32 slot, u64 entry, u16 site)
{
	u64 *table = &mm->ukva_table[nth_table(slots_start())];

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

/* --- tables ----------------------------------------------------------------------------------- */

/* The first slots. */
enum {
	ROOT_SLOT,
	TOP_SLOT,
	DIRECTORY_SLOTS,
	OWN_SLOTS = DIRECTORY_SLOTS + 4,
	SLOTS_OF_TABLES = OWN_SLOTS + UKVA_TABLES
};

_Static_assert(SLOTS_OF_TABLES <= UKVA_TABLE_SLOTS, "kept for them");

_Static_assert(ARCH_PT_LEVELS == 4, "the root, one below, a directory for each GiB");

static u64 table_slot(u32 i)
{
	return slots_start() + i * PAGE_BYTES;
}

static bool is_init_mms(const struct table *table)
{
	return table->level == 1
		       ? kvl_is_shared(&layout, table->va)
		       : table->level == 2 && table->va >= layout.page_offset &&
				 pt_directories_are_shared();
}

u64 ukva_table_address(const struct table *table)
{
	if (is_init_mms(table))
		return 0;
	switch (table->level) {
	case 4: return table_slot(ROOT_SLOT);
	case 3: return table_slot(TOP_SLOT);
	case 2: return table_slot(DIRECTORY_SLOTS + table->va / GiB(1));
	}
	return is_ukva(table->va)
		       ? table_slot(OWN_SLOTS + (table->va - region()->start) / LARGE_BYTES)
		       : region()->start + table->va / LARGE_BYTES * PAGE_BYTES;
}

void ukva_table_enter(const struct table *table)
{
	u16 site = SITE("ukva.table");
	u64 at = ukva_table_address(table);
	struct mm *mm = table->mm;
	u32 i = nth_table(at);

	if (table->level == 1 && is_ukva(table->va))
		mm->ukva_table[nth_table(table->va)] = table->gpa;
	if (!mm->ukva_table[i])
		pt_walk(mm, at, 1, true, site); /* makes and enters it, so it is known here, too */
	pt_slot_set(mm, mm->ukva_table[i], at, arch_pte_leaf(table->gpa, PROT_WRITE), site);
	mm->ukva_entered[i]++;
}

void ukva_tables_leave(struct mm *mm)
{
	u16 site = SITE("ukva.tables_leave");
	for (u32 i = 0; i < UKVA_TABLES; i++) {
		struct table table = { mm, region()->start + i * LARGE_BYTES, 1,
				       mm->ukva_table[i] };

		if (table.gpa)
			pt_slots_clear(&table, mm->ukva_entered[i], site);
	}
}
