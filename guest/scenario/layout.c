/* SPDX-License-Identifier: MIT */
/* Owns the scenario layout: its parameters, and the order of its parts. */
#include "guest/scenario/layout.h"

#include "guest/lib/string.h"
#include "guest/mm/vmalloc.h"
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
	{ "protections", "number", "2",
	  "large leaves that two CPUs split at once, where there are three" },
	{ "pages", "some|all", "some", "that are compared with the tables" },
	{ "areas", "number", "10", "that there are when is_vmalloc_addr() is measured" },
	{ "allocations", "number", "200", "of the workload that fragments vmalloc" },
	{ "fit", "first|best", "first", "how vmalloc chooses addresses" },
	{ "static", "bytes", "16M", "of a mapping at the end of vmalloc; 0: none" },
	{ "list", "on|off", "on", "the areas of vmalloc, with one of each kind" },
	{ "provoke", "none|hole|hole-mapped", "none",
	  "touch a hole: by addresses that lowmem has lost; by a mapping of its own" },
	{ NULL, NULL, NULL, NULL },
};

/* --- row A1: a touch of a hole ---------------------------------------------------------------- */

static void touch_hole(const char *how)
{
	if (!layout.nholes)
		usage_failure("provoke=%s needs a hole: --hole START:SIZE", how);
	if (strcmp(how, "hole") == 0)
		layout_touch_hole();
	else
		*(volatile u64 *)ioremap(layout.hole[0].start, PAGE_BYTES, SITE("layout.hole"));
	check_true("provoked_failure_happened", false);
}

struct sizes {
	u32 conversions, accesses, protections, areas, allocations;
	u64 static_bytes;
	bool all_pages;
};

static void read_sizes(struct sizes *sizes)
{
	sizes->conversions = param_number("conversions", 256, 64, 1000000);
	sizes->accesses = param_number("accesses", 256, 1, 1000000);
	sizes->protections = param_number("protections", 2, 0, 1000);
	sizes->areas = param_number("areas", 10, 1, 30000);
	sizes->allocations = param_number("allocations", 200, 1, 10000000);
	sizes->static_bytes = param_u64("static", MiB(16));
	sizes->all_pages = param_choice("pages", "some", "all");
	if (sizes->static_bytes > GiB(1))
		usage_failure("static=%lu: at most 1G", sizes->static_bytes);
	if (!layout_has_room(sizes->areas))
		usage_failure("areas=%u: vmalloc has no room for so many: a larger --vmalloc",
			      sizes->areas);
}

static void look_at_lowmem(const struct sizes *sizes)
{
	layout_account_for_lowmem();
	layout_measure_conversions(sizes->conversions);
	layout_access_all_ram(sizes->accesses);
	layout_protect_a_page();
	layout_protect_together(sizes->protections);
	layout_compare_pages(sizes->all_pages);
}

static void look_at_vmalloc(const struct sizes *sizes)
{
	if (param_choice("fit", "first", "best"))
		vmalloc_set_fit(AREA_BEST_FIT);
	layout_account_for_vmalloc();
	if (sizes->static_bytes)
		layout_map_static(sizes->static_bytes);
	layout_measure_is_vmalloc(sizes->areas);
	layout_fragment(sizes->allocations);
}

void layout_run(const struct arm *arm)
{
	const char *provoke = param_text("provoke", "none");
	struct sizes sizes;

	read_sizes(&sizes);
	if (strcmp(provoke, "none") != 0) {
		touch_hole(provoke);
		return;
	}
	printk("layout: %s, %lu MiB of lowmem, %u holes\n", arm->name,
	       kvl_lowmem_bytes(&layout) >> 20, layout.nholes);
	if (!param_choice("list", "on", "off"))
		layout_list_areas();
	look_at_lowmem(&sizes);
	look_at_vmalloc(&sizes);
}
