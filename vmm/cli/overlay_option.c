/* SPDX-License-Identifier: MIT */
/*
 * Owns what --dtb-overlay adds to the options: holes, beside those of --hole, and their names. What a
 * device tree says: vmm/dtb_overlay.c. The board's RAM does not become --mem, whose default is the
 * same for all runs; it is only named where a hole lies outside.
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
