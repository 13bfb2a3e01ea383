/* SPDX-License-Identifier: MIT */
/*
 * A cache of addresses, for schemes in which a page keeps its address until another one needs the
 * slot (seed rows T2-T4, T15). Who gets a page that has an address pins its slot, and looks whether
 * this CPU can hold an older translation for it: no lock is taken, no entry written. What is done
 * about that is the scheme's.
 */
#ifndef GUEST_KVA_CACHE_H
#define GUEST_KVA_CACHE_H

#include "guest/mm/kva.h"

#define KVA_CLAIMED INT32_MIN /* less than 0, however many pin it meanwhile */

struct kva_slot {
	volatile s32 held; /* how often; less than 0: claimed, it gets another page */
	u32 stamp;	   /* the clock when it got this one */
	u32 clean;	   /* bit per CPU that has no older translation, whatever its time */
	u32 unused;
	volatile u64 used; /* the cache's time of the last get or put */
	struct page *page; /* NULL: none */
};

struct kva_cache {
	struct kva_slot *slot;
	u32 quick_slots;   /* for kva_get() itself; 0: not in use, or uses are recorded */
	volatile u64 time; /* gets that looked for a slot */
};
extern struct kva_cache kva_cache;

/* A CPU has a conflict: @page, which is held there, may not be what it sees. Ends it, and counts
 * it. */
typedef void (*kva_conflict_fn)(struct page *page);

/* For struct kva_ops; all of a scheme's but the first. */
void kva_cache_start(kva_conflict_fn conflict);
void kva_cache_stop(void);
void *kva_cache_get(struct page *page);
void kva_cache_put(struct page *page, void *address);
void *kva_cache_address(struct page *page); /* page_kva() */
u64 kva_cache_held(void);
void kva_cache_forget(struct page *page);
void kva_cache_predict(const struct kva_work *work, struct kva_forms *forms);

/* All of them but start, and what the scheme has instead. */
#define KVA_CACHE_OPS                                                                              \
	.reach = KVA_WHERE_ASKED, .hit_ticks = 30, .lru = true,                                    \
	.slot_bytes = sizeof(struct kva_slot) + 2 * sizeof(u32) + sizeof(u64), /* the rest: LRU */ \
		.stop = kva_cache_stop, .get = kva_cache_get, .put = kva_cache_put,                \
	.page_kva = kva_cache_address, .held = kva_cache_held, .forget = kva_cache_forget

/* With the cache's lock, all CPUs flush, if this one still has a conflict with @page: one flush
 * ends those of all. */
void kva_cache_flush_all(struct page *page, u16 site);

static inline struct kva_slot *kva_page_slot(const struct page *page)
{
	return &kva_cache.slot[page->kva - 1];
}

/* False: it is claimed, and not for long the page's that it was. Pinned it is anyway. */
static inline bool kva_slot_pin(struct kva_slot *slot)
{
	return __atomic_add_fetch(&slot->held, 1, __ATOMIC_SEQ_CST) >= 0;
}

/* Seed row T15: another CPU has given the slot its page after the last flush here of the window had
 * begun. */
static inline bool kva_slot_conflicts(const struct kva_slot *slot, u32 cpu)
{
	return !(slot->clean >> cpu & 1) && kva_clock.flushed[cpu] < slot->stamp;
}

/*
 * What kva_get() does itself: pins @slot, which was the page's; once pinned it is nobody else's, if
 * it is still that. False: what comes of it is for kva_cache_settle().
 */
static inline bool kva_cache_hit(const struct page *page, struct kva_slot *slot, u32 cpu)
{
	if (!kva_slot_pin(slot) || slot->page != page || kva_slot_conflicts(slot, cpu))
		return false;
	slot->used = kva_cache.time;
	return true;
}

/* The rest of kva_cache_get(), with @pinned already pinned for @page. NULL: nothing is. */
void *kva_cache_settle(struct page *page, struct kva_slot *pinned);

#endif
