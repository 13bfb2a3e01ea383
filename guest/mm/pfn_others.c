/* SPDX-License-Identifier: MIT */
/* Owns what is done to a mapping from outside: forks, and that its source takes its frames back. */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/pfn_inside.h"
#include "guest/trace.h"

/* --- fork ------------------------------------------------------------------------------------- */

/* The child has the page from now on, too, and no entry allows writes. Returns whether one did,
 * which the caller flushes. */
static bool share_own(const struct vma *vma, struct vma *child, u64 va, u64 entry, struct page *own)
{
	u64 shared = arch_pte_leaf(page_gpa(own), vma->prot & ~(u32)PROT_WRITE);

	if (entry != shared)
		pt_leaf_set(vma->mm, va, shared, SITE("pfn.fork"));
	page_get(own);
	pt_leaf_set(child->mm, va, shared, SITE("pfn.fork"));
	pfn_count(&pfn_figures.shared, 1);
	return entry != shared;
}

static void share_raw(struct vma *child, u64 va, u64 entry)
{
	pt_leaf_set(child->mm, va, entry, SITE("pfn.fork"));
	pfn_note_raw(child->private, va, entry);
}

/* False: out of pages, or the swap failed. */
static bool share_page(const struct vma *vma, struct vma *child, u64 va, bool *protected)
{
	u64 entry = pt_leaf(vma->mm, va);
	struct page *own;

	if (!entry)
		return true;
	if (!arch_pte_present(entry))
		entry = pfn_swap_in(vma, va, entry);
	if (!entry)
		return false;
	own = pfn_own_page(vma, va, entry, PFN_TAKEN);
	if (own)
		*protected |= share_own(vma, child, va, entry, own);
	else
		share_raw(child, va, entry);
	return true;
}

static bool share_area(const struct vma *vma, struct pfn_map *child)
{
	struct vma *to = vma_map_user(child->mm, vma->start, vma->end - vma->start, vma->prot,
				      &pfn_ops, child, vma->offset);
	bool shared = to, protected = false;

	if (!to)
		return false;
	to->copied = vma->copied;
	child->areas++;
	pfn_count(&pfn_figures.areas, 1);
	for (u64 va = vma->start; va < vma->end && shared; va += PAGE_BYTES)
		shared = share_page(vma, to, va, &protected);
	if (protected)
		tlb_flush_range(vma->mm, vma->start, vma->end - vma->start, SITE("pfn.fork"));
	return shared;
}

/* All areas of the mapping, which is entered. */
static bool fork_map(struct pfn_map *map, struct mm *child)
{
	struct pfn_map *copy = pfn_map_new(map->source, child, map->sharing);
	const struct vma *vma = vma_find_of(map->mm, 0, map);
	bool shared = true;

	map->forked_into = child->id;
	copy->areas = 1; /* until it has its own */
	for (; vma && shared; vma = vma_find_of(map->mm, vma->end, map))
		shared = share_area(vma, copy);
	pfn_area_gone(copy);
	return shared;
}

bool pfn_fork(struct mm *mm, struct mm *child)
{
	bool shared = true;
	struct vma vma = { .end = 0 };

	while (shared && vma_get_next(mm, vma.end, &pfn_ops, &vma)) {
		struct pfn_map *map = vma.private;
		bool entered = pfn_enter(map);

		if (map->areas && map->forked_into != child->id)
			shared = fork_map(map, child);
		pfn_leave(map, entered);
		vma_put(&vma);
	}
	return shared;
}

/* --- the source takes its frames back --------------------------------------------------------- */

/* Own pages before the first raw one and behind the last need no flush. */
static u32 revoke_area(const struct vma *vma)
{
	u64 low = vma->end, high = vma->start;
	u16 site = SITE("pfn.revoke");
	u32 revoked = 0;

	for (u64 va = vma->start; va < vma->end; va += PAGE_BYTES) {
		u64 entry = pt_leaf(vma->mm, va);

		if (!arch_pte_present(entry) || pfn_own_page(vma, va, entry, PFN_TAKEN))
			continue;
		pt_leaf_set(vma->mm, va, 0, site);
		pfn_note_gone(vma->private, va, entry);
		low = revoked++ ? low : va;
		high = va + PAGE_BYTES;
	}
	if (revoked)
		tlb_flush_range(vma->mm, low, high - low, site);
	return revoked;
}

/* Nothing of the mapping changes meanwhile: whoever would change it enters first. */
static u32 revoke_map(struct pfn_map *map)
{
	const struct vma *vma = map->raw ? vma_find_of(map->mm, 0, map) : NULL;
	u32 revoked = 0;

	for (; vma; vma = vma_find_of(map->mm, vma->end, map))
		revoked += revoke_area(vma);
	return revoked;
}

u32 pfn_revoke(struct pfn_source *source)
{
	u32 revoked = 0;

	spin_lock(&source->lock);
	for (struct pfn_map *map = source->maps; map; map = map->next)
		revoked += revoke_map(map);
	spin_unlock(&source->lock);
	pfn_count(&pfn_figures.revoked, revoked);
	return revoked;
}
