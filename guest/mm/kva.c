/* SPDX-License-Identifier: MIT */
/*
 * Owns what all schemes of dynamic kernel addresses have in common: lowmem has its own, waiting for
 * a slot, and the record of who uses an address, from kva_get() to kva_put().
 */
#include "guest/mm/kva.h"

#include "guest/arch.h"
#include "guest/mm/fault.h"
#include "guest/mm/kva_cache.h"
#include "guest/mm/kva_window.h"
#include "guest/mm/vm.h"
#include "guest/trace.h"

const struct kva_ops *kva_ops;

/* Tasks that wait for a slot: how many; the addresses that they hold; puts that they may not have
 * seen. */
static volatile u32 waiters, puts, held_by_waiters;
static volatile u32 putting[KVL_MAX_CPUS]; /* two: one of a handler interrupts another */

void kva_start(const struct kva_ops *ops, u32 slots)
{
	fault_table_check(ops, "the arm's ops");
	kva_window_open(ops->slots_each_cpu ? slots * boot_options.ncpus : slots);
	kva_ops = ops;
	ops->start();
}

void kva_stop(void)
{
	kva_ops->stop();
	kva_ops = NULL;
	kva_window_close();
}

static bool somebody_puts(void)
{
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		if (putting[cpu])
			return true;
	return false;
}

/*
 * Who waits has said what it holds, and lets go of nothing meanwhile. What is put is no longer held
 * before the put has been counted: so the count is looked at last, and puts under way before it.
 */
static void check_progress(const struct task *task, u32 seen)
{
	u64 held = kva_ops->held();

	if (held_by_waiters >= held && !somebody_puts() && puts == seen)
		panic("deadlock",
		      "task %s waits for a slot of the kva window, and so does who holds "
		      "one: %lu are held",
		      task->name, held);
}

static void *wait_for_slot(struct page *page)
{
	struct task *task = current();
	u64 object = page_gpa(page);
	void *address;
	u32 seen;

	count(COUNT_KVA_WAITS);
	wait_begin(KVL_WAIT_KVA, object, SITE("kva.get"));
	__atomic_fetch_add(&held_by_waiters, task->kva_held, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&waiters, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		seen = puts;
		address = kva_ops->get(page);
		if (address)
			break;
		while (puts == seen) {
			check_progress(task, seen);
			task_yield();
		}
	}
	__atomic_fetch_sub(&waiters, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_sub(&held_by_waiters, task->kva_held, __ATOMIC_SEQ_CST);
	wait_end(KVL_WAIT_KVA, object, SITE("kva.get"));
	return address;
}

static void *note_get(struct page *page, void *address)
{
	current()->kva_held++;
	if (trace_on)
		trace_event(KVL_EV_KVA_GET, SITE("kva.get"), 0, 0, (u64)address, page_gpa(page), 0,
			    0, 0);
	return address;
}

/* Apart from kva_get(), whose common path then saves no register. */
static __attribute__((noinline)) void *get_slowly(struct page *page)
{
	void *address = kva_ops->get(page);

	return note_get(page, address ? address : wait_for_slot(page));
}

static __attribute__((noinline)) void *get_pinned(struct page *page, struct kva_slot *slot)
{
	void *address = kva_cache_settle(page, slot);

	return note_get(page, address ? address : wait_for_slot(page));
}

/* A get that finds an address and is not recorded takes the shortest way. */
void *kva_get(struct page *page)
{
	struct task *task = current();
	u32 kva = page->kva;
	struct kva_slot *slot;

	if (kva - 1 < kva_cache.quick_slots) {
		slot = &kva_cache.slot[kva - 1];
		if (!kva_cache_hit(page, slot, task->cpu))
			return get_pinned(page, slot);
		task->kva_held++;
		return (void *)kva_slot_address(kva - 1);
	}
	if (!page_is_highmem(page))
		return page_address(page);
	return get_slowly(page);
}

void *kva_try_get(struct page *page)
{
	void *address;

	if (!page_is_highmem(page))
		return page_address(page);
	address = kva_ops->get(page);
	return address ? note_get(page, address) : NULL;
}

void kva_put(struct page *page, void *address)
{
	if (!page_is_highmem(page))
		return;
	current()->kva_held--;
	if (trace_on)
		trace_event(KVL_EV_KVA_PUT, SITE("kva.put"), 0, 0, (u64)address, 0, 0, 0, 0);
	putting[cpu_id()]++;
	kva_ops->put(page, address);
	if (waiters)
		__atomic_fetch_add(&puts, 1, __ATOMIC_SEQ_CST);
	putting[cpu_id()]--;
}

void kva_give(const struct page *page, void *address)
{
	if (!page_is_highmem(page))
		return;
	current()->kva_held--;
	trace_event(KVL_EV_KVA_PUT, SITE("kva.give"), 0, 0, (u64)address, 0, 0, 0, 0);
}

void kva_take(const struct page *page, void *address)
{
	if (!page_is_highmem(page))
		return;
	current()->kva_held++;
	trace_event(KVL_EV_KVA_GET, SITE("kva.take"), 0, 0, (u64)address, page_gpa(page), 0, 0, 0);
}

void *page_kva(struct page *page)
{
	void *address;

	if (!page_is_highmem(page))
		return page_address(page);
	address = kva_ops->page_kva(page);
	if (trace_on)
		trace_use(address, false, SITE("page_kva"));
	return address;
}

void kva_forget(struct page *page)
{
	kva_ops->forget(page);
}
