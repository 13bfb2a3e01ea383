/* SPDX-License-Identifier: MIT */
/*
 * bench: what areas of the kernel with operations cost those who do not use them (seed row W2), and
 * those who do (W18). Ticks, not cycles: where they count instructions, the ordinary path must be
 * as long as it was without such areas, and the look-up, a walk of the sorted list (mm/vma.c),
 * longer by the same for each area in front. Each figure is the least of REPEATS, for some reports
 * begin a packet of the ring.
 */
#include "guest/flash/flash.h"
#include "guest/mm/vm.h"
#include "guest/scenario/bench.h"
#include "guest/trace.h"

enum { REPEATS = 4, MOST_AREAS = 64, AREA_BYTES = REPEATS * PAGE_BYTES };

/* --- areas that stand in the way -------------------------------------------------------------- */
struct crowd {
	struct vma *area[MOST_AREAS]; /* ascending, as addresses are given first fit */
	u32 n;
	struct page *page; /* at all their addresses */
};

static struct vma *area_with(const struct vma_ops *ops, void *private)
{
	struct vma *vma = vma_map_kernel(AREA_BYTES, PROT_READ, ops, private, 0);

	if (!vma)
		usage_failure("the vmalloc region has no room for %u areas of %u pages: a larger "
			      "--vmalloc",
			      MOST_AREAS, REPEATS);
	return vma;
}

static void grow_to(struct crowd *crowd, u32 n)
{
	while (crowd->n < n)
		crowd->area[crowd->n++] = area_with(&bench_page_ops, crowd->page);
}

static void disperse(struct crowd *crowd)
{
	while (crowd->n)
		vma_unmap(crowd->area[--crowd->n]);
}

/* Not inlined, so that all touches are the same instructions. */
static __attribute__((noinline)) u64 touch_ticks(u64 va)
{
	u64 start = ticks_now();

	*(volatile u8 *)va;
	return ticks_now() - start;
}

static void keep_least(u64 *least, u64 ticks)
{
	*least = ticks < *least ? ticks : *least;
}

/* --- those who do not use them ---------------------------------------------------------------- */
struct ordinary {
	u64 va;
	u64 fault, hit;
};

/* In a space that has nothing of the vmalloc region yet. */
static void touch_twice(void *arg)
{
	struct ordinary *ordinary = arg;

	keep_least(&ordinary->fault, touch_ticks(ordinary->va));
	keep_least(&ordinary->hit, touch_ticks(ordinary->va));
}

static struct ordinary measure_ordinary(const void *area)
{
	struct ordinary ordinary = { .va = (u64)area, .fault = ~0ull, .hit = ~0ull };

	for (u32 i = 0; i < REPEATS; i++)
		task_join(task_start("ordinary", 0, mm_create(), touch_twice, &ordinary));
	return ordinary;
}

static const struct {
	u32 areas;
	const char *hit, *fault;
} present[] = { { 0, "vmalloc_hit_ticks", "vmalloc_fault_ticks" },
		{ 1, "vmalloc_hit_1_ticks", "vmalloc_fault_1_ticks" },
		{ MOST_AREAS, "vmalloc_hit_64_ticks", "vmalloc_fault_64_ticks" } };

static void ordinary_path(struct crowd *crowd)
{
	u64 faults = count_total(COUNT_FAULTS), syncs = count_total(COUNT_FAULT_SYNCS);
	void *area = vmalloc(PAGE_BYTES, SITE("bench.vmalloc"));
	struct ordinary found[ARRAY_LEN(present)];
	u64 core_hit = touch_ticks((u64)&boot_options); /* always mapped: a load, two readings */

	metric("core_hit_ticks", core_hit);
	for (u32 i = 0; i < ARRAY_LEN(present); i++) {
		grow_to(crowd, present[i].areas);
		found[i] = measure_ordinary(area);
		metric(present[i].hit, found[i].hit);
		metric(present[i].fault, found[i].fault);
		if (!ticks_are_exact())
			continue;
		check_equal(present[i].hit, found[i].hit, core_hit);
		if (i)
			check_equal(present[i].fault, found[i].fault, found[0].fault);
	}
	check_count("vmalloc_syncs", COUNT_FAULT_SYNCS, syncs, ARRAY_LEN(present) * REPEATS);
	check_count("vmalloc_faults", COUNT_FAULTS, faults, ARRAY_LEN(present) * REPEATS);
	disperse(crowd);
	vfree(area);
}

/* --- those who do ----------------------------------------------------------------------------- */
static u64 fault_ticks(u64 start)
{
	u64 least = ~0ull;

	for (u64 va = start; va < start + AREA_BYTES; va += PAGE_BYTES)
		keep_least(&least, touch_ticks(va));
	return least;
}

/* An area of its own, behind all others. */
static u64 area_fault(const struct vma_ops *ops, void *private)
{
	struct vma *vma = area_with(ops, private);
	u64 ticks = fault_ticks(vma->start);

	vma_unmap(vma);
	return ticks;
}

/* The same over the first pages of the chip, whatever its partitions. */
static u64 flash_fault(struct flash_chip *chip)
{
	struct flash_partition pages = { .label = "bench", .chip = chip, .bytes = AREA_BYTES };
	struct flash_mapping *mapping;
	enum flash_error error = flash_map(&pages, &mapping);
	u64 ticks;

	if (error)
		usage_failure("bench maps the chip: %s", flash_error_text(error));
	ticks = fault_ticks((u64)flash_mapping_base(mapping));
	flash_unmap(mapping);
	return ticks;
}

/* The fault is in the last of so many areas. */
static const struct {
	u32 areas;
	const char *vma, *lazy, *flash;
} last_of[] = { { 1, "vma_fault_1_ticks", "lazy_fault_1_ticks", "flash_fault_1_ticks" },
		{ 8, "vma_fault_8_ticks", "lazy_fault_8_ticks", "flash_fault_8_ticks" },
		{ MOST_AREAS, "vma_fault_64_ticks", "lazy_fault_64_ticks",
		  "flash_fault_64_ticks" } };

/* The list is walked: 56 areas more cost eight times what 7 more do. */
static void check_walk(const u64 *ticks)
{
	u64 seven = ticks[1] - ticks[0];

	metric("vma_walk_7_ticks", seven);
	if (ticks_are_exact())
		check_equal("vma_walk_56_ticks", ticks[2] - ticks[1], 8 * seven);
}

static void area_faults(struct crowd *crowd, struct flash_chip *chip)
{
	u64 faults = count_total(COUNT_FAULTS), ticks[ARRAY_LEN(last_of)];

	for (u32 i = 0; i < ARRAY_LEN(last_of); i++) {
		grow_to(crowd, last_of[i].areas - 1);
		ticks[i] = area_fault(&bench_page_ops, crowd->page);
		metric(last_of[i].vma, ticks[i]);
		metric(last_of[i].lazy, area_fault(&anon_ops, NULL));
		if (chip)
			metric(last_of[i].flash, flash_fault(chip));
	}
	check_walk(ticks);
	check_count("area_faults", COUNT_FAULTS, faults,
		    ARRAY_LEN(last_of) * REPEATS * (chip ? 3 : 2));
	disperse(crowd);
}

/* --- run -------------------------------------------------------------------------------------- */
void bench_fault(void)
{
	struct crowd crowd = { .page = page_alloc(ZONE_HIGHMEM, 0) };
	/* First of all, so that its window lies in front of the areas. */
	struct flash_chip *chip = boot_options.flash_bytes ? flash_chip_open() : NULL;

	ordinary_path(&crowd);
	area_faults(&crowd, chip);
	if (chip)
		flash_chip_close(chip);
	page_free(crowd.page);
}
