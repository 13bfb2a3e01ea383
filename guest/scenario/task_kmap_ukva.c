/* SPDX-License-Identifier: MIT */
/*
 * Arm ukva: "a per-task kmap area … on a pool system similar to the current persistent kmap" (seed
 * 003; rows B4, B8, B9, B11, B12). Each space has a pool of slots in its own part of kernel space,
 * which its threads share. What is put is unmapped at once; a slot gets another page when a flush
 * of the space has begun since. So one flush pays for all slots, and only where the space is
 * loaded: of a task with one thread, on its own CPU. "If we're clever, we can use the context
 * switches tlb_flush to do this for us": where the load of a root flushes, a switch to the space is
 * as good, if no other CPU has it loaded (guest/mm/mm_clock.h). With PCIDs it is not, nor where a
 * lazy task has kept the root.
 *
 * An address says nothing outside its space: no page has *the* address, and there is no question
 * from page to address. A kernel task has no space, and is stopped.
 */
#include "guest/arch.h"
#include "guest/mm/mm_clock.h"
#include "guest/mm/ukva.h"
#include "guest/scenario/task_kmap.h"
#include "guest/trace.h"

static volatile u32 in_use; /* by the tasks of all spaces */

static void start(void)
{
	if (kva_window.slots > UKVA_POOL_SLOTS)
		usage_failure("slots=%u: a space's own pool has 1 to %u", kva_window.slots,
			      UKVA_POOL_SLOTS);
	in_use = 0;
}

/* What is put is unmapped, and pools end with their spaces. */
static void stop(void)
{
}

/* The next that nobody holds, and no CPU can reach; the pool's size: there is none. */
static u32 next_clean(const struct mm *mm, const struct ukva_pool *pool)
{
	for (u32 n = 0; n < pool->slots; n++) {
		u32 i = (pool->next + n) % pool->slots;

		if (!pool->slot[i].holder && mm_clock_has_passed(mm, pool->slot[i].stamp))
			return i;
	}
	return pool->slots;
}

static u32 next_slot(struct mm *mm, struct ukva_pool *pool)
{
	u32 i = next_clean(mm, pool);

	if (i < pool->slots || pool->held == pool->slots)
		return i;
	count(COUNT_KVA_WRAPS);
	tlb_flush_space(mm, SITE("ukva.flush"));
	return next_clean(mm, pool);
}

static void *map(struct task *task, struct ukva_pool *pool, u32 i, struct page *page)
{
	pool->slot[i].holder = task;
	pool->slot[i].page = page;
	pool->held++;
	pool->next = i + 1;
	task->local_held++;
	__atomic_fetch_add(&in_use, 1, __ATOMIC_SEQ_CST);
	count(COUNT_KVA_INSTALLS);
	ukva_slot_set(task->mm, MM_SLOTS + i, page, SITE("ukva.map"));
	return (void *)ukva_pool_address(i);
}

static void *get(struct page *page)
{
	struct task *task = current();
	struct ukva_pool *pool;
	void *address = NULL;
	u32 i;

	if (!task->mm)
		panic("no space of its own", "kernel task %s gets an address in its own pool",
		      task->name);
	pool = ukva_pool(task->mm, kva_window.slots);
	spin_lock(&pool->lock);
	i = next_slot(task->mm, pool);
	if (i < pool->slots)
		address = map(task, pool, i, page);
	spin_unlock(&pool->lock);
	return address;
}

/* The stamp is taken when the entry has gone. */
static void unmap(struct task *task, struct ukva_pool *pool, u32 i)
{
	ukva_slot_clear(task->mm, MM_SLOTS + i, SITE("ukva.unmap"));
	pool->slot[i].stamp = mm_clock_next(task->mm);
	pool->slot[i].holder = NULL;
	pool->held--;
	task->local_held--;
	__atomic_fetch_sub(&in_use, 1, __ATOMIC_SEQ_CST);
}

static void put(struct page *page, void *address)
{
	struct task *task = current();
	struct ukva_pool *pool = task->mm ? task->mm->ukva_pool : NULL;
	u32 i = ukva_address_slot(address) - MM_SLOTS;

	if (!pool || i >= pool->slots || pool->slot[i].holder != task || pool->slot[i].page != page)
		panic("bad kva_put", "page %lx: task %s does not hold %p", page_gpa(page),
		      task->name, address);
	spin_lock(&pool->lock);
	unmap(task, pool, i);
	spin_unlock(&pool->lock);
}

static u64 held(void)
{
	return in_use;
}

static u32 room(void)
{
	return kva_window.slots;
}

/* The addresses stay where they are; to the trace they are in use only while the task's space is
 * loaded. */
static void switch_out(struct task *task)
{
	const struct ukva_pool *pool = task->mm->ukva_pool;

	for (u32 i = 0; trace_on && i < pool->slots; i++)
		if (pool->slot[i].holder == task)
			trace_event(KVL_EV_KVA_PUT, SITE("ukva.out"), 0, 0, ukva_pool_address(i), 0,
				    0, 0, 0);
}

static void switch_in(struct task *task)
{
	const struct ukva_pool *pool = task->mm->ukva_pool;

	for (u32 i = 0; trace_on && i < pool->slots; i++)
		if (pool->slot[i].holder == task)
			trace_event(KVL_EV_KVA_GET, SITE("ukva.in"), 0, 0, ukva_pool_address(i),
				    page_gpa(pool->slot[i].page), 0, 0, 0);
}

/*
 * Flushes of one CPU's work. It begins with one slot used, so that a flush comes with the last slot
 * of each round of those that nobody holds: floor(maps / (P - S)). A switch that flushes gives all
 * slots back, and comes before the first map: of the k maps up to the next one a flush comes behind
 * each full round, if there is one more, floor((k - 1) / (P - S)).
 */
static u64 flushes_of(const struct kva_work *work, u64 maps)
{
	u64 round = work->slots - work->pinned, rest;

	if (!work->between || !tlb_switch_flushes())
		return maps / round;
	rest = maps % work->between;
	return maps / work->between * ((work->between - 1) / round) +
	       (rest ? (rest - 1) / round : 0);
}

/* Threads in turn go round one pool, and each flush is one of all their CPUs. */
static void predict_threads(const struct kva_work *work, struct kva_forms *forms)
{
	u64 flushes = work->maps / (work->slots - work->pinned);

	*forms = (struct kva_forms){
		.entries = kva_exactly(2 * work->maps),
		.space_flushes = kva_exactly(flushes * work->cpus),
		.ipis = kva_exactly(flushes * (work->cpus - 1)),
	};
}

static void predict(const struct kva_work *work, struct kva_forms *forms)
{
	u64 flushes = work->cpus * flushes_of(work, work->maps / work->cpus);

	if (work->threads) {
		predict_threads(work, forms);
		return;
	}
	*forms = (struct kva_forms){
		.entries = kva_exactly(2 * work->maps),
		.space_flushes = kva_exactly(flushes),
		.no_ipis = true,
	};
}

const struct kva_ops task_kmap_ukva FAULT_TABLE = {
	.reach = KVA_BY_TASK,
	.own_space = true,
	.moves = true,
	.slot_bytes = sizeof(struct ukva_slot),
	.start = start,
	.stop = stop,
	.get = get,
	.put = put,
	.held = held,
	.room = room,
	.switch_out = switch_out,
	.switch_in = switch_in,
	.predict = predict,
};
