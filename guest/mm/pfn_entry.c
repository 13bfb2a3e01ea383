/* SPDX-License-Identifier: MIT */
/*
 * Owns what an entry of a mapping says, and asks the rule whose the page is. A frame that the rule
 * takes for a page, and that has no struct page, goes no further: Linux of 2006 would have changed
 * the counts of whatever lies where its struct page would be.
 */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/pfn_inside.h"
#include "guest/trace.h"

/* --- whose is it? ----------------------------------------------------------------------------- */

static bool tolerated;

void pfn_tolerate(bool tolerate)
{
	tolerated = tolerate;
}

static void misjudged(const struct vma *vma, u64 va, u64 entry, enum pfn_mistake mistake)
{
	if (!tolerated)
		panic(mistake == PFN_FREED ? "raw frame freed" : "raw frame taken for a page",
		      "%lx of space %u maps %lx, which has no struct page", va, vma->mm->id,
		      arch_pte_gpa(entry));
	pfn_count(&pfn_figures.misjudged, 1);
}

struct page *pfn_own_page(const struct vma *vma, u64 va, u64 entry, enum pfn_mistake mistake)
{
	struct page *page;

	if (page_rule->is_raw(vma, va, entry))
		return NULL;
	page = gpa_page(arch_pte_gpa(entry));
	if (!page)
		misjudged(vma, va, entry, mistake);
	return page;
}

enum pfn_whose pfn_whose(struct mm *mm, u64 va)
{
	u64 start, entry;
	struct pfn_map *map = pfn_map_find(mm, va, &start);
	enum pfn_whose whose = PFN_NOBODYS;
	const struct vma *vma;
	bool entered;

	if (!map)
		return whose;
	entered = pfn_enter(map);
	vma = pfn_area_at(map, va);
	entry = vma ? pt_leaf(mm, va) : 0;
	if (arch_pte_present(entry))
		whose = page_rule->is_raw(vma, va, entry) ? PFN_RAW : PFN_OWN;
	pfn_leave(map, entered);
	pfn_map_put(map);
	return whose;
}

/* --- raw frames ------------------------------------------------------------------------------- */

u64 pfn_raw_entry(const struct vma *vma, u64 gpa)
{
	u64 entry = arch_pte_leaf(gpa, vma->prot & ~(u32)PROT_WRITE);

	return page_rule->raw_entry ? page_rule->raw_entry(entry) : entry;
}

void pfn_note_raw(struct pfn_map *map, u64 va, u64 entry)
{
	map->raw++;
	if (page_rule->mapped)
		page_rule->mapped(map->mm, va, entry);
}

void pfn_note_gone(struct pfn_map *map, u64 va, u64 entry)
{
	map->raw--;
	if (page_rule->unmapped)
		page_rule->unmapped(map->mm, va, entry);
}

/* Row L1: who says which frames there are may not say anything. */
static void refuse_misfit(const struct pfn_source *source, u64 gpa)
{
	if (gpa_page(gpa))
		panic("frame has a struct page", "%s has %lx as one of its frames",
		      source->ops->name, gpa);
	if (gpa - source->gpa >= source->bytes)
		panic("frame outside its source",
		      "%s has %lx as one of its frames, which are %lx to %lx", source->ops->name,
		      gpa, source->gpa, source->gpa + source->bytes);
}

u64 pfn_map_raw(const struct vma *vma, u64 va, u16 site)
{
	struct pfn_map *map = vma->private;
	const struct pfn_source *source = map->source;
	u64 page = (vma->offset + (va - vma->start)) / PAGE_BYTES;
	u64 gpa = source->ops->frame(source, page), entry;

	refuse_misfit(source, gpa);
	entry = pfn_raw_entry(vma, gpa);
	pt_leaf_set(vma->mm, va, entry, site);
	pfn_note_raw(map, va, entry);
	pfn_count(&pfn_figures.raw, 1);
	return entry;
}
