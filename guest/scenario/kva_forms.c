/* SPDX-License-Identifier: MIT */
/*
 * Owns the comparison of a scheme's counts with its closed forms. Every get is of a page that has
 * no address: each CPU goes round more pages than there are slots. So a count is exact under either
 * schedule.
 */
#include "guest/scenario/kva.h"

struct mapper {
	struct kva_pages pages;
	u64 maps;
	u64 wrong;
};

static void map_each_once(void *arg)
{
	struct mapper *m = arg;

	for (u64 i = 0; i < m->maps; i++) {
		struct page *page = m->pages.page[i % m->pages.n];
		void *address = kva_get(page);

		m->wrong += kva_page_is_wrong(page, address);
		kva_put(page, address);
	}
}

/* One after the other: what another CPU holds for a moment would be one slot less. */
static void map_on_all_cpus(struct mapper *mapper, const struct kva_work *work)
{
	for (u32 cpu = 0; cpu < work->cpus; cpu++)
		task_join(task_start("mapper", cpu, current()->mm, map_each_once, &mapper[cpu]));
}

static void check_bound(const char *name, enum counter which, u64 before,
			const struct kva_bound *bound)
{
	check_range(name, count_total(which) - before, bound->low, bound->high);
}

/* --arena highmem: for each entry the table is mapped and unmapped, which is two entries and a
 * flush more. */
static void reach_tables(struct kva_forms *forms)
{
	forms->page_flushes.low += forms->entries.low;
	forms->page_flushes.high += forms->entries.high;
	forms->entries.low *= 3;
	forms->entries.high *= 3;
}

static void compare(const struct kva_ops *ops, const struct kva_work *work, struct mapper *mapper)
{
	u64 entries = count_total(COUNT_PT_SET), pages = count_total(COUNT_FLUSH_PAGE),
	    spaces = count_total(COUNT_FLUSH_SPACE), ipis = count_total(COUNT_IPIS), wrong = 0;
	struct kva_forms forms;

	map_on_all_cpus(mapper, work);
	ops->predict(work, &forms);
	if (layout.arena.start >= layout.lowmem_end_gpa)
		reach_tables(&forms);
	check_bound("forms.entries", COUNT_PT_SET, entries, &forms.entries);
	check_bound("forms.page_flushes", COUNT_FLUSH_PAGE, pages, &forms.page_flushes);
	check_bound("forms.space_flushes", COUNT_FLUSH_SPACE, spaces, &forms.space_flushes);
	check_bound("forms.ipis", COUNT_IPIS, ipis, &forms.ipis);
	for (u32 cpu = 0; cpu < work->cpus; cpu++)
		wrong += mapper[cpu].wrong;
	check_equal("forms.wrong_words", wrong, 0);
}

/* None twice, or only after all slots have got another one. */
static u32 pages_of(const struct kva_work *work)
{
	u64 maps = work->maps / work->cpus;

	return maps < work->slots ? maps + 1 : work->slots + 1;
}

void kva_compare_forms(const struct kva_ops *ops, const struct kva_work *work)
{
	struct mapper mapper[KVL_MAX_CPUS];
	struct kva_holds holds;

	for (u32 cpu = 0; cpu < work->cpus; cpu++) {
		mapper[cpu] = (struct mapper){ .maps = work->maps / work->cpus };
		kva_pages_make(&mapper[cpu].pages, pages_of(work));
	}
	kva_start(ops, work->slots);
	kva_hold(&holds, work->pinned);
	compare(ops, work, mapper);
	kva_release(&holds);
	kva_stop();
	for (u32 cpu = 0; cpu < work->cpus; cpu++)
		kva_pages_free(&mapper[cpu].pages);
}
