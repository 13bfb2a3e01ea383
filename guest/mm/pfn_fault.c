/* SPDX-License-Identifier: MIT */
/*
 * Owns page faults of mappings of raw frames, and copies. All threads of a space lose a page before
 * they get its copy: replaced in one step, one could write to the copy while another still read the
 * frame.
 */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/pfn_inside.h"
#include "guest/trace.h"

/* Through the task's own address, by which it just tried to write. */
static struct page *copy_of(u64 va)
{
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	void *address;
	bool copied;

	if (!page)
		return NULL;
	address = kmap_local(page);
	copied = copy_from_user(address, va, PAGE_BYTES);
	kunmap_local(address);
	if (copied)
		return page;
	page_free(page);
	return NULL;
}

/* @own: what is mapped there is that page, which others have, too; NULL: a raw frame. */
static bool copy(struct vma *vma, u64 va, u64 entry, struct page *own)
{
	struct mm *mm = vma->mm;
	struct page *page = copy_of(va);
	u64 leaf;

	if (!page)
		return false;
	leaf = arch_pte_leaf(page_gpa(page), vma->prot);
	pt_leaf_set(mm, va, 0, SITE("pfn.copy"));
	tlb_flush_range(mm, va, PAGE_BYTES, SITE("pfn.copy"));
	if (own) {
		page_put(own);
	} else {
		pfn_note_gone(vma->private, va, entry);
		if (page_rule->splits)
			pfn_page_copied(vma, va);
	}
	pt_leaf_set(mm, va, leaf, SITE("pfn.copy"));
	pfn_count(own ? &pfn_figures.copied_own : &pfn_figures.copied, 1);
	return true;
}

static bool make_writable(struct vma *vma, u64 va, u64 entry)
{
	struct page *own = pfn_own_page(vma, va, entry, PFN_TAKEN);

	if (!own || page_is_shared(own))
		return copy(vma, va, entry, own);
	pt_leaf_set(vma->mm, va, arch_pte_leaf(page_gpa(own), vma->prot), SITE("pfn.writable"));
	pfn_count(&pfn_figures.made_writable, 1);
	return true;
}

static bool allows(const struct vma *vma, const struct fault *fault)
{
	return (!fault->write || vma->prot & PROT_WRITE) && (!fault->exec || vma->prot & PROT_EXEC);
}

/* The area may have been split, or joined, or gone, since the fault found one. */
static bool resolve(struct pfn_map *map, const struct fault *fault)
{
	u64 va = ALIGN_DOWN(fault->va, PAGE_BYTES), entry;
	struct vma *vma = pfn_area_at(map, va);

	if (!vma || !allows(vma, fault))
		return false;
	entry = pt_leaf(map->mm, va);
	if (!entry)
		entry = pfn_map_raw(vma, va, SITE("pfn.raw"));
	else if (!arch_pte_present(entry))
		entry = pfn_swap_in(vma, va, entry);
	if (!entry)
		return false;
	return !fault->write || arch_pte_allows(entry, true, false, true) ||
	       make_writable(vma, va, entry);
}

static enum fault_result pfn_fault(struct vma *vma, const struct fault *fault)
{
	struct pfn_map *map = vma->private;
	bool entered = pfn_enter(map), done = entered && resolve(map, fault);

	pfn_leave(map, entered);
	return done ? FAULT_DONE : FAULT_ERROR;
}

/* The space ends; the source takes its frames back from all areas that are there until then. */
static void pfn_close(struct vma *vma)
{
	struct pfn_map *map = vma->private;
	bool entered;

	pfn_map_get(map);
	entered = pfn_enter(map);
	pfn_zap(vma);
	pfn_area_gone(map);
	pfn_leave(map, entered);
	pfn_map_put(map);
}

static void pfn_get(const struct vma *vma)
{
	pfn_map_get(vma->private);
}

static void pfn_put(const struct vma *vma)
{
	pfn_map_put(vma->private);
}

const struct vma_ops pfn_ops FAULT_TABLE = {
	.name = "raw frames",
	.maps_clean = true,
	.fault = pfn_fault,
	.close = pfn_close,
	.get = pfn_get,
	.put = pfn_put,
};
