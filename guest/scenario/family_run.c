/* SPDX-License-Identifier: MIT */
/* Owns a run of families: their files, the disk that they are swapped to, who starts and joins
 * them. */
#include "guest/scenario/family_run.h"

#include "guest/arch.h"
#include "guest/block/page_store.h"
#include "guest/lib/draw.h"
#include "guest/mm/fault.h"
#include "guest/mm/file.h"
#include "guest/mm/swap.h"
#include "guest/scenario/scenario.h"
#include "guest/user/family.h"

#define MOST_FAMILIES 64

static struct page *high_page(u64 nth)
{
	(void)nth;
	return page_alloc(ZONE_HIGHMEM, 0);
}

static struct page *low_page(u64 nth)
{
	(void)nth;
	return page_alloc(ZONE_LOWMEM, 0);
}

static const struct frame_source high_frames FAULT_TABLE = { .name = "processes",
							     .alloc = high_page };
static const struct frame_source low_frames FAULT_TABLE = { .name = "processes, lowmem",
							    .alloc = low_page };

static struct file *open_file(u32 pages, const struct frame_source *frames)
{
	const struct file_config config = { .pages = pages, .frames = frames };

	return file_open(&config);
}

/* --- the swap --------------------------------------------------------------------------------- */

struct swapping {
	struct block_device *device;
	struct page_store store;
	struct process_swapper swapper;
	struct task *task;
};

/* What is there at once: each first one and its children, with a page of stack. */
static u64 most_pages(const struct family *family)
{
	return (u64)family->families * (family->batch + 1) * 2 * (family->memory + 1);
}

static void begin_swapping(struct swapping *s, struct processes *all, const struct family_run *run)
{
	u64 pages = most_pages(&run->family);

	s->device = block_open();
	if (!s->device || block_is_readonly(s->device) ||
	    block_sectors(s->device) < pages * BLOCK_PAGE_SECTORS)
		usage_failure(
			"processes write %lu KiB: at least so large a --disk, and no readonly",
			(u64)(pages * PAGE_BYTES >> 10));
	s->store = block_page_store(s->device);
	swap_start(&s->store);
	s->swapper = (struct process_swapper){ .all = all,
					       .draws = draw_stream(boot_options.seed, 0),
					       .left = run->swaps };
	s->task =
		task_start("swapper", boot_options.ncpus - 1, NULL, process_swap_out, &s->swapper);
}

static void end_swapping(struct swapping *s, const struct cow_stats *stats)
{
	s->swapper.over = true;
	task_join(s->task);
	metric("swapped_out", stats->swapped_out);
	metric("swapped_in", stats->swapped_in);
	check_range("family.swapped_in", stats->swapped_in, 0, stats->swapped_out + stats->dropped);
	swap_stop();
	block_close(s->device);
}

/* --- room ------------------------------------------------------------------------------------- */

/* Of a space: the root and one below, two directories, leaf tables of text, data, stack and maps;
 * and what ukva has, if it has tables. */
#define MOST_TABLES 11

static u64 free_pages(bool lowmem)
{
	if (!lowmem)
		return page_frames() - all_pages_in_use();
	return (kvl_lowmem_bytes(&layout) - layout.core.bytes) / PAGE_BYTES -
	       pages_in_use(ZONE_LOWMEM);
}

/* There at once: all that have been forked and not waited for; one that executes on each CPU has
 * two spaces. Said before one of them finds nothing left. */
static void check_room(const struct family_run *run)
{
	const struct family *family = &run->family;
	u64 tasks = family->families * (family->batch + 1), spaces = tasks + boot_options.ncpus;
	u64 pages = spaces * (family->memory + 3), have = free_pages(run->lowmem);
	u64 tables = pt_tables_free();

	if (pages > have)
		usage_failure("families, batch, memory: %lu pages in all, and %lu are free: more "
			      "--mem",
			      pages, have);
	if (spaces * MOST_TABLES > tables)
		usage_failure("families, batch: %lu page tables in all, and there is room for "
			      "%lu: a larger --arena",
			      spaces * MOST_TABLES, tables);
	if (tasks * (ARCH_STACK_BYTES + KiB(2)) > layout.heap.bytes - kalloc_bytes_in_use())
		usage_failure("families, batch: %lu tasks at once are more than the kernel's heap "
			      "has stacks for: fewer of them",
			      tasks);
}

/* --- a run ------------------------------------------------------------------------------------ */

/* Returns the sum of the first ones' exit codes. */
static u64 run_families(struct processes *all, const struct family *family)
{
	struct process *first[MOST_FAMILIES];
	u64 wrong = 0;

	for (u32 i = 0; i < family->families; i++)
		first[i] = process_start(all, user_family, family_argument(family),
					 i % boot_options.ncpus);
	for (u32 i = 0; i < family->families; i++)
		wrong += process_join(first[i]);
	return wrong;
}

/* The errands of all children have counted themselves in its first word. */
static void check_segment(struct file *segment, u64 children)
{
	u64 *address = file_hold(segment, 0, false);

	check_equal("family.in_segment", *address, children);
	file_release(segment, 0, address);
}

/* Threads of one process on all CPUs, and never only one. */
static void run_team(struct processes *all, u32 adds)
{
	u32 members = boot_options.ncpus > 1 ? boot_options.ncpus : 2;
	u64 argument = members | (u64)adds << 16, wrong = 0;
	struct process *process = process_start(all, user_team, argument, 0);
	struct task *thread[KVL_MAX_CPUS + 1];

	for (u32 i = 1; i < members; i++)
		thread[i] = process_thread(process, user_team, argument, i % boot_options.ncpus);
	for (u32 i = 1; i < members; i++)
		wrong += task_join(thread[i]) != 0;
	check_equal("team.wrong", wrong + process_join(process), 0);
	check_equal("team.threads", all->stats.threads, members - 1);
}

/* --- spaces ----------------------------------------------------------------------------------- */

static struct {
	void (*look)(struct mm *mm);
	u32 spaces;
} born;

static void note_born(struct mm *mm)
{
	__atomic_fetch_add(&born.spaces, 1, __ATOMIC_RELAXED);
	if (born.look)
		born.look(mm);
}

/* One for each that begins, for each fork and for each exec. */
static void check_spaces(const struct processes *all)
{
	check_equal("family.spaces", born.spaces, all->births + all->stats.execs);
}

static void run_and_check(struct processes *all, const struct family_run *run)
{
	const struct family *family = &run->family;
	bool swapped = boot_options.disk_bytes;
	u64 faults = count_total(COUNT_USER_FAULTS), wrong;
	struct swapping swapping;

	processes_begin(all);
	if (swapped)
		begin_swapping(&swapping, all, run);
	wrong = run_families(all, family);
	if (swapped)
		end_swapping(&swapping, &all->group.stats);
	family_check(all, family, wrong, faults, swapped);
	check_segment(all->segment, family->families * family->forks);
	family_report(all);
	if (run->team)
		run_team(all, run->team);
	check_spaces(all);
	processes_end(all);
}

void family_run(const struct family_run *run)
{
	const struct frame_source *frames = run->lowmem ? &low_frames : &high_frames;
	struct processes all = {
		.group = { .frames = frames },
		.data_pages = run->family.memory,
		.file = open_file(run->family.reads, frames),
		.segment = open_file(1, frames),
		.spread = run->spread,
		.born = note_born,
	};

	born = (typeof(born)){ .look = run->born };
	check_room(run);
	if (!family_fill_file(all.file, run->family.reads))
		usage_failure("reads=%u: no page is left: more --mem", run->family.reads);
	run_and_check(&all, run);
	file_close(all.file);
	file_close(all.segment);
}

/* --- parameters ------------------------------------------------------------------------------- */

struct family_run family_run_read(void)
{
	return (struct family_run){
		.family = {
			.families = param_number("families", 1, 1, MOST_FAMILIES),
			.forks = param_number("forks", 2, 1, 255),
			.batch = param_number("batch", 2, 1, FAMILY_MOST_BATCH),
			.memory = param_number("memory", 2, 1, 255),
			.reads = param_number("reads", 2, 1, 255),
			.maps = param_number("errand_maps", 2, 0, 255),
		},
		.spread = !param_choice("spread", "on", "off"),
		.swaps = param_number("swaps", 8, 0, 1000000),
	};
}
