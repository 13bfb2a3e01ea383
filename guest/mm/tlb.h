/* SPDX-License-Identifier: MIT */
/*
 * Shootdown: the part of tlb_flush_range() (vm.h) that other CPUs take.
 *
 * A request is seen by its target at the interrupt, or earlier, wherever the target waits: every
 * loop that spins calls tlb_poll(). So two CPUs can wait for each other with interrupts off, and a
 * host that delivers interrupts late changes no count.
 */
#ifndef GUEST_TLB_H
#define GUEST_TLB_H

#include "devices/abi/types.h"

void tlb_poll(void);	    /* does what other CPUs have asked of this one */
void tlb_ipi_handler(void); /* the interrupt */
bool tlb_requested(u32 cpu);

/* The calling CPU begins to report: init_mm's root is loaded. From here on its soft TLB is in
 * use. */
void tlb_start(u32 cpu, u64 root_gpa, u16 site);

#endif
