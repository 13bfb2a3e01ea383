/* SPDX-License-Identifier: MIT */
/*
 * Arm translate: what the proposal came to replace, "hacking up the direct virt <-> phys
 * translation to ignore a large region of memory" (seed row A4), for any number of holes: each is a
 * comparison more. Holes below the image are not ignored, because the image lies where it was
 * linked to be.
 */
#include "guest/mm/is_vmalloc.h"
#include "guest/scenario/layout.h"

static struct ignored {
	u64 gpa, va; /* of the first frame behind the hole */
	u64 offset;  /* what is added to a gpa from there on */
} ignored[KVL_MAX_HOLES];
static u32 nignored;

static void start(void)
{
	u64 offset = layout.page_offset;

	nignored = 0;
	for (u32 i = 0; i < layout.nholes; i++) {
		u64 end = layout.hole[i].start + layout.hole[i].bytes;

		if (end <= layout.core.start || layout.hole[i].start >= layout.lowmem_end_gpa)
			continue;
		offset -= layout.hole[i].bytes;
		ignored[nignored++] = (struct ignored){ end, end + offset, offset };
	}
}

static u64 to_virt(u64 gpa)
{
	u64 offset = layout.page_offset;

	for (u32 i = 0; i < nignored && gpa >= ignored[i].gpa; i++)
		offset = ignored[i].offset;
	return gpa + offset;
}

static u64 to_phys(u64 va)
{
	u64 offset = layout.page_offset;

	for (u32 i = 0; i < nignored && va >= ignored[i].va; i++)
		offset = ignored[i].offset;
	return va - offset;
}

const struct layout_ops layout_translate FAULT_TABLE = {
	.kind = KVL_LAYOUT_PACKED,
	.start = start,
	.phys_to_virt = to_virt,
	.virt_to_phys = to_phys,
	.is_vmalloc_addr = is_vmalloc_range,
};
