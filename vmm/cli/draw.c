/* SPDX-License-Identifier: MIT */
/*
 * Owns the picture of a layout: kernel-virtual space on the left, guest-physical on the right, in
 * the manner of the intermix proposal (seed rows A). Up to the limit, where lowmem ends, what
 * stands on both sides of a line belongs together: a piece of lowmem and its RAM, a hole and its
 * addresses. The boxes: vmm/layout_map.h.
 */
#include <stdio.h>
#include <string.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/size_text.h"
#include "vmm/layout_map.h"

/* Characters of a line: 80. */
#define INNER 25 /* between the sides of a box */
#define LEFT 12	 /* before the left one: 0x100000000 and a blank */
#define RIGHT 14 /* before the right one: room for an arrow, 0x1040000000 and a blank */
#define SECOND (LEFT + INNER + 2)
#define LINE_BYTES (SECOND + RIGHT + INNER + 3)
#define MAX_ROWS (2 * LAYOUT_MAX_BOXES)

struct cell {
	const struct layout_box *box; /* NULL: the column has ended */
	bool begins;		      /* there is an edge above */
};

struct picture {
	u32 nrows;
	u32 limit; /* the row before which lowmem ends */
	struct cell kernel[MAX_ROWS], physical[MAX_ROWS];
};

/* --- which boxes stand beside one another ----------------------------------------------------- */

/* The addresses of a hole. */
static bool is_of_hole(const struct layout_box *box)
{
	return box->other != LAYOUT_NOWHERE && box->kind != BOX_LOWMEM;
}

/*
 * Does the next box of the kernel's begin beside @physical? Not if that is a hole that takes no
 * addresses, or no more than the one before it has.
 */
static bool begins_beside(const struct layout_box *next, const struct layout_box *physical)
{
	return physical->kind != BOX_HOLE || is_of_hole(next);
}

/* Returns how many boxes of RAM are below the limit. */
static u32 pair_lowmem(const struct layout_map *map, struct picture *picture, u32 *used)
{
	const struct layout_column *kernel = &map->kernel, *physical = &map->physical;
	u32 i;

	for (i = 0; i < physical->nboxes && physical->box[i].start < map->limit_gpa; i++) {
		u32 row = picture->nrows++;
		bool begins = begins_beside(&kernel->box[*used], &physical->box[i]);

		*used += begins;
		picture->kernel[row] = (struct cell){ &kernel->box[*used - 1], begins };
		picture->physical[row] = (struct cell){ &physical->box[i], true };
	}
	picture->limit = picture->nrows;
	return i;
}

static struct cell cell_of(const struct layout_column *column, u32 i)
{
	return i < column->nboxes ? (struct cell){ &column->box[i], true } : (struct cell){ 0 };
}

/* What is carved from user space stands beside no RAM. */
static void draw_carved(const struct layout_map *map, struct picture *picture, u32 *used)
{
	if (map->kernel.box[0].kind != BOX_UKVA)
		return;
	picture->kernel[0] = cell_of(&map->kernel, (*used)++);
	picture->physical[picture->nrows++] = (struct cell){ 0 };
}

static void arrange(const struct layout_map *map, struct picture *picture)
{
	u32 next_kernel = 0, next_physical;

	picture->nrows = 0;
	draw_carved(map, picture, &next_kernel);
	next_physical = pair_lowmem(map, picture, &next_kernel);
	while (next_kernel < map->kernel.nboxes || next_physical < map->physical.nboxes) {
		picture->kernel[picture->nrows] = cell_of(&map->kernel, next_kernel++);
		picture->physical[picture->nrows] = cell_of(&map->physical, next_physical++);
		picture->nrows++;
	}
	picture->kernel[picture->nrows] = picture->physical[picture->nrows] = (struct cell){ 0 };
}

/* --- lines ------------------------------------------------------------------------------------ */

/* The address of the edge above row @i; false: there is none. */
static bool edge_at(const struct cell *column, u32 i, u64 *at)
{
	if (!column[i].box && (!i || !column[i - 1].box))
		return false;
	*at = column[i].box ? column[i].box->start
			    : column[i - 1].box->start + column[i - 1].box->bytes;
	return !column[i].box || column[i].begins;
}

/* '>' where lowmem ends, '<' above and below a hole whose addresses are of use, '\0' elsewhere. */
static char arrow_at(const struct picture *picture, u32 i)
{
	const struct layout_box *above = i ? picture->kernel[i - 1].box : NULL,
				*below = picture->kernel[i].box;

	if (i == picture->limit)
		return '>';
	if (i > picture->limit || !above || above == below)
		return '\0';
	return (above->kind == BOX_VMALLOC || below->kind == BOX_VMALLOC) ? '<' : '\0';
}

/* The address before a box on the right, with what points from or to it. */
static void write_address(char *text, size_t width, u64 at, char arrow)
{
	char digits[24];
	size_t n = (size_t)snprintf(digits, sizeof(digits), "%#llx", (unsigned long long)at);

	memset(text, ' ', width);
	memcpy(text + width - 1 - n, digits, n);
	if (!arrow)
		return;
	memset(text, '-', width - 2 - n);
	text[arrow == '<' ? 0 : width - 3 - n] = arrow;
}

static char fill_of(const struct layout_box *box)
{
	return box->kind == BOX_HOLE ? 'x' : box->kind == BOX_LOST ? '.' : ' ';
}

/* What a line that shows no more of @box than its sides has; @width characters before it. */
static void write_sides(const struct layout_box *box, size_t width, char *text)
{
	memset(text + width, fill_of(box), INNER + 2);
	text[width] = text[width + INNER + 1] = '|';
}

/* The edge above row @i of one column. */
static void write_edge(const struct cell *column, u32 i, size_t width, char arrow, char *text)
{
	u64 at;

	memset(text, ' ', width + INNER + 2);
	if (edge_at(column, i, &at)) {
		write_address(text, width, at, arrow);
		memset(text + width, '-', INNER + 2);
		text[width] = text[width + INNER + 1] = '+';
	} else if (column[i].box) {
		write_sides(column[i].box, width, text);
	}
}

/* " lowmem 2, 254 MiB " at @text, which is filled already; of a long name its beginning, and
 * "...". */
static void write_name(const struct layout_box *box, char *text)
{
	char size[SIZE_TEXT_BYTES], number[12] = "", label[64];
	int n, room, kept;

	size_text(box->bytes, size);
	if (box->number)
		snprintf(number, sizeof(number), " %u", box->number);
	room = INNER - 5 - (int)strlen(size) - (int)strlen(number);
	kept = (int)strlen(box->name) <= room ? room : room - 3;
	n = snprintf(label, sizeof(label), " %.*s%s%s, %s ", kept, box->name,
		     kept < room ? "..." : "", number, size);
	memcpy(text, label, (size_t)n);
}

static void write_body(const struct cell *cell, size_t width, char *text)
{
	memset(text, ' ', width + INNER + 2);
	if (cell->box)
		write_sides(cell->box, width, text);
	if (cell->begins)
		write_name(cell->box, text + width + 2);
}

static void print_line(FILE *out, const char *line)
{
	size_t n = strlen(line);

	while (n && line[n - 1] == ' ')
		n--;
	fprintf(out, "%.*s\n", (int)n, line);
}

void draw_layout(FILE *out, const struct layout_map *map)
{
	char line[LINE_BYTES] = "";
	struct picture picture;

	arrange(map, &picture);
	fprintf(out, "%*s%-*s%*s%s\n", LEFT, "", INNER + 2, "kernel-virtual", RIGHT, "",
		"guest-physical");
	for (u32 i = 0; i <= picture.nrows; i++) {
		write_edge(picture.kernel, i, LEFT, '\0', line);
		write_edge(picture.physical, i, RIGHT, arrow_at(&picture, i), line + SECOND);
		print_line(out, line);
		if (i == picture.nrows)
			break;
		write_body(&picture.kernel[i], LEFT, line);
		write_body(&picture.physical[i], RIGHT, line + SECOND);
		print_line(out, line);
	}
}
