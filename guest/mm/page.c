/* SPDX-License-Identifier: MIT */
/*
 * Page frames: a buddy allocator per zone. Blocks of 2^order frames are free-list entries through
 * their first struct page; the structs inside a block are not touched before the block is split, so
 * a machine with much RAM starts as fast as one with little.
 *
 * Lowmem pages are poisoned when they are freed and when they are handed out, at 16 places: a
 * write after the free is noticed at the next allocation. (Highmem pages are not: poisoning them
 * would put a mapping and a flush into every trace.)
 */
#include "guest/mm/page.h"

#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/mm/kva.h"
#include "guest/task/sched.h"
#include "guest/trace.h"

#define MAX_ORDER 14 /* 64 MiB */
#define NO_PAGE 0u   /* frame 0 is never free */

enum { POISON_FREE = 0x6b6b6b6b, POISON_NEW = 0x5a5a5a5a, POISON_STEP = 256 };

struct zone {
	struct spinlock lock;
	u32 free[MAX_ORDER + 1];
	u64 in_use;
};

static struct zone zones[ZONES] = {
	[ZONE_LOWMEM] = { .lock = SPINLOCK("zone lowmem") },
	[ZONE_HIGHMEM] = { .lock = SPINLOCK("zone highmem") },
	[ZONE_HIGH4G] = { .lock = SPINLOCK("zone above 4 GiB") },
};

static struct page *frame(u32 pfn)
{
	return (struct page *)(layout.frames.start + layout.page_offset) + pfn;
}

static u32 frame_number(const struct page *page)
{
	return page - frame(0);
}

u64 page_gpa(const struct page *page)
{
	return (u64)frame_number(page) << PAGE_SHIFT;
}

void *page_address(const struct page *page)
{
	u64 gpa = page_gpa(page);

	return gpa < layout.lowmem_end_gpa ? (void *)layout_ops->phys_to_virt(gpa) : NULL;
}

struct page *ram_page(u64 gpa)
{
	return frame(gpa >> PAGE_SHIFT);
}

struct page *gpa_page(u64 gpa)
{
	for (u32 i = 0; i < layout.nusable; i++) {
		u64 start = layout.usable[i].start;

		if (gpa >= start && gpa - start < layout.usable[i].bytes)
			return ram_page(gpa);
	}
	return NULL;
}

u64 page_frames(void)
{
	u64 bytes = 0;

	for (u32 i = 0; i < layout.nusable; i++)
		bytes += layout.usable[i].bytes;
	return bytes / PAGE_BYTES;
}

u64 page_nth_frame(u64 nth)
{
	const struct kvl_range *usable = layout.usable;

	for (; nth >= usable->bytes / PAGE_BYTES; usable++)
		nth -= usable->bytes / PAGE_BYTES;
	return usable->start + nth * PAGE_BYTES;
}

/* --- free lists, under the zone's lock ----------------------------------------------------- */

static void list_add(struct zone *zone, struct page *page, u32 order)
{
	u32 first = zone->free[order];

	page->state = PAGE_FREE_HEAD;
	page->order = order;
	page->prev = NO_PAGE;
	page->next = first;
	if (first)
		frame(first)->prev = frame_number(page);
	zone->free[order] = frame_number(page);
}

static void list_remove(struct zone *zone, struct page *page)
{
	if (page->prev)
		frame(page->prev)->next = page->next;
	else
		zone->free[page->order] = page->next;
	if (page->next)
		frame(page->next)->prev = page->prev;
	page->state = PAGE_UNTOUCHED;
}

static struct page *take(struct zone *zone, u32 zone_id, u32 order)
{
	struct page *page;
	u32 from = order;

	while (from <= MAX_ORDER && !zone->free[from])
		from++;
	if (from > MAX_ORDER)
		return NULL;
	page = frame(zone->free[from]);
	list_remove(zone, page);
	while (from > order) {
		from--;
		page[1u << from].zone = zone_id;
		list_add(zone, page + (1u << from), from);
	}
	page->zone = zone_id;
	page->order = order;
	zone->in_use += 1u << order;
	return page;
}

static u32 frames(void)
{
	return layout.frames.bytes / sizeof(struct page);
}

static void give(struct zone *zone, struct page *page)
{
	u32 pfn = frame_number(page), order = page->order;

	zone->in_use -= 1u << order;
	for (; order < MAX_ORDER; order++) {
		struct page *buddy = frame(pfn ^ 1u << order);

		if (frame_number(buddy) >= frames() || buddy->state != PAGE_FREE_HEAD ||
		    buddy->order != order || buddy->zone != page->zone)
			break;
		list_remove(zone, buddy);
		pfn &= ~(1u << order);
	}
	frame(pfn)->zone = page->zone;
	list_add(zone, frame(pfn), order);
}

/* --- poison --------------------------------------------------------------------------------- */

static void poison(struct page *page, u32 pattern)
{
	for (u32 i = 0; i < 1u << page->order; i++) {
		u8 *at = page_address(page + i);

		page[i].poisoned = pattern == POISON_FREE;
		for (u32 offset = 0; offset < PAGE_BYTES; offset += POISON_STEP)
			*(u32 *)(at + offset) = pattern;
	}
}

static void check_poison(const struct page *page)
{
	for (u32 i = 0; i < 1u << page->order; i++) {
		const u8 *at = page_address(page + i);

		if (!page[i].poisoned)
			continue;
		for (u32 offset = 0; offset < PAGE_BYTES; offset += POISON_STEP)
			if (*(const u32 *)(at + offset) != POISON_FREE)
				panic("write after free", "page %lx was changed at +%u while free",
				      page_gpa(page + i), offset);
	}
}

/* --- interface -------------------------------------------------------------------------------- */

static struct page *zone_alloc(u32 zone_id, u32 order)
{
	struct zone *zone = &zones[zone_id];
	struct page *page;

	spin_lock(&zone->lock);
	page = take(zone, zone_id, order);
	if (page) {
		page->state = PAGE_IN_USE;
		page->refs = 1;
		page->kva = 0;
		trace_event(KVL_EV_PAGE_ALLOC, 0, order, zone_id, page_gpa(page), 0, 0, 0, 0);
	}
	spin_unlock(&zone->lock);
	return page;
}

struct page *page_alloc(enum zone_id zone, u32 order)
{
	for (int id = zone; id >= 0; id--) {
		struct page *page = zone_alloc(id, order);

		if (!page)
			continue;
		if (id == ZONE_LOWMEM) {
			check_poison(page);
			poison(page, POISON_NEW);
		}
		return page;
	}
	return NULL;
}

void page_free(struct page *page)
{
	struct zone *zone = &zones[page->zone];

	if (page->state != PAGE_IN_USE || page->refs != 1)
		panic("double free", "page %lx: state %u, %u references", page_gpa(page),
		      page->state, page->refs);
	if (page->kva)
		kva_forget(page);
	if (page->zone == ZONE_LOWMEM)
		poison(page, POISON_FREE);
	spin_lock(&zone->lock);
	trace_event(KVL_EV_PAGE_FREE, 0, page->order, page->zone, page_gpa(page), 0, 0, 0, 0);
	page->refs = 0;
	give(zone, page);
	spin_unlock(&zone->lock);
}

void *lowmem_array(u64 n, u64 bytes)
{
	u64 all = n * bytes, pages = ALIGN_UP(all, PAGE_BYTES) / PAGE_BYTES;
	struct page *block;
	u32 order = 0;

	while (1ull << order < pages)
		order++;
	block = page_alloc(ZONE_LOWMEM, order);
	if (!block)
		usage_failure("no lowmem is left for %lu things of %lu bytes", n, bytes);
	return memset(page_address(block), 0, all);
}

void lowmem_array_free(void *array)
{
	page_free(gpa_page(layout_ops->virt_to_phys((u64)array)));
}

void page_get(struct page *page)
{
	__atomic_fetch_add(&page->refs, 1, __ATOMIC_RELAXED);
}

void page_put(struct page *page)
{
	if (__atomic_sub_fetch(&page->refs, 1, __ATOMIC_ACQ_REL))
		return;
	page->refs = 1; /* nobody else has it any more */
	page_free(page);
}

bool page_is_shared(const struct page *page)
{
	return __atomic_load_n(&page->refs, __ATOMIC_ACQUIRE) != 1;
}

u64 pages_in_use(enum zone_id zone)
{
	return zones[zone].in_use;
}

u64 all_pages_in_use(void)
{
	u64 pages = 0;

	for (u32 zone = 0; zone < ZONES; zone++)
		pages += zones[zone].in_use;
	return pages;
}

/* --- start ------------------------------------------------------------------------------------ */

static void zone_add(u32 zone_id, u64 start, u64 end)
{
	u32 pfn = start >> PAGE_SHIFT, last = end >> PAGE_SHIFT;

	while (pfn < last) {
		u32 order = __builtin_ctz(pfn | 1u << MAX_ORDER);

		while (pfn + (1u << order) > last)
			order--;
		frame(pfn)->zone = zone_id;
		list_add(&zones[zone_id], frame(pfn), order);
		pfn += 1u << order;
	}
}

/* Adds the part of [start, end) that lies in a zone's bounds. */
static void zone_add_clipped(u32 zone_id, u64 start, u64 end, u64 low, u64 high)
{
	start = start > low ? start : low;
	end = end < high ? end : high;
	if (start < end)
		zone_add(zone_id, start, end);
}

static void add_range(u64 start, u64 end)
{
	zone_add_clipped(ZONE_LOWMEM, start, end, 0, layout.lowmem_end_gpa);
	zone_add_clipped(ZONE_HIGHMEM, start, end, layout.lowmem_end_gpa, KVL_HIGH_RAM_GPA);
	zone_add_clipped(ZONE_HIGH4G, start, end, KVL_HIGH_RAM_GPA, ~0ull);
}

/* All usable RAM but the core and the arena. */
void page_init(void)
{
	const struct kvl_range taken[] = { layout.core, layout.arena };

	for (u32 i = 0; i < layout.nusable; i++) {
		u64 at = layout.usable[i].start, end = at + layout.usable[i].bytes;

		for (u32 t = 0; t < ARRAY_LEN(taken); t++) {
			u64 start = taken[t].start;

			if (start < at || start >= end)
				continue;
			add_range(at, start);
			at = start + taken[t].bytes;
		}
		add_range(at, end);
	}
}

void page_add(u64 gpa, u64 bytes)
{
	struct zone *zone = &zones[ZONE_LOWMEM];

	spin_lock(&zone->lock);
	zone_add(ZONE_LOWMEM, gpa, gpa + bytes);
	spin_unlock(&zone->lock);
}
