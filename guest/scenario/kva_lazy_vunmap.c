/* SPDX-License-Identifier: MIT */
/*
 * Arm lazy-vunmap: Linux's lazy vunmap (mm/vmalloc.c since 2.6.28, db64fe02258f: alloc_vmap_area(),
 * free_unmap_vmap_area(), lazy_max_pages(), __purge_vmap_area_lazy()). Every use has an address of
 * its own. When it is over its entry goes at once, the address waits: with more than so many pages
 * waiting, or when no address is free, one flush of everything on every CPU frees all that wait. A
 * guard page makes an address two slots, of which one is never mapped.
 */
#include <bsd/sys/queue.h>

#include "guest/scenario/kva.h"
#include "guest/trace.h"

struct address {
	struct page *page; /* NULL: nobody holds it */
	STAILQ_ENTRY(address) next;
};

STAILQ_HEAD(addresses, address);

static struct {
	struct spinlock
		purging;      /* taken first: who waits for it finds what the other one has freed */
	struct spinlock lock; /* of all below */
	struct address *address; /* by slot; with guard pages each second one is not used */
	struct addresses free, pending, purged; /* purged: freed when the flush is done */
	u32 n, held;
	u32 pages; /* that an address takes: slots */
	u32 pending_pages, lazy_max;
} space = { .purging = SPINLOCK("purge"), .lock = SPINLOCK("lazy-vunmap") };

/* 32 MiB a bit of the number of CPUs, as lazy_max_pages(). */
static u32 default_lazy_max(void)
{
	return 8192 * (32 - __builtin_clz(boot_options.ncpus));
}

static void start(void)
{
	u32 lazy = param_number("lazy", default_lazy_max(), 0, 1u << 30);

	space.pages = param_choice("guard", "off", "on") ? 2 : 1;
	space.n = kva_window.slots / space.pages;
	space.lazy_max = lazy < space.n * space.pages ? lazy : space.n * space.pages - 1;
	space.held = space.pending_pages = 0;
	space.address = lowmem_array(kva_window.slots, sizeof(*space.address));
	STAILQ_INIT(&space.free);
	STAILQ_INIT(&space.pending);
	STAILQ_INIT(&space.purged);
	for (u32 i = 0; i < space.n; i++)
		STAILQ_INSERT_TAIL(&space.free, &space.address[i * space.pages], next);
}

static bool take_pending(u32 more_than)
{
	bool some;

	spin_lock(&space.lock);
	some = space.pending_pages > more_than;
	if (some) {
		STAILQ_CONCAT(&space.purged, &space.pending);
		space.pending_pages = 0;
	}
	spin_unlock(&space.lock);
	return some;
}

static void free_purged(void)
{
	spin_lock(&space.lock);
	STAILQ_CONCAT(&space.free, &space.purged);
	spin_unlock(&space.lock);
}

/* Other CPUs get and put meanwhile; what they add waits for the next one. */
static void purge(u32 more_than)
{
	spin_lock(&space.purging);
	if (take_pending(more_than)) {
		kva_flush_window(SITE("lazy_vunmap.purge"));
		free_purged();
	}
	spin_unlock(&space.purging);
}

static void stop(void)
{
	purge(0);
	lowmem_array_free(space.address);
}

static struct address *take_free(struct page *page, bool *all_held)
{
	struct address *address;

	spin_lock(&space.lock);
	address = STAILQ_FIRST(&space.free);
	*all_held = space.held == space.n;
	if (address) {
		STAILQ_REMOVE_HEAD(&space.free, next);
		address->page = page;
		space.held++;
	}
	spin_unlock(&space.lock);
	return address;
}

/* Linux tries again once. Here only what is held has no way back, so that NULL means just that. */
static void *get(struct page *page)
{
	struct address *address;
	bool all_held;
	u32 slot;

	while (!(address = take_free(page, &all_held))) {
		if (all_held)
			return NULL;
		purge(0);
	}
	slot = address - space.address;
	kva_slot_set(slot, page, SITE("lazy_vunmap.map"));
	return (void *)kva_slot_address(slot);
}

static bool add_pending(struct address *address)
{
	bool too_many;

	spin_lock(&space.lock);
	address->page = NULL;
	STAILQ_INSERT_TAIL(&space.pending, address, next);
	space.held--;
	space.pending_pages += space.pages;
	too_many = space.pending_pages > space.lazy_max;
	spin_unlock(&space.lock);
	return too_many;
}

/* The entry goes before the address is pending: a purge flushes what is gone by then. */
static void put(struct page *page, void *address)
{
	u32 slot = kva_address_slot(address);

	if (slot >= kva_window.slots || space.address[slot].page != page)
		panic("bad kva_put", "page %lx: nobody holds %p", page_gpa(page), address);
	kva_slot_clear(slot, SITE("lazy_vunmap.unmap"));
	if (add_pending(&space.address[slot]))
		purge(space.lazy_max);
}

static u64 held(void)
{
	return space.held;
}

static u32 room(void)
{
	return space.n;
}

/*
 * A put that makes too many pages pending flushes. If pinned slots leave too few addresses for
 * that, a get flushes that finds none: all but the first of each round of them.
 */
static u64 purges(const struct kva_work *work)
{
	u64 round = space.lazy_max / space.pages + 1, most = space.n - work->pinned;

	if (round <= most)
		return work->maps / round;
	return work->maps ? (work->maps - 1) / most : 0;
}

static void predict(const struct kva_work *work, struct kva_forms *forms)
{
	u64 n = purges(work);

	*forms = (struct kva_forms){
		.entries = kva_exactly(2 * work->maps),
		.space_flushes = kva_exactly(n * work->cpus),
		.ipis = kva_exactly(n * (work->cpus - 1)),
	};
}

const struct kva_ops kva_lazy_vunmap FAULT_TABLE = {
	.reach = KVA_ANYWHERE,
	.slot_bytes = sizeof(struct address),
	.start = start,
	.stop = stop,
	.get = get,
	.put = put,
	.held = held,
	.room = room,
	.predict = predict,
};
