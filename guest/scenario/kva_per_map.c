/* SPDX-License-Identifier: MIT */
/*
 * Arm per-map: "picking 2 unused virtual addresses in kernel space and making temporary mappings"
 * (the mail that seed 001 answers; row T14). In two variants; the third is kmap-local.
 *
 *   pair=shared  the pair is all CPUs': an address is mapped for each use, and when it is over,
 *                flushed on every CPU
 *   pair=task    the pair is in the task's own page table, in the part of kernel space that each
 *                space has for itself, and flushed on the task's CPU alone. Threads of the space
 *                have other addresses on each CPU; on one CPU they wait for each other. A kernel
 *                task has no table of its own, and is stopped.
 */
#include "guest/arch.h"
#include "guest/mm/ukva.h"
#include "guest/scenario/kva.h"
#include "guest/trace.h"

#define PAIR 2

/* --- all CPUs' -------------------------------------------------------------------------------- */

static struct {
	struct spinlock lock;
	bool held[PAIR];
} pair = { .lock = SPINLOCK("per-map") };

static void start(void)
{
	if (kva_window.slots < PAIR)
		usage_failure("slots=%u: per-map has %u", kva_window.slots, PAIR);
}

static void stop(void)
{
}

static void *get(struct page *page)
{
	void *address = NULL;

	spin_lock(&pair.lock);
	for (u32 i = 0; i < PAIR && !address; i++) {
		if (pair.held[i])
			continue;
		pair.held[i] = true;
		kva_slot_set(i, page, SITE("per_map.map"));
		address = (void *)kva_slot_address(i);
	}
	spin_unlock(&pair.lock);
	return address;
}

static void put(struct page *page, void *address)
{
	u32 slot = kva_address_slot(address);

	spin_lock(&pair.lock);
	if (slot >= PAIR || !pair.held[slot])
		panic("bad kva_put", "page %lx: nobody holds %p", page_gpa(page), address);
	kva_slot_clear(slot, SITE("per_map.unmap"));
	kva_flush_slot(slot, SITE("per_map.unmap"));
	pair.held[slot] = false;
	spin_unlock(&pair.lock);
}

static u64 held(void)
{
	return pair.held[0] + pair.held[1];
}

static void predict(const struct kva_work *work, struct kva_forms *forms)
{
	*forms = (struct kva_forms){
		.entries = kva_exactly(2 * work->maps),
		.page_flushes = kva_exactly(work->maps * work->cpus),
		.ipis = kva_exactly(work->maps * (work->cpus - 1)),
	};
}

/* --- the task's ------------------------------------------------------------------------------- */

_Static_assert(PAIR *KVL_MAX_CPUS == MM_SLOTS, "what a space has");

static volatile u32 in_use;

static void own_start(void)
{
	in_use = 0;
}

/* The slot of this CPU's pair: what another CPU of the same space may have looked up is never used
 * there. */
static u32 own_slot(u32 i)
{
	return cpu_id() * PAIR + i;
}

static bool own_claim(struct task *task, u32 i)
{
	struct task *nobody = NULL;

	return __atomic_compare_exchange_n(&task->mm->slot_holder[own_slot(i)], &nobody, task,
					   false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void *own_map(struct task *task, u32 i, struct page *page)
{
	task->local[i] = page;
	task->local_held++;
	__atomic_fetch_add(&in_use, 1, __ATOMIC_SEQ_CST);
	count(COUNT_KVA_INSTALLS);
	ukva_slot_set(task->mm, own_slot(i), page, SITE("per_map.map"));
	return (void *)ukva_slot_address(own_slot(i));
}

static void *own_get(struct page *page)
{
	struct task *task = current();

	if (!task->mm)
		panic("no space of its own", "kernel task %s gets an address in its own table",
		      task->name);
	for (u32 i = 0; i < PAIR; i++)
		if (own_claim(task, i))
			return own_map(task, i, page);
	return NULL;
}

static void own_put(struct page *page, void *address)
{
	struct task *task = current();
	u32 slot = ukva_address_slot(address);

	if (!task->mm || slot / PAIR != cpu_id() || task->mm->slot_holder[slot] != task)
		panic("bad kva_put", "page %lx: task %s does not hold %p", page_gpa(page),
		      task->name, address);
	ukva_slot_clear(task->mm, slot, SITE("per_map.unmap"));
	tlb_cpu_page((u64)address, task->mm->id, SITE("per_map.unmap"));
	task->local_held--;
	__atomic_fetch_sub(&in_use, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&task->mm->slot_holder[slot], NULL, __ATOMIC_RELEASE);
}

static u64 own_held(void)
{
	return in_use;
}

/* The addresses stay where they are; to the trace they are in use only while the task's space is
 * loaded. */
static void own_switch_out(struct task *task)
{
	for (u32 i = 0; i < PAIR; i++)
		if (task->mm->slot_holder[own_slot(i)] == task)
			trace_event(KVL_EV_KVA_PUT, SITE("per_map.out"), 0, 0,
				    ukva_slot_address(own_slot(i)), 0, 0, 0, 0);
}

static void own_switch_in(struct task *task)
{
	for (u32 i = 0; i < PAIR; i++)
		if (task->mm->slot_holder[own_slot(i)] == task)
			trace_event(KVL_EV_KVA_GET, SITE("per_map.in"), 0, 0,
				    ukva_slot_address(own_slot(i)), page_gpa(task->local[i]), 0, 0,
				    0);
}

static void own_predict(const struct kva_work *work, struct kva_forms *forms)
{
	*forms = (struct kva_forms){
		.entries = kva_exactly(2 * work->maps),
		.page_flushes = kva_exactly(work->maps),
		.no_ipis = true,
	};
}

static const struct kva_ops own_ops FAULT_TABLE = {
	.reach = KVA_BY_TASK,
	.most_held = PAIR,
	.own_space = true,
	.slot_bytes = sizeof(struct task *),
	.start = own_start,
	.stop = stop,
	.get = own_get,
	.put = own_put,
	.held = own_held,
	.switch_out = own_switch_out,
	.switch_in = own_switch_in,
	.predict = own_predict,
};

static const struct kva_ops *choose(void)
{
	return param_choice("pair", "shared", "task") ? &own_ops : &kva_per_map;
}

const struct kva_ops kva_per_map FAULT_TABLE = {
	.choose = choose,
	.reach = KVA_ANYWHERE,
	.most_held = PAIR,
	.start = start,
	.stop = stop,
	.get = get,
	.put = put,
	.held = held,
	.predict = predict,
};
