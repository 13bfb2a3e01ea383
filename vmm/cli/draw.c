/* SPDX-License-Identifier: MIT */
/*
 * Owns the picture of a layout: kernel-virtual space on the left, guest-physical on the right, in
 * the manner of the intermix proposal (seed rows A). While lowmem lasts, both sides of a line are
 * the same memory; the arrow is the limit, and what lies below it on the right has no direct address.
 */
#include "vmm/cli/cli.h"

#include <string.h>

#include "devices/abi/layout.h"

#define MAX_BOXES (2 * KVL_MAX_HOLES + 24)

struct box {
	u64 start, end;
	const char *name; /* NULL: goes on from the box above, without an edge between */
	char fill;	  /* 'x' where the kernel cannot touch memory */
	u64 bytes;	  /* to be shown */
};

struct column {
	u32 nboxes;
	struct box box[MAX_BOXES];
};

static void add_box(struct column *column, u64 start, u64 end, const char *name, char fill)
{
	if (start < end)
		column->box[column->nboxes++] = (struct box){ start, end, name, fill, end - start };
}

/* RAM [start, end): the holes and what lies between them. */
static void add_ram(struct column *column, const struct kvl_layout *plan, u64 start, u64 end,
		    const char *name)
{
	for (u32 i = 0; i < plan->nholes; i++) {
		u64 hole = plan->hole[i].start, hole_end = hole + plan->hole[i].bytes;

		if (hole_end <= start || hole >= end)
			continue;
		add_box(column, start, hole, name, ' ');
		start = hole > start ? hole : start;
		add_box(column, start, hole_end < end ? hole_end : end, "hole", 'x');
		start = hole_end;
	}
	add_box(column, start, end, name, ' ');
}

/* Returns how many boxes lie below the limit. */
static u32 fill_physical(const struct kvl_layout *plan, struct column *column)
{
	u64 ram_end = plan->ram_end_gpa;
	u64 low_end = ram_end < KVL_LOW_RAM_END_GPA ? ram_end : KVL_LOW_RAM_END_GPA;
	u32 direct;

	add_box(column, 0, KVL_RAM_START_GPA, "(low memory)", ' ');
	add_ram(column, plan, KVL_RAM_START_GPA, plan->lowmem_end_gpa, "direct map");
	direct = column->nboxes;
	add_ram(column, plan, plan->lowmem_end_gpa, low_end, "highmem");
	if (ram_end > KVL_HIGH_RAM_GPA) {
		add_box(column, KVL_LOW_RAM_END_GPA, KVL_HIGH_RAM_GPA, "(devices)", ' ');
		add_ram(column, plan, KVL_HIGH_RAM_GPA, ram_end, "highmem");
	}
	return direct;
}

/*
 * What has low memory beside it, which the kernel does not use, is the pageable region; lowmem is one
 * box as long as the other @direct boxes beside it; then the other regions.
 */
static void fill_virtual(const struct kvl_layout *plan, const struct column *physical, u32 direct,
			 struct column *column)
{
	const struct kvl_range *region = plan->region;

	add_box(column, region[KVL_REGION_PAGEABLE].start, region[KVL_REGION_LOWMEM].start,
		kvl_region_name(KVL_REGION_PAGEABLE), ' ');
	for (u32 i = 1; i < direct; i++)
		add_box(column, plan->page_offset + physical->box[i].start,
			plan->page_offset + physical->box[i].end,
			i > 1 ? NULL : kvl_region_name(KVL_REGION_LOWMEM), ' ');
	column->box[1].bytes = region[KVL_REGION_LOWMEM].bytes;
	for (u32 i = KVL_REGION_GAP; i < KVL_REGIONS; i++)
		add_box(column, region[i].start, region[i].start + region[i].bytes,
			kvl_region_name(i), ' ');
}

#define INNER 24 /* characters between the sides of a box */
#define CELL_BYTES 64

/* The line above box @i, or below the last one; blank where a column has ended. */
static const char *edge(const struct column *column, u32 i, char cell[CELL_BYTES])
{
	u64 at = i < column->nboxes ? column->box[i].start : column->box[column->nboxes - 1].end;

	if (i > column->nboxes)
		snprintf(cell, CELL_BYTES, "%*s", 13 + INNER + 2, "");
	else if (i < column->nboxes && !column->box[i].name)
		snprintf(cell, CELL_BYTES, "%12s |%*s|", "", INNER, "");
	else
		snprintf(cell, CELL_BYTES, "%#12llx +%.*s+", (unsigned long long)at, INNER,
			 "--------------------------------");
	return cell;
}

/* The line with the name and size of box @i. */
static const char *body(const struct column *column, u32 i, char cell[CELL_BYTES])
{
	char size[SIZE_TEXT_BYTES], text[INNER + 1];
	const struct box *box = &column->box[i];

	if (i >= column->nboxes) {
		snprintf(cell, CELL_BYTES, "%*s", 13 + INNER + 2, "");
		return cell;
	}
	memset(text, box->fill, INNER);
	text[INNER] = '\0';
	if (box->name) {
		int n = snprintf(text + 1, sizeof(text) - 1, " %s, %.10s ", box->name,
				 size_text(box->bytes, size));

		text[1 + n] = box->fill;
	}
	snprintf(cell, CELL_BYTES, "%12s |%s|", "", text);
	return cell;
}

/* A line without blanks at its end. */
static void print_pair(FILE *out, const char *left, const char *between, const char *right)
{
	char line[2 * CELL_BYTES + 4];
	int n = snprintf(line, sizeof(line), "%s%s%s", left, between, right);

	while (n > 0 && line[n - 1] == ' ')
		n--;
	fprintf(out, "%.*s\n", n, line);
}

void draw_layout(FILE *out, const struct kvl_layout *plan)
{
	struct column physical = { 0 }, virtual = { 0 };
	char left[CELL_BYTES], right[CELL_BYTES];
	u32 direct = fill_physical(plan, &physical), rows;

	fill_virtual(plan, &physical, direct, &virtual);
	rows = virtual.nboxes > physical.nboxes ? virtual.nboxes : physical.nboxes;
	fprintf(out, "%13s%-*s%13s%s\n", "", INNER + 4, "kernel-virtual", "", "guest-physical");
	for (u32 i = 0; i <= rows; i++) {
		print_pair(out, edge(&virtual, i, left), i == direct ? "->" : "  ",
			   edge(&physical, i, right));
		if (i < rows)
			print_pair(out, body(&virtual, i, left), "  ", body(&physical, i, right));
	}
}
