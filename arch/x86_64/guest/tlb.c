/* SPDX-License-Identifier: MIT */
/*
 * The flush instructions: once there is a trace, nothing else in the guest executes INVLPG, or
 * loads CR3 or CR4. Each function reports first and executes then, in one block, with what it
 * reported: a translation that the report says is gone may still be used until the function
 * returns, never after. tests/static/flush_proof proves both of the image, from the records here.
 *
 * With a soft TLB each flush first takes out of it what it covers (guest/mm/tlb_soft.c).
 */
#include "cpu.h"
#include "flushes.h"
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/tlb_soft.h"
#include "guest/trace.h"

/* With paging on, as Intel's manual wants it (SDM vol. 3, 2.5, "PGE"); head.S has set PAE alone. */
FLUSH_RECORD("tlb_cpu_init mov-cr4 1 pge global entries on, where the processor has them");
void tlb_cpu_init(void)
{
	u64 cr4;

	if (arch_pte_has_global())
		asm volatile("movq %%cr4, %0\n\txorq %1, %0\n\tmovq %0, %%cr4"
			     : "=&r"(cr4)
			     : "i"(CR4_PGE)
			     : "memory", "cc");
}

FLUSH_RECORD("tlb_cpu_page invlpg 1 page one page of this CPU");
void tlb_cpu_page(u64 va, u32 mm, u16 site)
{
	count(COUNT_FLUSH_PAGE);
	if (tlb_soft_on)
		tlb_soft_flush_page(va, site);
	trace_event(KVL_EV_TLB_FLUSH, site, KVL_FLUSH_PAGE, 0, va, PAGE_BYTES, mm, 0, 0);
	asm volatile("invlpg (%0)" : : "r"(va) : "memory");
}

FLUSH_RECORD("tlb_cpu_space mov-cr3 1 space what is not global, of this CPU");
void tlb_cpu_space(u32 mm, u16 site)
{
	u64 root;

	count(COUNT_FLUSH_SPACE);
	if (tlb_soft_on)
		tlb_soft_flush_space(mm, site);
	trace_event(KVL_EV_TLB_FLUSH, site, KVL_FLUSH_SPACE, 0, 0, 0, mm, 0, 0);
	asm volatile("movq %%cr3, %0\n\tmovq %0, %%cr3" : "=&r"(root) : : "memory");
}

/* A change of CR4.PGE drops all, of every tag (SDM vol. 3, 4.10.4.1); the second one sets it
 * again. */
FLUSH_RECORD("tlb_cpu_all mov-cr4 2 all everything of this CPU, what is global too");
void tlb_cpu_all(u16 site)
{
	u64 on, off;

	count(COUNT_FLUSH_SPACE);
	if (tlb_soft_on)
		tlb_soft_flush_all(site);
	trace_event(KVL_EV_TLB_FLUSH, site, KVL_FLUSH_ALL, 0, 0, 0, 0, 0, 0);
	asm volatile("movq %%cr4, %0\n\tmovq %0, %1\n\txorq %2, %1\n\t"
		     "movq %1, %%cr4\n\tmovq %0, %%cr4"
		     : "=&r"(on), "=&r"(off)
		     : "i"(CR4_PGE)
		     : "memory", "cc");
}

FLUSH_RECORD("tlb_cpu_load_root mov-cr3 1 root this CPU changes to another space");
void tlb_cpu_load_root(u64 root_gpa, u32 mm, struct tlb_tag tag, u16 site)
{
	if (tlb_soft_on) {
		tlb_soft_load_root(root_gpa, mm, tag, site);
		return;
	}
	trace_event(KVL_EV_ROOT_LOAD, site, 0, 0, mm, root_gpa, 0, 0, 0);
	asm volatile("movq %0, %%cr3" : : "r"(root_gpa) : "memory");
}

FLUSH_RECORD("tlb_cpu_load_private mov-cr3 1 private the same where the processor walks a soft TLB");
void tlb_cpu_load_private(u64 private_gpa, u64 root_gpa, u32 mm, struct tlb_tag tag, u16 site)
{
	trace_event(KVL_EV_ROOT_LOAD, site, tag.number, tag.keeps, mm, root_gpa, 0, 0, 0);
	asm volatile("movq %0, %%cr3" : : "r"(private_gpa) : "memory");
}

FLUSH_RECORD("tlb_cpu_evict invlpg 1 evict one entry of this CPU's soft TLB");
void tlb_cpu_evict(u64 va, u64 entry, u32 mm, const struct tlb_eviction *how)
{
	count(COUNT_TLB_EVICTS);
	trace_event(KVL_EV_TLB_EVICT, how->site, how->level, how->reason, va, entry, mm, how->tag,
		    0);
	asm volatile("invlpg (%0)" : : "r"(va) : "memory");
}
