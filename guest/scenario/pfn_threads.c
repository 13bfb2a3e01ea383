/* SPDX-License-Identifier: MIT */
/*
 * Owns threads of one space, one on each CPU, that write the same raw frames at the same time: each
 * page is copied once, and no thread's word is lost.
 */
#include "guest/scenario/pfn.h"

#define PAGES 8
#define FIRST_WORD 8 /* of a page, for the first thread; the next one's is behind it */

static u64 address_of(u32 page, u32 thread)
{
	return PFN_VA + page * PAGE_BYTES + (FIRST_WORD + thread) * sizeof(u64);
}

static u64 word_of(u32 page, u32 thread)
{
	return (page + 1) * 0x10001ull + thread;
}

static volatile u32 have_read; /* threads */

/* All have read the raw frames, and hold them, before one writes. */
static void read_all(u64 *failed)
{
	u64 word;

	for (u32 page = 0; page < PAGES; page++)
		*failed += !copy_from_user(&word, address_of(page, 0), sizeof(word));
	__atomic_fetch_add(&have_read, 1, __ATOMIC_SEQ_CST);
	while (have_read < boot_options.ncpus)
		task_yield();
}

static void write_all(void *failed)
{
	u32 thread = cpu_id();

	read_all(failed);
	for (u32 page = 0; page < PAGES; page++) {
		u64 word = word_of(page, thread);

		*(u64 *)failed += !copy_to_user(address_of(page, thread), &word, sizeof(word));
	}
}

static void look_at_all(void *wrong)
{
	for (u32 page = 0; page < PAGES; page++) {
		for (u32 thread = 0; thread < boot_options.ncpus; thread++) {
			u64 word;

			*(u64 *)wrong +=
				!copy_from_user(&word, address_of(page, thread), sizeof(word)) ||
				word != word_of(page, thread);
		}
	}
}

/* On each CPU, by threads of the space; returns the sum of what they count. */
static u64 on_each_cpu(struct mm *mm, void (*fn)(void *))
{
	struct task *thread[KVL_MAX_CPUS];
	u64 count[KVL_MAX_CPUS] = { 0 }, sum = 0;

	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		thread[cpu] = task_start("thread", cpu, mm, fn, &count[cpu]);
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
	have_read = 0;
	wrong = on_each_cpu(mm, write_all);
	wrong += on_each_cpu(mm, look_at_all);
	mm_put(mm);
	check_equal("threads.wrong", wrong, 0);
	check_equal("threads.copied", pfn_stats().copied - copied, PAGES);
}
