/* SPDX-License-Identifier: MIT */
/*
 * hello's processes: a family (guest/user/family.h) that forks, executes, reads a file and waits,
 * its memory and the file in highmem; with a disk another task swaps pages out meanwhile. And one
 * whose threads share its memory.
 */
#include "guest/block/page_store.h"
#include "guest/lib/draw.h"
#include "guest/mm/file.h"
#include "guest/mm/swap.h"
#include "guest/scenario/family.h"
#include "guest/scenario/hello.h"
#include "guest/scenario/kva.h"
#include "guest/user/family.h"

enum { MEMORY = 2, BATCH = 2, READS = 1, MAPS = 2, SLOTS = 32, SWAPS = 8, ADDS = 3 };

static struct page *high_page(u64 nth)
{
	(void)nth;
	return page_alloc(ZONE_HIGHMEM, 0);
}

static const struct frame_source high_frames FAULT_TABLE = { .name = "processes",
							     .alloc = high_page };

static u32 spaces_born;

static void note_born(struct mm *mm)
{
	(void)mm;
	__atomic_fetch_add(&spaces_born, 1, __ATOMIC_RELAXED);
}

static struct file *open_file(u32 pages)
{
	const struct file_config config = { .pages = pages, .frames = &high_frames };

	return file_open(&config);
}

/* The children's errands have counted themselves. */
static u64 first_word(struct file *segment)
{
	const u64 *address = file_hold(segment, 0, false);
	u64 word = *address;

	file_release(segment, 0, (void *)(u64)address);
	return word;
}

/* hello's disk part has said so already if it cannot be used. */
static struct block_device *open_disk(u32 pages)
{
	struct block_device *device = block_open();

	if (!device || block_is_readonly(device) ||
	    block_sectors(device) < (u64)pages * BLOCK_PAGE_SECTORS)
		usage_failure("hello's processes write %u KiB: at least so large a --disk, and no "
			      "readonly",
			      (u32)(pages * PAGE_BYTES >> 10));
	return device;
}

/* The exit code of a family that runs beside a swapper. */
static u64 run_swapped(struct processes *all, const struct family *family)
{
	struct block_device *device = open_disk(2 * (MEMORY + 1) * (BATCH + 1));
	struct page_store store = block_page_store(device);
	struct process_swapper swapper = { .all = all,
					   .draws = draw_stream(boot_options.seed, 0),
					   .left = SWAPS * family->forks };
	const struct cow_stats *stats = &all->group.stats;
	struct process *parent;
	struct task *task;
	u64 wrong;

	swap_start(&store);
	parent = process_start(all, user_family, family_argument(family), 0);
	task = task_start("swapper", boot_options.ncpus - 1, NULL, process_swap_out, &swapper);
	wrong = process_join(parent);
	swapper.over = true;
	task_join(task);
	metric("family_swapped_out", stats->swapped_out);
	metric("family_swapped_in", stats->swapped_in);
	check_range("family.swapped_in", stats->swapped_in, 0, stats->swapped_out + stats->dropped);
	swap_stop();
	block_close(device);
	return wrong;
}

static u64 run(struct processes *all, const struct family *family)
{
	if (boot_options.disk_bytes)
		return run_swapped(all, family);
	return process_join(process_start(all, user_family, family_argument(family), 0));
}

/* Threads of one process on all CPUs, and never only one. */
static void run_team(struct processes *all)
{
	u32 members = boot_options.ncpus > 1 ? boot_options.ncpus : 2;
	struct process *process = process_start(all, user_team, members | ADDS << 16, 0);
	struct task *thread[KVL_MAX_CPUS + 1];
	u64 wrong = 0;

	for (u32 i = 1; i < members; i++)
		thread[i] = process_thread(process, user_team, members | ADDS << 16,
					   i % boot_options.ncpus);
	for (u32 i = 1; i < members; i++)
		wrong += task_join(thread[i]) != 0;
	check_equal("team.wrong", wrong + process_join(process), 0);
	check_equal("team.threads", all->stats.threads, members - 1);
}

static void run_and_check(struct processes *all, const struct family *family)
{
	u64 faults = count_total(COUNT_USER_FAULTS), wrong;

	spaces_born = 0;
	check_true("family.file_filled", family_fill_file(all->file, READS));
	processes_begin(all);
	wrong = run(all, family);
	family_check(all, family, wrong, faults, boot_options.disk_bytes);
	check_equal("family.spaces", spaces_born, 1 + 2 * family->forks);
	check_equal("family.in_segment", first_word(all->segment), family->forks);
	family_report(all);
	run_team(all);
	processes_end(all);
}

void hello_process(u32 forks)
{
	const struct family family = {
		.families = 1,
		.memory = MEMORY,
		.forks = forks,
		.batch = BATCH,
		.reads = READS,
		.maps = MAPS,
	};
	struct processes all = {
		.group = { .frames = &high_frames },
		.data_pages = MEMORY,
		.file = open_file(READS),
		.segment = open_file(1),
		.spread = true,
		.born = note_born,
	};

	kva_start(&kva_pkmap, SLOTS);
	run_and_check(&all, &family);
	file_close(all.file);
	file_close(all.segment);
	kva_stop();
}
