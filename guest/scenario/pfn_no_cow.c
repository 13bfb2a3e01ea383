/* SPDX-License-Identifier: MIT */
/* Arm no-cow: all frames of a mapping are raw, and none is ever copied (seed row L1). What would
 * have to be is refused when it is mapped. */
#include "guest/scenario/pfn.h"

static bool is_raw(const struct vma *vma, u64 va, u64 entry)
{
	(void)vma;
	(void)va;
	(void)entry;
	return true;
}

const struct page_rule pfn_no_cow FAULT_TABLE = { .is_raw = is_raw };
