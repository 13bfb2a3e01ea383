/* SPDX-License-Identifier: MIT */
/*
 * Arm classic: the direct map is gpa + page_offset, and vmalloc lies behind it. Where RAM has a
 * hole, so have the addresses (seed row A1; what 32-bit Linux does).
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

const struct layout_ops layout_classic FAULT_TABLE = {
	.kind = KVL_LAYOUT_LINEAR,
	.phys_to_virt = to_virt,
	.virt_to_phys = to_phys,
	.is_vmalloc_addr = is_vmalloc_range,
};
