/* SPDX-License-Identifier: MIT */
/*
 * Owns which page has which slot of the kva window (seed rows T2-T4, T15), and the clock by which
 * CPUs know what they have not seen.
 *
 * A slot gets another page under the lock, in an order in which each step rests on the one before:
 * it is claimed, which fails while somebody holds it; its old page loses the address; the entry is
 * set; the translation goes on this CPU; the clock advances and the slot is stamped; the page gets
 * the address. A flush reads the clock before it flushes. So a CPU whose time is not before the
 * stamp has flushed after the entry was set.
 *
 * When the clock comes to its end all CPUs flush, and it begins again (Xen:
 * xen/arch/x86/flushtlb.c, new_tlbflush_clock_period()).
 */
#include "guest/mm/kva_cache.h"

#include "guest/arch.h"
#include "guest/lib/heap.h"
#include "guest/mm/tlb.h"
#include "guest/mm/vm.h"
#include "guest/trace.h"

struct kva_cache kva_cache;

static struct {
	struct spinlock lock;
	kva_conflict_fn conflict;
	struct heap
		queue; /* of slots, by when they were used as far as is known; by their age: FIFO */
	bool fifo;
	u32 clock_mask;
} cache = { .lock = SPINLOCK("kva-cache") };

void kva_cache_start(kva_conflict_fn conflict)
{
	u32 n = kva_window.slots;

	cache.conflict = conflict;
	cache.fifo = param_choice("replacement", "lru", "fifo");
	cache.clock_mask = (1ull << param_number("seq_bits", 32, 4, 32)) - 1;
	cache.queue = (struct heap){
		.n = n,
		.key = lowmem_array(n, sizeof(*cache.queue.key)),
		.thing = lowmem_array(n, sizeof(*cache.queue.thing)),
		.place = lowmem_array(n, sizeof(*cache.queue.place)),
	};
	heap_start(&cache.queue);
	kva_cache.slot = lowmem_array(n, sizeof(*kva_cache.slot));
	kva_cache.time = 0;
	kva_cache.quick_slots = trace_on ? 0 : n;
}

/* The clock begins again with the flush: to the next one that starts, this was never. */
void kva_cache_stop(void)
{
	for (u32 i = 0; i < kva_window.slots; i++) {
		if (kva_cache.slot[i].page)
			kva_cache.slot[i].page->kva = 0;
		if (pt_lookup(&init_mm, kva_slot_address(i)))
			kva_slot_clear(i, SITE("kva_cache.stop"));
	}
	kva_clock.now = 0;
	kva_flush_window(SITE("kva_cache.stop"));
	kva_cache.quick_slots = 0;
	lowmem_array_free(kva_cache.slot);
	lowmem_array_free(cache.queue.place);
	lowmem_array_free(cache.queue.thing);
	lowmem_array_free(cache.queue.key);
}

/* --- the clock -------------------------------------------------------------------------------- */

/* No CPU has anything that is older: nothing is news to any. */
static void clock_begins_again(void)
{
	count(COUNT_KVA_WRAPS);
	kva_flush_window(SITE("kva_cache.wrap"));
	for (u32 i = 0; i < kva_window.slots; i++)
		kva_cache.slot[i].stamp = 0;
}

static void stamp(struct kva_slot *slot)
{
	u32 now = (kva_clock.now + 1) & cache.clock_mask;

	kva_clock.now = now;
	slot->stamp = now;
	if (!now)
		clock_begins_again();
}

void kva_cache_flush_all(struct page *page, u16 site)
{
	spin_lock(&cache.lock);
	if (kva_slot_conflicts(kva_page_slot(page), cpu_id())) {
		count(COUNT_KVA_CONFLICTS);
		kva_flush_window(site);
	}
	spin_unlock(&cache.lock);
}

/* --- slots ------------------------------------------------------------------------------------ */

static bool claim(struct kva_slot *slot)
{
	s32 nobody = 0;

	return __atomic_compare_exchange_n(&slot->held, &nobody, KVA_CLAIMED, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* Who pinned it meanwhile, and saw that it was too late, unpins it yet. */
static void unclaim(struct kva_slot *slot, s32 held)
{
	__atomic_fetch_add(&slot->held, held - KVA_CLAIMED, __ATOMIC_SEQ_CST);
}

static void unpin(struct kva_slot *slot)
{
	__atomic_fetch_sub(&slot->held, 1, __ATOMIC_SEQ_CST);
}

/*
 * Claims the one used longest ago. What the queue knows is old for those that were used since,
 * which it hears when it comes to them: so a get pays for the one before it. A slot that is held
 * goes behind all others.
 */
static struct kva_slot *claim_victim(void)
{
	u64 now = ++kva_cache.time;

	for (;;) {
		u32 i = heap_first(&cache.queue);
		struct kva_slot *slot = &kva_cache.slot[i];
		u64 known = cache.queue.key[i];

		if (known > now)
			return NULL;
		if (!cache.fifo && slot->used > known)
			heap_set(&cache.queue, i, slot->used);
		else if (claim(slot))
			return slot;
		else
			heap_set(&cache.queue, i, now + 1);
	}
}

static void install(struct kva_slot *slot, struct page *page)
{
	u32 i = slot - kva_cache.slot;

	if (slot->page)
		slot->page->kva = 0;
	slot->page = page;
	kva_slot_set(i, page, SITE("kva_cache.install"));
	tlb_cpu_page(kva_slot_address(i), 0, SITE("kva_cache.install"));
	stamp(slot);
	slot->clean = 1u << cpu_id();
	slot->used = kva_cache.time;
	heap_set(&cache.queue, i, slot->used);
	page->kva = i + 1;
}

/* With the lock: no slot is claimed by anybody else. */
static bool pin_or_install(struct page *page)
{
	struct kva_slot *slot;

	if (page->kva) {
		__atomic_fetch_add(&kva_page_slot(page)->held, 1, __ATOMIC_SEQ_CST);
		return true;
	}
	slot = claim_victim();
	if (!slot)
		return false;
	install(slot, page);
	unclaim(slot, 1);
	return true;
}

static bool is_pinned(const struct page *page, const struct kva_slot *slot)
{
	return slot && page->kva && slot->held > 0 && kva_page_slot(page) == slot;
}

/* --- operations ------------------------------------------------------------------------------- */

/* A pin of a slot that has become another page's goes with the lock held: to who counts what is
 * held, it was either this get's or is nobody's. */
void *kva_cache_settle(struct page *page, struct kva_slot *pinned)
{
	bool got = is_pinned(page, pinned);

	if (!got) {
		spin_lock(&cache.lock);
		if (pinned)
			unpin(pinned);
		got = pin_or_install(page);
		spin_unlock(&cache.lock);
	}
	return got ? kva_cache_address(page) : NULL;
}

void *kva_cache_get(struct page *page)
{
	u32 kva = page->kva; /* once: it may be gone at the next look */
	struct kva_slot *slot = &kva_cache.slot[kva - 1];

	if (!kva)
		return kva_cache_settle(page, NULL);
	sched_point();
	kva_slot_pin(slot);
	sched_point();
	return kva_cache_settle(page, slot);
}

void kva_cache_put(struct page *page, void *address)
{
	u32 i = page->kva - 1;

	if (!page->kva || kva_address_slot(address) != i || kva_cache.slot[i].held <= 0)
		panic("bad kva_put", "page %lx: nobody holds %p", page_gpa(page), address);
	kva_cache.slot[i].used = kva_cache.time;
	unpin(&kva_cache.slot[i]);
}

void *kva_cache_address(struct page *page)
{
	struct kva_slot *slot = kva_page_slot(page);

	if (kva_slot_conflicts(slot, cpu_id()))
		cache.conflict(page);
	slot->used = kva_cache.time;
	return (void *)kva_slot_address(page->kva - 1);
}

u64 kva_cache_held(void)
{
	u64 sum = 0;

	spin_lock(&cache.lock);
	for (u32 i = 0; i < kva_window.slots; i++)
		sum += kva_cache.slot[i].held;
	spin_unlock(&cache.lock);
	return sum;
}

/*
 * Its entry stays; the slot is the next to get another page. Somebody may still have it pinned for
 * the page that had it before, and unpins it. (Who really holds @page is stopped when he puts it.)
 */
void kva_cache_forget(struct page *page)
{
	struct kva_slot *slot;

	spin_lock(&cache.lock);
	if (page->kva) { /* else another page has got its slot meanwhile */
		slot = kva_page_slot(page);
		page->kva = 0;
		slot->page = NULL;
		slot->used = 0;
		heap_set(&cache.queue, slot - kva_cache.slot, 0);
	}
	spin_unlock(&cache.lock);
}

/* Each map sets an entry, and flushes here what was there; all flush when the clock comes to its
 * end. */
void kva_cache_predict(const struct kva_work *work, struct kva_forms *forms)
{
	u64 steps = (u64)cache.clock_mask + 1;
	u64 wraps = (work->pinned + work->maps) / steps - work->pinned / steps;

	*forms = (struct kva_forms){
		.entries = kva_exactly(work->maps),
		.page_flushes = kva_exactly(work->maps),
		.space_flushes = kva_exactly(wraps * work->cpus),
		.ipis = kva_exactly(wraps * (work->cpus - 1)),
	};
}
