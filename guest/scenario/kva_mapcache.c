/* SPDX-License-Identifier: MIT */
/*
 * Arm mapcache: Xen's (xen/arch/x86/domain_page.c: map_domain_page(), unmap_domain_page();
 * NEED_FLUSH() of flushtlb.h). A cursor goes round slots that all CPUs share. What is put stays
 * mapped in a small hash of its CPU; what the hash drops loses its entry and is garbage. When the
 * cursor is at the end the garbage is free again, and an epoch begins: each CPU flushes before it
 * takes a slot in it, if it has not flushed since. No CPU ever asks another one. Xen has 16 slots
 * for each virtual CPU and a hash of 8, so that there is always one to take; a window may be
 * smaller here. Then a hash has half of its CPU's share, and once a CPU has found no slot, what is
 * put is garbage at once, until one has been taken.
 *
 * An address is good on the CPU that got it, in any order: KVA_BY_TASK asks more of users than this
 * needs.
 */
#include "guest/arch.h"
#include "guest/scenario/kva.h"
#include "guest/trace.h"

#define HASH 8 /* at most: MAPHASH_ENTRIES */

struct entry {
	struct page *page; /* NULL: none */
	u32 slot;
	u32 refs;
};

struct cpu_cache {
	struct entry hash[HASH];
	u32 epoch; /* in which it last took a slot */
};

static struct {
	struct spinlock
		lock; /* of in_use, cursor, epoch and stamp; the rest is each CPU's, or atomic */
	u64 *in_use, *garbage; /* bit per slot; garbage is in use until it is collected */
	u32 cursor, epoch;
	u32 stamp; /* the time when the epoch began: kva_clock */
	u32 held;
	u32 nhash;	      /* entries of a hash that are used */
	volatile bool wanted; /* a CPU has found no slot, and none has taken one since */
	struct cpu_cache cpu[KVL_MAX_CPUS];
} cache = { .lock = SPINLOCK("mapcache") };

static u32 words(void)
{
	return (kva_window.slots + 63) / 64;
}

/* What is in the hash of another CPU is not to be had. */
static u32 room(void)
{
	return kva_window.slots - cache.nhash * (boot_options.ncpus - 1);
}

static void start(void)
{
	u32 half = kva_window.slots / boot_options.ncpus / 2;

	if (!half)
		usage_failure("slots=%u: mapcache needs 2 for each CPU", kva_window.slots);
	cache.nhash = half < HASH ? half : HASH;
	cache.wanted = false;
	cache.in_use = lowmem_array(words(), sizeof(*cache.in_use));
	cache.garbage = lowmem_array(words(), sizeof(*cache.garbage));
	cache.cursor = cache.epoch = cache.held = 0;
	for (u32 i = 0; i < boot_options.ncpus; i++)
		cache.cpu[i] = (struct cpu_cache){ .epoch = 0 };
}

static void drop(u32 slot)
{
	kva_slot_clear(slot, SITE("mapcache.drop"));
	__atomic_fetch_or(&cache.garbage[slot / 64], 1ull << slot % 64, __ATOMIC_SEQ_CST);
}

static void stop(void)
{
	for (u32 i = 0; i < boot_options.ncpus; i++)
		for (struct entry *e = cache.cpu[i].hash; e < cache.cpu[i].hash + HASH; e++)
			if (e->page)
				drop(e->slot);
	kva_flush_window(SITE("mapcache.stop"));
	lowmem_array_free(cache.in_use);
	lowmem_array_free(cache.garbage);
}

static struct entry *hashed(const struct page *page)
{
	return &cache.cpu[cpu_id()].hash[page_gpa(page) / PAGE_BYTES % cache.nhash];
}

static bool is_in_use(u32 slot)
{
	return cache.in_use[slot / 64] >> slot % 64 & 1;
}

/* From @slot on; the window's size: none. */
static u32 next_unused(u32 slot)
{
	while (slot < kva_window.slots && is_in_use(slot))
		slot++;
	return slot;
}

static void collect_garbage(void)
{
	for (u32 i = 0; i < words(); i++)
		cache.in_use[i] &= ~__atomic_exchange_n(&cache.garbage[i], 0, __ATOMIC_SEQ_CST);
}

/* Of this CPU's hash: what nobody holds. */
static u32 take_from_hash(struct cpu_cache *cpu)
{
	for (struct entry *e = cpu->hash; e < cpu->hash + HASH; e++) {
		if (!e->page || e->refs)
			continue;
		kva_slot_clear(e->slot, SITE("mapcache.replace"));
		e->page = NULL;
		return e->slot;
	}
	return kva_window.slots;
}

static u32 begin_epoch(struct cpu_cache *cpu)
{
	u32 slot;

	collect_garbage();
	slot = next_unused(0);
	if (slot == kva_window.slots)
		slot = take_from_hash(cpu);
	if (slot == kva_window.slots)
		return slot;
	count(COUNT_KVA_WRAPS);
	cache.stamp = ++kva_clock.now;
	kva_flush_here(SITE("mapcache.wrap"));
	cpu->epoch = ++cache.epoch;
	return slot;
}

static void enter_epoch(struct cpu_cache *cpu)
{
	if (cpu->epoch == cache.epoch)
		return;
	cpu->epoch = cache.epoch;
	if ((s32)(kva_clock.flushed[cpu_id()] - cache.stamp) < 0)
		kva_flush_here(SITE("mapcache.epoch"));
}

static void count_held(void)
{
	__atomic_fetch_add(&cache.held, 1, __ATOMIC_SEQ_CST);
}

static u32 take_slot(struct cpu_cache *cpu)
{
	u32 slot;

	spin_lock(&cache.lock);
	enter_epoch(cpu);
	slot = next_unused(cache.cursor);
	if (slot == kva_window.slots)
		slot = begin_epoch(cpu);
	if (slot < kva_window.slots) {
		cache.in_use[slot / 64] |= 1ull << slot % 64;
		count_held();
		cache.cursor = slot + 1;
	}
	cache.wanted = slot == kva_window.slots;
	spin_unlock(&cache.lock);
	return slot;
}

static u32 map(struct page *page)
{
	u32 slot = take_slot(&cache.cpu[cpu_id()]);

	if (slot < kva_window.slots)
		kva_slot_set(slot, page, SITE("mapcache.map"));
	return slot;
}

/* Interrupts are off: the hash is this CPU's alone. */
static void *get(struct page *page)
{
	unsigned long irq = arch_irq_save();
	struct entry *e = hashed(page);
	u32 slot;

	if (e->page == page) {
		e->refs++;
		count_held();
		slot = e->slot;
	} else {
		slot = map(page);
	}
	arch_irq_restore(irq);
	return slot < kva_window.slots ? (void *)kva_slot_address(slot) : NULL;
}

static void unmap(struct entry *e, struct page *page, u32 slot)
{
	if (e->page && e->slot == slot) {
		if (--e->refs || !cache.wanted)
			return;
		e->page = NULL;
		drop(slot);
	} else if (e->refs || cache.wanted) {
		drop(slot);
	} else {
		if (e->page)
			drop(e->slot);
		*e = (struct entry){ page, slot, 0 };
	}
}

static void put(struct page *page, void *address)
{
	unsigned long irq = arch_irq_save();
	u32 slot = kva_address_slot(address);
	struct entry *e = hashed(page);

	if (slot >= kva_window.slots || !is_in_use(slot) ||
	    (e->page && e->slot == slot && !e->refs))
		panic("bad kva_put", "page %lx: nobody holds %p on CPU %u", page_gpa(page), address,
		      cpu_id());
	unmap(e, page, slot);
	__atomic_fetch_sub(&cache.held, 1, __ATOMIC_SEQ_CST);
	arch_irq_restore(irq);
}

static u64 held(void)
{
	return cache.held;
}

/*
 * Slots that are not pinned are all taken before the first epoch begins; in a later one there are
 * at least those that are in no hash. Seed's form: local flushes at most epochs times CPUs.
 */
static void predict(const struct kva_work *work, struct kva_forms *forms)
{
	u64 hashes = (u64)cache.nhash * work->cpus, first = work->slots - work->pinned;
	u64 later = first > hashes ? first - hashes : 1;
	u64 least = work->maps ? (work->maps - 1) / first : 0;
	u64 most = work->maps > first ? 1 + (work->maps - first - 1) / later : 0;
	u64 kept = work->maps < hashes ? work->maps : hashes;

	*forms = (struct kva_forms){
		.entries = { 2 * work->maps - kept, 2 * work->maps },
		.space_flushes = { least, most * work->cpus },
		.no_ipis = true,
	};
}

const struct kva_ops kva_mapcache FAULT_TABLE = {
	.reach = KVA_BY_TASK,
	.slot_bytes = 1, /* two bits */
	.cpu_bytes = sizeof(struct cpu_cache),
	.start = start,
	.stop = stop,
	.get = get,
	.put = put,
	.held = held,
	.room = room,
	.predict = predict,
};
