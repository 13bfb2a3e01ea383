/* SPDX-License-Identifier: MIT */
/*
 * Arm table: conversions look up the section of 2 MiB, as discontiguous memory was done on machines
 * with large pages. One load each, whatever the holes; but what of a hole is less than a section
 * keeps its addresses, and the tables have to be in the cache.
 */
#include "guest/mm/is_vmalloc.h"
#include "guest/scenario/layout.h"

#define SHIFT 21
#define SECTIONS (KVL_LOW_RAM_END_GPA >> SHIFT) /* of RAM; of kernel space there are no more */

static u16 va_section[SECTIONS];  /* by section of RAM: of kernel space, from page_offset */
static u16 gpa_section[SECTIONS]; /* the reverse */

static void start(void)
{
	for (u32 i = 0; i < layout.nlowmem; i++) {
		const struct kvl_piece *piece = &layout.lowmem[i];
		u32 gpa = piece->gpa >> SHIFT, last = (piece->gpa + piece->bytes - 1) >> SHIFT;
		u32 va = (piece->va - layout.page_offset) >> SHIFT;

		for (; gpa <= last; gpa++, va++) {
			va_section[gpa] = va;
			gpa_section[va] = gpa;
		}
	}
}

static u64 to_virt(u64 gpa)
{
	return ((u64)va_section[gpa >> SHIFT] << SHIFT) + gpa % LARGE_BYTES + layout.page_offset;
}

static u64 to_phys(u64 va)
{
	u64 offset = va - layout.page_offset;

	return ((u64)gpa_section[offset >> SHIFT] << SHIFT) + offset % LARGE_BYTES;
}

const struct layout_ops layout_table FAULT_TABLE = {
	.kind = KVL_LAYOUT_SECTIONS,
	.start = start,
	.phys_to_virt = to_virt,
	.virt_to_phys = to_phys,
	.is_vmalloc_addr = is_vmalloc_range,
};
