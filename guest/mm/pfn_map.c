/* SPDX-License-Identifier: MIT */
/* Owns sources, mappings from birth to end, and which rule is in use. */
#include "guest/mm/pfn_map.h"

#include "guest/kernel.h"
#include "guest/mm/fault.h"
#include "guest/mm/pfn_inside.h"
#include "guest/trace.h"

/* --- the rule --------------------------------------------------------------------------------- */

const struct page_rule *page_rule;
struct pfn_stats pfn_figures;

void page_rule_start(const struct page_rule *rule)
{
	fault_table_check(rule, "the arm's ops");
	pfn_figures = (struct pfn_stats){ 0 };
	page_rule = rule;
	if (rule->start)
		rule->start();
}

void page_rule_stop(void)
{
	if (page_rule->stop)
		page_rule->stop();
	page_rule = NULL;
	pfn_tolerate(false);
}

struct pfn_stats pfn_stats(void)
{
	return pfn_figures;
}

#define LINUX_VMA_BYTES 192 /* of struct vm_area_struct; 152 at least, as it was configured */

static u64 bytes_of(u64 unit, u64 vma_bytes)
{
	u64 bytes = page_rule->bytes ? page_rule->bytes() : 0;

	if (page_rule->unit_bytes)
		bytes = bytes / page_rule->unit_bytes * unit;
	return bytes + pfn_figures.areas * vma_bytes;
}

u64 page_rule_bytes(void)
{
	return bytes_of(page_rule->unit_bytes, sizeof(struct vma));
}

u64 page_rule_linux_bytes(void)
{
	return bytes_of(page_rule->linux_unit_bytes, LINUX_VMA_BYTES);
}

/* --- sources ---------------------------------------------------------------------------------- */

void pfn_source_add(struct pfn_source *source)
{
	struct kvl_range range = { source->gpa, source->bytes };

	fault_table_check(source->ops, source->ops->name);
	for (u32 i = 0; i < layout.nusable; i++)
		if (kvl_ranges_overlap(layout.usable[i], range))
			panic("frame has a struct page", "RAM at %lx is no source of raw frames",
			      layout.usable[i].start);
	if (page_rule->add)
		page_rule->add(source);
}

void pfn_source_remove(struct pfn_source *source)
{
	if (source->maps)
		panic("source in use", "%s goes, and space %u maps it", source->ops->name,
		      source->maps->mm->id);
	if (page_rule->remove)
		page_rule->remove(source);
}

/* --- entering --------------------------------------------------------------------------------- */

bool pfn_enter(struct pfn_map *map)
{
	const struct pfn_source *source = map->source;
	bool entered = !source->ops->enter || source->ops->enter(source);

	busy_take(&map->busy, KVL_WAIT_PAGE, map->mm->id, SITE("pfn.take"));
	return entered;
}

void pfn_leave(struct pfn_map *map, bool entered)
{
	const struct pfn_source *source = map->source;

	busy_let_go(&map->busy);
	if (entered && source->ops->leave)
		source->ops->leave(source);
}

/* --- mappings --------------------------------------------------------------------------------- */

u64 pfn_linear_frame(const struct vma *vma, u64 va)
{
	const struct pfn_map *map = vma->private;

	return map->source->gpa + vma->offset + (va - vma->start);
}

struct pfn_map *pfn_map_new(struct pfn_source *source, struct mm *mm, enum pfn_sharing sharing)
{
	struct pfn_map *map = kalloc(sizeof(*map));

	map->source = source;
	map->mm = mm;
	map->sharing = sharing;
	map->users = 1;
	spin_lock(&source->lock);
	map->next = source->maps;
	source->maps = map;
	spin_unlock(&source->lock);
	return map;
}

void pfn_map_get(struct pfn_map *map)
{
	__atomic_fetch_add(&map->users, 1, __ATOMIC_RELAXED);
}

void pfn_map_put(struct pfn_map *map)
{
	if (__atomic_sub_fetch(&map->users, 1, __ATOMIC_ACQ_REL) == 0)
		kfree(map);
}

static void end(struct pfn_map *map)
{
	struct pfn_source *source = map->source;
	struct pfn_map **at = &source->maps;

	spin_lock(&source->lock);
	while (*at != map)
		at = &(*at)->next;
	*at = map->next;
	spin_unlock(&source->lock);
	pfn_map_put(map);
}

void pfn_area_gone(struct pfn_map *map)
{
	if (--map->areas)
		pfn_count(&pfn_figures.areas, -1ull);
	else
		end(map);
}

struct pfn_map *pfn_map_find(struct mm *mm, u64 va, u64 *start)
{
	struct vma vma;

	if (!vma_get_next(mm, va, &pfn_ops, &vma))
		return NULL;
	*start = vma.start;
	return vma.private;
}

struct vma *pfn_area_at(const struct pfn_map *map, u64 va)
{
	struct vma *vma = vma_find_of(map->mm, va, map);

	return vma && vma->start <= va ? vma : NULL;
}

void pfn_refuse_copies(const struct pfn_source *source, u32 prot, enum pfn_sharing sharing)
{
	if (sharing == PFN_SHARED && prot & PROT_WRITE)
		panic("write to raw frames", "%s would be shared, and written", source->ops->name);
	if (sharing == PFN_PRIVATE && !page_rule->copies)
		panic("copy-on-write of raw frames",
		      "a private mapping of %s, whose frames have no struct page",
		      source->ops->name);
}

struct vma *pfn_map(struct pfn_source *source, struct mm *mm, u64 start, u64 page, u64 bytes,
		    u32 prot, enum pfn_sharing sharing)
{
	struct pfn_map *map;
	struct vma *vma;

	pfn_refuse_copies(source, prot, sharing);
	map = pfn_map_new(source, mm, sharing);
	map->areas = 1; /* as soon as it can be found, it may be touched */
	vma = vma_map_user(mm, start, bytes, prot, &pfn_ops, map, page * PAGE_BYTES);
	if (!vma)
		pfn_area_gone(map);
	return vma;
}
