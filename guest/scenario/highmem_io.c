/* SPDX-License-Identifier: MIT */
/* Owns the scenario highmem-io: its parameters, where its pages come from, what they hold, the order of its parts. */
#include "guest/scenario/highmem_io.h"

#include "guest/lib/draw.h"

const struct scenario_param highmem_io_params[] = {
	{ "slots", "number", "64", "of the window that are used" },
	{ "ram", "high|even", "high",
	  "where pages come from: highmem first, or all RAM in proportion, as when it is full" },
	{ "pages", "number", "64", "of the file" },
	{ "accesses", "number", "256", "to sectors of it, of all CPUs together" },
	{ "writes", "percent", "30", "of accesses" },
	KVA_ARM_PARAMS,
	{ NULL, NULL, NULL, NULL },
};

/* --- where pages come from --------------------------------------------------------------------------------------- */

static bool even; /* ram= */

static u64 usable_bytes(u64 start, u64 end)
{
	u64 bytes = 0;

	for (u32 i = 0; i < layout.nusable; i++) {
		u64 from = layout.usable[i].start, to = from + layout.usable[i].bytes;

		from = from > start ? from : start;
		to = to < end ? to : end;
		bytes += from < to ? to - from : 0;
	}
	return bytes;
}

/* The zone of any frame of all RAM. */
static enum zone_id any_zone(u64 nth)
{
	u64 draws = draw_stream(boot_options.seed, nth);
	u64 low = usable_bytes(0, layout.lowmem_end_gpa) / PAGE_BYTES;
	u64 high = usable_bytes(layout.lowmem_end_gpa, KVL_HIGH_RAM_GPA) / PAGE_BYTES;
	u64 above = usable_bytes(KVL_HIGH_RAM_GPA, ~0ull) / PAGE_BYTES;
	u64 frame = draw_next(&draws) % (low + high + above);

	return frame < low ? ZONE_LOWMEM : frame < low + high ? ZONE_HIGHMEM : ZONE_HIGH4G;
}

struct page *highmem_io_page(u64 nth)
{
	return page_alloc(even ? any_zone(nth) : ZONE_HIGH4G, 0);
}

/* --- sectors -------------------------------------------------------------------------------------------------------- */

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

/* --- a run ---------------------------------------------------------------------------------------------------------- */

void highmem_io_run(const struct arm *arm)
{
	const struct kva_ops *ops = arm->ops;
	u32 slots = param_number("slots", 64, 2, 1 << 20);
	struct io_files files = {
		.pages = param_number("pages", 64, 1, 1 << 20),
		.accesses = param_number("accesses", 256, 1, 10000000),
		.writes = param_number("writes", 30, 0, 100),
	};

	even = param_choice("ram", "high", "even");
	printk("highmem-io: %s, %u slots, %u CPUs\n", arm->name, slots, boot_options.ncpus);
	if (ops->lowmem_only && !kva_all_is_lowmem())
		skip_run("%s runs where all RAM is lowmem, which ends at %lu MiB: less --mem",
			 arm->name, layout.lowmem_end_gpa >> 20);
	kva_start(ops, slots);
	highmem_io_files(&files);
	kva_stop();
}
