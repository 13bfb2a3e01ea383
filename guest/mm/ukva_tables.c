/* SPDX-License-Identifier: MIT */
/* Owns where the tables of a space stand in its own part of kernel space (seed row B3): those of
 * user space in the window, those above them and ukva's own in the first of its slots. */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/pt_inside.h"
#include "guest/mm/ukva.h"
#include "guest/trace.h"

static u32 nth_table(u64 va)
{
	return (va - ukva_region()->start) / LARGE_BYTES;
}

/* The first slots. */
enum {
	ROOT_SLOT,
	TOP_SLOT,
	DIRECTORY_SLOTS,
	OWN_SLOTS = DIRECTORY_SLOTS + 4,
};

_Static_assert((int)OWN_SLOTS + UKVA_TABLES <= (int)UKVA_TABLE_SLOTS, "kept for them");
_Static_assert(ARCH_PT_LEVELS == 4, "the root, one below, a directory for each GiB");

static u64 table_slot(u32 i)
{
	return ukva_slot_address(0) - (UKVA_TABLE_SLOTS - i) * PAGE_BYTES;
}

static bool is_init_mms(const struct table *table)
{
	return table->level == 1 ? kvl_is_shared(&layout, table->va)
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
		       ? table_slot(OWN_SLOTS + (table->va - ukva_region()->start) / LARGE_BYTES)
		       : ukva_region()->start + table->va / LARGE_BYTES * PAGE_BYTES;
}

u64 ukva_entry_address(u64 va)
{
	return ukva_table_address(&(struct table){ .va = va, .level = 1 }) +
	       arch_pt_index(va, 1) * sizeof(u64);
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
		struct table table = { mm, ukva_region()->start + i * LARGE_BYTES, 1,
				       mm->ukva_table[i] };

		if (table.gpa)
			pt_slots_clear(&table, mm->ukva_entered[i], site);
	}
}
