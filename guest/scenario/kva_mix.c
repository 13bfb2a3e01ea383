/* SPDX-License-Identifier: MIT */
/*
 * Owns work with reuse: rounds in which every CPU gets pages of its own and of all, in an order drawn from the
 * seed, and reads at their addresses what they say. Who reads through a stale translation reads another
 * page's word: a witness that knows nothing of the trace. Many rounds share a boot.
 */
#include "guest/lib/draw.h"
#include "guest/scenario/kva.h"
#include "guest/trace.h"

struct worker {
	const struct kva_mix *mix;
	const struct kva_pages *pages;
	u64 draws;
	u64 gets, reads, wrong;
};

static struct page *choose(struct worker *w)
{
	u32 own = w->pages->n / boot_options.ncpus;
	u64 drawn = draw_next(&w->draws);

	if (drawn % 100 < w->mix->shared)
		return w->pages->page[drawn / 100 % w->pages->n];
	return w->pages->page[cpu_id() * own + drawn / 100 % own];
}

static void use_page(struct worker *w, struct page *page)
{
	void *address = kva_get(page);

	w->gets += page->zone != ZONE_LOWMEM;
	for (u64 left = 1 + draw_next(&w->draws) % w->mix->run; left; left--) {
		w->wrong += kva_page_is_wrong(page, address);
		w->reads++;
		sched_point();
	}
	kva_put(page, address);
}

static void work(void *arg)
{
	struct worker *w = arg;

	for (u32 i = 0; i < w->mix->gets; i++) {
		use_page(w, choose(w));
		task_yield();
	}
}

static void round_of_gets(struct worker *worker, u64 number)
{
	struct task *task[KVL_MAX_CPUS];
	u64 round = draw_stream(boot_options.seed, number);

	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++) {
		worker[cpu].draws = draw_stream(round, cpu);
		task[cpu] = task_start("worker", cpu, NULL, work, &worker[cpu]);
	}
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		task_join(task[cpu]);
}

static void report(const struct worker *worker, u64 installs)
{
	u64 gets = 0, reads = 0, wrong = 0, misses = count_total(COUNT_KVA_INSTALLS) - installs;

	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++) {
		gets += worker[cpu].gets;
		reads += worker[cpu].reads;
		wrong += worker[cpu].wrong;
	}
	check_equal("mix.wrong_words", wrong, 0);
	metric("hits", gets - misses);
	metric("misses", misses);
	metric("reads", reads);
}

void kva_mix_run(const struct kva_ops *ops, const struct kva_mix *mix)
{
	struct worker worker[KVL_MAX_CPUS];
	struct kva_pages pages;
	struct kva_holds holds;
	u64 installs;

	kva_pages_make(&pages, mix->pages);
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		worker[cpu] = (struct worker){ .mix = mix, .pages = &pages };
	kva_start(ops, mix->slots);
	kva_hold(&holds, mix->pinned);
	installs = count_total(COUNT_KVA_INSTALLS);
	for (u32 i = 0; i < mix->rounds; i++)
		round_of_gets(worker, i);
	report(worker, installs);
	kva_release(&holds);
	kva_stop();
	kva_pages_free(&pages);
}
