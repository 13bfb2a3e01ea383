/* SPDX-License-Identifier: MIT */
/* Owns the layout that the kernel runs on: planned once, as the host has done, and never
 * changed. */
#include "guest/mm/layout.h"

#include "guest/kernel.h"
#include "guest/mm/fault.h"

struct kvl_layout layout;
const struct layout_ops *layout_ops;

void layout_start(const struct layout_ops *ops)
{
	struct kvl_layout_failure why;

	fault_table_check(ops, "layout");
	boot_options.request.kind = ops->kind;
	if (kvl_layout_plan(&boot_options.request, &layout, &why))
		panic("bad layout", "planner: error %u", why.error);
	layout_ops = ops;
	if (ops->start)
		ops->start();
}

/* The last piece of lowmem that begins at @va or below; of what lies before all of them the
 * first. */
static const struct kvl_piece *piece_below(u64 va)
{
	u32 i = layout.nlowmem - 1;

	while (i && layout.lowmem[i].va > va)
		i--;
	return &layout.lowmem[i];
}

const struct kvl_range *layout_hole_at(u64 va)
{
	const struct kvl_range *lowmem = &layout.region[KVL_REGION_LOWMEM];
	const struct kvl_piece *piece = piece_below(va);
	u64 gpa = va - piece->va + piece->gpa;

	if (va - lowmem->start >= lowmem->bytes || layout.kind == KVL_LAYOUT_INTERMIXED)
		return NULL;
	for (u32 i = 0; i < layout.nholes; i++)
		if (gpa - layout.hole[i].start < layout.hole[i].bytes)
			return &layout.hole[i];
	return NULL;
}

/* A lost address is behind a piece, or in front of all of them. */
void layout_touch_hole(void)
{
	u64 va = layout.region[KVL_REGION_LOWMEM].start;

	for (u32 i = 0; i < layout.nlowmem && !layout_hole_at(va); i++)
		va = layout.lowmem[i].va + layout.lowmem[i].bytes;
	if (!layout_hole_at(va))
		usage_failure(
			"no hole has lost its addresses: give --hole START:SIZE in lowmem, and "
			"a layout that loses them (classic)");
	*(volatile u64 *)va;
}
