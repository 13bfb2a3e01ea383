/* SPDX-License-Identifier: MIT */
/* Owns the scenario highmem-io: its parameters, where its pages come from, what they hold, the
 * order of its parts. */
#include "guest/scenario/highmem_io.h"

#include "guest/lib/draw.h"

const struct scenario_param highmem_io_params[] = {
	{ "slots", "number", "64", "of the window that are used" },
	{ "ram", "high|even", "high",
	  "where pages come from: highmem first, or all RAM in proportion, as when it is full" },
	{ "pages", "number", "64", "of the file" },
	{ "accesses", "number", "256", "to sectors of it, of all CPUs together" },
	{ "writes", "percent", "30", "of accesses" },
	{ "memory", "number", "8", "pages of each process" },
	{ "processes", "number", "2", "that are there from the start" },
	{ "forks", "number", "2", "of each, and of its offspring, one after the other" },
	{ "threads", "number", "2", "of each process" },
	{ "touches", "number", "24", "of a word by each thread" },
	{ "swaps", "number", "24", "by another task, if there is a disk: pages that are to go" },
	{ "traces", "number", "24", "words that another task reads or writes" },
	{ "mapped", "number", "4", "pages of the file that spaces map" },
	KVA_ARM_PARAMS,
	{ NULL, NULL, NULL, NULL },
};

/* --- where pages come from -------------------------------------------------------------------- */

static bool even; /* ram= */

/* The zone of any frame of all RAM. */
static enum zone_id any_zone(u64 nth)
{
	u64 draws = draw_stream(boot_options.seed, nth);
	u64 gpa = page_nth_frame(draw_next(&draws) % page_frames());

	return gpa < layout.lowmem_end_gpa ? ZONE_LOWMEM
	       : gpa < KVL_HIGH_RAM_GPA	   ? ZONE_HIGHMEM
					   : ZONE_HIGH4G;
}

static struct page *any_page(u64 nth)
{
	return page_alloc(even ? any_zone(nth) : ZONE_HIGH4G, 0);
}

const struct frame_source io_frames FAULT_TABLE = { .name = "user data", .alloc = any_page };

/* --- sectors ---------------------------------------------------------------------------------- */

static u64 word_at(u64 sector, u64 generation, u32 nth)
{
	return nth ? (generation << 40 | sector << 8 | nth) * 6364136223846793005ull : generation;
}

void io_sector_fill(u64 *word, u64 sector, u64 generation)
{
	for (u32 i = 0; i < IO_SECTOR_WORDS; i++)
		word[i] = word_at(sector, generation, i);
}

/* One that was never written is zero. */
bool io_sector_is_good(const u64 *word, u64 sector, u64 oldest, u64 newest)
{
	u64 generation = word[0];

	for (u32 i = 0; i < IO_SECTOR_WORDS; i++)
		if (word[i] != (generation ? word_at(sector, generation, i) : 0))
			return false;
	return generation >= oldest && generation <= newest;
}

/* --- words ------------------------------------------------------------------------------------ */

#define PLACE_BITS 24

u64 io_word_make(u64 stamp, u32 place)
{
	return stamp << PLACE_BITS | place;
}

bool io_word_is_good(u64 word, u32 place, u64 oldest, u64 newest)
{
	u64 stamp = word >> PLACE_BITS;

	if (word && (word & ((1u << PLACE_BITS) - 1)) != place)
		return false;
	return stamp >= oldest && stamp <= newest;
}

/* --- a run ------------------------------------------------------------------------------------ */

/* Each CPU accesses something, and has a sector of its own. */
static struct io_files read_files(void)
{
	u32 cpus = boot_options.ncpus;

	return (struct io_files){
		.pages = param_number("pages", 64,
				      ALIGN_UP(cpus, IO_PAGE_SECTORS) / IO_PAGE_SECTORS, 1 << 20),
		.accesses = param_number("accesses", 256, cpus, 10000000),
		.writes = param_number("writes", 30, 0, 100),
	};
}

static struct io_memory read_memory(u32 writes)
{
	return (struct io_memory){
		.pages = param_number("memory", 8, 1, 1 << 16),
		.processes = param_number("processes", 2, 1, 256),
		.forks = param_number("forks", 2, 0, 255),
		.threads = param_number("threads", 2, 1, IO_MOST_THREADS),
		.touches = param_number("touches", 24, 1, 1000000),
		.writes = writes,
		.swaps = param_number("swaps", 24, 0, 1000000),
		.traces = param_number("traces", 24, 0, 1000000),
	};
}

static struct io_map read_map(const struct io_memory *memory)
{
	u32 pages = param_number("mapped", 4, 1, 1 << 16);

	return (struct io_map){
		.pages = pages,
		.touches = memory->touches,
		.writes = memory->writes,
		.passes = (memory->swaps + pages - 1) / pages,
	};
}

/* What is there at once, at least: all pages of the files, of the first processes, or of the file
 * that is mapped. */
static void check_room(const struct io_files *files, const struct io_memory *memory,
		       const struct io_map *map)
{
	u64 free = page_frames() - all_pages_in_use();
	u64 of_files = (u64)files->pages * (boot_options.disk_bytes ? IO_FILES : 1);
	u64 of_memory = (u64)memory->pages * memory->processes;

	if (of_files > free)
		usage_failure("pages=%u: files of %lu pages in all, and %lu are free: more --mem",
			      files->pages, of_files, free);
	if (of_memory > free)
		usage_failure(
			"memory=%u: %u processes have %lu pages in all, and %lu are free: more --mem",
			memory->pages, memory->processes, of_memory, free);
	if (2 * (u64)map->pages > free)
		usage_failure(
			"mapped=%u: as many pages, and a copy of each, and %lu are free: more --mem",
			map->pages, free);
}

void highmem_io_run(const struct arm *arm)
{
	const struct kva_ops *ops = kva_chosen(arm);
	u32 slots = param_number("slots", 64, 2, 1 << 20);
	struct io_files files = read_files();
	struct io_memory memory = read_memory(files.writes);
	struct io_map map = read_map(&memory);
	struct io_share file_share, memory_share;

	even = param_choice("ram", "high", "even");
	check_room(&files, &memory, &map);
	printk("highmem-io: %s, %u slots, %u CPUs\n", arm->name, slots, boot_options.ncpus);
	if (ops->lowmem_only && !kva_all_is_lowmem())
		skip_run("%s runs where all RAM is lowmem, which ends at %lu MiB: less --mem",
			 arm->name, layout.lowmem_end_gpa >> 20);
	kva_start(ops, slots);
	if (kva_room() < 2)
		skip_run("%s has one address, and a copy that another task forces needs two",
			 arm->name);
	file_share = highmem_io_files(&files);
	highmem_io_cow(memory.pages);
	memory_share = highmem_io_memory(&memory);
	highmem_io_map(&map);
	kva_stop();
	metric("mixed_maps_per_million", (file_share.maps + memory_share.maps) * IO_PER /
						 (file_share.accesses + memory_share.accesses));
}
