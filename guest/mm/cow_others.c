/* SPDX-License-Identifier: MIT */
/*
 * Owns what other tasks do to anonymous memory: pages go out to the swap, and are read and written
 * as by a debugger.
 *
 * A page that goes out is unmapped and flushed wherever its space runs, then written, then its
 * frame is free: no write comes after what is written out, and nobody reaches a frame that is
 * another's. Only pages with one owner go, so a page of the swap has one, too, and is read for him
 * alone.
 */
#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/mm/cow_area.h"
#include "guest/mm/kva.h"
#include "guest/mm/swap.h"
#include "guest/trace.h"

/* --- out -------------------------------------------------------------------------------------- */

static bool write_out(struct cow_slot *slot, u64 place)
{
	const struct page_store *store = swap_store();

	if (!store->ops->write(store->owner, place, slot->page)) {
		swap_release(place, 1);
		return false;
	}
	slot->place = place + 1;
	slot->dirty = false;
	return true;
}

/* False: it stays. */
static bool move_out(struct vma *vma, struct cow_slot *slot)
{
	struct cow_stats *stats = &cow_area(vma)->group->stats;
	struct page *page = slot->page;
	bool dirty = slot->dirty;
	u64 place = 0;

	if (dirty && !swap_reserve(1, &place))
		return false;
	cow_slot_unmap(vma, slot, SITE("cow.out"));
	if (dirty && !write_out(slot, place)) {
		cow_slot_map(vma, slot);
		return false;
	}
	slot->page = NULL;
	page_put(page);
	cow_count(dirty ? &stats->swapped_out : &stats->dropped, 1);
	return true;
}

static bool swap_out_page(struct vma *vma, u64 va)
{
	struct cow_slot *slot = cow_slot(vma, va);
	bool out = false;

	cow_take(vma, slot);
	if (slot->page && !page_is_shared(slot->page)) {
		out = move_out(vma, slot);
		cow_count(&cow_area(vma)->group->stats.kept, !out);
	}
	cow_let_go(slot);
	return out;
}

/* The area at @va, if it is one that forks. */
static struct vma *find(struct mm *mm, u64 va)
{
	struct vma *vma = vma_find(mm, va);

	return vma && vma->ops == &cow_ops ? vma : NULL;
}

u32 cow_swap_out(struct mm *mm, u64 va, u64 bytes)
{
	u32 out = 0;

	for (u64 end = va + bytes; va < end; va += PAGE_BYTES) {
		struct vma *vma = find(mm, va);

		out += vma && swap_out_page(vma, va);
	}
	return out;
}

/* --- access ----------------------------------------------------------------------------------- */

/* @bytes within one page. */
static bool access_piece(struct vma *vma, u64 va, void *buffer, u64 bytes, bool write)
{
	struct cow_slot *slot = cow_slot(vma, va);
	bool there;

	cow_take(vma, slot);
	there = cow_touch(vma, slot, write);
	if (there) {
		struct cow_group *group = cow_area(vma)->group;
		u8 *address = cow_kva_get(group, COW_ACCESS, slot->page);
		u8 *at = address + va % PAGE_BYTES;

		memcpy(write ? at : buffer, write ? buffer : at, bytes);
		kva_put(slot->page, address);
		cow_count_event(group, COW_ACCESS, slot->page);
	}
	cow_let_go(slot);
	return there;
}

bool cow_access(struct mm *mm, u64 va, void *buffer, u64 bytes, bool write)
{
	while (bytes) {
		u64 rest = PAGE_BYTES - va % PAGE_BYTES, piece = bytes < rest ? bytes : rest;
		struct vma *vma = find(mm, va);

		if (!vma || (write && !(vma->prot & PROT_WRITE)) ||
		    !access_piece(vma, va, buffer, piece, write))
			return false;
		va += piece;
		buffer = (u8 *)buffer + piece;
		bytes -= piece;
	}
	return true;
}
