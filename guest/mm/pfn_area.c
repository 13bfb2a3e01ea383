/* SPDX-License-Identifier: MIT */
/* Owns the areas of a mapping: how they are split and joined, and how what they map goes. */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/pfn_inside.h"
#include "guest/mm/swap.h"
#include "guest/trace.h"

/* --- splitting and joining -------------------------------------------------------------------- */

static struct vma *split(struct vma *vma, u64 at)
{
	struct pfn_map *map = vma->private;

	map->areas++;
	pfn_count(&pfn_figures.areas, 1);
	return vma_split(vma, at);
}

struct vma *pfn_cut(struct vma *vma, u64 start, u64 end)
{
	if (start > vma->start)
		vma = split(vma, start);
	if (end < vma->end)
		split(vma, end);
	return vma;
}

static bool alike(const struct vma *a, const struct vma *b)
{
	return a->end == b->start && b->private == a->private && b->prot == a->prot &&
	       b->copied == a->copied && b->offset == a->offset + (a->end - a->start);
}

static void join(struct vma *vma, struct vma *behind)
{
	vma_join(vma, behind);
	kfree(behind);
	pfn_area_gone(vma->private);
}

/* Of the same mapping, so nobody else changes it meanwhile. */
static struct vma *neighbour(const struct vma *vma, u64 va)
{
	return pfn_area_at(vma->private, va);
}

void pfn_tidy(struct vma *vma)
{
	struct vma *before = neighbour(vma, vma->start - 1), *behind = neighbour(vma, vma->end);

	if (behind && alike(vma, behind))
		join(vma, behind);
	if (before && alike(before, vma))
		join(before, vma);
}

void pfn_page_copied(struct vma *vma, u64 va)
{
	vma = pfn_cut(vma, va, va + PAGE_BYTES);
	vma->copied = true;
	pfn_tidy(vma);
	pfn_count(&pfn_figures.lock_writes, 1);
}

/* --- what they map goes ----------------------------------------------------------------------- */

#define AT_ONCE 32 /* pages that wait for one flush */

struct gather {
	u64 start, end; /* what is to be flushed; start >= end: nothing */
	u32 n;
	struct page *page[AT_ONCE];
};

/* Nobody reaches them any more: now they can be free. */
static void flush(const struct vma *vma, struct gather *gather)
{
	if (gather->start < gather->end)
		tlb_flush_range(vma->mm, gather->start, gather->end - gather->start,
				SITE("pfn.zap"));
	for (u32 i = 0; i < gather->n; i++)
		page_put(gather->page[i]);
	gather->start = gather->end;
	gather->n = 0;
}

static void zap_page(const struct vma *vma, u64 va, u64 entry, struct gather *gather)
{
	struct page *own;

	if (!arch_pte_present(entry)) {
		pt_leaf_set(vma->mm, va, 0, SITE("pfn.zap"));
		swap_release(arch_pte_absent_value(entry), 1);
		return;
	}
	own = pfn_own_page(vma, va, entry, PFN_FREED);
	pt_leaf_set(vma->mm, va, 0, SITE("pfn.zap"));
	if (own)
		gather->page[gather->n++] = own;
	else
		pfn_note_gone(vma->private, va, entry);
	gather->end = va + PAGE_BYTES;
}

void pfn_zap(const struct vma *vma)
{
	struct gather gather = { .start = vma->start, .end = vma->start };

	for (u64 va = vma->start; va < vma->end; va += PAGE_BYTES) {
		u64 entry = pt_leaf(vma->mm, va);

		if (entry)
			zap_page(vma, va, entry, &gather);
		if (gather.n == AT_ONCE)
			flush(vma, &gather);
	}
	flush(vma, &gather);
}
