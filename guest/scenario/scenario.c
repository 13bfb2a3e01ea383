/* SPDX-License-Identifier: MIT */
/*
 * The table of scenarios, and results: what a scenario reports goes into the shared region as
 * records that the host checks and prints.
 */
#include "guest/scenario/scenario.h"

#include "guest/arch.h"
#include "guest/lib/string.h"
#include "guest/mm/vm.h"

#include "guest/scenario/bench.h"
#include "guest/scenario/flash_mount.h"
#include "guest/scenario/flash_xip.h"
#include "guest/scenario/hello.h"
#include "guest/scenario/highmem_io.h"
#include "guest/scenario/kva.h"
#include "guest/scenario/layout.h"
#include "guest/scenario/pageable.h"
#include "guest/scenario/pfn.h"
#include "guest/scenario/task_kmap.h"
#include "guest/scenario/task_pt.h"

const struct scenario scenarios[] = {
	{ .name = "hello",
	  .about = "the core, each part once; SMP; the smallest thing that works",
	  .params = hello_params,
	  .run = hello_run },
	{ .name = "flash-mount",
	  .about = "mounts JFFS2 while another partition of the chip is written",
	  .arms = flash_mount_arms,
	  .params = flash_mount_params,
	  .varies = flash_mount_varies,
	  .needs_flash = 1,
	  .run = flash_mount_run },
	{ .name = "flash-xip",
	  .about = "runs programs from flash while another partition of the chip is written",
	  .arms = flash_xip_arms,
	  .params = flash_xip_params,
	  .varies = flash_xip_varies,
	  .needs_flash = 1,
	  .run = flash_xip_run },
	{ .name = "pageable",
	  .about = "text, data and memory of the kernel that go out of RAM and come back",
	  .arms = pageable_arms,
	  .params = pageable_params,
	  .varies = pageable_varies,
	  .run = pageable_run },
	{ .name = "layout",
	  .about = "lowmem and vmalloc where RAM has holes",
	  .arms = layout_arms,
	  .params = layout_params,
	  .arms_are_layouts = 1,
	  .run = layout_run },
	{ .name = "kva",
	  .about = "kernel addresses for pages that have none: schemes side by side",
	  .arms = kva_arms,
	  .params = kva_params,
	  .run = kva_run },
	{ .name = "highmem-io",
	  .about = "files and memory of user spaces in highmem, by each scheme of kva",
	  .arms = kva_arms,
	  .params = highmem_io_params,
	  .run = highmem_io_run },
	{ .name = "task-kmap",
	  .about = "kernel addresses of each space's own beside those of all, and of each CPU",
	  .arms = task_kmap_arms,
	  .params = task_kmap_params,
	  .run = task_kmap_run },
	{ .name = "task-pt",
	  .about = "page tables of tasks, and the kernel's way to them",
	  .arms = task_pt_arms,
	  .params = task_pt_params,
	  .arms_place_arena = 1,
	  .run = task_pt_run },
	{ .name = "pfn",
	  .about = "frames without struct page, and copy-on-write over them",
	  .arms = pfn_arms,
	  .params = pfn_params,
	  .needs_segment = 1,
	  .run = pfn_run },
	{ .name = "bench",
	  .about = "what this host's events cost, in TSC cycles (kvalab probe runs it)",
	  .params = bench_params,
	  .run = bench_run },
	{ .name = NULL },
};

/* --- results ---------------------------------------------------------------------------------- */

static struct spinlock result_lock = SPINLOCK("results");

static void result(u32 kind, const char *name, s64 low, s64 high, s64 got)
{
	struct kvl_shared *shared = (struct kvl_shared *)KVL_SHARED_VA;
	struct kvl_result *r;

	spin_lock(&result_lock);
	if (shared->nresults == KVL_MAX_RESULTS)
		panic("too many results", "no room for %s", name);
	r = (struct kvl_result *)(KVL_SHARED_VA + KVL_RESULTS_OFFSET) + shared->nresults;
	r->kind = kind;
	str_copy(r->name, name, sizeof(r->name));
	r->low = low;
	r->high = high;
	r->got = got;
	__atomic_store_n(&shared->nresults, shared->nresults + 1, __ATOMIC_RELEASE);
	spin_unlock(&result_lock);
}

void metric(const char *name, s64 value)
{
	result(KVL_RESULT_METRIC, name, 0, 0, value);
}

void check_range(const char *name, s64 got, s64 low, s64 high)
{
	result(KVL_RESULT_CHECK, name, low, high, got);
}

void check_equal(const char *name, s64 got, s64 want)
{
	check_range(name, got, want, want);
}

void check_count(const char *name, enum counter which, u64 before, u64 want)
{
	check_equal(name, count_total(which) - before, want);
}

void check_true(const char *name, bool got)
{
	check_equal(name, got, 1);
}

/* --- run -------------------------------------------------------------------------------------- */

static const struct scenario *find_scenario(const char *name)
{
	for (const struct scenario *s = scenarios; s->name; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	usage_failure("no scenario '%s'", name);
}

static const struct arm *find_arm(const struct scenario *scenario, const char *name)
{
	if (!scenario->arms)
		return NULL;
	for (const struct arm *a = scenario->arms; a->name; a++)
		if (strcmp(a->name, name) == 0)
			return a;
	usage_failure("scenario %s has no arm '%s'", scenario->name, name);
}

const struct layout_ops *scenario_layout(void)
{
	for (const struct arm *a = layout_arms; a->name; a++)
		if (!boot_options.layout[0] || strcmp(a->name, boot_options.layout) == 0)
			return a->ops;
	usage_failure("no layout '%s'", boot_options.layout);
}

struct usage {
	u64 pages[ZONES], heap;
};

static struct usage usage_now(void)
{
	struct usage u = { .heap = kalloc_bytes_in_use() };

	for (u32 zone = 0; zone < ZONES; zone++)
		u.pages[zone] = pages_in_use(zone);
	return u;
}

/* Whatever the scenario: nothing leaks. */
static void check_leaks(const struct usage *before)
{
	struct usage after = usage_now();

	check_equal("leak.lowmem_pages", after.pages[ZONE_LOWMEM] - before->pages[ZONE_LOWMEM], 0);
	check_equal("leak.highmem_pages",
		    after.pages[ZONE_HIGHMEM] + after.pages[ZONE_HIGH4G] -
			    before->pages[ZONE_HIGHMEM] - before->pages[ZONE_HIGH4G],
		    0);
	check_equal("leak.heap_bytes", after.heap - before->heap, 0);
}

void scenario_run(void)
{
	const struct scenario *scenario = find_scenario(boot_options.scenario);
	const struct arm *arm = find_arm(scenario, boot_options.arm);
	struct usage before = usage_now();

	if (scenario->needs_flash && !boot_options.flash_bytes)
		usage_failure("scenario %s needs a flash chip: --flash file=…,chip=…",
			      scenario->name);
	scenario->run(arm);
	check_leaks(&before);
	metric("table_pages", pt_tables_in_use());
	for (u32 i = 0; i < COUNTERS; i++)
		result(KVL_RESULT_COUNT, counter_name(i), 0, 0, count_total(i));
}
