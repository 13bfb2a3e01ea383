/* SPDX-License-Identifier: MIT */
/* kvalab layout: plans a layout and draws it, without KVM. The picture: draw.c. */
#include "vmm/catalog.h"
#include "vmm/cli/cli.h"
#include "vmm/cli/names.h"
#include "vmm/plan.h"

#include <stdio.h>

const char *size_text(u64 bytes, char buffer[SIZE_TEXT_BYTES])
{
	static const struct {
		u64 bytes;
		const char *name;
	} unit[] = { { GiB(1), "GiB" }, { MiB(1), "MiB" }, { KiB(1), "KiB" }, { 1, "bytes" } };
	size_t i = 0;

	while (bytes % unit[i].bytes || (bytes == 0 && unit[i].bytes > 1))
		i++;
	snprintf(buffer, SIZE_TEXT_BYTES, "%llu %s", (unsigned long long)(bytes / unit[i].bytes),
		 unit[i].name);
	return buffer;
}

static void print_range(const char *name, struct kvl_range range, const char *about)
{
	char size[SIZE_TEXT_BYTES];

	printf("%-8s %#12llx  %10s%s%s\n", name, (unsigned long long)range.start,
	       size_text(range.bytes, size), *about ? "  " : "", about);
}

static void print_holes(const struct kvl_layout *plan, const struct run_config *run)
{
	for (u32 i = 0; i < plan->nholes; i++) {
		const char *name = board_hole_name(&run->board, &run->layout, plan->hole[i].start);

		print_range("hole", plan->hole[i], name ? name : "");
	}
}

/* RAM with and without a direct address, holes left out. */
static void print_sums(const struct kvl_layout *plan)
{
	char low_text[SIZE_TEXT_BYTES], high_text[SIZE_TEXT_BYTES];
	u64 low = 0, high = 0;

	for (u32 i = 0; i < plan->nusable; i++) {
		u64 start = plan->usable[i].start, end = start + plan->usable[i].bytes;
		u64 limit = plan->lowmem_end_gpa;

		if (start < limit)
			low += (end < limit ? end : limit) - start;
		if (end > limit)
			high += end - (start > limit ? start : limit);
	}
	printf("RAM without holes: %s of lowmem, %s of highmem\n", size_text(low, low_text),
	       size_text(high, high_text));
}

int cmd_layout(struct options *options)
{
	const struct catalog *catalog;
	struct kvl_layout plan;
	struct err err;
	int failed;

	catalog = catalog_load(&err);
	if (!catalog)
		return cli_fail(&err);
	failed = names_layout(catalog, &options->run, &err);
	catalog_free(catalog);
	if (failed || layout_plan(&options->run.layout, &options->run.board, &plan, &err))
		return cli_fail(&err);
	draw_layout(stdout, &plan);
	printf("\nguest-physical:\n");
	print_range("core", plan.core, "mapped in every address space from its birth");
	print_range("heap", plan.heap, "  stacks, tasks, address spaces");
	print_range("arena", plan.arena,
		    plan.arena.start < plan.lowmem_end_gpa ? "  page tables"
							   : "page tables, in highmem");
	print_range("frames", plan.frames, "  one struct page per frame");
	print_range("shared", plan.shared, "trace rings and results, behind RAM");
	print_holes(&plan, &options->run);
	print_sums(&plan);
	return EXIT_OK;
}
