/* SPDX-License-Identifier: MIT */
/*
 * Owns the guest's arms of layout (guest/scenario/layout.arms), compiled for the host, and what
 * they read: the plan. Each arm of the plan's kind has to convert as the plan's pieces say.
 */
#include <stddef.h>

#include "guest/mm/is_vmalloc.h"
#include "guest/mm/layout.h"
#include "tests/unit/layout_model.h"

struct kvl_layout layout;

/* What the arms name beside their conversions: not asked here. */
static bool not_asked(u64 va)
{
	layout_violated("a conversion asks whether an address is vmalloc's (address)", va, 0);
}

bool is_vmalloc_range(u64 va)
{
	return not_asked(va);
}

bool is_vmalloc_walk(u64 va)
{
	return not_asked(va);
}

bool is_vmalloc_tree(u64 va)
{
	return not_asked(va);
}

bool is_vmalloc_bitmap(u64 va)
{
	return not_asked(va);
}

#define ARM(name, ops, about) extern const struct layout_ops ops;
#define VARIES(count, when, why)
#include "guest/scenario/layout.arms"
#undef ARM

static const struct layout_ops *const arms[] = {
#define ARM(name, ops, about) &ops,
#include "guest/scenario/layout.arms"
#undef ARM
};

static void expect_conversion(const struct layout_ops *arm, u64 gpa, u64 va)
{
	rule(arm->phys_to_virt(gpa) == va, "phys_to_virt is as planned (gpa, va)", gpa,
	     arm->phys_to_virt(gpa));
	rule(arm->virt_to_phys(va) == gpa, "virt_to_phys is as planned (va, gpa)", va,
	     arm->virt_to_phys(va));
}

/* First and last byte of each piece; arms that look up sections also at the first border of two. */
static void expect_arm(const struct layout_ops *arm)
{
	if (arm->start)
		arm->start();
	for (u32 i = 0; i < layout.nlowmem; i++) {
		const struct kvl_piece *piece = &layout.lowmem[i];
		u64 border = ALIGN_UP(piece->gpa + 1, LARGE_BYTES) - piece->gpa;

		expect_conversion(arm, piece->gpa, piece->va);
		expect_conversion(arm, piece->gpa + piece->bytes - 1, piece->va + piece->bytes - 1);
		if (border < piece->bytes) {
			expect_conversion(arm, piece->gpa + border - 1, piece->va + border - 1);
			expect_conversion(arm, piece->gpa + border, piece->va + border);
		}
	}
}

void layout_expect_conversions(const struct kvl_layout *plan)
{
	u32 tried = 0;

	layout = *plan;
	for (u32 i = 0; i < ARRAY_LEN(arms); i++) {
		if (arms[i]->kind != plan->kind)
			continue;
		expect_arm(arms[i]);
		tried++;
	}
	rule(tried, "a kind has an arm (kind)", plan->kind, 0);
}
