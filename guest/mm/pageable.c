/* SPDX-License-Identifier: MIT */
/*
 * Owns pages that come and go (seed row W10): the state of each, their faults, their frames. Which
 * one goes is replacement.c's, where they are meanwhile a page_store's.
 *
 * A page is clean when it comes in, and mapped read-only: the first write faults once more. One
 * that is on its way, in or out, is MOVING and belongs to the task that moves it; all others wait.
 * So the lock is never held across I/O. Going out: unmapped and flushed on every CPU, then written,
 * then its frame is free: nobody can write to what has been written out, and nobody reaches a frame
 * that is another's.
 */
#include "guest/mm/pageable.h"

#include "guest/kernel.h"
#include "guest/lib/draw.h"
#include "guest/mm/fault.h"
#include "guest/mm/swap.h"
#include "guest/trace.h"

struct pageable_page {
	struct pageable_page *next, *prev; /* in the line of resident pages */
	struct pageable_area *area;
	struct page *frame;
	volatile enum {
		PAGE_ZERO,   /* never written */
		PAGE_STORED, /* its area's store has it */
		PAGE_MOVING,
		PAGE_RESIDENT,
	} state;
	bool mapped, dirty;
	bool stored; /* the store has what it was when it came in */
};

struct pageable_area {
	struct vma *vma;
	const struct page_store *store;
	u64 first; /* its first page there */
	struct pageable_stats stats;
	u32 npages;
	struct pageable_page page[];
};

static struct {
	struct spinlock lock; /* all of this, and the state of every page */
	const struct replacement *replacement;
	u32 frames, in_use, peak, resident;
	u64 samples, draws;
	struct pageable_page *first, *last;
} pool = { .lock = SPINLOCK("pageable") };

/* --- the line of resident pages, under the lock ----------------------------------------------- */

static void put_last(struct pageable_page *page)
{
	page->next = NULL;
	page->prev = pool.last;
	*(pool.last ? &pool.last->next : &pool.first) = page;
	pool.last = page;
	pool.resident++;
}

static void take_out(struct pageable_page *page)
{
	*(page->prev ? &page->prev->next : &pool.first) = page->next;
	*(page->next ? &page->next->prev : &pool.last) = page->prev;
	pool.resident--;
}

struct pageable_page *pageable_first(void)
{
	return pool.first;
}

struct pageable_page *pageable_next(const struct pageable_page *page)
{
	return page->next;
}

u32 pageable_residents(void)
{
	return pool.resident;
}

void pageable_rotate(void)
{
	struct pageable_page *page = pool.first;

	take_out(page);
	put_last(page);
}

u64 pageable_draw(void)
{
	return draw_next(&pool.draws);
}

/* --- mapping ---------------------------------------------------------------------------------- */

static u64 va_of(const struct pageable_page *page)
{
	return page->area->vma->start + (u64)(page - page->area->page) * PAGE_BYTES;
}

static u64 place_of(const struct pageable_page *page)
{
	return page->area->first + (u64)(page - page->area->page);
}

static u32 prot_of(const struct pageable_page *page)
{
	return page->dirty ? page->area->vma->prot : page->area->vma->prot & ~(u32)PROT_WRITE;
}

static void map(struct pageable_page *page)
{
	pt_map_new(&init_mm, va_of(page), page_gpa(page->frame), prot_of(page),
		   SITE("pageable.map"));
	page->mapped = true;
}

static void unmap(struct pageable_page *page, u16 site)
{
	if (!page->mapped)
		return;
	pt_unmap(&init_mm, va_of(page), PAGE_BYTES, site);
	tlb_flush_range(&init_mm, va_of(page), PAGE_BYTES, site);
	page->mapped = false;
}

bool pageable_was_used(struct pageable_page *page)
{
	bool used = page->mapped;

	unmap(page, SITE("pageable.sample"));
	pool.samples += used;
	return used;
}

/* --- out -------------------------------------------------------------------------------------- */

static void write_out(struct pageable_page *page)
{
	const struct page_store *store = page->area->store;

	if (!store->ops->write(store->owner, place_of(page), page->frame))
		panic("page lost", "page %lx cannot be written to page %lu of the %s", va_of(page),
		      place_of(page), store->ops->name);
	page->stored = true;
}

/* The caller has made @page MOVING; it is no longer in the line. */
static void move_out(struct pageable_page *page)
{
	struct pageable_stats *stats = &page->area->stats;
	bool dirty = page->dirty;

	unmap(page, SITE("pageable.out"));
	if (dirty)
		write_out(page);
	spin_lock(&pool.lock);
	page_free(page->frame);
	*(dirty ? &stats->paged_out : &stats->dropped) += 1;
	page->dirty = false;
	page->state = page->stored ? PAGE_STORED : PAGE_ZERO;
	pool.in_use--;
	spin_unlock(&pool.lock);
}

/* False: all that are resident are on their way already. Drops the lock meanwhile. */
static bool make_room_locked(void)
{
	struct pageable_page *victim = pool.replacement->pick();

	if (!victim)
		return false;
	take_out(victim);
	victim->state = PAGE_MOVING;
	spin_unlock(&pool.lock);
	move_out(victim);
	spin_lock(&pool.lock);
	return true;
}

static void wait_for_frames_locked(void)
{
	u16 site = SITE("pageable.room");

	spin_unlock(&pool.lock);
	wait_begin(KVL_WAIT_PAGE, 0, site);
	do
		task_yield();
	while (pool.in_use >= pool.frames && !pool.first);
	wait_end(KVL_WAIT_PAGE, 0, site);
	spin_lock(&pool.lock);
}

/* --- in --------------------------------------------------------------------------------------- */

/* One of the frames that there are; where RAM itself is short, there are fewer. */
static struct page *get_frame(void)
{
	struct page *frame = NULL;

	spin_lock(&pool.lock);
	for (;;) {
		while (pool.in_use >= pool.frames)
			if (!make_room_locked())
				wait_for_frames_locked();
		pool.in_use++;
		frame = page_alloc(ZONE_HIGHMEM, 0);
		if (frame)
			break;
		pool.in_use--;
		if (!pool.in_use)
			panic("out of memory",
			      "no frame for a pageable page, and none to page out");
		if (!make_room_locked())
			wait_for_frames_locked();
	}
	pool.peak = pool.in_use > pool.peak ? pool.in_use : pool.peak;
	spin_unlock(&pool.lock);
	return frame;
}

static void fill(const struct pageable_page *page, struct page *frame)
{
	const struct page_store *store = page->area->store;

	if (!page->stored) {
		page_fill(frame, NULL, 0);
	} else if (!store->ops->read(store->owner, place_of(page), frame)) {
		panic("page lost", "page %lx cannot be read from page %lu of the %s", va_of(page),
		      place_of(page), store->ops->name);
	}
}

/* The caller has made @page MOVING. */
static void move_in(struct pageable_page *page, bool write)
{
	struct pageable_stats *stats = &page->area->stats;
	struct page *frame = get_frame();

	fill(page, frame);
	spin_lock(&pool.lock);
	*(page->stored ? &stats->paged_in : &stats->zeroed) += 1;
	page->frame = frame;
	page->dirty = write;
	map(page);
	put_last(page);
	page->state = PAGE_RESIDENT;
	spin_unlock(&pool.lock);
}

/* --- faults ----------------------------------------------------------------------------------- */

static void resident_fault_locked(struct pageable_page *page, bool write)
{
	struct pageable_stats *stats = &page->area->stats;
	bool first_write = write && !page->dirty;

	page->dirty |= write;
	if (!page->mapped) {
		stats->remapped++;
		map(page);
	} else if (first_write) {
		stats->made_writable++;
		pt_replace(&init_mm, va_of(page),
			   arch_pte_leaf(page_gpa(page->frame), prot_of(page)),
			   SITE("pageable.write"));
	} else {
		stats->met++;
	}
}

/* Until nobody moves it. Returns with the lock held. */
static void lock_when_still(struct pageable_page *page)
{
	u16 site = SITE("pageable.wait");

	spin_lock(&pool.lock);
	while (page->state == PAGE_MOVING) {
		page->area->stats.waits++;
		spin_unlock(&pool.lock);
		wait_begin(KVL_WAIT_PAGE, va_of(page), site);
		while (page->state == PAGE_MOVING)
			task_yield();
		wait_end(KVL_WAIT_PAGE, va_of(page), site);
		spin_lock(&pool.lock);
	}
}

static enum fault_result pageable_fault(struct vma *vma, const struct fault *fault)
{
	struct pageable_area *area = vma->private;
	struct pageable_page *page = &area->page[(fault->va - vma->start) / PAGE_BYTES];

	if (in_atomic())
		panic("pageable access in atomic context",
		      "task %s touches %lx with %u locks held, interrupts %s, at %lx",
		      current()->name, fault->va, current()->locks, arch_irqs_on() ? "on" : "off",
		      fault->pc);
	lock_when_still(page);
	area->stats.faults++;
	if (page->state == PAGE_RESIDENT) {
		resident_fault_locked(page, fault->write);
		spin_unlock(&pool.lock);
		return FAULT_DONE;
	}
	page->state = PAGE_MOVING;
	spin_unlock(&pool.lock);
	move_in(page, fault->write);
	return FAULT_DONE;
}

/* --- areas ------------------------------------------------------------------------------------ */

void pageable_drop(struct pageable_area *area)
{
	for (u32 i = 0; i < area->npages; i++) {
		struct pageable_page *page = &area->page[i];

		lock_when_still(page);
		if (page->state != PAGE_RESIDENT) {
			spin_unlock(&pool.lock);
			continue;
		}
		take_out(page);
		page->state = PAGE_MOVING;
		spin_unlock(&pool.lock);
		move_out(page);
	}
}

/* Nobody touches them any more: they are not written, and one flush does for all. */
static void forget_pages(struct pageable_area *area)
{
	const struct vma *vma = area->vma;

	spin_lock(&pool.lock);
	if (pt_unmap(&init_mm, vma->start, vma->end - vma->start, SITE("pageable.close")))
		tlb_flush_range(&init_mm, vma->start, vma->end - vma->start,
				SITE("pageable.close"));
	for (u32 i = 0; i < area->npages; i++) {
		if (area->page[i].state == PAGE_RESIDENT)
			area->page[i].mapped = area->page[i].dirty = false;
	}
	spin_unlock(&pool.lock);
}

static void pageable_close(struct vma *vma)
{
	struct pageable_area *area = vma->private;

	forget_pages(area);
	pageable_drop(area);
	if (area->store == swap_store())
		swap_release(area->first, area->npages);
	kfree(area);
}

static const struct vma_ops pageable_ops FAULT_TABLE = {
	.name = "pageable",
	.maps_clean = true,
	.fault = pageable_fault,
	.close = pageable_close,
};

/* @first: of its pages in @store. @stored: they are there already. */
static struct pageable_area *area_create(u64 bytes, const struct page_store *store, u64 first,
					 bool stored)
{
	u32 n = bytes / PAGE_BYTES;
	struct pageable_area *area = kalloc(sizeof(*area) + n * sizeof(area->page[0]));

	fault_table_check(store->ops, store->ops->name);
	area->store = store;
	area->first = first;
	area->npages = n;
	for (u32 i = 0; i < n; i++) {
		area->page[i].area = area;
		area->page[i].stored = stored;
		area->page[i].state = stored ? PAGE_STORED : PAGE_ZERO;
	}
	return area;
}

void *vmalloc_pageable(u64 bytes)
{
	struct pageable_area *area;
	u64 first;

	bytes = ALIGN_UP(bytes, PAGE_BYTES);
	if (!swap_reserve(bytes / PAGE_BYTES, &first))
		return NULL;
	area = area_create(bytes, swap_store(), first, false);
	area->vma = vma_map_kernel(bytes, PROT_WRITE, &pageable_ops, area, 0);
	if (area->vma)
		return (void *)area->vma->start;
	swap_release(first, area->npages);
	kfree(area);
	return NULL;
}

struct pageable_area *pageable_find(const void *address)
{
	struct vma *vma = vma_find(&init_mm, (u64)address);

	return vma && vma->ops == &pageable_ops ? vma->private : NULL;
}

void vfree_pageable(void *address)
{
	struct pageable_area *area = pageable_find(address);

	if (!area)
		panic("bad vfree", "nothing pageable is at %lx", (u64)address);
	pageable_unmap(area);
}

/* What was loaded goes to pages of the swap from @first on. */
static bool copy_to_swap(const struct pageable_section *section, u64 first)
{
	const struct page_store *swap = swap_store();
	struct page *frame = page_alloc(ZONE_HIGHMEM, 0);
	bool copied = frame;

	for (u64 at = 0; copied && at < section->bytes; at += PAGE_BYTES) {
		page_fill(frame, section->loaded + at, PAGE_BYTES);
		copied = swap->ops->write(swap->owner, first + at / PAGE_BYTES, frame);
	}
	if (frame)
		page_free(frame);
	return copied;
}

struct pageable_area *pageable_map_section(const struct pageable_section *section,
					   const struct page_store *store)
{
	struct pageable_area *area;
	u64 first = 0;

	if (!store) {
		if (!swap_reserve(section->bytes / PAGE_BYTES, &first))
			return NULL;
		if (!copy_to_swap(section, first)) {
			swap_release(first, section->bytes / PAGE_BYTES);
			return NULL;
		}
		store = swap_store();
	}
	area = area_create(section->bytes, store, first, true);
	area->vma = vma_map_kernel_at(section->va, section->bytes, section->prot, &pageable_ops,
				      area, 0);
	if (!area->vma)
		panic("mapped already", "the section at %lx has another area", section->va);
	return area;
}

void pageable_unmap(struct pageable_area *area)
{
	vma_unmap(area->vma);
}

struct pageable_stats pageable_stats(const struct pageable_area *area)
{
	struct pageable_stats stats = area->stats;

	for (u32 i = 0; i < area->npages; i++)
		stats.resident += area->page[i].state == PAGE_RESIDENT;
	return stats;
}

/* --- all -------------------------------------------------------------------------------------- */

void pageable_start(u32 frames, const struct replacement *replacement,
		    const struct page_store *store)
{
	fault_table_check(replacement, replacement->name);
	pool.frames = frames;
	pool.replacement = replacement;
	pool.peak = pool.samples = 0;
	pool.draws = boot_options.seed;
	swap_start(store);
}

void pageable_stop(void)
{
	if (pool.in_use)
		panic("pages left", "%u pageable pages are in RAM at the end", pool.in_use);
	swap_stop();
}

struct pageable_totals pageable_totals(void)
{
	return (struct pageable_totals){ pool.peak, pool.samples };
}
