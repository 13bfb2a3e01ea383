/* SPDX-License-Identifier: MIT */
/* Owns where the slots of a space's own part of kernel space are, and their table, made when the
 * first is set. */
#include "guest/mm/ukva.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/pt.h"
#include "guest/trace.h"

static const struct kvl_range *region(void)
{
	return &layout.region[KVL_REGION_UKVA];
}

bool is_ukva(u64 va)
{
	return va - region()->start < region()->bytes;
}

u64 ukva_slot_address(u32 slot)
{
	return region()->start + (u64)slot * PAGE_BYTES;
}

u32 ukva_address_slot(const void *address)
{
	return ((u64)address - region()->start) / PAGE_BYTES;
}

static void set(struct mm *mm, u32 slot, u64 entry, u16 site)
{
	if (!mm->ukva_table)
		mm->ukva_table = pt_slot_table(mm, region()->start, SITE("ukva.table"));
	pt_slot_set(mm, mm->ukva_table, ukva_slot_address(slot), entry, site);
}

void ukva_slot_set(struct mm *mm, u32 slot, const struct page *page, u16 site)
{
	set(mm, slot, arch_pte_leaf(page_gpa(page), PROT_WRITE), site);
}

void ukva_slot_clear(struct mm *mm, u32 slot, u16 site)
{
	set(mm, slot, 0, site);
}
