/* SPDX-License-Identifier: MIT */
/* Owns the data of the page's maps. The boxes: vmm/layout_map.h, which kvalab layout draws, too. */
#include "vmm/trace/report_layout.h"

#include <inttypes.h>

#include "vmm/layout_map.h"
#include "vmm/trace/report_text.h"

static void write_box(const struct layout_box *box, FILE *out)
{
	fprintf(out, "[\"%s\",", layout_box_name(box->kind));
	report_string(out, box->name);
	fprintf(out, ",%" PRIu64 ",%" PRIu64 ",", box->start, box->bytes);
	if (box->other == LAYOUT_NOWHERE)
		fputs("null", out);
	else
		fprintf(out, "%" PRIu64, box->other);
	fprintf(out, ",%u]", box->number);
}

static void write_column(const char *name, const struct layout_column *column, FILE *out)
{
	fprintf(out, ",\"%s\":[", name);
	for (u32 i = 0; i < column->nboxes; i++) {
		if (i)
			fputc(',', out);
		write_box(&column->box[i], out);
	}
	fputc(']', out);
}

static void write_figures(const struct layout_figures *figures, FILE *out)
{
	fputs(",\"figures\":{", out);
	for (u32 i = 0; i < LAYOUT_FIGURES; i++)
		fprintf(out, "%s\"%s\":%" PRIu64, i ? "," : "", layout_figure[i].name,
			layout_figure[i].of(figures));
	fputc('}', out);
}

static struct board board_of(const struct metadata_parsed *metadata)
{
	struct board board = { .mem_bytes = 0 };

	for (u32 i = 0; i < metadata->layout.nholes; i++)
		board.hole_name[i] = *metadata->hole_name[i] ? metadata->hole_name[i] : NULL;
	return board;
}

static void write_map(const struct metadata_parsed *metadata, const struct kvl_layout *layout,
		      const struct kvl_layout *linear, FILE *out)
{
	struct board board = board_of(metadata);
	struct layout_figures figures;
	struct layout_map map;

	layout_map_make(layout, &map);
	layout_map_name_holes(&map, layout, &metadata->layout, &board);
	layout_figures_make(layout, linear, &figures);
	fprintf(out, "{\"kind\":\"%s\"", layout_kind_name(layout->kind));
	write_column("kernel", &map.kernel, out);
	write_column("physical", &map.physical, out);
	write_figures(&figures, out);
	fputc('}', out);
}

void report_layout_write(const struct metadata_parsed *metadata, FILE *out)
{
	struct kvl_layout_request request = metadata->layout;
	const struct kvl_layout *layout = &metadata->plan;
	struct kvl_layout_failure why;
	struct kvl_layout linear;
	char name[64];

	fputs("\"layout\":", out);
	request.kind = KVL_LAYOUT_LINEAR;
	if (!metadata->layout_known || kvl_layout_plan(&request, &linear, &why)) {
		fputs("null,", out);
		return;
	}
	metadata_env(metadata, "layout", name, sizeof(name));
	fputs("{\"name\":", out);
	report_string(out, name);
	fputs(",\"maps\":[", out);
	if (layout->nholes && layout->kind != KVL_LAYOUT_LINEAR) {
		write_map(metadata, &linear, &linear, out);
		fputc(',', out);
	}
	write_map(metadata, layout, &linear, out);
	fputs("]},", out);
}
