/* SPDX-License-Identifier: MIT */
/*
 * Owns windows of which every slot is held (seed row T4): who does not wait gets nothing, who waits
 * gets the first slot that is put, who would wait for itself is stopped, and so is an interrupt
 * handler. Schemes that always have a slot, or stop themselves, have nothing to show here.
 */
#include "guest/scenario/kva.h"
#include "guest/task/cross_call.h"

#define MOST_SLOTS 64

struct waiter {
	struct page *page;
	bool wrong;
	volatile bool done;
};

static void wait_for_a_slot(void *arg)
{
	struct waiter *w = arg;
	void *address = kva_get(w->page);

	w->wrong = kva_page_is_wrong(w->page, address);
	kva_put(w->page, address);
	w->done = true;
}

static u32 hold_all(const struct kva_pages *pages, void **address)
{
	u32 n = 0;

	while (n < pages->n && (address[n] = kva_try_get(pages->page[n])))
		n++;
	return n;
}

/* What is put is the address that was got last. Addresses that belong to tasks are of a CPU. */
static void let_one_wait(const struct kva_ops *ops, const struct kva_pages *pages,
			 void *const *address, u32 n)
{
	u32 cpu = ops->reach == KVA_BY_TASK ? cpu_id() : boot_options.ncpus - 1;
	struct waiter w = { .page = pages->page[n] };
	u64 waits = count_total(COUNT_KVA_WAITS);
	struct task *task = task_start("waiter", cpu, current()->mm, wait_for_a_slot, &w);

	while (count_total(COUNT_KVA_WAITS) == waits && !w.done)
		task_yield();
	kva_put(pages->page[n - 1], address[n - 1]);
	task_join(task);
	check_count("full.waits", COUNT_KVA_WAITS, waits, 1);
	check_true("full.word", !w.wrong);
}

static void get_in_handler(void *page)
{
	kva_get(page);
}

/* Another CPU's handler finds a kernel task there. */
static void let_handler_wait(const struct kva_ops *ops, struct page *page)
{
	cross_call(ops->own_space ? cpu_id() : boot_options.ncpus - 1, get_in_handler, page);
}

static void fill(const struct kva_ops *ops, const struct kva_pages *pages, void **address,
		 enum kva_waits who)
{
	u32 n = hold_all(pages, address);

	check_equal("full.held", ops->held(), n);
	check_range("full.slots", n, kva_room(), ops->room ? kva_window.slots : kva_room());
	if (who == KVA_HOLDER_WAITS)
		kva_get(pages->page[n]);
	else if (who == KVA_HANDLER_WAITS)
		let_handler_wait(ops, pages->page[n]);
	let_one_wait(ops, pages, address, n);
	for (u32 i = n - 1; i--;)
		kva_put(pages->page[i], address[i]);
}

void kva_fill(const struct kva_ops *ops, u32 slots, enum kva_waits who)
{
	u32 n = slots < MOST_SLOTS ? slots : MOST_SLOTS;
	struct kva_pages pages;
	void **address;

	if (!ops->held && who != KVA_ANOTHER_WAITS)
		usage_failure("provoke=%s-wait: no task ever waits for a slot of this arm",
			      who == KVA_HOLDER_WAITS ? "self" : "handler");
	if (!ops->held)
		return;
	kva_pages_make(&pages, n + 1);
	address = lowmem_array(n + 1, sizeof(*address));
	kva_start(ops, n);
	fill(ops, &pages, address, who);
	kva_stop();
	lowmem_array_free(address);
	kva_pages_free(&pages);
}
