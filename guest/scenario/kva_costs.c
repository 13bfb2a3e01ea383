/* SPDX-License-Identifier: MIT */
/*
 * Owns what a get costs: of one page that has no address; of one that has, which has just been put,
 * on the CPU that gave it and on another one. What the measuring itself takes is taken off.
 */
#include "guest/arch.h"
#include "guest/scenario/kva.h"
#include "guest/trace.h"

static void sort(u64 *ticks, u32 n)
{
	for (u32 i = 1; i < n; i++) {
		u64 moved = ticks[i];
		u32 at = i;

		for (; at && ticks[at - 1] > moved; at--)
			ticks[at] = ticks[at - 1];
		ticks[at] = moved;
	}
}

static void report(const char *median, const char *p99, u64 *ticks, u32 n)
{
	sort(ticks, n);
	metric(median, ticks[n / 2]);
	metric(p99, ticks[(n - 1) * 99 / 100]);
}

struct names {
	const char *median, *p99, *check, *kept;
};

static u64 own_ticks(void)
{
	u64 start = ticks_now();

	return ticks_now() - start;
}

static u64 get_ticks(struct page *page, u64 own)
{
	u64 start = ticks_now(), ticks;
	void *address = kva_get(page);

	ticks = ticks_now() - start;
	kva_put(page, address);
	return ticks > own ? ticks - own : 0;
}

struct samples {
	struct page *page;
	u64 own;
	u64 *ticks;
	u32 n;
	bool kept; /* each get found an address */
};

/* The first get gives the page its address, or settles that this CPU can use it. */
static void sample_hits(void *arg)
{
	struct samples *s = arg;
	u64 installs;

	get_ticks(s->page, s->own);
	installs = count_total(COUNT_KVA_INSTALLS);
	for (u32 i = 0; i < s->n; i++)
		s->ticks[i] = get_ticks(s->page, s->own);
	s->kept = count_total(COUNT_KVA_INSTALLS) == installs;
}

/* A scheme that keeps nothing has no hits; one that promises what they cost does. */
static void report_hits(const struct kva_ops *ops, struct samples *s, const struct names *names)
{
	if (ops->hit_ticks)
		check_true(names->kept, s->kept);
	if (!s->kept)
		return;
	report(names->median, names->p99, s->ticks, s->n);
	if (ops->hit_ticks && ticks_are_exact() && !trace_on)
		check_range(names->check, s->ticks[s->n / 2], 0, ops->hit_ticks);
}

static void measure(const struct kva_ops *ops, const struct kva_pages *pages, u32 n, u64 *ticks)
{
	static const struct names here = { "hit_ticks", "hit_p99_ticks", "costs.hit",
					   "costs.kept" },
				  elsewhere = { "hit_elsewhere_ticks", "hit_elsewhere_p99_ticks",
						"costs.hit_elsewhere", "costs.kept_elsewhere" };
	struct samples hits = { .page = pages->page[0], .own = own_ticks(), .ticks = ticks, .n = n };

	for (u32 i = 0; i < n; i++)
		ticks[i] = get_ticks(pages->page[i % pages->n], hits.own);
	report("miss_ticks", "miss_p99_ticks", ticks, n);
	sample_hits(&hits);
	report_hits(ops, &hits, &here);
	if (boot_options.ncpus == 1)
		return;
	task_join(task_start("hits", 1, current()->mm, sample_hits, &hits));
	report_hits(ops, &hits, &elsewhere);
}

void kva_measure(const struct kva_ops *ops, u32 slots, u32 n)
{
	u64 *ticks = lowmem_array(n, sizeof(*ticks));
	struct kva_pages pages;

	kva_pages_make(&pages, (n < slots ? n : slots) + 1);
	kva_start(ops, slots);
	measure(ops, &pages, n, ticks);
	kva_stop();
	kva_pages_free(&pages);
	lowmem_array_free(ticks);
}
