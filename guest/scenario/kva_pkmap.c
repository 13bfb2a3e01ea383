/* SPDX-License-Identifier: MIT */
/*
 * Arm pkmap: Linux's permanent kmaps (mm/highmem.c, 1999; kmap_high(), flush_all_zero_pkmaps()). A
 * cursor goes round the slots. Each time it begins again, what nobody holds is taken away, and one
 * flush of everything on every CPU pays for all of it; what is held is passed by. A page keeps its
 * address until then, and who gets it meanwhile has it for nothing.
 */
#include "guest/scenario/kva.h"
#include "guest/trace.h"

/* The count of a slot, as Linux has it. */
enum { FREE, MAPPED, HELD_ONCE };

struct slot {
	u32 count;	   /* FREE; MAPPED: by nobody; else held count - 1 times */
	struct page *page; /* NULL: it has been freed */
};

static struct {
	struct spinlock lock;
	struct slot *slot;
	u32 last;
} pool = { .lock = SPINLOCK("pkmap") };

static void start(void)
{
	pool.slot = lowmem_array(kva_window.slots, sizeof(*pool.slot));
	pool.last = 0;
}

static void clear(u32 i)
{
	if (pool.slot[i].page)
		pool.slot[i].page->kva = 0;
	pool.slot[i] = (struct slot){ FREE, NULL };
	kva_slot_clear(i, SITE("pkmap.flush"));
}

static void flush_all_not_held(void)
{
	for (u32 i = 0; i < kva_window.slots; i++)
		if (pool.slot[i].count == MAPPED)
			clear(i);
	kva_flush_window(SITE("pkmap.flush"));
}

static void stop(void)
{
	flush_all_not_held();
	lowmem_array_free(pool.slot);
}

/*
 * The next free slot; the window's size: all are held. Who looks counts anew from a flush on, as
 * Linux does: one that was passed by before it may be free since.
 */
static u32 next_free(void)
{
	for (u32 left = kva_window.slots; left; left--) {
		pool.last = (pool.last + 1) % kva_window.slots;
		if (pool.last == 0) {
			count(COUNT_KVA_WRAPS);
			flush_all_not_held();
			left = kva_window.slots;
		}
		if (pool.slot[pool.last].count == FREE)
			return pool.last;
	}
	return kva_window.slots;
}

static bool map(struct page *page)
{
	u32 i = next_free();

	if (i == kva_window.slots)
		return false;
	kva_slot_set(i, page, SITE("pkmap.map"));
	pool.slot[i] = (struct slot){ MAPPED, page };
	page->kva = i + 1;
	return true;
}

static void *get(struct page *page)
{
	void *address = NULL;

	spin_lock(&pool.lock);
	if (page->kva || map(page)) {
		pool.slot[page->kva - 1].count++;
		address = (void *)kva_slot_address(page->kva - 1);
	}
	spin_unlock(&pool.lock);
	return address;
}

static void put(struct page *page, void *address)
{
	spin_lock(&pool.lock);
	if (!page->kva || pool.slot[page->kva - 1].count < HELD_ONCE ||
	    kva_address_slot(address) != page->kva - 1)
		panic("bad kva_put", "page %lx: nobody holds %p", page_gpa(page), address);
	pool.slot[page->kva - 1].count--;
	spin_unlock(&pool.lock);
}

/* Who holds the page keeps its address. */
static void *address_of(struct page *page)
{
	return (void *)kva_slot_address(page->kva - 1);
}

static u64 held(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < kva_window.slots; i++)
		if (pool.slot[i].count >= HELD_ONCE)
			sum += pool.slot[i].count - MAPPED;
	return sum;
}

/* Its entry stays until the next round, as all others that nobody holds. A round may have begun
 * since the page was seen to have an address. */
static void forget(struct page *page)
{
	spin_lock(&pool.lock);
	if (!page->kva) {
		spin_unlock(&pool.lock);
		return;
	}
	if (pool.slot[page->kva - 1].count >= HELD_ONCE)
		panic("page in use", "page %lx, which is freed, is held at an address",
		      page_gpa(page));
	pool.slot[page->kva - 1].page = NULL;
	page->kva = 0;
	spin_unlock(&pool.lock);
}

/*
 * A round maps all slots but the pinned, and takes each away before it begins. The first one begins
 * behind slot 0.
 */
static void predict(const struct kva_work *work, struct kva_forms *forms)
{
	u64 round = work->slots - work->pinned, rounds = work->maps / round;

	*forms = (struct kva_forms){
		.entries = kva_exactly(work->maps + (rounds ? rounds * round - 1 : 0)),
		.space_flushes = kva_exactly(rounds * work->cpus),
		.ipis = kva_exactly(rounds * (work->cpus - 1)),
	};
}

const struct kva_ops kva_pkmap FAULT_TABLE = {
	.reach = KVA_ANYWHERE,
	.slot_bytes = sizeof(struct slot),
	.start = start,
	.stop = stop,
	.get = get,
	.put = put,
	.page_kva = address_of,
	.held = held,
	.forget = forget,
	.predict = predict,
};
