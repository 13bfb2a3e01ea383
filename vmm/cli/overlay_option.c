/* SPDX-License-Identifier: MIT */
/*
 * Owns what --dtb-overlay adds to the options: holes, beside those of --hole, and their names. What
 * a device tree says: vmm/dtb_overlay.c. The board's RAM does not become --mem, whose default is
 * the same for all runs; it is only named where a hole lies outside. A gap between the board's
 * banks may well reach beyond --mem: where there is no RAM either way it needs no hole.
 */
#include "vmm/cli/options.h"
#include "vmm/dtb_overlay.h"

static int add_hole(struct options *options, const struct dtb_hole *hole, struct err *err)
{
	struct kvl_layout_request *layout = &options->run.layout;
	char *name = options_keep(options, hole->name, err);

	if (!name)
		return -1;
	options->run.board.hole_name[layout->nholes] = name;
	options->run.board.hole_no_ram[layout->nholes] = hole->no_ram;
	layout->hole[layout->nholes++] = hole->range;
	return 0;
}

int parse_dtb_overlay(struct options *options, const char *value, struct err *err)
{
	u32 before = options->run.layout.nholes;
	struct dtb_holes holes;

	if (dtb_holes_load(value, &holes, err))
		return err_prefix(err, "--dtb-overlay");
	if (before + holes.n > KVL_MAX_HOLES)
		return err_set(
			err, EXIT_USAGE,
			"--dtb-overlay: %u holes in %s and %u others are too many: at most %u",
			holes.n, value, before, KVL_MAX_HOLES);
	for (u32 i = 0; i < holes.n; i++)
		if (add_hole(options, &holes.hole[i], err))
			return -1;
	options->run.board.mem_bytes = holes.mem_bytes;
	return 0;
}

/* Of a board's hole as many bytes as it must have for all that is the board's RAM, or this
 * machine's. */
static u64 fitting_bytes(const struct run_config *run, u32 i)
{
	struct kvl_range hole = run->layout.hole[i];
	u64 ram_end = kvl_ram_end(run->layout.mem_bytes), no_ram = run->board.hole_no_ram[i];
	u64 end = no_ram > ram_end ? no_ram : ram_end;

	return run->board.hole_name[i] && end < kvl_range_end(hole) ? end - hole.start : hole.bytes;
}

static void move_hole(struct run_config *run, u32 from, u32 to)
{
	run->layout.hole[to] = run->layout.hole[from];
	run->board.hole_name[to] = run->board.hole_name[from];
	run->board.hole_no_ram[to] = run->board.hole_no_ram[from];
	run->board.hole_grown[to] = run->board.hole_grown[from];
}

void overlay_fit_ram(struct options *options)
{
	struct run_config *run = &options->run;
	u32 kept = 0;

	for (u32 i = 0; i < run->layout.nholes; i++) {
		run->layout.hole[i].bytes = fitting_bytes(run, i);
		if (run->layout.hole[i].bytes || !run->board.hole_name[i])
			move_hole(run, i, kept++);
	}
	run->layout.nholes = kept;
}
