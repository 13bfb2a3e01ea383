/* SPDX-License-Identifier: MIT */
/*
 * The flush instructions: nothing else in the guest executes INVLPG or loads CR3
 * (tests/static/flush.sh looks into the image for that). Each function reports first and executes
 * then: a translation that the report says is gone may still be used until the function returns,
 * never after.
 */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/trace.h"

void tlb_cpu_page(u64 va, u32 mm, u16 site)
{
	count(COUNT_FLUSH_PAGE);
	trace_event(KVL_EV_TLB_FLUSH, site, KVL_FLUSH_PAGE, 0, va, PAGE_BYTES, mm, 0, 0);
	asm volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void tlb_cpu_space(u32 mm, u16 site)
{
	u64 root;

	count(COUNT_FLUSH_SPACE);
	trace_event(KVL_EV_TLB_FLUSH, site, KVL_FLUSH_SPACE, 0, 0, 0, mm, 0, 0);
	asm volatile("movq %%cr3, %0\n\tmovq %0, %%cr3" : "=&r"(root) : : "memory");
}

void tlb_cpu_load_root(u64 root_gpa, u32 mm, u16 site)
{
	trace_event(KVL_EV_ROOT_LOAD, site, 0, 0, mm, root_gpa, 0, 0, 0);
	asm volatile("movq %0, %%cr3" : : "r"(root_gpa) : "memory");
}
