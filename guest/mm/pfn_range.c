/* SPDX-License-Identifier: MIT */
/* Owns what is done to ranges of a mapping: munmap(), mprotect(), mremap() of a part of it. */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/pfn_inside.h"
#include "guest/trace.h"

/* An area of a mapping that is entered. */
struct entered {
	struct pfn_map *map;
	struct vma *vma;
	bool source;
};

static void leave(const struct entered *in)
{
	pfn_leave(in->map, in->source);
	pfn_map_put(in->map);
}

/* The first area in [@at, @end), cut to that. It may go before its mapping is entered: then the
 * next one is looked for. False: there is none any more. */
static bool enter_next(struct mm *mm, u64 at, u64 end, struct entered *in)
{
	u64 start;

	while ((in->map = pfn_map_find(mm, at, &start))) {
		if (start >= end) {
			pfn_map_put(in->map);
			return false;
		}
		in->source = pfn_enter(in->map);
		in->vma = pfn_area_at(in->map, start > at ? start : at);
		if (in->vma) {
			in->vma = pfn_cut(in->vma, at, end);
			return true;
		}
		leave(in);
	}
	return false;
}

/* --- unmap ------------------------------------------------------------------------------------ */

void pfn_unmap(struct mm *mm, u64 start, u64 bytes)
{
	struct entered in;

	while (enter_next(mm, start, start + bytes, &in)) {
		pfn_zap(in.vma);
		vma_take_out(in.vma);
		kfree(in.vma);
		pfn_area_gone(in.map);
		leave(&in);
	}
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
	u64 at = start, end = start + bytes;
	struct entered in;

	while (at < end && enter_next(mm, at, end, &in)) {
		pfn_refuse_copies(in.map->source, prot, in.map->sharing);
		protect_area(in.vma, prot);
		at = in.vma->end;
		pfn_tidy(in.vma);
		leave(&in);
	}
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

/* The area stands at its new place before its pages do, so whoever touches one there waits for the
 * mapping; and no CPU reaches a page by its old address when it has its new one. */
static void move_area(struct vma *vma, u64 to, struct vma *room)
{
	const struct vma old = *vma;
	u64 bytes = old.end - old.start;
	struct moving moving;

	vma_move(vma, to, room);
	for (u64 at = 0; at < bytes; at += AT_ONCE * PAGE_BYTES) {
		u64 left = bytes - at, n = AT_ONCE * PAGE_BYTES;

		n = left < n ? left : n;
		if (take_entries(&old, old.start + at, n / PAGE_BYTES, &moving))
			tlb_flush_range(vma->mm, old.start + at, n, SITE("pfn.move"));
		put_entries(vma, to + at, n / PAGE_BYTES, &moving);
	}
	pfn_tidy(vma);
}

/* Nobody else gets these addresses meanwhile, and nothing is there yet. */
static const struct vma_ops room_ops FAULT_TABLE = { .name = "room for raw frames" };

bool pfn_move(struct mm *mm, u64 start, u64 bytes, u64 to)
{
	bool apart = to >= start + bytes || start >= to + bytes;
	u64 at = start, end = start + bytes;
	struct entered in;
	struct vma *room;

	room = apart ? vma_map_user(mm, to, bytes, PROT_READ, &room_ops, NULL, 0) : NULL;
	if (!room)
		return false;
	while (at < end && enter_next(mm, at, end, &in)) {
		u64 offset = in.vma->start - start;

		at = in.vma->end;
		move_area(in.vma, to + offset, room);
		leave(&in);
	}
	vma_take_out(room);
	kfree(room);
	return true;
}
