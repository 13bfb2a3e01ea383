/* SPDX-License-Identifier: MIT */
/* Owns sources, mappings from birth to end, and which rule is in use. */
#include "guest/mm/pfn_map.h"

#include "guest/kernel.h"
#include "guest/mm/fault.h"
#include "guest/mm/pfn_inside.h"
#include "guest/mm/pt.h"
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

/* --- the end of mappings ---------------------------------------------------------------------- */

static bool space_is_there(u32 id)
{
	struct mm *mm = mm_list_lock();

	while (mm && mm->id != id)
		mm = mm->next;
	mm_list_unlock();
	return mm;
}

static void free_map(struct pfn_map *map)
{
	while (map->gone) {
		struct vma *vma = map->gone;

		map->gone = vma->next;
		kfree(vma);
	}
	kfree(map);
}

/* Mappings that have ended, and whose spaces have, too. */
static void reap(struct pfn_source *source)
{
	struct pfn_map **at = &source->ended;

	spin_lock(&source->lock);
	while (*at) {
		struct pfn_map *map = *at;

		if (space_is_there(map->space)) {
			at = &map->next;
			continue;
		}
		*at = map->next;
		free_map(map);
	}
	spin_unlock(&source->lock);
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
		      source->maps->space);
	reap(source);
	if (source->ended)
		panic("source in use", "%s goes, and space %u is there that had it mapped",
		      source->ops->name, source->ended->space);
	if (page_rule->remove)
		page_rule->remove(source);
}

/* --- entering --------------------------------------------------------------------------------- */

static void take(struct pfn_map *map)
{
	busy_take(&map->busy, KVL_WAIT_PAGE, map->space, SITE("pfn.take"));
}

bool pfn_enter_anyway(struct pfn_map *map)
{
	const struct pfn_source *source = map->source;
	bool entered = !source->ops->enter || source->ops->enter(source);

	take(map);
	return entered;
}

void pfn_leave_anyway(struct pfn_map *map, bool entered)
{
	const struct pfn_source *source = map->source;

	if (!map->areas && !map->ended)
		pfn_map_end(map);
	busy_let_go(&map->busy);
	if (entered && source->ops->leave)
		source->ops->leave(source);
}

bool pfn_enter(struct pfn_map *map)
{
	const struct pfn_source *source = map->source;

	if (source->ops->enter && !source->ops->enter(source))
		return false;
	take(map);
	return true;
}

void pfn_leave(struct pfn_map *map)
{
	pfn_leave_anyway(map, true);
}

u64 pfn_linear_frame(const struct vma *vma, u64 va)
{
	const struct pfn_map *map = vma->private;

	return map->source->gpa + vma->offset + (va - vma->start);
}

/* --- mappings --------------------------------------------------------------------------------- */

struct pfn_map *pfn_map_new(struct pfn_source *source, struct mm *mm, enum pfn_sharing sharing)
{
	struct pfn_map *map = kalloc(sizeof(*map));

	reap(source);
	map->source = source;
	map->mm = mm;
	map->space = mm->id;
	map->sharing = sharing;
	spin_lock(&source->lock);
	map->next = source->maps;
	source->maps = map;
	spin_unlock(&source->lock);
	return map;
}

void pfn_map_end(struct pfn_map *map)
{
	struct pfn_source *source = map->source;
	struct pfn_map **at = &source->maps;

	spin_lock(&source->lock);
	while (*at != map)
		at = &(*at)->next;
	*at = map->next;
	map->next = source->ended;
	source->ended = map;
	map->ended = true;
	spin_unlock(&source->lock);
}

static void refuse_copies(const struct pfn_source *source, u32 prot, enum pfn_sharing sharing)
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

	refuse_copies(source, prot, sharing);
	map = pfn_map_new(source, mm, sharing);
	map->areas = 1; /* as soon as it can be found, it may be touched */
	vma = vma_map_user(mm, start, bytes, prot, &pfn_ops, map, page * PAGE_BYTES);
	if (!vma) {
		map->areas = 0;
		pfn_map_end(map);
	}
	return vma;
}
