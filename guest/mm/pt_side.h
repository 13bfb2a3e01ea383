/* SPDX-License-Identifier: MIT */
/*
 * Memory beside each leaf table of every space, for what its entries have no bits for (seed row
 * L4): there from the birth of the table to its end, used or not. One size at a time.
 */
#ifndef GUEST_PT_SIDE_H
#define GUEST_PT_SIDE_H

#include "guest/mm/vm.h"

/* @bytes, zeroed, beside each leaf table that is made from now on, until stop. There are no spaces,
 * at either. */
void pt_side_start(u32 bytes);
void pt_side_stop(void);

/* What lies beside the leaf table for @va, which there is. */
void *pt_side(struct mm *mm, u64 va);

/* In all, now. */
u64 pt_side_bytes(void);

#endif
