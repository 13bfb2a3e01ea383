/* SPDX-License-Identifier: MIT */
/*
 * Owns addresses that go from a CPU to another, and what comes of it where the other does not ask
 * again (seed row T15: a pointer handed to a CPU that held the slot before).
 */
#include "guest/scenario/kva_mix.h"
#include "guest/trace.h"

struct item {
	struct page *page;
	void *address;
	bool ask, wrong;
};

static void receive(void *arg)
{
	struct item *item = arg;

	if (item->ask)
		item->address = page_kva(item->page);
	kva_take(item->page, item->address);
	item->wrong = kva_page_is_wrong(item->page, item->address);
	kva_put_counted(item->page, item->address);
}

bool kva_hand_to(u32 cpu, bool ask, struct page *page, void *address)
{
	struct item item = { .page = page, .address = address, .ask = ask };

	kva_give(page, address);
	task_join(task_start("hand", cpu, NULL, receive, &item));
	return item.wrong;
}

/* --- provoke=raw-handover --------------------------------------------------------------------- */

struct visit {
	struct page *page;
	void *address;
};

static void use_once(void *arg)
{
	struct visit *visit = arg;

	visit->address = kva_get(visit->page);
	check_true("handover.first_word", !kva_page_is_wrong(visit->page, visit->address));
	kva_put(visit->page, visit->address);
}

/* Gets other pages until one has @address, which is then held. */
static struct page *recycle(const struct kva_pages *others, const void *address)
{
	for (u32 i = 0; i < others->n; i++) {
		void *got = kva_get(others->page[i]);

		if (got == address)
			return others->page[i];
		kva_put(others->page[i], got);
	}
	panic("not recycled", "%u pages were mapped, none where the first one was", others->n);
}

void kva_raw_handover(const struct kva_ops *ops, u32 slots)
{
	struct kva_pages pages, others;
	struct visit visit;
	struct page *page;

	if (ops->reach == KVA_BY_TASK || boot_options.ncpus < 2)
		usage_failure(
			"provoke=raw-handover: needs two CPUs, and addresses that do not belong to a "
			"task");
	if (ops->lowmem_only)
		usage_failure("provoke=raw-handover: pages of lowmem have an address of their own");
	kva_pages_make(&pages, 1);
	kva_pages_make(&others, 2 * slots);
	visit.page = pages.page[0];
	kva_start(ops, slots);
	task_join(task_start("first", 1, NULL, use_once, &visit));
	page = recycle(&others, visit.address);
	check_true("handover.word_here", !kva_page_is_wrong(page, visit.address));
	check_true("handover.word_there", !kva_hand_to(1, false, page, visit.address));
	kva_stop();
	kva_pages_free(&others);
	kva_pages_free(&pages);
}
