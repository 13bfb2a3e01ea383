/* SPDX-License-Identifier: MIT */
/*
 * kvalab layout: plans the same options as each kind of layout, without KVM; draws one, lists what
 * lies where in RAM, and compares all. The picture: draw.c. As JSON: layout_json.c.
 */
#include "vmm/cli/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/catalog.h"
#include "vmm/cli/cli.h"
#include "vmm/cli/json.h"
#include "vmm/cli/names.h"
#include "vmm/cli/refusal.h"
#include "vmm/cli/size_text.h"

/* --- what lies where in RAM ------------------------------------------------------------------- */

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
	if (plan->segment.bytes)
		print_range(out, "segment", plan->segment, "read-only, shared with other machines");
	print_holes(out, plan, view->run);
}

/* --- all layouts beside one another ----------------------------------------------------------- */

/* Of all sizes one, so that they can be compared at a glance: the largest that says each
 * exactly. */
static u64 unit_of(const struct layout_view *view)
{
	for (u32 row = 0; row < LAYOUT_FIGURES; row++)
		for (u32 kind = 0; layout_figure[row].is_bytes && kind < KVL_LAYOUT_KINDS; kind++)
			if (layout_figure[row].of(&view->figures[kind]) % MiB(1))
				return KiB(1);
	return MiB(1);
}

/* Of an arm from outside the tree a name may be longer than any size is. */
static int width_of(const struct layout_view *view)
{
	int width = 14;

	for (u32 kind = 0; kind < KVL_LAYOUT_KINDS; kind++) {
		int wanted = (int)strlen(view->name[kind]) + 4; /* brackets, and what separates */

		width = wanted > width ? wanted : width;
	}
	return width;
}

static void print_row(FILE *out, const struct layout_view *view, const struct layout_figure *figure,
		      u64 unit)
{
	const char *unit_name = unit == MiB(1) ? " MiB" : " KiB";

	fprintf(out, "%-16s", figure->title);
	for (u32 kind = 0; kind < KVL_LAYOUT_KINDS; kind++) {
		u64 value = figure->of(&view->figures[kind]);
		char text[40];

		snprintf(text, sizeof(text), "%llu%s",
			 (unsigned long long)(figure->is_bytes ? value / unit : value),
			 figure->is_bytes ? unit_name : "");
		fprintf(out, "%*s", width_of(view), text);
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
		fprintf(out, "%*s", width_of(view), text);
	}
	fputc('\n', out);
	for (u32 row = 0; row < LAYOUT_FIGURES; row++)
		print_row(out, view, &layout_figure[row], unit);
}

/* --- the command ------------------------------------------------------------------------------ */

/* The layout that was asked for; of another kind the first that stands on it. */
static const char *name_of_kind(const struct catalog *catalog, const struct run_config *run,
				enum kvl_layout_kind kind)
{
	const struct catalog_scenario *layouts = catalog_layouts(catalog);

	if (kind == run->layout.kind)
		return run->layout_name;
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
		view->name[kind] = name_of_kind(catalog, view->run, request.kind);
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
	if (names_layout(catalog, &options->run, &err) || names_carve(&options->run, &err) ||
	    plan_all(view, catalog, &err) || json_begin(&file, options->json, &err))
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
