/* SPDX-License-Identifier: MIT */
/*
 * Arm kmap-local: a stack of slots for each CPU, mapped for one use and flushed on that CPU alone
 * when it is over, as Linux has it since 5.11 (kmap_local_page(); mm/highmem.c: kmap_ctrl,
 * __kmap_local_sched_out()). The addresses belong to the task: another CPU must not use them, they
 * are put in reverse order, and they go out and come back, the same, when the task is switched
 * (seed row T14, the second variant).
 */
#include "guest/arch.h"
#include "guest/scenario/kva.h"
#include "guest/trace.h"

#define DEPTH TASK_LOCAL_KVAS

static u32 slot_at(u32 depth)
{
	return cpu_id() * DEPTH + depth;
}

static void start(void)
{
	if (kva_window.slots < boot_options.ncpus * DEPTH)
		usage_failure("slots=%u: kmap-local has %u for each CPU", kva_window.slots, DEPTH);
}

static void stop(void)
{
}

static void map(u32 depth, struct page *page)
{
	kva_slot_set(slot_at(depth), page, SITE("kmap_local.map"));
}

static void unmap(u32 depth)
{
	kva_slot_clear(slot_at(depth), SITE("kmap_local.unmap"));
	tlb_cpu_page(kva_slot_address(slot_at(depth)), 0, SITE("kmap_local.unmap"));
}

/* A handler that comes meanwhile must find the slot taken; so in put(). */
static void *get(struct page *page)
{
	struct task *task = current();
	u32 depth = task->local_held;

	if (depth == DEPTH)
		panic("out of local mappings", "task %s holds %u", task->name, depth);
	task->local[depth] = page;
	task->local_held++;
	map(depth, page);
	return (void *)kva_slot_address(slot_at(depth));
}

static void put(struct page *page, void *address)
{
	struct task *task = current();
	u32 last = task->local_held - 1;

	if (!task->local_held || task->local[last] != page ||
	    kva_address_slot(address) != slot_at(last))
		panic("bad kva_put", "task %s: %p is not the last that it got on CPU %u",
		      task->name, address, cpu_id());
	unmap(last);
	task->local_held--;
}

/* To the trace a use ends here, and another begins there: in between the slot is another task's. */
static void switch_out(struct task *task)
{
	for (u32 i = task->local_held; i--;) {
		trace_event(KVL_EV_KVA_PUT, SITE("kmap_local.out"), 0, 0,
			    kva_slot_address(slot_at(i)), 0, 0, 0, 0);
		unmap(i);
	}
}

static void switch_in(struct task *task)
{
	for (u32 i = 0; i < task->local_held; i++) {
		map(i, task->local[i]);
		trace_event(KVL_EV_KVA_GET, SITE("kmap_local.in"), 0, 0,
			    kva_slot_address(slot_at(i)), page_gpa(task->local[i]), 0, 0, 0);
	}
}

static void predict(const struct kva_work *work, struct kva_forms *forms)
{
	*forms = (struct kva_forms){
		.entries = kva_exactly(2 * work->maps),
		.page_flushes = kva_exactly(work->maps),
		.no_ipis = true,
	};
}

const struct kva_ops kva_kmap_local FAULT_TABLE = {
	.reach = KVA_BY_TASK,
	.most_held = DEPTH,
	.cpu_bytes = DEPTH * sizeof(struct page *),
	.start = start,
	.stop = stop,
	.get = get,
	.put = put,
	.switch_out = switch_out,
	.switch_in = switch_in,
	.predict = predict,
};
