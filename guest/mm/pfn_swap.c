/* SPDX-License-Identifier: MIT */
/* Owns what goes between a mapping and the swap: pages that one space alone has, and that only. */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/pfn_inside.h"
#include "guest/mm/swap.h"
#include "guest/trace.h"

/* --- out -------------------------------------------------------------------------------------- */

static bool write_out(struct page *page, u64 place)
{
	const struct page_store *store = swap_store();

	return store->ops->write(store->owner, place, page);
}

/* No CPU reaches the page while it is written. False: it stays. */
static bool move_out(const struct vma *vma, u64 va, u64 entry, struct page *own)
{
	u16 site = SITE("pfn.swap_out");
	u64 place;

	if (!swap_reserve(1, &place))
		return false;
	pt_leaf_set(vma->mm, va, arch_pte_absent(place), site);
	tlb_flush_range(vma->mm, va, PAGE_BYTES, site);
	if (!write_out(own, place)) {
		pt_leaf_set(vma->mm, va, entry, site);
		swap_release(place, 1);
		return false;
	}
	page_put(own);
	pfn_count(&pfn_figures.swapped_out, 1);
	return true;
}

static bool swap_out_page(const struct vma *vma, u64 va)
{
	u64 entry = pt_leaf(vma->mm, va);
	struct page *own;

	if (!arch_pte_present(entry))
		return false;
	own = pfn_own_page(vma, va, entry, PFN_TAKEN);
	return own && !page_is_shared(own) && move_out(vma, va, entry, own);
}

/* Of a mapping that is entered. */
static bool swap_out_at(const struct pfn_map *map, u64 va)
{
	const struct vma *vma = pfn_area_at(map, va);

	return vma && swap_out_page(vma, va);
}

u32 pfn_swap_out(struct mm *mm, u64 start, u64 bytes)
{
	u64 at, end = start + bytes;
	struct pfn_map *map;
	u32 out = 0;

	for (u64 va = start; va < end && (map = pfn_map_find(mm, va, &at)); va += PAGE_BYTES) {
		bool entered = pfn_enter(map);

		out += swap_out_at(map, va);
		pfn_leave(map, entered);
		pfn_map_put(map);
	}
	return out;
}

/* --- in --------------------------------------------------------------------------------------- */

u64 pfn_swap_in(const struct vma *vma, u64 va, u64 entry)
{
	const struct page_store *store = swap_store();
	u64 place = arch_pte_absent_value(entry);
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);

	if (!page)
		return 0;
	if (!store->ops->read(store->owner, place, page)) {
		page_free(page);
		return 0;
	}
	swap_release(place, 1);
	entry = arch_pte_leaf(page_gpa(page), vma->prot);
	pt_leaf_set(vma->mm, va, entry, SITE("pfn.swap_in"));
	pfn_count(&pfn_figures.swapped_in, 1);
	return entry;
}
