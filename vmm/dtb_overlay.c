/* SPDX-License-Identifier: MIT */
/*
 * Owns what a device tree's memory and reserved memory mean for kvalab: what is a hole, where it
 * lies in guest-physical space, what it is called. Getting the tree out of a file: dtb_file.c;
 * whether the holes can be had: the planner (devices/abi/layout.c).
 *
 * A hole is what Linux would neither map nor give away (drivers/of/of_reserved_mem.c): the children
 * of /reserved-memory that have no-map and reg, and are not disabled. And what lies between two
 * ranges of the memory nodes: there is no RAM, as in the seed's picture (row A1). Whatever else is
 * in a tree is not looked at. Everything that is read may be wrong.
 *
 *   - Addresses: RAM begins where the lowest range of the tree's memory nodes does; that is address
 *     0 here. Without memory node (overlays) it is 0 there, too.
 *   - What is reserved where there is no RAM (a coprocessor's own), and in the first 2 MiB, which
 *     the kernel here does not use, is no hole. Nor is what has no size yet: boot loaders give one.
 *   - Pages that are reserved in part are so as a whole.
 *   - Ranges that touch make one hole.
 *   - A gap needs no hole where this machine has devices. What is reserved there cannot be had, and
 *     is left for the planner to refuse by name.
 */
#include "vmm/dtb_overlay.h"

#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BANKS 64
#define MOST_RANGES 256
#define MOST_ADDRESS (1ull << 52) /* of the physical ones that any processor has */

struct bank {
	u64 start, end;
	int node;
};

struct reserved {
	u64 start, end; /* the board's addresses */
	int node;
	bool gap; /* between banks; @node has the RAM behind it */
};

struct reader {
	const void *tree;
	const char *file;
	struct err *err;
	u32 nbanks, nreserved;
	struct bank bank[MOST_BANKS];
	struct reserved reserved[MOST_RANGES + 2 * MOST_BANKS]; /* a gap may be in two pieces */
};

/* --- messages --------------------------------------------------------------------------------- */

#define NODE_BYTES 48 /* twice, with " to " between, is DTB_NAME_BYTES */

/* As it may be shown: names have 31 characters, of a few kinds, but who knows. */
static const char *node_name(const struct reader *reader, int node, char text[NODE_BYTES])
{
	const char *name = fdt_get_name(reader->tree, node, NULL);

	snprintf(text, NODE_BYTES, "%s", name && *name ? name : "/");
	for (char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			*c = '?';
	return text;
}

static int refuse(struct reader *reader, int node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(struct reader *reader, int node, const char *format, ...)
{
	char why[512], name[NODE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return err_set(reader->err, EXIT_USAGE, "device tree %s: node %s: %s", reader->file,
		       node_name(reader, node, name), why);
}

/* --- reg -------------------------------------------------------------------------------------- */

struct cells {
	int address, size;
};

/* Of @node's children; where @node leaves them out they are 2 and 1 (section 2.3.5). */
static int read_cells(struct reader *reader, int node, struct cells *cells)
{
	cells->address = fdt_address_cells(reader->tree, node);
	cells->size = fdt_size_cells(reader->tree, node);
	if (cells->address >= 1 && cells->address <= 2 && cells->size >= 1 && cells->size <= 2)
		return 0;
	return refuse(reader, node, "its #address-cells and #size-cells must be 1 or 2");
}

static u64 take_cells(const fdt32_t **at, int n)
{
	u64 value = 0;

	while (n-- > 0)
		value = value << 32 | fdt32_ld((*at)++);
	return value;
}

typedef int take_range(struct reader *reader, int node, u64 start, u64 bytes);

/* Hands each range of @node's reg to @take. */
static int read_reg(struct reader *reader, int node, struct cells cells, take_range *take)
{
	int length, entry = (cells.address + cells.size) * (int)sizeof(fdt32_t);
	const fdt32_t *at = fdt_getprop(reader->tree, node, "reg", &length);

	if (!at || length == 0 || length % entry)
		return refuse(reader, node, "its reg is no list of entries of %d bytes each",
			      entry);
	for (int i = 0; i < length / entry; i++) {
		u64 start = take_cells(&at, cells.address), bytes = take_cells(&at, cells.size);

		if (start > MOST_ADDRESS || bytes > MOST_ADDRESS - start)
			return refuse(reader, node, "0x%llx bytes from 0x%llx on reach too far",
				      (unsigned long long)bytes, (unsigned long long)start);
		if (take(reader, node, start, bytes))
			return -1;
	}
	return 0;
}

/* --- where RAM is ----------------------------------------------------------------------------- */

static bool has_text(const struct reader *reader, int node, const char *property, const char *text)
{
	int length;
	const char *value = fdt_getprop(reader->tree, node, property, &length);

	return value && length == (int)strlen(text) + 1 && memcmp(value, text, length) == 0;
}

/* Of a size that the boot loader would fill in all is believed to be RAM. */
static int add_bank(struct reader *reader, int node, u64 start, u64 bytes)
{
	if (reader->nbanks == MOST_BANKS)
		return refuse(reader, node, "more than %u ranges of RAM", MOST_BANKS);
	reader->bank[reader->nbanks++] =
		(struct bank){ start, bytes ? start + bytes : UINT64_MAX, node };
	return 0;
}

static int read_memory(struct reader *reader)
{
	struct cells cells;
	int node;

	fdt_for_each_subnode (node, reader->tree, 0)
		if (has_text(reader, node, "device_type", "memory") &&
		    (read_cells(reader, 0, &cells) || read_reg(reader, node, cells, add_bank)))
			return -1;
	return reader->nbanks ? 0 : add_bank(reader, 0, 0, 0);
}

static int by_bank(const void *a, const void *b)
{
	const struct bank *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

/* From the first of them, which are sorted, to the farthest end. */
static struct bank all_banks(const struct reader *reader)
{
	struct bank all = reader->bank[0];

	for (u32 i = 1; i < reader->nbanks; i++)
		if (reader->bank[i].end > all.end)
			all.end = reader->bank[i].end;
	return all;
}

/* With that many bytes RAM reaches as far as the board's; 0 if no number does it. */
static u64 mem_bytes(struct bank all)
{
	u64 last = kvl_machine_offset(all.end - all.start - 1);

	return all.end == UINT64_MAX || last >= KVL_MEM_MAX ? 0 : ALIGN_UP(last + 1, LARGE_BYTES);
}

static bool is_ram(const struct reader *reader, u64 start, u64 end)
{
	for (u32 i = 0; i < reader->nbanks; i++)
		if (start < reader->bank[i].end && reader->bank[i].start < end)
			return true;
	return false;
}

/* --- what is reserved ------------------------------------------------------------------------- */

static int add_reserved(struct reader *reader, int node, u64 start, u64 bytes)
{
	if (!bytes || !is_ram(reader, start, start + bytes))
		return 0;
	if (reader->nreserved == MOST_RANGES)
		return refuse(reader, node, "more than %u ranges are reserved", MOST_RANGES);
	reader->reserved[reader->nreserved++] =
		(struct reserved){ .start = start, .end = start + bytes, .node = node };
	return 0;
}

static bool is_hole(const struct reader *reader, int node)
{
	if (!fdt_getprop(reader->tree, node, "no-map", NULL))
		return false;
	return !fdt_getprop(reader->tree, node, "status", NULL) ||
	       has_text(reader, node, "status", "okay") || has_text(reader, node, "status", "ok");
}

/* Where a node without reg comes to lie is Linux' choice, of what is free when it boots. */
static int read_hole(struct reader *reader, int parent, int node)
{
	struct cells cells;

	if (!fdt_getprop(reader->tree, node, "reg", NULL))
		return refuse(
			reader, node,
			"it has no reg, so that its place is found when the board boots: give it the "
			"reg that the board's log names (\"reserved mem\"), or status = \"disabled\"");
	if (read_cells(reader, parent, &cells))
		return -1;
	return read_reg(reader, node, cells, add_reserved);
}

static int read_reserved(struct reader *reader, int parent)
{
	int node;

	fdt_for_each_subnode (node, reader->tree, parent)
		if (is_hole(reader, node) && read_hole(reader, parent, node))
			return -1;
	return 0;
}

/* --- overlays --------------------------------------------------------------------------------- */

static const char merge_first[] = "merge the overlay into the board's tree first (fdtoverlay "
				  "-i BOARD.dtb -o FILE.dtb OVERLAY.dtbo) and give that";

/* What an overlay leaves out may be in the board's tree: it is not the default of section 2.3.5. */
static int read_overlaid(struct reader *reader, int parent)
{
	int node;

	fdt_for_each_subnode (node, reader->tree, parent)
		if (is_hole(reader, node) &&
		    (!fdt_getprop(reader->tree, parent, "#address-cells", NULL) ||
		     !fdt_getprop(reader->tree, parent, "#size-cells", NULL)))
			return refuse(reader, node,
				      "its overlay has no #address-cells or no #size-cells: %s",
				      merge_first);
	return read_reserved(reader, parent);
}

/* A label's place is known to the board's tree alone. */
static int check_label(struct reader *reader, int overlay)
{
	int node;

	fdt_for_each_subnode (node, reader->tree, overlay)
		if (is_hole(reader, node))
			return refuse(reader, node, "its overlay is for a label: %s", merge_first);
	return 0;
}

static int read_fragment(struct reader *reader, int overlay, int fragment)
{
	int node;

	if (!fdt_getprop(reader->tree, fragment, "target-path", NULL))
		return check_label(reader, overlay);
	if (has_text(reader, fragment, "target-path", "/reserved-memory"))
		return read_overlaid(reader, overlay);
	if (!has_text(reader, fragment, "target-path", "/"))
		return 0;
	node = fdt_subnode_offset(reader->tree, overlay, "reserved-memory");
	return node < 0 ? 0 : read_overlaid(reader, node);
}

static int read_tree(struct reader *reader)
{
	int node = fdt_subnode_offset(reader->tree, 0, "reserved-memory"), inner;

	if (read_memory(reader) || (node >= 0 && read_reserved(reader, node)))
		return -1;
	fdt_for_each_subnode (node, reader->tree, 0) {
		inner = fdt_subnode_offset(reader->tree, node, "__overlay__");
		if (inner >= 0 && read_fragment(reader, inner, node))
			return -1;
	}
	return 0;
}

/* --- holes ------------------------------------------------------------------------------------ */

static int by_start(const void *a, const void *b)
{
	const struct reserved *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

static void sort_reserved(struct reader *reader)
{
	qsort(reader->reserved, reader->nreserved, sizeof(reader->reserved[0]), by_start);
}

static int check_overlaps(struct reader *reader)
{
	char name[NODE_BYTES];

	for (u32 i = 1; i < reader->nreserved; i++) {
		const struct reserved *last = &reader->reserved[i - 1], *next = last + 1;

		if (next->start < last->end)
			return refuse(reader, next->node, "it overlaps with node %s",
				      node_name(reader, last->node, name));
	}
	return 0;
}

/* --- gaps ------------------------------------------------------------------------------------- */

static void add_gap(struct reader *reader, u64 start, u64 end, int node)
{
	if (start < end)
		reader->reserved[reader->nreserved++] = (struct reserved){ start, end, node, true };
}

static u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

static u64 most(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* The banks are sorted. Where the board has no RAM and this machine none either, nothing is
 * missing. */
static void add_gaps(struct reader *reader)
{
	u64 base = reader->bank[0].start, end = reader->bank[0].end;

	for (u32 i = 1; i < reader->nbanks; i++) {
		const struct bank *bank = &reader->bank[i];

		add_gap(reader, end, least(bank->start, base + KVL_LOW_RAM_END_GPA), bank->node);
		add_gap(reader, most(end, base + KVL_HIGH_RAM_GPA), bank->start, bank->node);
		end = most(end, bank->end);
	}
}

/* --- places and names ------------------------------------------------------------------------- */

/* Whole pages, counted from the beginning of RAM; empty if none of it is a hole. */
static struct bank place(const struct reserved *reserved, u64 base)
{
	u64 start = most(reserved->start, base) - base;
	u64 end = ALIGN_UP(reserved->end - base, PAGE_BYTES);

	start = ALIGN_DOWN(start, PAGE_BYTES);
	return (struct bank){ most(start, KVL_RAM_START_GPA), end, reserved->node };
}

static const char *reserved_name(const struct reader *reader, const struct reserved *reserved,
				 char text[NODE_BYTES])
{
	return reserved->gap ? DTB_NO_RAM : node_name(reader, reserved->node, text);
}

/* From @first to @last; names of a node's own length fit. */
static void name_hole(const struct reader *reader, struct dtb_hole *hole,
		      const struct reserved *first, const struct reserved *last)
{
	char text[2][NODE_BYTES];
	const char *from = reserved_name(reader, first, text[0]);
	const char *to = reserved_name(reader, last, text[1]);

	if (strcmp(from, to) == 0)
		snprintf(hole->name, sizeof(hole->name), "%s", from);
	else
		snprintf(hole->name, sizeof(hole->name), "%s to %s", from, to);
}

static int add_hole(struct reader *reader, struct dtb_holes *out, u32 *first, u32 i, struct bank at)
{
	struct dtb_hole *hole = out->n ? &out->hole[out->n - 1] : NULL;
	const struct reserved *reserved = &reader->reserved[i];

	if (!hole || at.start > kvl_range_end(hole->range)) {
		if (out->n == KVL_MAX_HOLES)
			return refuse(reader, reserved->node,
				      "more than %u holes that do not touch", KVL_MAX_HOLES);
		hole = &out->hole[out->n++];
		*hole = (struct dtb_hole){ .range = { at.start, 0 }, .no_ram = at.start };
		*first = i;
	}
	hole->range.bytes = most(at.end, kvl_range_end(hole->range)) - hole->range.start;
	if (!reserved->gap)
		hole->no_ram = most(hole->no_ram, at.end);
	name_hole(reader, hole, &reader->reserved[*first], reserved);
	return 0;
}

static int make_holes(struct reader *reader, struct dtb_holes *out)
{
	u64 base;
	u32 first = 0;

	qsort(reader->bank, reader->nbanks, sizeof(reader->bank[0]), by_bank);
	base = reader->bank[0].start;
	out->n = 0;
	out->mem_bytes = mem_bytes(all_banks(reader));
	sort_reserved(reader);
	if (check_overlaps(reader))
		return -1;
	add_gaps(reader);
	sort_reserved(reader);
	for (u32 i = 0; i < reader->nreserved; i++) {
		struct bank at = place(&reader->reserved[i], base);

		if (at.start < at.end && add_hole(reader, out, &first, i, at))
			return -1;
	}
	if (out->n)
		return 0;
	return err_set(
		reader->err, EXIT_USAGE,
		"device tree %s has no hole: no node of /reserved-memory that lies in RAM, from "
		"2 MiB on, has no-map and is not disabled, and no gap is between its banks of RAM",
		reader->file);
}

int dtb_holes_read(const void *tree, size_t bytes, const char *file, struct dtb_holes *out,
		   struct err *err)
{
	struct reader reader = { .tree = tree, .file = file, .err = err };
	int wrong = fdt_check_full(tree, bytes);

	if (wrong == -FDT_ERR_BADMAGIC)
		return err_set(err, EXIT_USAGE,
			       "%s is no compiled device tree: it does not begin as one", file);
	if (wrong)
		return err_set(err, EXIT_USAGE, "device tree %s is damaged: %s", file,
			       fdt_strerror(wrong));
	return read_tree(&reader) || make_holes(&reader, out) ? -1 : 0;
}
