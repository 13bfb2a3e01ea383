/* SPDX-License-Identifier: MIT */
/*
 * hello's lazily populated vmalloc (seed row W18): a kernel area over RAM, with the operations that
 * user space has (mm/anon.c). Addresses for all of it, pages for what is touched. Where the first
 * touch comes from a space of its own, the page is there for all.
 */
#include "guest/mm/vm.h"
#include "guest/scenario/hello.h"
#include "guest/trace.h"

enum { PAGES = 32, STRIDE = 4, TOUCHED = PAGES / STRIDE };
#define WORD_OF(page) (0x6c617a79u + (page))

struct lazy {
	struct vma *vma;
	u64 filled, faulted; /* directory fills, and other faults, of the task's reads */
	u64 right;	     /* words that it read as they were written */
	u64 first_touch;     /* faults but directory fills, of its own first touch */
};

static volatile u32 *word(const struct lazy *lazy, u32 page)
{
	return (volatile u32 *)(lazy->vma->start + page * PAGE_BYTES);
}

/* Faults that were more than a directory filled from init_mm: the fault function ran. */
static u64 faults_but_syncs(void)
{
	return count_total(COUNT_FAULTS) - count_total(COUNT_FAULT_SYNCS);
}

/* Returns how many of the pages were not zero. */
static u32 write_some(const struct lazy *lazy)
{
	u32 not_zero = 0;

	for (u32 page = 0; page < PAGES; page += STRIDE) {
		not_zero += *word(lazy, page) != 0;
		*word(lazy, page) = WORD_OF(page);
	}
	return not_zero;
}

/* In a space that has nothing of the area yet: what is there comes by its directory, at once. */
static void read_and_touch(void *arg)
{
	struct lazy *lazy = arg;
	u64 syncs = count_total(COUNT_FAULT_SYNCS), others = faults_but_syncs();

	for (u32 page = 0; page < PAGES; page += STRIDE)
		lazy->right += *word(lazy, page) == WORD_OF(page);
	lazy->filled = count_total(COUNT_FAULT_SYNCS) - syncs;
	lazy->faulted = faults_but_syncs() - others;
	*word(lazy, 1) = WORD_OF(1);
	lazy->first_touch = faults_but_syncs() - others - lazy->faulted;
}

static void touch_from_another_space(struct lazy *lazy)
{
	task_join(task_start("lazy", boot_options.ncpus - 1, mm_create(), read_and_touch, lazy));
	check_equal("lazy.read_elsewhere", lazy->right, TOUCHED);
	check_equal("lazy.filled_elsewhere", lazy->filled, 1);
	check_equal("lazy.faults_elsewhere", lazy->faulted, 0);
	check_equal("lazy.first_touch_elsewhere", lazy->first_touch, 1);
}

/* Each page goes with a flush of its own: it must be out of reach before it is free. */
static void take_away(const struct lazy *lazy, u64 pages_before)
{
	u64 ipis = count_total(COUNT_IPIS);

	vma_unmap(lazy->vma);
	check_equal("lazy.pages_left", all_pages_in_use() - pages_before, 0);
	check_count("lazy.ipis", COUNT_IPIS, ipis, (TOUCHED + 1) * (boot_options.ncpus - 1));
}

void hello_lazy(void)
{
	u64 pages = all_pages_in_use(), faults = count_total(COUNT_FAULTS);
	struct lazy lazy = {
		.vma = vma_map_kernel(PAGES * PAGE_BYTES, PROT_WRITE, &anon_ops, NULL, 0),
	};

	check_equal("lazy.pages_at_first", all_pages_in_use() - pages, 0);
	check_equal("lazy.not_zero", write_some(&lazy), 0);
	check_count("lazy.faults", COUNT_FAULTS, faults, TOUCHED);
	check_equal("lazy.pages", all_pages_in_use() - pages, TOUCHED);
	touch_from_another_space(&lazy);
	faults = count_total(COUNT_FAULTS);
	check_equal("lazy.touched_elsewhere", *word(&lazy, 1), WORD_OF(1));
	check_count("lazy.faults_again", COUNT_FAULTS, faults, 0);
	take_away(&lazy, pages);
}
