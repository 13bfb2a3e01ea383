/* SPDX-License-Identifier: MIT */
/*
 * Owns the drawn operations of pfn's fuzzer on the spaces of a crowd. Each is done, asked of the
 * model, and what it has touched is judged: by the words that are there and by what the rule says
 * of each page. What the model refuses is tried, too, but nothing whose outcome pfn_map.h leaves
 * open.
 */
#include "guest/scenario/pfn_fuzz.h"

/* Where mappings are: around two addresses where one page table ends and the next begins. */
#define CLUSTERS 2
#define CLUSTER_PAGES 64
#define CLUSTER_VA(n) (PFN_VA + MiB(2) * (1 + (n)) - CLUSTER_PAGES / 2 * PAGE_BYTES)

#define MOST_TOUCHED 4 /* pages that are read or written at once */
#define MOST_DRAWN 8   /* of a range, where it is not a whole mapping */

static u32 least(u32 a, u32 b)
{
	return a < b ? a : b;
}

/* --- drawing ---------------------------------------------------------------------------------- */

static u64 draw_va(struct crowd *c, u32 pages)
{
	u32 cluster = fuzz_draw(c, CLUSTERS);

	return CLUSTER_VA(cluster) + fuzz_draw(c, CLUSTER_PAGES - pages + 1) * PAGE_BYTES;
}

static struct model_map *draw_map(struct crowd *c, struct model_space *space)
{
	u32 maps = model_count_maps(space), nth;

	if (!maps)
		return NULL;
	nth = fuzz_draw(c, maps);
	for (struct model_map *map = space->map;; map++)
		if (map->pages && !nth--)
			return map;
}

/* Where a page was unmapped another mapping may be by now: no range of this one reaches over it. */
static void cut(const struct model_space *space, struct model_range *range)
{
	for (u32 i = 1; i < range->pages; i++) {
		struct model_range page = { range->map, range->from + i, 1 };

		if (!model_is_whole(&page) && !model_is_free(space, model_va(&page), 1))
			range->pages = i;
	}
}

/* Begins with a page that is mapped. False: the space has none. */
static bool draw_range(struct crowd *c, u32 s, u32 most, struct model_range *range)
{
	struct model_space *space = &c->model.space[s];
	struct model_map *map = draw_map(c, space);
	u32 from;

	if (!map)
		return false;
	from = most > MOST_TOUCHED && !fuzz_draw(c, 8) ? 0 : fuzz_draw(c, map->pages);
	most = from ? most : map->pages;
	while (map->page[from].state == MODEL_UNMAPPED)
		from = (from + 1) % map->pages;
	most = least(most, map->pages - from);
	*range = (struct model_range){ map, from,
				       most == map->pages ? most : 1 + fuzz_draw(c, most) };
	cut(space, range);
	return true;
}

/* --- reads and writes ------------------------------------------------------------------------- */

static void stand_in(struct mm *mm)
{
	if (current()->mm != mm)
		task_change_mm(mm);
}

static bool touch(struct crowd *c, u32 s,
		  void (*page)(struct crowd *c, struct model_map *map, u32 index))
{
	struct model_range range;

	if (!draw_range(c, s, MOST_TOUCHED, &range))
		return false;
	stand_in(c->mm[s]);
	for (u32 i = 0; i < range.pages; i++)
		page(c, range.map, range.from + i);
	fuzz_judge(c, s, &range);
	return true;
}

static bool do_read(struct crowd *c, u32 s)
{
	return touch(c, s, fuzz_read_page);
}

static bool do_write(struct crowd *c, u32 s)
{
	return touch(c, s, fuzz_write_page);
}

/* Half of the time its first page is written before the operation, and again after it: what a CPU
 * still held then would be used. */
static bool draw_held(struct crowd *c, u32 s, struct model_range *range)
{
	if (!draw_range(c, s, MOST_DRAWN, range))
		return false;
	if (fuzz_draw(c, 2)) {
		stand_in(c->mm[s]);
		fuzz_write_page(c, range->map, range->from);
	}
	return true;
}

static void use_again(struct crowd *c, u32 s, const struct model_range *range)
{
	if (current()->mm == c->mm[s])
		fuzz_write_page(c, range->map, range->from);
}

/* --- mappings --------------------------------------------------------------------------------- */

static bool do_map(struct crowd *c, u32 s)
{
	struct model_space *space = &c->model.space[s];
	struct model_map *map = model_free_map(space);
	u32 all = pfn_segment_pages(), pages = 1 + fuzz_draw(c, least(all, MODEL_PAGES));
	u32 first = fuzz_draw(c, all - pages + 1);
	u64 va = draw_va(c, pages);
	enum pfn_sharing sharing = c->rule->copies && fuzz_draw(c, 5) ? PFN_PRIVATE : PFN_SHARED;
	u32 prot = sharing == PFN_PRIVATE && fuzz_draw(c, 8) ? PROT_WRITE : PROT_READ;

	if (model_count_maps(space) >= MODEL_MAPPED)
		return false;
	if (fuzz_done_as(c,
			 pfn_map(c->source, c->mm[s], va, first, pages * PAGE_BYTES, prot, sharing),
			 model_is_free(space, va, pages))) {
		*map = (struct model_map){ .start = va, .first = first, .pages = pages };
		model_map(map, prot, sharing);
	}
	return true;
}

static bool do_unmap(struct crowd *c, u32 s)
{
	struct model_range range;

	if (!draw_held(c, s, &range))
		return false;
	pfn_unmap(c->mm[s], model_va(&range), range.pages * PAGE_BYTES);
	model_unmap(&c->model, &range);
	use_again(c, s, &range);
	fuzz_judge_map(c, s, range.map);
	return true;
}

static bool do_protect(struct crowd *c, u32 s)
{
	struct model_range range;
	bool writable;

	if (!draw_held(c, s, &range))
		return false;
	writable = range.map->private && fuzz_draw(c, 3);
	pfn_protect(c->mm[s], model_va(&range), range.pages * PAGE_BYTES,
		    writable ? PROT_WRITE : PROT_READ);
	model_protect(&range, writable);
	use_again(c, s, &range);
	fuzz_judge(c, s, &range);
	return true;
}

/* --- moves ------------------------------------------------------------------------------------ */

/* Now and then its last page would lie outside user space. */
static u64 draw_target(struct crowd *c, u32 pages)
{
	return fuzz_draw(c, 16) ? draw_va(c, pages) : layout.user_end - (pages - 1) * PAGE_BYTES;
}

/* Is it plain what must happen? Not if only pages that are unmapped already would meet others. */
static bool is_plain(const struct model_range *range, u64 to, bool is_free)
{
	u64 va = model_va(range), bytes = range->pages * PAGE_BYTES;

	return model_is_whole(range) || (is_free && (to >= va + bytes || to + bytes <= va));
}

/* Where nothing is any more. */
static void use_old(struct crowd *c, u32 s, u64 va)
{
	u64 word;

	if (current()->mm == c->mm[s])
		fuzz_done_as(c, copy_from_user(&word, va, sizeof(word)), false);
}

static bool do_move(struct crowd *c, u32 s)
{
	struct model_space *space = &c->model.space[s];
	struct model_range range;
	bool is_free;
	u64 to, va;

	if (!draw_held(c, s, &range))
		return false;
	to = draw_target(c, range.pages);
	is_free = to < CLUSTER_VA(CLUSTERS) && model_is_free(space, to, range.pages);
	if (!is_plain(&range, to, is_free) ||
	    (range.pages < range.map->pages && !model_free_map(space)))
		return false;
	va = model_va(&range);
	if (fuzz_done_as(c, pfn_move(c->mm[s], va, range.pages * PAGE_BYTES, to), is_free)) {
		range = model_move(space, &range, to);
		use_old(c, s, va);
	}
	fuzz_judge(c, s, &range);
	return true;
}

/* --- the swap --------------------------------------------------------------------------------- */

static bool do_swap(struct crowd *c, u32 s)
{
	struct model_range range;
	u32 out;

	if (!draw_held(c, s, &range))
		return false;
	out = pfn_swap_out(c->mm[s], model_va(&range), range.pages * PAGE_BYTES);
	c->seen.miscounted += out != model_swap_out(&c->model, &range);
	use_again(c, s, &range);
	fuzz_judge(c, s, &range);
	return true;
}

/* --- spaces ----------------------------------------------------------------------------------- */

/* False: there are as many as there may be. */
static bool new_space(struct crowd *c, u32 *s)
{
	for (*s = 0; *s < MODEL_SPACES; ++*s) {
		if (c->mm[*s])
			continue;
		c->mm[*s] = mm_create();
		mm_get(c->mm[*s]);
		return true;
	}
	return false;
}

static bool do_begin(struct crowd *c, u32 s)
{
	return new_space(c, &s) && do_map(c, s);
}

static bool do_fork(struct crowd *c, u32 s)
{
	struct model_range range;
	bool held = draw_held(c, s, &range);
	u32 child;

	if (!new_space(c, &child))
		return false;
	if (fuzz_done_as(c, pfn_fork(c->mm[s], c->mm[child]), true))
		model_fork(&c->model, &c->model.space[s], &c->model.space[child]);
	if (held)
		use_again(c, s, &range);
	fuzz_judge_space(c, child);
	return true;
}

/* Is the task in it, then the space ends as that leaves it. */
static bool do_end(struct crowd *c, u32 s)
{
	bool inside = current()->mm == c->mm[s];

	mm_put(c->mm[s]);
	if (inside)
		task_change_mm(c->home);
	c->mm[s] = NULL;
	model_end(&c->model, &c->model.space[s]);
	return true;
}

/* Of each of its pages that is there a word is read, what the swap has included. */
void fuzz_end_all(struct crowd *c)
{
	for (u32 s = 0; s < MODEL_SPACES; s++) {
		if (!c->mm[s])
			continue;
		stand_in(c->mm[s]);
		for (u32 i = 0; i < MODEL_MAPS; i++) {
			struct model_map *map = &c->model.space[s].map[i];

			for (u32 k = 0; k < map->pages; k++)
				if (map->page[k].state != MODEL_UNMAPPED)
					fuzz_read_page(c, map, k);
		}
		fuzz_judge_space(c, s);
		do_end(c, s);
	}
}

/* --- an operation ----------------------------------------------------------------------------- */

static const struct {
	u32 weight; /* of 100 */
	bool (*operate)(struct crowd *c, u32 s);
} operations[FUZZ_KINDS] = {
	[FUZZ_READ] = { 20, do_read },	    [FUZZ_WRITE] = { 26, do_write },
	[FUZZ_MAP] = { 8, do_map },	    [FUZZ_FORK] = { 8, do_fork },
	[FUZZ_UNMAP] = { 8, do_unmap },	    [FUZZ_MOVE] = { 9, do_move },
	[FUZZ_PROTECT] = { 7, do_protect }, [FUZZ_SWAP] = { 6, do_swap },
	[FUZZ_BEGIN] = { 2, do_begin },	    [FUZZ_END] = { 6, do_end },
};

static enum fuzz_kind draw_kind(struct crowd *c)
{
	u32 drawn = fuzz_draw(c, 100), kind = 0;

	while (drawn >= operations[kind].weight)
		drawn -= operations[kind++].weight;
	return kind;
}

/* Any space that there is. */
static u32 draw_space(struct crowd *c)
{
	u32 s = fuzz_draw(c, MODEL_SPACES);

	while (!c->mm[s])
		s = (s + 1) % MODEL_SPACES;
	return s;
}

static bool has_spaces(const struct crowd *c)
{
	for (u32 s = 0; s < MODEL_SPACES; s++)
		if (c->mm[s])
			return true;
	return false;
}

/* Where one cannot be done there is something to read, or room to map it. */
void fuzz_operate(struct crowd *c)
{
	enum fuzz_kind kind = has_spaces(c) ? draw_kind(c) : FUZZ_BEGIN;
	u32 s = kind == FUZZ_BEGIN ? 0 : draw_space(c);

	if (!operations[kind].operate(c, s)) {
		s = draw_space(c);
		kind = do_read(c, s) ? FUZZ_READ : FUZZ_MAP;
		if (kind == FUZZ_MAP)
			do_map(c, s);
	}
	c->seen.done[kind]++;
}
