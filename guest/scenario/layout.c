/* SPDX-License-Identifier: MIT */
/* Owns the scenario layout: its parameters, and the order of its parts. */
#include "guest/scenario/layout.h"

#include "guest/lib/string.h"
#include "guest/trace.h"

const struct arm layout_arms[] = {
#define ARM(name, ops, about) { name, about, &ops },
#define VARIES(count, when, why)
#include "guest/scenario/layout.arms"
#undef ARM
#undef VARIES
	{ NULL, NULL, NULL },
};

const struct scenario_param layout_params[] = {
	{ "conversions", "number", "256", "of an address, that are measured" },
	{ "accesses", "number", "256", "to pages of all RAM" },
	{ "provoke", "none|hole|hole-mapped", "none",
	  "touch the first hole: where lowmem would show it; by a mapping of its own" },
	{ NULL, NULL, NULL, NULL },
};

/* --- row A1: a touch of a hole ------------------------------------------------------------------------ */

static void touch_hole(const char *how)
{
	if (!layout.nholes)
		usage_failure("provoke=%s needs a hole: --hole START:SIZE", how);
	if (strcmp(how, "hole") == 0)
		*(volatile u64 *)(layout.hole[0].start + layout.page_offset);
	else
		*(volatile u64 *)ioremap(layout.hole[0].start, PAGE_BYTES, SITE("layout.hole"));
	check_true("provoked_failure_happened", false);
}

void layout_run(const struct arm *arm)
{
	const char *provoke = param_text("provoke", "none");

	if (strcmp(provoke, "none") != 0) {
		touch_hole(provoke);
		return;
	}
	printk("layout: %s, %lu MiB of lowmem, %u holes\n", arm->name,
	       kvl_lowmem_bytes(&layout) >> 20, layout.nholes);
	layout_account_for_lowmem();
	layout_measure_conversions(param_number("conversions", 256, 64, 1000000));
	layout_access_all_ram(param_number("accesses", 256, 1, 1000000));
	layout_protect_a_page();
}
