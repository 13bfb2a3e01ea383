/* SPDX-License-Identifier: MIT */
/*
 * Owns the map on stderr of a layout that cannot be; the reason follows it in words (vmm/plan.c).
 * What is on the map: vmm/layout_conflict.c.
 */
#include "vmm/cli/refusal.h"

#include <stdio.h>

#include "vmm/cli/size_text.h"
#include "vmm/layout_conflict.h"
#include "vmm/plan.h"

static void draw_place(const struct layout_claim *claim)
{
	const struct kvl_range *range = &claim->range;
	const char *option = claim->option;
	char size[SIZE_TEXT_BYTES];

	fprintf(stderr, "%c %#12llx %#12llx %12s  %s%s%s%s\n", claim->conflict ? '>' : ' ',
		(unsigned long long)range->start, (unsigned long long)kvl_range_end(*range),
		range->bytes ? size_text(range->bytes, size) : "", claim->what,
		option[0] ? " (" : "", option, option[0] ? ")" : "");
}

/* One unit for all, as they are summed up. */
static void draw_bytes(char mark, const char *name, u64 bytes, const char *option, const char *note)
{
	fprintf(stderr, "%c %-16s %8llu MiB%s%s%s%s\n", mark, name,
		(unsigned long long)(bytes >> 20), option[0] ? "  " : "", option,
		note[0] ? ", " : "", note);
}

static void draw_share(const struct layout_claim *claim)
{
	char name[40];

	snprintf(name, sizeof(name), "%s%s", claim->inner ? "  " : "", claim->what);
	draw_bytes(claim->conflict ? '>' : ' ', name, claim->range.bytes, claim->option,
		   claim->note);
}

static void draw_conflict(const struct layout_conflict *conflict)
{
	fprintf(stderr, conflict->in_kernel ? "kernel space, and who wants how much:\n"
					    : "guest-physical, and who wants what:\n");
	for (u32 i = 0; i < conflict->nclaims; i++)
		(conflict->in_kernel ? draw_share : draw_place)(&conflict->claim[i]);
	if (!conflict->in_kernel)
		return;
	draw_bytes(' ', "together", conflict->wanted, "", "");
	draw_bytes(' ', "there are", conflict->there_is, "--split", "");
	if (conflict->wanted > conflict->there_is)
		draw_bytes(' ', "too much", conflict->wanted - conflict->there_is, "", "");
}

int cli_plan(const struct kvl_layout_request *request, const struct board *board,
	     struct kvl_layout *out, struct err *err)
{
	struct kvl_layout_failure why = { 0 };
	struct layout_conflict conflict;

	if (!kvl_layout_plan(request, out, &why))
		return 0;
	if (layout_conflict_make(request, board, &why, &conflict))
		draw_conflict(&conflict);
	return layout_explain(request, board, &why, err);
}
