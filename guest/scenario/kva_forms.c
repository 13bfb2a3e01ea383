/* SPDX-License-Identifier: MIT */
/*
 * Owns the comparison of a scheme's counts with its closed forms. Every get is of a page that has
 * no address: each CPU goes round more pages than there are slots. So a count is exact under either
 * schedule. Where spaces switch, a partner with another space is let run before the first get, and
 * again after so many.
 */
#include "guest/arch.h"
#include "guest/scenario/kva_forms.h"
#include "guest/trace.h"

struct mapper {
	const struct kva_ops *ops;
	const struct kva_work *work;
	struct kva_pages pages;
	u32 holds;	  /* of the mapper itself */
	struct mm *space; /* its own; NULL: it is a kernel task */
	struct mm *other; /* the partner's */
	volatile u32 turns;
	volatile bool over;
	struct spent spent;
	u64 wrong;
};

/* --- what it took ----------------------------------------------------------------------------- */

static void check_bound(const char *name, u64 spent, const struct kva_bound *bound)
{
	check_range(name, spent, bound->low, bound->high);
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

void kva_check_forms(const struct kva_ops *ops, const struct kva_work *work,
		     const struct spent *spent, u64 wrong)
{
	static const struct names {
		const char *entries, *page_flushes, *space_flushes, *ipis, *wrong;
	} plain = { "forms.entries", "forms.page_flushes", "forms.space_flushes", "forms.ipis",
		    "forms.wrong_words" },
	  switches = { "switches.entries", "switches.page_flushes", "switches.space_flushes",
		       "switches.ipis", "switches.wrong_words" },
	  threads = { "threads.entries", "threads.page_flushes", "threads.space_flushes",
		      "threads.ipis", "threads.wrong_words" };
	const struct names *names = work->threads ? &threads : work->between ? &switches : &plain;
	struct kva_forms forms;

	ops->predict(work, &forms);
	if (layout.arena.start >= layout.lowmem_end_gpa)
		reach_tables(&forms);
	check_bound(names->entries, spent->entries, &forms.entries);
	check_bound(names->page_flushes, spent->page_flushes, &forms.page_flushes);
	check_bound(names->space_flushes, spent->space_flushes, &forms.space_flushes);
	check_bound(names->ipis, spent->ipis, &forms.ipis);
	check_equal(names->wrong, wrong, 0);
}

/* --- the work --------------------------------------------------------------------------------- */

u64 kva_map_once(struct page *page)
{
	void *address = kva_get(page);
	bool wrong = kva_page_is_wrong(page, address);

	kva_put(page, address);
	return wrong;
}

/* Its directory is filled when an address is touched that is mapped. */
static void touch_window(struct page *page, u32 slot)
{
	kva_slot_set(slot, page, SITE("kva.settle"));
	kva_page_is_wrong(page, (void *)kva_slot_address(slot));
	kva_slot_clear(slot, SITE("kva.settle"));
	kva_flush_slot(slot, SITE("kva.settle"));
}

/* A new space lacks what is made at the first touch: directories of lowmem and of the window, or
 * the table of its own slots. */
void kva_settle(const struct kva_ops *ops, const struct kva_pages *pages)
{
	for (u32 i = 0; i < pages->n; i++)
		(void)pages->page[i]->kva;
	if (ops->own_space)
		kva_map_once(pages->page[0]);
	else
		for (u32 i = 0; i < kva_window.slots; i += ARCH_PT_ENTRIES)
			touch_window(pages->page[0], i);
}

static void be_there(void *arg)
{
	struct mapper *m = arg;

	while (!m->over) {
		m->turns++;
		task_yield();
	}
}

/* Two loads of roots, at least: the partner's, and the mapper's again. */
static void switch_away(const struct mapper *m)
{
	u32 turns = m->turns;

	while (m->turns == turns)
		task_yield();
}

static void map_all(struct mapper *m)
{
	struct spent before = spent_until_now();
	u64 maps = m->work->maps / m->work->cpus;

	for (u64 i = 0; i < maps; i++) {
		if (m->other && i % m->work->between == 0)
			switch_away(m);
		m->wrong += kva_map_once(m->pages.page[i % m->pages.n]);
	}
	m->spent = spent_since(&before);
}

static void map_with_partner(struct mapper *m)
{
	struct task *partner = task_start("partner", cpu_id(), m->other, be_there, m);

	switch_away(m);
	map_all(m);
	m->over = true;
	task_join(partner);
}

static void run_mapper(void *arg)
{
	struct mapper *m = arg;
	struct kva_holds holds;

	kva_hold(&holds, m->holds);
	if (m->space)
		kva_settle(m->ops, &m->pages);
	if (m->other)
		map_with_partner(m);
	else
		map_all(m);
	kva_release(&holds);
}

/* One after the other: what another CPU holds for a moment would be one slot less. */
static void map_on_all_cpus(struct mapper *mapper, const struct kva_work *work)
{
	for (u32 cpu = 0; cpu < work->cpus; cpu++)
		task_join(task_start("mapper", cpu, mapper[cpu].space, run_mapper, &mapper[cpu]));
}

static void compare(const struct kva_ops *ops, const struct kva_work *work, struct mapper *mapper)
{
	struct spent spent = { 0 };
	u64 wrong = 0;

	map_on_all_cpus(mapper, work);
	for (u32 cpu = 0; cpu < work->cpus; cpu++) {
		spent.entries += mapper[cpu].spent.entries;
		spent.page_flushes += mapper[cpu].spent.page_flushes;
		spent.space_flushes += mapper[cpu].spent.space_flushes;
		spent.ipis += mapper[cpu].spent.ipis;
		wrong += mapper[cpu].wrong;
	}
	kva_check_forms(ops, work, &spent, wrong);
}

/* None twice, or only after all slots have got another one. */
static u32 pages_of(const struct kva_work *work)
{
	u64 maps = work->maps / work->cpus;

	return maps < work->slots ? maps + 1 : work->slots + 1;
}

static void make_mapper(struct mapper *m, const struct kva_ops *ops, const struct kva_work *work)
{
	*m = (struct mapper){
		.ops = ops,
		.work = work,
		.holds = ops->own_space ? work->pinned : 0,
		.space = kva_space_make(ops->own_space || work->between),
		.other = kva_space_make(work->between),
	};
	kva_pages_make(&m->pages, pages_of(work));
}

static void end_mapper(struct mapper *m)
{
	kva_pages_free(&m->pages);
	kva_space_drop(m->space);
	kva_space_drop(m->other);
}

void kva_compare_forms(const struct kva_ops *ops, const struct kva_work *work)
{
	struct mapper mapper[KVL_MAX_CPUS];
	struct kva_holds holds;

	for (u32 cpu = 0; cpu < work->cpus; cpu++)
		make_mapper(&mapper[cpu], ops, work);
	kva_start(ops, work->slots);
	kva_hold(&holds, ops->own_space ? 0 : work->pinned);
	compare(ops, work, mapper);
	kva_release(&holds);
	kva_stop();
	for (u32 cpu = 0; cpu < work->cpus; cpu++)
		end_mapper(&mapper[cpu]);
}
