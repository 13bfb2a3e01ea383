/* SPDX-License-Identifier: MIT */
/*
 * kvalab layout: plans the same options as each kind of layout, without KVM; draws one, lists what lies
 * where in RAM, and compares all. The picture: draw.c. As JSON: layout_json.c.
 */
#include "vmm/cli/layout.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/catalog.h"
#include "vmm/cli/cli.h"
#include "vmm/cli/json.h"
#include "vmm/cli/names.h"
#include "vmm/cli/refusal.h"
#include "vmm/cli/size_text.h"

/* --- what lies where in RAM ------------------------------------------------------------------------ */

static void print_range(FILE *out, const char *name, struct kvl_range range, const char *about)
{
	char size[SIZE_TEXT_BYTES];

	fprintf(out, "%-8s %#12llx  %10s%s%s\n", name, (unsigned long long)range.start,
		size_text(range.bytes, size), *about ? "  " : "", about);
}

/* Whose it is does not always fit into the picture. */
static void print_holes(FILE *out, const struct kvl_layout *plan, const struct run_config *run)
{
	for (u32 i = 0; i < plan->nholes; i++) {
		const char *name = board_hole_name(&run->board, &run->layout, plan->hole[i].start);

		print_range(out, "hole", plan->hole[i], name ? name : "");
	}
}

static void print_places(FILE *out, const struct layout_view *view)
{
	const struct kvl_layout *plan = &view->plan[view->run->layout.kind];

	fprintf(out, "\nguest-physical:\n");
	print_range(out, "core", plan->core, "mapped in every address space from its birth");
	print_range(out, "heap", plan->heap, "  stacks, tasks, address spaces");
	print_range(out, "arena", plan->arena,
		    plan->arena.start < plan->lowmem_end_gpa ? "  page tables"
							     : "page tables, in highmem");
	print_range(out, "frames", plan->frames, "  one struct page per frame");
	print_range(out, "shared", plan->shared, "trace rings and results, behind RAM");
	print_holes(out, plan, view->run);
}

/* --- all layouts beside one another ----------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t offset;
	bool is_size;
} figure_rows[] = {
	{ "lowmem", offsetof(struct layout_figures, lowmem_bytes), true },
	{ "  recovered", offsetof(struct layout_figures, recovered_bytes), true },
	{ "addresses lost", offsetof(struct layout_figures, lost_bytes), true },
	{ "highmem", offsetof(struct layout_figures, highmem_bytes), true },
	{ "vmalloc", offsetof(struct layout_figures, vmalloc_bytes), true },
	{ "  largest piece", offsetof(struct layout_figures, vmalloc_largest_bytes), true },
	{ "  behind lowmem", offsetof(struct layout_figures, vmalloc_upper_bytes), true },
	{ "leaves of 2 MiB", offsetof(struct layout_figures, large_leaves), false },
	{ "leaves of 4 KiB", offsetof(struct layout_figures, small_leaves), false },
};

static u64 figure_of(const struct layout_view *view, u32 kind, size_t offset)
{
	return *(const u64 *)(const void *)((const u8 *)&view->figures[kind] + offset);
}

/* Of all sizes one, so that they can be compared at a glance: the largest that says each exactly. */
static u64 unit_of(const struct layout_view *view)
{
	for (size_t row = 0; row < ARRAY_LEN(figure_rows); row++)
		for (u32 kind = 0; figure_rows[row].is_size && kind < KVL_LAYOUT_KINDS; kind++)
			if (figure_of(view, kind, figure_rows[row].offset) % MiB(1))
				return KiB(1);
	return MiB(1);
}

static void print_row(FILE *out, const struct layout_view *view, size_t row, u64 unit)
{
	const char *unit_name = unit == MiB(1) ? " MiB" : " KiB";
	bool is_size = figure_rows[row].is_size;

	fprintf(out, "%-16s", figure_rows[row].name);
	for (u32 kind = 0; kind < KVL_LAYOUT_KINDS; kind++) {
		u64 figure = figure_of(view, kind, figure_rows[row].offset);
		char text[40];

		snprintf(text, sizeof(text), "%llu%s",
			 (unsigned long long)(is_size ? figure / unit : figure),
			 is_size ? unit_name : "");
		fprintf(out, "%14s", text);
	}
	fputc('\n', out);
}

static void print_comparison(FILE *out, const struct layout_view *view)
{
	u64 unit = unit_of(view);

	fprintf(out, "\n%-16s", "these options as");
	for (u32 kind = 0; kind < KVL_LAYOUT_KINDS; kind++) {
		char text[40];

		snprintf(text, sizeof(text), kind == view->run->layout.kind ? "[%s]" : "%s",
			 view->name[kind]);
		fprintf(out, "%14s", text);
	}
	fputc('\n', out);
	for (size_t row = 0; row < ARRAY_LEN(figure_rows); row++)
		print_row(out, view, row, unit);
}

/* --- the command --------------------------------------------------------------------------------------- */

static const char *name_of_kind(const struct catalog *catalog, enum kvl_layout_kind kind)
{
	const struct catalog_scenario *layouts = catalog_layouts(catalog);

	for (u32 i = 0; i < layouts->narms; i++)
		if (layouts->arms[i].layout == kind)
			return layouts->arms[i].name;
	return "-";
}

/* A layout that cannot be is none of any kind. */
static int plan_all(struct layout_view *view, const struct catalog *catalog, struct err *err)
{
	struct kvl_layout_request request = view->run->layout;
	const struct kvl_layout *shown = &view->plan[request.kind];

	for (u32 kind = 0; kind < KVL_LAYOUT_KINDS; kind++) {
		request.kind = (enum kvl_layout_kind)kind;
		if (cli_plan(&request, &view->run->board, &view->plan[kind], err))
			return -1;
		view->name[kind] = name_of_kind(catalog, request.kind);
		layout_figures_make(&view->plan[kind], &view->plan[KVL_LAYOUT_LINEAR],
				    &view->figures[kind]);
	}
	layout_map_make(shown, &view->map);
	layout_map_name_holes(&view->map, shown, &view->run->layout, &view->run->board);
	return 0;
}

static void print_view(FILE *out, const struct layout_view *view)
{
	draw_layout(out, &view->map);
	print_places(out, view);
	print_comparison(out, view);
}

static int show(struct options *options, const struct catalog *catalog, struct layout_view *view)
{
	bool json_on_stdout = options->json && strcmp(options->json, "-") == 0;
	struct replacement file;
	struct err err;

	view->run = &options->run;
	if (names_layout(catalog, &options->run, &err) || plan_all(view, catalog, &err) ||
	    json_begin(&file, options->json, &err))
		return cli_fail(&err);
	print_view(json_on_stdout ? stderr : stdout, view);
	if (options->json && json_end(&file, layout_json(view), &err))
		return cli_fail(&err);
	return EXIT_OK;
}

int cmd_layout(struct options *options)
{
	struct layout_view *view = calloc(1, sizeof(*view));
	struct err err = { 0 };
	const struct catalog *catalog = catalog_load(&err);
	int status;

	if (!view)
		err_set(&err, EXIT_HOST, "no memory for the layouts");
	status = view && catalog ? show(options, catalog, view) : cli_fail(&err);
	catalog_free(catalog);
	free(view);
	return status;
}
