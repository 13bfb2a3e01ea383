/* SPDX-License-Identifier: MIT */
/*
 * Owns the kva window: so many pages of kernel space whose leaf tables stay, so that an entry is
 * one store (4 KiB tables, as the proposal has it: seed row T5), and what the schemes need around
 * it. Who uses which slot, and when it is flushed, is theirs.
 */
#include "guest/arch.h"
#include "guest/mm/kva.h"
#include "guest/mm/kva_window.h"
#include "guest/mm/pt.h"
#include "guest/trace.h"

struct kva_window kva_window;
struct kva_clock kva_clock;

u32 kva_address_slot(const void *address)
{
	return ((u64)address - kva_window.start) / PAGE_BYTES;
}

static void set(u32 slot, u64 entry, u16 site)
{
	u64 va = kva_slot_address(slot);

	pt_slot_set(&init_mm, kva_window.tables[slot / ARCH_PT_ENTRIES], va, entry, site);
}

void kva_slot_set(u32 slot, struct page *page, u16 site)
{
	count(COUNT_KVA_INSTALLS);
	set(slot, arch_pte_leaf(page_gpa(page), PROT_WRITE | (kva_window.global ? PROT_GLOBAL : 0)),
	    site);
}

void kva_slot_clear(u32 slot, u16 site)
{
	set(slot, 0, site);
}

void kva_flush_slot(u32 slot, u16 site)
{
	tlb_flush_range(&init_mm, kva_slot_address(slot), PAGE_BYTES, site);
}

void kva_flush_window(u16 site)
{
	tlb_flush_range(&init_mm, 0, GiB(4), site);
}

void kva_flush_here(u16 site)
{
	struct kva_flush flush = kva_flush_begins();

	if (kva_window.global)
		tlb_cpu_all(site);
	else
		tlb_cpu_space(init_mm.id, site);
	kva_flush_ends(&flush, true);
}

/* --- with kva.c alone ------------------------------------------------------------------------- */

void kva_window_open(u32 slots)
{
	const struct kvl_range *region = &layout.region[KVL_REGION_KVA];
	u32 ntables = ALIGN_UP(slots, ARCH_PT_ENTRIES) / ARCH_PT_ENTRIES;

	if (!slots || slots > region->bytes / PAGE_BYTES)
		usage_failure("slots=%u: the kva window has 1 to %lu: a larger --kva", slots,
			      (u64)(region->bytes / PAGE_BYTES));
	kva_window.global = param_choice("global", "off", "on");
	if (kva_window.global && !arch_pte_has_global())
		skip_run("global=on: this processor has no global entries");
	kva_window.start = region->start;
	kva_window.slots = slots;
	kva_window.tables = kalloc(ntables * sizeof(*kva_window.tables));
	for (u32 i = 0; i < ntables; i++)
		kva_window.tables[i] = pt_slot_table(
			&init_mm, kva_slot_address(i * ARCH_PT_ENTRIES), SITE("kva.window"));
}

void kva_window_close(void)
{
	for (u32 slot = 0; slot < kva_window.slots; slot++)
		if (pt_lookup(&init_mm, kva_slot_address(slot)))
			panic("mapping left", "slot %u of the kva window at its end", slot);
	kfree(kva_window.tables);
	kva_window.global = false;
}
