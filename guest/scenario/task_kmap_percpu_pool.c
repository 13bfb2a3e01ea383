/* SPDX-License-Identifier: MIT */
/*
 * Arm percpu-pool: Bligh's "original plan to do per-cpu persistent kmap pools" (seed 003; row B6).
 * Each CPU has slots of its own. A cursor goes round them; each time it begins again, what nobody
 * holds is taken away, and one flush of this CPU pays for all of it. Nobody is interrupted, for an
 * address is of use on its CPU alone; so a task that holds one must stay there (task_move() refuses
 * it), and a page has no address that all know.
 */
#include "guest/arch.h"
#include "guest/scenario/task_kmap.h"
#include "guest/trace.h"

enum state { FREE, MAPPED, HELD }; /* MAPPED: by nobody, until the next round */

static struct pool {
	u32 next;
	u8 *state; /* of each slot */
} pools[KVL_MAX_CPUS];

static volatile u32 in_use;

static u32 slots(void)
{
	return kva_window.slots / boot_options.ncpus;
}

static u32 window_slot(u32 cpu, u32 i)
{
	return cpu * slots() + i;
}

static void start(void)
{
	in_use = 0;
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		pools[cpu] = (struct pool){ .state = lowmem_array(slots(), sizeof(u8)) };
}

/* Returns how many there were. The caller flushes. */
static u32 take_away(u32 cpu)
{
	u32 n = 0;

	for (u32 i = 0; i < slots(); i++) {
		if (pools[cpu].state[i] != MAPPED)
			continue;
		kva_slot_clear(window_slot(cpu, i), SITE("percpu_pool.flush"));
		pools[cpu].state[i] = FREE;
		n++;
	}
	return n;
}

/* Of other CPUs' slots only processors that look ahead know anything, but they do. */
static void stop(void)
{
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++) {
		take_away(cpu);
		lowmem_array_free(pools[cpu].state);
	}
	kva_flush_window(SITE("percpu_pool.stop"));
}

static void next_round(struct pool *pool)
{
	pool->next = 0;
	if (!take_away(cpu_id()))
		return;
	count(COUNT_KVA_WRAPS);
	kva_flush_here(SITE("percpu_pool.flush"));
}

/* The next that nobody holds; slots(): all are held. From a new round on all are looked at. */
static u32 next_free(struct pool *pool)
{
	for (u32 left = slots(); left; left--) {
		u32 i;

		if (pool->next == slots()) {
			next_round(pool);
			left = slots();
		}
		i = pool->next++;
		if (pool->state[i] == FREE)
			return i;
	}
	return slots();
}

static void *map(struct pool *pool, u32 i, struct page *page)
{
	u32 slot = window_slot(cpu_id(), i);

	pool->state[i] = HELD;
	current()->local_held++;
	__atomic_fetch_add(&in_use, 1, __ATOMIC_SEQ_CST);
	kva_slot_set(slot, page, SITE("percpu_pool.map"));
	return (void *)kva_slot_address(slot);
}

/* The pool is this CPU's: with interrupts off it is ours. */
static void *get(struct page *page)
{
	unsigned long irq = arch_irq_save();
	struct pool *pool = &pools[cpu_id()];
	u32 i = next_free(pool);
	void *address = i < slots() ? map(pool, i, page) : NULL;

	arch_irq_restore(irq);
	return address;
}

static void put(struct page *page, void *address)
{
	u32 i = kva_address_slot(address) - window_slot(cpu_id(), 0);
	unsigned long irq = arch_irq_save();

	if (i >= slots() || pools[cpu_id()].state[i] != HELD)
		panic("bad kva_put", "page %lx: nobody holds %p on CPU %u", page_gpa(page), address,
		      cpu_id());
	pools[cpu_id()].state[i] = MAPPED;
	current()->local_held--;
	__atomic_fetch_sub(&in_use, 1, __ATOMIC_SEQ_CST);
	arch_irq_restore(irq);
}

static u64 held(void)
{
	return in_use;
}

/*
 * Each CPU maps what nobody holds, takes it away, and so on; the last round is not taken away. The
 * pinned ones are the first CPU's.
 */
static void predict(const struct kva_work *work, struct kva_forms *forms)
{
	u64 maps = work->maps / work->cpus, entries = work->maps, flushes = 0;

	for (u32 cpu = 0; cpu < work->cpus && maps; cpu++) {
		u64 round = work->slots - (cpu ? 0 : work->pinned), rounds = (maps - 1) / round;

		flushes += rounds;
		entries += rounds * round;
	}
	*forms = (struct kva_forms){
		.entries = kva_exactly(entries),
		.space_flushes = kva_exactly(flushes),
		.no_ipis = true,
	};
}

const struct kva_ops task_kmap_percpu_pool FAULT_TABLE = {
	.reach = KVA_BY_TASK,
	.slots_each_cpu = true,
	.slot_bytes = sizeof(u8),
	.cpu_bytes = sizeof(struct pool),
	.start = start,
	.stop = stop,
	.get = get,
	.put = put,
	.held = held,
	.room = slots,
	.predict = predict,
};
