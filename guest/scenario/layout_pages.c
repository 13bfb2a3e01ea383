/* SPDX-License-Identifier: MIT */
/*
 * Owns the comparison with the page tables: do the conversions, and each way to tell vmalloc
 * addresses from lowmem (seed row A7), say what init_mm's tables say? For all pages of kernel space
 * and all frames of lowmem; or for some: those on both sides of each border, and one in every
 * STRIDE.
 */
#include "guest/arch.h"
#include "guest/mm/is_vmalloc.h"
#include "guest/mm/pt.h"
#include "guest/mm/vmalloc.h"
#include "guest/scenario/layout.h"
#include "guest/trace.h"

#define STRIDE (MiB(16) + PAGE_BYTES)
#define AREA_PAGES 3

enum way { BY_RANGE, BY_WALK, BY_TREE, BY_BITMAP, WAYS };

static const struct {
	const char *mapped, *unmapped;
	bool (*is_vmalloc)(u64 va);
} way[WAYS] = {
	[BY_RANGE] = { "is_vmalloc.range_wrong", NULL, is_vmalloc_range },
	[BY_WALK] = { "is_vmalloc.walk_wrong", "is_vmalloc.walk_wrong_guards", is_vmalloc_walk },
	[BY_TREE] = { "is_vmalloc.tree_wrong", "is_vmalloc.tree_wrong_guards", is_vmalloc_tree },
	[BY_BITMAP] = { "is_vmalloc.bitmap_wrong", "is_vmalloc.bitmap_wrong_guards",
			is_vmalloc_bitmap },
};

struct comparison {
	bool all;
	u64 pages, direct;	  /* of kernel space; of these shown by the direct map */
	u64 between;		  /* of these between the first and the last vmalloc address */
	u64 conversions_wrong;	  /* pages of lowmem, and frames, that a conversion gets wrong */
	u64 mapped_wrong[WAYS];	  /* mapped pages of which a way says something else */
	u64 reserved_wrong[WAYS]; /* others: is it of an area that was reserved here, or of none? */
	u64 area[2], end[2]; /* reserved here: mapped, but for its guard page; not mapped at all */
};

/* --- kernel space, page by page --------------------------------------------------------------- */

static bool is_direct(u64 va, u64 gpa)
{
	return gpa < layout.lowmem_end_gpa && gpa_page(gpa) && layout_ops->phys_to_virt(gpa) == va;
}

/*
 * Row A7: where the two are intermixed, lowmem behind the first hole lies between vmalloc
 * addresses; but not what is behind the last hole, too, where no vmalloc is left behind lowmem.
 */
static bool between_vmalloc(u64 gpa)
{
	bool behind = false, before = layout.region[KVL_REGION_VMALLOC].bytes;

	for (u32 i = 0; i < layout.nholes; i++) {
		behind = behind || gpa > layout.hole[i].start;
		before = before || (gpa < layout.hole[i].start &&
				    layout.hole[i].start < layout.lowmem_end_gpa);
	}
	return layout.kind == KVL_LAYOUT_INTERMIXED && behind && before;
}

static void compare_mapped(struct comparison *c, u64 va, u64 gpa)
{
	bool direct = is_direct(va, gpa),
	     vmalloc = !direct && kvl_in_ranges(layout.vmalloc, layout.nvmalloc, va);

	c->direct += direct;
	c->between += direct && between_vmalloc(gpa);
	c->conversions_wrong += direct && layout_ops->virt_to_phys(va) != gpa;
	for (u32 i = 0; i < WAYS; i++)
		c->mapped_wrong[i] += way[i].is_vmalloc(va) != vmalloc;
}

/* Nothing else is reserved and not mapped, but guard pages: of areas that begin before this
 * one's. */
static void compare_unmapped(struct comparison *c, u64 va)
{
	bool ours = false;

	for (u32 i = 0; i < ARRAY_LEN(c->area); i++)
		ours = ours || (va >= c->area[i] && va < c->end[i]);
	for (u32 i = BY_WALK; i < WAYS; i++)
		c->reserved_wrong[i] += way[i].is_vmalloc(va) != ours;
}

static void compare_page(struct comparison *c, u64 va)
{
	u64 entry = pt_lookup(&init_mm, va), bytes;

	if (va < layout.page_offset || va >= GiB(4))
		return;
	c->pages++;
	if (!entry) {
		compare_unmapped(c, va);
		return;
	}
	bytes = pt_leaf_bytes(&init_mm, va);
	compare_mapped(c, va, ALIGN_DOWN(arch_pte_gpa(entry), bytes) + va % bytes);
}

static void compare_border(struct comparison *c, u64 va)
{
	va = ALIGN_DOWN(va, PAGE_BYTES);
	compare_page(c, va - PAGE_BYTES);
	compare_page(c, va);
}

static void compare_borders(struct comparison *c)
{
	for (u32 i = 0; i < KVL_REGIONS; i++)
		compare_border(c, layout.region[i].start);
	for (u32 i = 0; i < layout.nlowmem; i++) {
		compare_border(c, layout.lowmem[i].va);
		compare_border(c, layout.lowmem[i].va + layout.lowmem[i].bytes);
	}
	for (u32 i = 0; i < layout.nvmalloc; i++)
		compare_border(c, layout.vmalloc[i].start);
	for (u32 i = 0; i < ARRAY_LEN(c->area); i++) {
		compare_border(c, c->area[i]);
		compare_border(c, c->end[i] - PAGE_BYTES); /* the guard page is the second */
		compare_border(c, c->end[i]);
	}
}

static void compare_kernel_space(struct comparison *c)
{
	if (!c->all)
		compare_borders(c);
	for (u64 va = layout.page_offset; va < GiB(4); va += c->all ? PAGE_BYTES : STRIDE)
		compare_page(c, va);
}

/* --- lowmem, frame by frame ------------------------------------------------------------------- */

static void compare_frame(struct comparison *c, u64 gpa)
{
	u64 va = layout_ops->phys_to_virt(gpa), entry = pt_lookup(&init_mm, va);
	u64 bytes = pt_leaf_bytes(&init_mm, va);

	c->conversions_wrong += !entry || page_address(gpa_page(gpa)) != (void *)va ||
				ALIGN_DOWN(arch_pte_gpa(entry), bytes) + va % bytes != gpa;
}

/* Every usable frame below the limit, whatever the planner says of pieces. */
static void compare_frames(struct comparison *c)
{
	for (u32 i = 0; i < layout.nusable && layout.usable[i].start < layout.lowmem_end_gpa; i++) {
		u64 gpa = layout.usable[i].start, end = gpa + layout.usable[i].bytes;

		end = end < layout.lowmem_end_gpa ? end : layout.lowmem_end_gpa;
		compare_frame(c, end - PAGE_BYTES);
		for (; gpa < end; gpa += c->all ? PAGE_BYTES : STRIDE)
			compare_frame(c, gpa);
	}
}

/* --- what is said of it ----------------------------------------------------------------------- */

static void report(const struct comparison *c)
{
	metric("pages_compared", c->pages);
	metric("pages_direct", c->direct);
	check_equal("conversions.wrong", c->conversions_wrong, 0);
	for (u32 i = 0; i < WAYS; i++)
		check_equal(way[i].mapped, c->mapped_wrong[i], i == BY_RANGE ? c->between : 0);
	for (u32 i = BY_WALK; i < WAYS; i++)
		check_equal(way[i].unmapped, c->reserved_wrong[i], 0);
	if (c->all)
		check_equal("pages.direct", c->direct, kvl_lowmem_bytes(&layout) / PAGE_BYTES);
}

/* The kernel's own, which must be one that is right where there is lowmem in between. */
static void check_own(const struct comparison *c)
{
	check_true("is_vmalloc.own_lowmem", !is_vmalloc_addr(layout.lowmem[0].va));
	check_true("is_vmalloc.own_last_lowmem",
		   !is_vmalloc_addr(layout.lowmem[layout.nlowmem - 1].va));
	check_true("is_vmalloc.own_guard", is_vmalloc_addr(c->end[0] - PAGE_BYTES));
}

void layout_compare_pages(bool all)
{
	struct comparison c = { .all = all };

	c.area[0] = (u64)vmalloc(AREA_PAGES * PAGE_BYTES, SITE("layout.pages"));
	c.area[1] = vmalloc_reserve(AREA_PAGES * PAGE_BYTES, PAGE_BYTES, "layout.pages");
	check_true("pages.areas", c.area[0] && c.area[1]);
	if (!c.area[0] || !c.area[1])
		return;
	for (u32 i = 0; i < ARRAY_LEN(c.area); i++)
		c.end[i] = c.area[i] + (AREA_PAGES + 1) * PAGE_BYTES;
	compare_kernel_space(&c);
	compare_frames(&c);
	report(&c);
	check_own(&c);
	vmalloc_release(c.area[1]);
	vfree((void *)c.area[0]);
}
