/* SPDX-License-Identifier: MIT */
/*
 * Owns what a get costs: of a page that has an address, which has just been put, and of one that has none. A scheme that keeps
 * nothing has no hits. What the measuring itself takes is taken off.
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

static void measure(const struct kva_ops *ops, const struct kva_pages *pages, u32 n, u64 *ticks)
{
	u64 own = own_ticks(), installs;

	for (u32 i = 0; i < n; i++)
		ticks[i] = get_ticks(pages->page[i % pages->n], own);
	report("miss_ticks", "miss_p99_ticks", ticks, n);
	get_ticks(pages->page[0], own);
	installs = count_total(COUNT_KVA_INSTALLS);
	for (u32 i = 0; i < n; i++)
		ticks[i] = get_ticks(pages->page[0], own);
	if (count_total(COUNT_KVA_INSTALLS) != installs)
		return; /* it keeps nothing */
	report("hit_ticks", "hit_p99_ticks", ticks, n);
	if (ops->hit_ticks && ticks_are_exact() && !trace_on)
		check_range("costs.hit", ticks[n / 2], 0, ops->hit_ticks);
}

void kva_measure(const struct kva_ops *ops, u32 slots, u32 n)
{
	u64 *ticks = kva_array(n, sizeof(*ticks));
	struct kva_pages pages;

	kva_pages_make(&pages, (n < slots ? n : slots) + 1);
	kva_start(ops, slots);
	measure(ops, &pages, n, ticks);
	kva_stop();
	kva_pages_free(&pages);
	kva_array_free(ticks);
}
