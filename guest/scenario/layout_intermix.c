/* SPDX-License-Identifier: MIT */
/*
 * Arm intermix: the proposal itself (seed rows A2-A4). The direct map is gpa + page_offset as in
 * classic, so conversions cost the same; the planner gives the addresses of holes to vmalloc and as
 * many of vmalloc's behind lowmem to lowmem. (That they are the same is the point, and each arm is
 * a whole file.)
 */
#include "guest/mm/is_vmalloc.h"
#include "guest/scenario/layout.h"

static u64 to_virt(u64 gpa)
{
	return gpa + layout.page_offset;
}

static u64 to_phys(u64 va)
{
	return va - layout.page_offset;
}

const struct layout_ops layout_intermix FAULT_TABLE = {
	.kind = KVL_LAYOUT_INTERMIXED,
	.phys_to_virt = to_virt,
	.virt_to_phys = to_phys,
	.is_vmalloc_addr = is_vmalloc_bitmap,
};
