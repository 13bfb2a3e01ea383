/* SPDX-License-Identifier: MIT */
/*
 * The soft TLB (--tlb soft): what each CPU may translate by for user space and the kernel's dynamic
 * regions is a table of limited size that page faults fill, as on a MIPS. A translation that stays
 * when it should have gone is then used, whatever the host's own TLB does.
 *
 * Entered by page faults and by the flushes of guest/arch.h only.
 */
#ifndef GUEST_TLB_SOFT_H
#define GUEST_TLB_SOFT_H

#include "guest/mm/vm.h"

extern bool tlb_soft_on; /* the first CPU has started its own */

/*
 * This CPU walks its soft TLB from now on, as the TLB of init_mm's root. Reports that root's load.
 */
void tlb_soft_start(u32 cpu, u64 root_gpa, u16 site);

/*
 * True: the fault was this TLB's own matter (nothing was there, the tables allow the access):
 * retry. False: the tables do not allow it either; @fault->present is then what they say.
 * Interrupts are off.
 */
bool tlb_soft_fault(struct fault *fault);

/*
 * What a flush covers goes; the flush itself, which follows, is the caller's. It covers the loaded
 * tag, and of a page what is global; kernel addresses (@mm 0) go under the other tags before these
 * are used.
 */
void tlb_soft_flush_page(u64 va, u16 site);
void tlb_soft_flush_space(u32 mm, u16 site);
void tlb_soft_flush_all(u16 site); /* under every tag, what is global too */

/* Another space's tables are looked up from now on, under @tag; does the load and reports it. */
void tlb_soft_load_root(u64 root_gpa, u32 mm, struct tlb_tag tag, u16 site);

#endif
