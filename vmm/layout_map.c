/* SPDX-License-Identifier: MIT */
/*
 * Owns the way from a planned layout to boxes and figures. The plan itself: devices/abi/layout.c;
 * what is made of the boxes: vmm/cli/draw.c, vmm/cli/layout_json.c, vmm/trace/report_layout.c.
 */
#include "vmm/layout_map.h"

const char *layout_kind_name(enum kvl_layout_kind kind)
{
	switch (kind) {
	case KVL_LAYOUT_LINEAR: return "linear";
	case KVL_LAYOUT_PACKED: return "packed";
	case KVL_LAYOUT_SECTIONS: return "sections";
	case KVL_LAYOUT_INTERMIXED: return "intermixed";
	case KVL_LAYOUT_KINDS: break;
	}
	return "?";
}

const char *layout_box_name(enum layout_box_kind kind)
{
	switch (kind) {
	case BOX_LOST: return "lost";
	case BOX_LOW_MEMORY: return "low memory";
	case BOX_DIRECT: return "direct";
	case BOX_HOLE: return "hole";
	case BOX_HIGHMEM: return "highmem";
	case BOX_DEVICES: return "devices";
	case BOX_PAGEABLE: return kvl_region_name(KVL_REGION_PAGEABLE);
	case BOX_LOWMEM: return kvl_region_name(KVL_REGION_LOWMEM);
	case BOX_GAP: return kvl_region_name(KVL_REGION_GAP);
	case BOX_VMALLOC: return kvl_region_name(KVL_REGION_VMALLOC);
	case BOX_KVA: return kvl_region_name(KVL_REGION_KVA);
	case BOX_UKVA: return kvl_region_name(KVL_REGION_UKVA);
	case BOX_FIXMAP: return kvl_region_name(KVL_REGION_FIXMAP);
	case BOX_KINDS: break;
	}
	return "?";
}

static u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

static void add_box(struct layout_column *column, enum layout_box_kind kind, u64 start, u64 end,
		    u64 other)
{
	if (start < end)
		column->box[column->nboxes++] = (struct layout_box){
			.kind = kind,
			.start = start,
			.bytes = end - start,
			.other = other,
			.name = layout_box_name(kind),
		};
}

/* The box of lowmem's piece @i, in either column. */
static void add_piece(struct layout_column *column, const struct kvl_layout *layout, u32 i,
		      enum layout_box_kind kind)
{
	const struct kvl_piece *piece = &layout->lowmem[i];
	u64 start = kind == BOX_LOWMEM ? piece->va : piece->gpa;
	u64 other = kind == BOX_LOWMEM ? piece->gpa : piece->va;

	add_box(column, kind, start, start + piece->bytes, other);
}

static void number_boxes(struct layout_column *column, enum layout_box_kind kind)
{
	u32 n = 0, next = 0;

	for (u32 i = 0; i < column->nboxes; i++)
		n += column->box[i].kind == kind;
	for (u32 i = 0; n > 1 && i < column->nboxes; i++)
		if (column->box[i].kind == kind)
			column->box[i].number = ++next;
}

/* --- kernel-virtual --------------------------------------------------------------------------- */

/* What of lowmem's region is beside no piece, because of the hole at @gpa. */
static void add_between(struct layout_column *column, const struct kvl_layout *layout, u64 start,
			u64 end, u64 gpa)
{
	add_box(column,
		kvl_in_ranges(layout->vmalloc, layout->nvmalloc, start) ? BOX_VMALLOC : BOX_LOST,
		start, end, gpa);
}

static void add_region(struct layout_column *column, const struct kvl_layout *layout,
		       enum kvl_region_kind kind)
{
	add_box(column, (enum layout_box_kind)kind, layout->region[kind].start,
		kvl_range_end(layout->region[kind]), LAYOUT_NOWHERE);
}

/* A per-task kernel space that is carved from user space stands before the rest. */
static void fill_kernel(const struct kvl_layout *layout, struct layout_column *column)
{
	const struct kvl_range *region = layout->region;
	u64 at = region[KVL_REGION_LOWMEM].start, gpa = KVL_RAM_START_GPA;

	if (layout->user_end < layout->page_offset)
		add_region(column, layout, KVL_REGION_UKVA);
	add_region(column, layout, KVL_REGION_PAGEABLE);
	for (u32 i = 0; i < layout->nlowmem; i++) {
		add_between(column, layout, at, layout->lowmem[i].va, gpa);
		add_piece(column, layout, i, BOX_LOWMEM);
		at = layout->lowmem[i].va + layout->lowmem[i].bytes;
		gpa = layout->lowmem[i].gpa + layout->lowmem[i].bytes;
	}
	add_between(column, layout, at, kvl_range_end(region[KVL_REGION_LOWMEM]), gpa);
	for (u32 i = KVL_REGION_GAP; i < KVL_REGIONS; i++)
		if (region[i].start >= layout->page_offset)
			add_region(column, layout, (enum kvl_region_kind)i);
}

_Static_assert((int)BOX_FIXMAP == (int)KVL_REGION_FIXMAP, "the regions come first, in their order");

/* --- guest-physical --------------------------------------------------------------------------- */

/* RAM [start, end) that has no direct address: its holes, and highmem between them. */
static void add_highmem(struct layout_column *column, const struct kvl_layout *layout, u64 start,
			u64 end)
{
	for (u32 i = 0; i < layout->nholes; i++) {
		u64 hole = layout->hole[i].start, hole_end = kvl_range_end(layout->hole[i]);

		if (hole_end <= start || hole >= end)
			continue;
		add_box(column, BOX_HIGHMEM, start, hole, LAYOUT_NOWHERE);
		start = hole > start ? hole : start;
		add_box(column, BOX_HOLE, start, least(hole_end, end), LAYOUT_NOWHERE);
		start = hole_end;
	}
	add_box(column, BOX_HIGHMEM, start, end, LAYOUT_NOWHERE);
}

/* Between the pieces of lowmem there are holes alone. */
static void fill_physical(const struct kvl_layout *layout, struct layout_column *column)
{
	u64 at = KVL_RAM_START_GPA, end = layout->ram_end_gpa;

	add_box(column, BOX_LOW_MEMORY, 0, at, LAYOUT_NOWHERE);
	for (u32 i = 0; i < layout->nlowmem; i++) {
		add_highmem(column, layout, at, layout->lowmem[i].gpa);
		add_piece(column, layout, i, BOX_DIRECT);
		at = layout->lowmem[i].gpa + layout->lowmem[i].bytes;
	}
	add_highmem(column, layout, at, layout->lowmem_end_gpa);
	add_highmem(column, layout, layout->lowmem_end_gpa, least(end, KVL_LOW_RAM_END_GPA));
	if (end > KVL_HIGH_RAM_GPA) {
		add_box(column, BOX_DEVICES, KVL_LOW_RAM_END_GPA, KVL_HIGH_RAM_GPA, LAYOUT_NOWHERE);
		add_highmem(column, layout, KVL_HIGH_RAM_GPA, end);
	}
}

void layout_map_make(const struct kvl_layout *layout, struct layout_map *out)
{
	out->kernel.nboxes = 0;
	out->physical.nboxes = 0;
	out->limit_gpa = layout->lowmem_end_gpa;
	fill_kernel(layout, &out->kernel);
	fill_physical(layout, &out->physical);
	number_boxes(&out->kernel, BOX_LOWMEM);
	number_boxes(&out->kernel, BOX_VMALLOC);
	number_boxes(&out->physical, BOX_DIRECT);
}

static const struct kvl_range *hole_at(const struct kvl_layout *layout, u64 gpa)
{
	for (u32 i = 0; i < layout->nholes; i++)
		if (gpa - layout->hole[i].start < layout->hole[i].bytes)
			return &layout->hole[i];
	return NULL;
}

void layout_map_name_holes(struct layout_map *map, const struct kvl_layout *layout,
			   const struct kvl_layout_request *request, const struct board *board)
{
	for (u32 i = 0; i < map->physical.nboxes; i++) {
		struct layout_box *box = &map->physical.box[i];
		const struct kvl_range *hole = box->kind == BOX_HOLE ? hole_at(layout, box->start)
								     : NULL;
		const char *name = hole ? board_hole_name(board, request, hole->start) : NULL;

		if (name)
			box->name = name;
	}
}

/* --- figures ---------------------------------------------------------------------------------- */

static u64 usable_bytes(const struct kvl_layout *layout)
{
	u64 bytes = 0;

	for (u32 i = 0; i < layout->nusable; i++)
		bytes += layout->usable[i].bytes;
	return bytes;
}

/* A large leaf needs both addresses aligned to it; guest/mm/pt.c maps so. */
static u64 large_leaves(const struct kvl_piece *piece)
{
	u64 first = ALIGN_UP(piece->va, LARGE_BYTES);
	u64 last = ALIGN_DOWN(piece->va + piece->bytes, LARGE_BYTES);

	if ((piece->va - piece->gpa) % LARGE_BYTES || first >= last)
		return 0;
	return (last - first) / LARGE_BYTES;
}

void layout_figures_make(const struct kvl_layout *layout, const struct kvl_layout *linear,
			 struct layout_figures *out)
{
	u64 lowmem = kvl_lowmem_bytes(layout), upper = layout->region[KVL_REGION_VMALLOC].bytes;

	*out = (struct layout_figures){
		.lowmem_bytes = lowmem,
		.recovered_bytes = lowmem - kvl_lowmem_bytes(linear),
		.vmalloc_bytes = kvl_vmalloc_bytes(layout),
		.vmalloc_largest_bytes = kvl_vmalloc_largest(layout),
		.vmalloc_upper_bytes = upper,
		.highmem_bytes = usable_bytes(layout) - lowmem,
		.lost_bytes = layout->region[KVL_REGION_LOWMEM].bytes - lowmem -
			      (kvl_vmalloc_bytes(layout) - upper),
	};
	for (u32 i = 0; i < layout->nlowmem; i++)
		out->large_leaves += large_leaves(&layout->lowmem[i]);
	out->small_leaves = (lowmem - out->large_leaves * LARGE_BYTES) / PAGE_BYTES;
}

#define GETTER(field)                                                \
	static u64 get_##field(const struct layout_figures *figures) \
	{                                                            \
		return figures->field;                               \
	}

GETTER(lowmem_bytes)
GETTER(recovered_bytes)
GETTER(lost_bytes)
GETTER(highmem_bytes)
GETTER(vmalloc_bytes)
GETTER(vmalloc_largest_bytes)
GETTER(vmalloc_upper_bytes)
GETTER(large_leaves)
GETTER(small_leaves)

const struct layout_figure layout_figure[LAYOUT_FIGURES] = {
	{ "lowmem_bytes", "lowmem", true, get_lowmem_bytes },
	{ "recovered_bytes", "  recovered", true, get_recovered_bytes },
	{ "lost_bytes", "addresses lost", true, get_lost_bytes },
	{ "highmem_bytes", "highmem", true, get_highmem_bytes },
	{ "vmalloc_bytes", "vmalloc", true, get_vmalloc_bytes },
	{ "vmalloc_largest_bytes", "  largest piece", true, get_vmalloc_largest_bytes },
	{ "vmalloc_upper_bytes", "  behind lowmem", true, get_vmalloc_upper_bytes },
	{ "large_leaves", "leaves of 2 MiB", false, get_large_leaves },
	{ "small_leaves", "leaves of 4 KiB", false, get_small_leaves },
};
