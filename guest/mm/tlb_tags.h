/* SPDX-License-Identifier: MIT */
/* The tags (PCIDs) of each CPU's TLB, for those who load roots and flush. */
#ifndef GUEST_TLB_TAGS_H
#define GUEST_TLB_TAGS_H

#include "guest/arch.h"

struct mm;

/*
 * Does the load of a root drop what is not global, the kernel's included? Not with PCIDs: who
 * counts the flushes of a CPU must not count switches then (seed row T15).
 */
bool tlb_switch_flushes(void);

/*
 * The tag for @mm on this CPU, whose root is loaded under it next. This CPU is in mm->cpus already,
 * and interrupts are off until the load.
 */
struct tlb_tag tlb_tag_take(const struct mm *mm);

/* This CPU has done flush number @flush of that space, if it runs it. */
void tlb_tag_flushed(u32 mm, u32 flush);

/* What is held under all tags but the loaded one must not be used again. Interrupts are off. */
void tlb_tags_outdate_others(void);

#endif
