/* SPDX-License-Identifier: MIT */
/*
 * Arm linear: what lies where a mapping from its source's first frame on would have it is raw, and
 * all else is a copy (seed row L2; Linux's vm_normal_page() for remap_pfn_range()). A source that
 * is filled in another order is misjudged.
 */
#include "guest/arch.h"
#include "guest/scenario/pfn.h"

static bool is_raw(const struct vma *vma, u64 va, u64 entry)
{
	return arch_pte_gpa(entry) == pfn_linear_frame(vma, va);
}

const struct page_rule pfn_linear FAULT_TABLE = { .copies = true,
						  .linear = true,
						  .is_raw = is_raw };
