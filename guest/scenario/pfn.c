/* SPDX-License-Identifier: MIT */
/* Owns the scenario pfn: its arms and parameters, and the order of its parts. */
#include "guest/scenario/pfn.h"

const struct arm pfn_arms[] = {
#define ARM(name, ops, about) { name, about, &ops },
#define VARIES(count, when, why)
#include "guest/scenario/pfn.arms"
#undef ARM
#undef VARIES
	{ NULL, NULL, NULL },
};

const struct scenario_param pfn_params[] = {
	{ "tasks", "number", "2", "spaces with a program each, which map the segment" },
	{ "pages", "number", "48", "of its data that each maps; 0: all" },
	{ "written", "number", "250", "of 1,000 pages that each task writes" },
	{ "pattern", "spread|run", "spread", "which: as far apart as they can be, or the first" },
	{ "fill", "linear|random", "linear", "the order of the segment's frames in it" },
	{ "sw-bits", "number", "1", "0: entries have no bit for software to use" },
	{ "side", "bits|doubled", "bits", "side-table: a bit for each entry, or a word" },
	{ "ops", "number", "100", "drawn operations, against a model of whose each page is" },
	{ "races", "number", "2", "rounds of stores to a page that is unmapped, moved, swapped" },
	{ "hold", "off|on", "off", "waits for ever when all tasks have the segment" },
	{ "partition", "label", "xip", "with --flash, what programs run from: it is overwritten" },
	{ "log", "label", "log", "the partition that is written meanwhile" },
	{ "writer", "off|erase|program|mixed", "mixed", "what is done to it" },
	{ "rounds", "number", "2", "in which programs and writer meet; as many after that" },
	{ "provoke", "none|cow|protect|outside|ram|free", "none",
	  "a mistake that must end the run" },
	{ NULL, NULL, NULL, NULL },
};

static void run_parts(const struct page_rule *rule, struct pfn_source *source)
{
	u32 most = pfn_segment_pages() - pfn_text_pages();
	u32 pages = param_number("pages", most < 48 ? most : 48, 0, most);
	const struct pfn_place place = {
		.rule = rule,
		.source = source,
		.tasks = param_number("tasks", 2, 1, 1024),
		.pages = pages ? pages : most,
		.written = param_number("written", 250, 0, 1000),
		.run = param_choice("pattern", "spread", "run"),
		.hold = param_choice("hold", "off", "on"),
	};

	pfn_place(&place);
	pfn_costs(rule, source);
	pfn_threads(rule, source);
	pfn_races(rule, source, param_number("races", 2, 0, 1000000));
	pfn_fuzz(rule, source, param_number("ops", 100, 0, 100000000));
}

void pfn_run(const struct arm *arm)
{
	const struct page_rule *rule = arm->ops;
	struct pfn_source *source;

	rule = rule->choose ? rule->choose() : rule;
	printk("pfn: %s, %u CPUs\n", arm->name, boot_options.ncpus);
	page_rule_start(rule);
	source = pfn_segment_start();
	pfn_provoke(rule, source, param_text("provoke", "none"));
	pfn_tolerate(rule->linear);
	run_parts(rule, source);
	pfn_segment_stop();
	pfn_flash(rule);
	page_rule_stop();
}
