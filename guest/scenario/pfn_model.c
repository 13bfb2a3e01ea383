/* SPDX-License-Identifier: MIT */
/* Owns the model of whose each page is: what each operation makes of each page. */
#include "guest/scenario/pfn_model.h"

#include "guest/lib/string.h"

/* The first and the last one, and two beside each other. */
static const u16 places[MODEL_WORDS] = { 0, 255, 256, PAGE_BYTES / 8 - 1 };

u32 model_place(u32 nth)
{
	return places[nth];
}

/* --- what is there ---------------------------------------------------------------------------- */

u32 model_count_maps(const struct model_space *space)
{
	u32 n = 0;

	for (u32 i = 0; i < MODEL_MAPS; i++)
		n += space->map[i].pages != 0;
	return n;
}

struct model_map *model_free_map(struct model_space *space)
{
	for (u32 i = 0; i < MODEL_MAPS; i++)
		if (!space->map[i].pages)
			return &space->map[i];
	return NULL;
}

static bool overlaps(const struct model_map *map, u64 va, u64 end)
{
	for (u32 i = 0; i < map->pages; i++) {
		u64 page = map->start + i * PAGE_BYTES;

		if (page >= va && page < end && map->page[i].state != MODEL_UNMAPPED)
			return true;
	}
	return false;
}

bool model_is_free(const struct model_space *space, u64 va, u32 pages)
{
	for (u32 i = 0; i < MODEL_MAPS; i++)
		if (overlaps(&space->map[i], va, va + pages * PAGE_BYTES))
			return false;
	return true;
}

bool model_is_whole(const struct model_range *range)
{
	for (u32 i = 0; i < range->pages; i++)
		if (range->map->page[range->from + i].state == MODEL_UNMAPPED)
			return false;
	return true;
}

enum pfn_whose model_whose(const struct model_page *page)
{
	switch (page->state) {
	case MODEL_RAW: return PFN_RAW;
	case MODEL_OWN: return PFN_OWN;
	default: return PFN_NOBODYS;
	}
}

static bool is_own(const struct model_page *page)
{
	return page->state == MODEL_OWN || page->state == MODEL_SWAPPED;
}

u64 model_word(const struct model *model, const struct model_map *map, u32 index, u32 nth)
{
	const struct model_page *page = &map->page[index];

	if (is_own(page))
		return model->copy[page->copy].word[nth];
	return pfn_segment_word(map->first + index, places[nth]);
}

/* --- copies ----------------------------------------------------------------------------------- */

/* There are as many as own pages can be. */
static u16 new_copy(struct model *model)
{
	do {
		model->last_copy = (model->last_copy + 1) % MODEL_COPIES;
	} while (model->copy[model->last_copy].owners);
	model->copy[model->last_copy].owners = 1;
	return model->last_copy;
}

static void copy_raw(struct model *model, struct model_map *map, u32 index)
{
	struct model_page *page = &map->page[index];
	u16 copy = new_copy(model);

	for (u32 i = 0; i < MODEL_WORDS; i++)
		model->copy[copy].word[i] = pfn_segment_word(map->first + index, places[i]);
	page->copy = copy;
	page->state = MODEL_OWN;
	model->stats.copied++;
}

static void copy_shared(struct model *model, struct model_page *page)
{
	u16 copy = new_copy(model);

	memcpy(model->copy[copy].word, model->copy[page->copy].word,
	       sizeof(model->copy[copy].word));
	model->copy[page->copy].owners--;
	page->copy = copy;
	model->stats.copied_own++;
}

static void forget(struct model *model, struct model_page *page)
{
	if (is_own(page))
		model->copy[page->copy].owners--;
	page->state = MODEL_UNMAPPED;
}

static void swap_in(struct model *model, struct model_page *page)
{
	if (page->state != MODEL_SWAPPED)
		return;
	page->state = MODEL_OWN;
	model->stats.swapped_in++;
}

/* --- what becomes of it ----------------------------------------------------------------------- */

void model_map(struct model_map *map, u32 prot, enum pfn_sharing sharing)
{
	const struct model_page page = { MODEL_UNTOUCHED, prot & PROT_WRITE, 0 };

	map->private = sharing == PFN_PRIVATE;
	for (u32 i = 0; i < map->pages; i++)
		map->page[i] = page;
}

void model_read(struct model *model, struct model_page *page)
{
	swap_in(model, page);
	if (page->state == MODEL_UNTOUCHED)
		page->state = MODEL_RAW;
}

void model_write(struct model *model, struct model_map *map, u32 index, u32 nth, u64 word)
{
	struct model_page *page = &map->page[index];

	swap_in(model, page);
	if (page->state != MODEL_OWN)
		copy_raw(model, map, index);
	else if (model->copy[page->copy].owners > 1)
		copy_shared(model, page);
	model->copy[page->copy].word[nth] = word;
}

void model_fork(struct model *model, struct model_space *from, struct model_space *to)
{
	for (u32 i = 0; i < MODEL_MAPS; i++) {
		struct model_map *map = &from->map[i];

		for (u32 k = 0; k < map->pages; k++) {
			swap_in(model, &map->page[k]);
			if (map->page[k].state == MODEL_OWN)
				model->copy[map->page[k].copy].owners++;
		}
		to->map[i] = *map;
	}
}

static void drop_if_empty(struct model_map *map)
{
	for (u32 i = 0; i < map->pages; i++)
		if (map->page[i].state != MODEL_UNMAPPED)
			return;
	map->pages = 0;
}

void model_unmap(struct model *model, const struct model_range *range)
{
	for (u32 i = 0; i < range->pages; i++)
		forget(model, &range->map->page[range->from + i]);
	drop_if_empty(range->map);
}

struct model_range model_move(struct model_space *space, const struct model_range *range, u64 to)
{
	struct model_map *old = range->map, *new = old;

	if (range->pages == old->pages) {
		old->start = to;
		return *range;
	}
	new = model_free_map(space);
	*new = (struct model_map){ to, old->first + range->from, range->pages, old->private, {} };
	for (u32 i = 0; i < range->pages; i++) {
		new->page[i] = old->page[range->from + i];
		old->page[range->from + i].state = MODEL_UNMAPPED;
	}
	drop_if_empty(old);
	return (struct model_range){ new, 0, range->pages };
}

void model_protect(const struct model_range *range, bool writable)
{
	for (u32 i = 0; i < range->pages; i++)
		range->map->page[range->from + i].writable = writable;
}

u32 model_swap_out(struct model *model, const struct model_range *range)
{
	u32 out = 0;

	for (u32 i = 0; i < range->pages; i++) {
		struct model_page *page = &range->map->page[range->from + i];

		if (page->state != MODEL_OWN || model->copy[page->copy].owners > 1)
			continue;
		page->state = MODEL_SWAPPED;
		out++;
	}
	model->stats.swapped_out += out;
	return out;
}

static u32 revoke_map(struct model_map *map)
{
	u32 n = 0;

	for (u32 i = 0; i < map->pages; i++) {
		if (map->page[i].state != MODEL_RAW)
			continue;
		map->page[i].state = MODEL_UNTOUCHED;
		n++;
	}
	return n;
}

u32 model_revoke(struct model *model)
{
	u32 n = 0;

	for (u32 i = 0; i < MODEL_SPACES; i++)
		for (u32 k = 0; k < MODEL_MAPS; k++)
			n += revoke_map(&model->space[i].map[k]);
	return n;
}

void model_end(struct model *model, struct model_space *space)
{
	for (u32 i = 0; i < MODEL_MAPS; i++) {
		struct model_range all = { &space->map[i], 0, space->map[i].pages };

		model_unmap(model, &all);
	}
}
