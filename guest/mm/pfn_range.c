/* SPDX-License-Identifier: MIT */
/* Owns what is done to ranges of a mapping: munmap(), mprotect(), mremap() of a part of it. */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/pfn_inside.h"
#include "guest/trace.h"

/* The mapping that has the first area in [@start, @end), entered; NULL: there is none. */
static struct pfn_map *enter_range(struct mm *mm, u64 start, u64 end, bool *entered)
{
	struct vma *vma = vma_find_next(mm, start);

	if (!pfn_is_mapped(vma) || vma->start >= end)
		return NULL;
	*entered = pfn_enter_anyway(vma->private);
	return vma->private;
}

/* Its first area in [@start, @end), cut to that; NULL: there is none any more. */
static struct vma *next_area(struct pfn_map *map, u64 start, u64 end)
{
	struct vma *vma = start < end ? vma_find_next(map->mm, start) : NULL;

	if (!vma || vma->private != map || vma->start >= end)
		return NULL;
	return pfn_cut(vma, start, end);
}

/* --- unmap ------------------------------------------------------------------------------------ */

void pfn_unmap(struct mm *mm, u64 start, u64 bytes)
{
	bool entered;
	struct pfn_map *map = enter_range(mm, start, start + bytes, &entered);
	struct vma *vma;

	if (!map)
		return;
	while ((vma = next_area(map, start, start + bytes))) {
		pfn_zap(vma);
		vma_take_out(vma);
		pfn_keep(map, vma);
	}
	pfn_leave_anyway(map, entered);
}

/* --- protect ---------------------------------------------------------------------------------- */

/* The entry that the area's new protection makes of @entry. What becomes writable is left to a
 * fault. */
static u64 protected_entry(const struct vma *vma, u64 va, u64 entry)
{
	struct page *own = pfn_own_page(vma, va, entry, PFN_TAKEN);
	u32 prot = vma->prot;

	if (!own)
		return pfn_raw_entry(vma, arch_pte_gpa(entry));
	if (!arch_pte_allows(entry, true, false, true))
		prot &= ~(u32)PROT_WRITE;
	return arch_pte_leaf(page_gpa(own), prot);
}

static void protect_area(struct vma *vma, u32 prot)
{
	u16 site = SITE("pfn.protect");
	bool changed = false;

	vma->prot = prot | PROT_USER;
	for (u64 va = vma->start; va < vma->end; va += PAGE_BYTES) {
		u64 entry = pt_leaf(vma->mm, va), new;

		if (!arch_pte_present(entry))
			continue;
		new = protected_entry(vma, va, entry);
		if (new == entry)
			continue;
		pt_leaf_set(vma->mm, va, new, site);
		changed = true;
	}
	if (changed)
		tlb_flush_range(vma->mm, vma->start, vma->end - vma->start, site);
}

void pfn_protect(struct mm *mm, u64 start, u64 bytes, u32 prot)
{
	bool entered;
	struct pfn_map *map = enter_range(mm, start, start + bytes, &entered);
	struct vma *vma;
	u64 at = start;

	if (!map)
		return;
	while ((vma = next_area(map, at, start + bytes))) {
		protect_area(vma, prot);
		at = vma->end;
		pfn_tidy(vma);
	}
	pfn_leave_anyway(map, entered);
}

/* --- move ------------------------------------------------------------------------------------- */

#define AT_ONCE 64 /* entries that wait for one flush */

struct moving {
	u64 entry[AT_ONCE];
	bool raw[AT_ONCE];
};

/* Takes the entries of [@va, @va + n pages) away. Returns whether there was one that CPUs hold. */
static bool take_entries(const struct vma *vma, u64 va, u32 n, struct moving *moving)
{
	bool present = false;

	for (u32 i = 0; i < n; i++, va += PAGE_BYTES) {
		u64 entry = pt_leaf(vma->mm, va);

		moving->entry[i] = entry;
		moving->raw[i] = arch_pte_present(entry) &&
				 !pfn_own_page(vma, va, entry, PFN_TAKEN);
		if (!entry)
			continue;
		present |= arch_pte_present(entry);
		pt_leaf_set(vma->mm, va, 0, SITE("pfn.move"));
		if (moving->raw[i])
			pfn_note_gone(vma->private, va, entry);
	}
	return present;
}

static void put_entries(const struct vma *vma, u64 va, u32 n, const struct moving *moving)
{
	for (u32 i = 0; i < n; i++, va += PAGE_BYTES) {
		if (!moving->entry[i])
			continue;
		pt_leaf_set(vma->mm, va, moving->entry[i], SITE("pfn.move"));
		if (moving->raw[i])
			pfn_note_raw(vma->private, va, moving->entry[i]);
		pfn_count(&pfn_figures.moved, 1);
	}
}

/* No CPU reaches a page by its old address when it has its new one. */
static void move_area(struct vma *vma, u64 to)
{
	u64 start = vma->start, bytes = vma->end - start;
	struct moving moving;

	for (u64 at = 0; at < bytes; at += AT_ONCE * PAGE_BYTES) {
		u64 left = bytes - at, n = AT_ONCE * PAGE_BYTES;

		n = left < n ? left : n;
		if (take_entries(vma, start + at, n / PAGE_BYTES, &moving))
			tlb_flush_range(vma->mm, start + at, n, SITE("pfn.move"));
		put_entries(vma, to + at, n / PAGE_BYTES, &moving);
	}
	if (!vma_move(vma, to))
		panic("no room", "%lx of space %u was free to move to", to, vma->mm->id);
	pfn_tidy(vma);
}

static bool is_free(struct mm *mm, u64 start, u64 bytes)
{
	const struct vma *vma = vma_find_next(mm, start);

	return start < layout.user_end && bytes <= layout.user_end - start &&
	       (!vma || vma->start >= start + bytes);
}

bool pfn_move(struct mm *mm, u64 start, u64 bytes, u64 to)
{
	bool entered, apart = to >= start + bytes || start >= to + bytes;
	struct pfn_map *map;
	struct vma *vma;
	u64 at = start;

	if (!apart || !is_free(mm, to, bytes))
		return false;
	map = enter_range(mm, start, start + bytes, &entered);
	if (!map)
		return true;
	while ((vma = next_area(map, at, start + bytes))) {
		u64 offset = vma->start - start;

		at = vma->end;
		move_area(vma, to + offset);
	}
	pfn_leave_anyway(map, entered);
	return true;
}
