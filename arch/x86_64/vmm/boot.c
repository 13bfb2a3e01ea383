/* SPDX-License-Identifier: MIT */
/*
 * The first page tables and the PVH start info. The guest's own changes start from here; the trace
 * must know every entry, so each is reported like one of the guest's (address space 0, site 0).
 *
 *   [0, 2 MiB) and [16, 18) MiB   at their own addresses: entry and trampoline, before the jump
 *   page_offset + core            large pages; the first one (image) may be executed
 *   last 2 MiB below 4 GiB        an empty table for the fixmap; its last entry maps the table
 *   KVL_WINDOW_VA                 local APIC, uncached; shared region, large pages; with a soft TLB
 *                                 also the arena, read-only, and the TLBs
 */
#include <string.h>

#include "arch/x86_64/vmm/pte.h"
#include "devices/abi/trace_abi.h"
#include "vmm/arch.h"
#include "vmm/trace/trace.h"

/* A walker that sets accessed and dirty never has to write: the bits are there from the start. */
#define PTE_TABLE (PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED | PTE_DIRTY)
#define PTE_DATA (PTE_TABLE | PTE_NO_EXEC)
#define PTE_LOOK (PTE_DATA & ~PTE_WRITABLE)
#define PTE_DEVICE (PTE_DATA | PTE_UNCACHED | PTE_WRITE_THROUGH)

#define INIT_MM 0
#define FIXMAP_SELF_VA (GiB(4) - PAGE_BYTES)

struct tables {
	const struct gmem *mem;
	struct trace *trace;
	u64 root, next, end; /* frames of the arena */
};

static void report(const struct tables *t, enum kvl_event_id id, u32 h0, u32 h1, u64 a0, u64 a1,
		   u64 a2, u64 a3, u64 a4)
{
	if (t->trace)
		trace_event(t->trace, id, (u16)h0, (u16)h1, a0, a1, a2, a3, a4);
}

/* 0: the arena is used up, or not backed by memory. */
static u64 new_table(struct tables *t, u32 level)
{
	u64 table = t->next;
	void *host = gmem_at(t->mem, gpa(table), PAGE_BYTES);

	if (table >= t->end || !host)
		return 0;
	memset(host, 0, PAGE_BYTES);
	t->next += PAGE_BYTES;
	report(t, KVL_EV_TABLE_ALLOC, 0, level, table, INIT_MM, 0, 0, 0);
	return table;
}

static u64 *entry_at(const struct tables *t, u64 table, u64 va, u32 level)
{
	u64 *entries = gmem_at(t->mem, gpa(table), PAGE_BYTES);

	return &entries[pte_index(va, level)];
}

static void set_entry(const struct tables *t, u64 table, u64 va, u32 level, u64 value)
{
	u64 *entry = entry_at(t, table, va, level);

	report(t, KVL_EV_PT_SET, pte_index(va, level), level, ALIGN_DOWN(va, pte_span(level)),
	       table, *entry, value, INIT_MM);
	*entry = value;
}

/* The table of @level for @va, made with all above it where missing; 0: no room. */
static u64 table_for(struct tables *t, u64 va, u32 level)
{
	u64 table = t->root;

	for (u32 at = PTE_LEVELS; at > level; at--) {
		u64 entry = *entry_at(t, table, va, at);

		if (!pte_present(entry)) {
			u64 below = new_table(t, at - 1);

			if (!below)
				return 0;
			entry = below | PTE_TABLE;
			set_entry(t, table, va, at, entry);
		}
		table = entry & PTE_FRAME;
	}
	return table;
}

/* Maps [va, va + bytes) to @at with leaves of @level. */
static bool map(struct tables *t, u64 va, u64 at, u64 bytes, u32 level, u64 flags)
{
	u64 size = level == 2 ? PTE_LARGE : 0;

	for (u64 done = 0; done < bytes; done += pte_span(level)) {
		u64 table = table_for(t, va + done, level);

		if (!table)
			return false;
		set_entry(t, table, va + done, level, (at + done) | flags | size);
	}
	return true;
}

static bool map_identity(struct tables *t)
{
	return map(t, 0, 0, LARGE_BYTES, 2, PTE_TABLE) &&
	       map(t, KVL_BOOT_GPA, KVL_BOOT_GPA, LARGE_BYTES, 2, PTE_TABLE);
}

static bool map_core(struct tables *t, const struct kvl_layout *layout)
{
	u64 va = layout->page_offset + layout->core.start;

	return map(t, va, layout->core.start, LARGE_BYTES, 2, PTE_TABLE) &&
	       map(t, va + LARGE_BYTES, layout->core.start + LARGE_BYTES,
		   layout->core.bytes - LARGE_BYTES, 2, PTE_DATA);
}

/* The table may lie in highmem, where the direct map does not reach it: so it maps itself. */
static bool map_fixmap(struct tables *t)
{
	u64 table = table_for(t, FIXMAP_SELF_VA, 1);

	return table && map(t, FIXMAP_SELF_VA, table, PAGE_BYTES, 1, PTE_DATA);
}

static bool map_soft(struct tables *t, const struct kvl_layout *layout)
{
	return map(t, KVL_ARENA_VA, layout->arena.start, layout->arena.bytes, 2, PTE_LOOK) &&
	       map(t, KVL_SOFT_VA, layout->soft.start, layout->soft.bytes, 2, PTE_DATA);
}

static bool map_window(struct tables *t, const struct kvl_layout *layout)
{
	return map(t, KVL_LAPIC_VA, KVL_LAPIC_GPA, PAGE_BYTES, 1, PTE_DEVICE) &&
	       map(t, KVL_SHARED_VA, layout->shared.start, layout->shared.bytes, 2, PTE_DATA) &&
	       (!layout->soft.bytes || map_soft(t, layout));
}

static int check_layout(const struct kvl_layout *layout, struct err *err)
{
	const struct kvl_range *core = &layout->core, *shared = &layout->shared;

	if ((core->start | core->bytes | shared->start | shared->bytes) % LARGE_BYTES ||
	    (layout->soft.bytes && layout->arena.start % LARGE_BYTES) ||
	    core->start != KVL_BOOT_GPA || core->bytes < LARGE_BYTES ||
	    layout->arena.start % PAGE_BYTES || layout->arena.start >= GiB(4))
		return err_set(err, EXIT_VMM,
			       "the layout cannot be booted: core 0x%llx+0x%llx and shared region "
			       "0x%llx+0x%llx must be large pages, the arena 0x%llx below 4 GiB",
			       (unsigned long long)core->start, (unsigned long long)core->bytes,
			       (unsigned long long)shared->start, (unsigned long long)shared->bytes,
			       (unsigned long long)layout->arena.start);
	return 0;
}

int arch_boot_tables(const struct gmem *mem, const struct kvl_layout *layout, struct trace *trace,
		     u64 *root_gpa, struct err *err)
{
	struct tables t = { .mem = mem,
			    .trace = trace,
			    .next = layout->arena.start,
			    .end = layout->arena.start + layout->arena.bytes };

	if (check_layout(layout, err))
		return -1;
	t.root = new_table(&t, PTE_LEVELS);
	if (t.root)
		report(&t, KVL_EV_MM_CREATE, 0, 0, INIT_MM, t.root, 0, 0, 0);
	if (!t.root || !map_identity(&t) || !map_core(&t, layout) || !map_fixmap(&t) ||
	    !map_window(&t, layout))
		return err_set(
			err, EXIT_VMM,
			"the page-table arena 0x%llx+0x%llx is too small for the first tables",
			(unsigned long long)layout->arena.start,
			(unsigned long long)layout->arena.bytes);
	*root_gpa = t.root;
	return (int)((t.next - layout->arena.start) / PAGE_BYTES);
}

/* Xen public headers, arch-x86/hvm/start_info.h, version 0: no modules, command line or ACPI. */
struct hvm_start_info {
	u32 magic, version, flags, nr_modules;
	u64 modlist_paddr, cmdline_paddr, rsdp_paddr;
};

#define START_INFO_MAGIC 0x336EC578
#define START_INFO_GPA 0x6000

u64 arch_boot_info(const struct gmem *mem)
{
	struct hvm_start_info info = { .magic = START_INFO_MAGIC };

	gmem_write(mem, gpa(START_INFO_GPA), &info, sizeof(info));
	return START_INFO_GPA;
}
