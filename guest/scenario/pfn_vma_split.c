/* SPDX-License-Identifier: MIT */
/* Arm vma-split: an area has raw frames alone, or copies alone, as a flag of it says; the first
 * write to a raw frame splits it (seed row L6). */
#include "guest/scenario/pfn.h"

static bool is_raw(const struct vma *vma, u64 va, u64 entry)
{
	(void)va;
	(void)entry;
	return !vma->copied;
}

const struct page_rule pfn_vma_split FAULT_TABLE = { .copies = true,
						     .splits = true,
						     .is_raw = is_raw };
