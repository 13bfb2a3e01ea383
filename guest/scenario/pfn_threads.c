/* SPDX-License-Identifier: MIT */
/*
 * Owns threads of one space, one on each CPU, that all have read the same raw frames: some of the
 * pages all of them write at the same time, of the others each one some. Every page is copied once,
 * no word is lost, and everybody reads the copy afterwards.
 */
#include "guest/scenario/pfn.h"

#define PAGES 12
#define ALL_WRITE 4  /* pages; the others have one writer each */
#define FIRST_WORD 8 /* of a page, for the first thread; the next one's is behind it */

static u64 address_of(u32 page, u32 thread)
{
	return PFN_VA + page * PAGE_BYTES + (FIRST_WORD + thread) * sizeof(u64);
}

static u64 word_of(u32 page, u32 thread)
{
	return (page + 1) * 0x10001ull + thread;
}

static bool writes(u32 thread, u32 page)
{
	return page < ALL_WRITE || page % boot_options.ncpus == thread;
}

static volatile u32 have_read, have_written; /* threads */

static void meet(volatile u32 *there)
{
	__atomic_fetch_add(there, 1, __ATOMIC_SEQ_CST);
	while (*there < boot_options.ncpus)
		task_yield();
}

static void read_all(u64 *failed)
{
	u64 word;

	for (u32 page = 0; page < PAGES; page++)
		*failed += !copy_from_user(&word, address_of(page, 0), sizeof(word));
}

static void write_all(u64 *failed)
{
	u32 thread = cpu_id();

	for (u32 page = 0; page < PAGES; page++) {
		u64 word = word_of(page, thread);

		if (writes(thread, page))
			*failed += !copy_to_user(address_of(page, thread), &word, sizeof(word));
	}
}

static void look_at_all(u64 *wrong)
{
	for (u32 page = 0; page < PAGES; page++) {
		for (u32 thread = 0; thread < boot_options.ncpus; thread++) {
			u64 word;

			if (!writes(thread, page))
				continue;
			*wrong += !copy_from_user(&word, address_of(page, thread), sizeof(word)) ||
				  word != word_of(page, thread);
		}
	}
}

/* All hold the raw frames before one writes, and all have written before one looks: the same tasks,
 * so that what they held then they may hold still. */
static void run_thread(void *wrong)
{
	read_all(wrong);
	meet(&have_read);
	write_all(wrong);
	meet(&have_written);
	look_at_all(wrong);
}

/* Returns the sum of what they count. */
static u64 run_threads(struct mm *mm)
{
	struct task *thread[KVL_MAX_CPUS];
	u64 count[KVL_MAX_CPUS] = { 0 }, sum = 0;

	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		thread[cpu] = task_start("thread", cpu, mm, run_thread, &count[cpu]);
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++) {
		task_join(thread[cpu]);
		sum += count[cpu];
	}
	return sum;
}

void pfn_threads(const struct page_rule *rule, struct pfn_source *source)
{
	u64 wrong, copied = pfn_stats().copied;
	struct mm *mm;

	if (!rule->copies)
		return;
	mm = mm_create();
	mm_get(mm);
	if (!pfn_map(source, mm, PFN_VA, pfn_text_pages(), PAGES * PAGE_BYTES, PROT_WRITE,
		     PFN_PRIVATE))
		panic("no room", "a segment in a new space");
	have_read = have_written = 0;
	wrong = run_threads(mm);
	mm_put(mm);
	check_equal("threads.wrong", wrong, 0);
	check_equal("threads.copied", pfn_stats().copied - copied, PAGES);
}
