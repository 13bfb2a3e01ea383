/* SPDX-License-Identifier: MIT */
/*
 * Arm per-map: "picking 2 unused virtual addresses in kernel space and making temporary mappings" (the mail that
 * seed 001 answers; row T14). The pair is all CPUs', so an address is mapped for each use, and when it is
 * over, flushed on every CPU.
 */
#include "guest/scenario/kva.h"
#include "guest/trace.h"

#define PAIR 2

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

const struct kva_ops kva_per_map FAULT_TABLE = {
	.reach = KVA_ANYWHERE,
	.most_held = PAIR,
	.start = start,
	.stop = stop,
	.get = get,
	.put = put,
	.held = held,
	.predict = predict,
};
