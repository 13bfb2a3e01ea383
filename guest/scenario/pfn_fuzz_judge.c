/* SPDX-License-Identifier: MIT */
/*
 * Owns what pfn's fuzzer sees: answers of the rule, words, what was refused; each held against the
 * model.
 */
#include "guest/scenario/pfn_fuzz.h"

/* --- judging ---------------------------------------------------------------------------------- */

/* What the rule must say: the linear one takes for a page what is not where it expects it. */
static enum pfn_whose foretell(const struct crowd *c, const struct model_map *map, u32 index)
{
	enum pfn_whose whose = model_whose(&map->page[index]);

	if (whose == PFN_RAW && c->misjudges && pfn_segment_displaced(map->first + index, 1))
		return PFN_OWN;
	return whose;
}

void fuzz_judge(struct crowd *c, u32 s, const struct model_range *range)
{
	for (u32 i = range->from; i < range->from + range->pages; i++) {
		const struct model_page *page = &range->map->page[i];
		enum pfn_whose whose;

		if (page->state == MODEL_UNMAPPED)
			continue;
		whose = pfn_whose(c->mm[s], range->map->start + i * PAGE_BYTES);
		c->seen.misjudged += whose != model_whose(page);
		c->seen.unforetold += whose != foretell(c, range->map, i);
	}
}

void fuzz_judge_map(struct crowd *c, u32 s, struct model_map *map)
{
	const struct model_range all = { map, 0, map->pages };

	fuzz_judge(c, s, &all);
}

void fuzz_judge_space(struct crowd *c, u32 s)
{
	for (u32 i = 0; i < MODEL_MAPS; i++)
		fuzz_judge_map(c, s, &c->model.space[s].map[i]);
}

void fuzz_judge_all(struct crowd *c)
{
	for (u32 s = 0; s < MODEL_SPACES; s++)
		if (c->mm[s])
			fuzz_judge_space(c, s);
}

bool fuzz_done_as(struct crowd *c, bool got, bool want)
{
	c->seen.refusals += !want;
	c->seen.granted += got && !want;
	c->seen.refused += !got && want;
	return got && want;
}

/* --- words ------------------------------------------------------------------------------------ */

void fuzz_read_page(struct crowd *c, struct model_map *map, u32 index)
{
	u32 nth = fuzz_draw(c, MODEL_WORDS);
	bool there = map->page[index].state != MODEL_UNMAPPED;
	u64 va = map->start + index * PAGE_BYTES + model_place(nth) * sizeof(u64), word;

	if (!fuzz_done_as(c, copy_from_user(&word, va, sizeof(word)), there))
		return;
	model_read(&c->model, &map->page[index]);
	c->seen.wrong += word != model_word(&c->model, map, index, nth);
}

/* Then another of its words is looked at. */
void fuzz_write_page(struct crowd *c, struct model_map *map, u32 index)
{
	u32 nth = fuzz_draw(c, MODEL_WORDS);
	const struct model_page *page = &map->page[index];
	bool may = page->state != MODEL_UNMAPPED && page->writable;
	u64 va = map->start + index * PAGE_BYTES + model_place(nth) * sizeof(u64);
	u64 word = draw_next(&c->draws) << 32;

	word |= draw_next(&c->draws);
	if (!fuzz_done_as(c, copy_to_user(va, &word, sizeof(word)), may))
		return;
	model_write(&c->model, map, index, nth, word);
	fuzz_read_page(c, map, index);
}
