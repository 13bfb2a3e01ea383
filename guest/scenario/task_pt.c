/* SPDX-License-Identifier: MIT */
/* Owns the scenario task-pt: its arms and parameters, its areas, and the order of its parts. */
#include "guest/scenario/task_pt.h"

#include "guest/mm/pt.h"
#include "guest/mm/ukva.h"
#include "guest/scenario/family_run.h"
#include "guest/trace.h"

const struct arm task_pt_arms[] = {
#define ARM(name, ops, about) { name, about, &ops },
#define VARIES(count, when, why)
#include "guest/scenario/task_pt.arms"
#undef ARM
#undef VARIES
	{ NULL, NULL, NULL },
};

const struct scenario_param task_pt_params[] = {
	{ "carve", "kernel|user", "kernel", "the side that ukva is taken from" },
	{ "switch", "table|entry", "table",
	  "each space has kernel directories of its own, or they are all spaces'" },
	{ "by", "atomic|pkmap", "atomic", "highpte: a table is mapped for one use, or in a pool" },
	{ "pool", "number", "64", "slots of that pool" },
	{ "tables", "number", "4", "leaf tables that a task touches" },
	{ "pages", "number", "8", "of each of them" },
	{ "turns", "number", "16", "of each of two tasks on a CPU" },
	{ "spaces", "number", "16", "that there are at once, each with a page" },
	FAMILY_PARAMS,
	{ NULL, NULL, NULL, NULL },
};

/* --- areas ------------------------------------------------------------------------------------ */

struct page *task_pt_page_make(void)
{
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);

	if (!page)
		usage_failure("no page is left: more --mem");
	page_fill(page, NULL, 0);
	return page;
}

static enum fault_result same_page(struct vma *vma, const struct fault *fault)
{
	pt_map_new(vma->mm, ALIGN_DOWN(fault->va, PAGE_BYTES), page_gpa(vma->private), vma->prot,
		   SITE("task_pt.fault"));
	return FAULT_DONE;
}

static const struct vma_ops same_page_ops FAULT_TABLE = {
	.name = "the same page",
	.fault = same_page,
};

struct mm *task_pt_space(struct page *page, u64 bytes)
{
	struct mm *mm = mm_create();

	mm_get(mm);
	if (!vma_map_user(mm, TASK_PT_VA, bytes, PROT_READ, &same_page_ops, page, 0))
		usage_failure("%lu MiB from %lx are more than user space has: less of tables",
			      bytes >> 20, TASK_PT_VA);
	return mm;
}

bool task_pt_has_directory(const struct table_way *way, u64 gib, u64 n)
{
	u64 start = ukva_region()->start;

	return way->in_ukva && start < layout.page_offset && (start >> 30) - gib < n;
}

/* --- a run ------------------------------------------------------------------------------------ */

void task_pt_run(const struct arm *arm)
{
	const struct table_way *way = arm->ops;
	struct table_touches touches = {
		.tables = param_number("tables", 4, 1, 1 << 11),
		.pages = param_number("pages", 8, 1, ARCH_PT_ENTRIES),
		.threads = 1,
	};
	u32 turns = param_number("turns", 16, 1, 1000000);
	u32 spaces = param_number("spaces", 16, 1, 1 << 13); /* room in the heap */

	way = way->choose ? way->choose() : way;
	pt_share_directories(param_choice("switch", "table", "entry"));
	printk("task-pt: %s, %u CPUs\n", arm->name, boot_options.ncpus);
	table_way_start(way);
	metric("touch_ticks", task_pt_forms(way, &touches) / ((u64)touches.tables * touches.pages));
	touches.threads = boot_options.ncpus;
	task_pt_forms(way, &touches);
	if (way->in_ukva)
		task_pt_fixed();
	task_pt_switch(turns);
	task_pt_spaces(way, spaces);
	task_pt_processes(way);
	table_way_stop();
	pt_share_directories(false);
}
