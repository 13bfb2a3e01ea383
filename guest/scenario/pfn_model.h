/* SPDX-License-Identifier: MIT */
/*
 * Whose each page is, as it must be after each operation on spaces that map the segment: a model
 * for pfn's fuzzer. It knows neither frames nor entries, and no code of guest/mm/pfn_map.h: a page
 * that was copied is a number that its spaces share, and the words that they must read there.
 */
#ifndef GUEST_SCENARIO_PFN_MODEL_H
#define GUEST_SCENARIO_PFN_MODEL_H

#include "guest/scenario/pfn.h"

#define MODEL_SPACES 6
#define MODEL_MAPPED 2 /* mappings of a space, */
#define MODEL_MAPS 4   /* and places where parts of them are */
#define MODEL_PAGES 24 /* of a mapping */
#define MODEL_COPIES (MODEL_SPACES * MODEL_MAPPED * MODEL_PAGES)
#define MODEL_WORDS 4 /* of a page, that are read and written */

enum model_state {
	MODEL_UNMAPPED,
	MODEL_UNTOUCHED, /* or taken back */
	MODEL_RAW,
	MODEL_OWN,
	MODEL_SWAPPED, /* its own, and in the swap */
};

struct model_page {
	u8 state; /* enum model_state */
	bool writable;
	u16 copy; /* its own: which */
};

struct model_map {
	u64 start;
	u32 first, pages; /* of the segment; no pages: there is no such map */
	bool private;
	struct model_page page[MODEL_PAGES];
};

struct model_space {
	struct model_map map[MODEL_MAPS];
};

struct model {
	struct model_space space[MODEL_SPACES];
	struct model_copy {
		u32 owners; /* 0: no such copy */
		u64 word[MODEL_WORDS];
	} copy[MODEL_COPIES];
	u32 last_copy;
	/* What pfn_stats() says of the same, too. */
	struct model_stats {
		u64 copied, copied_own, swapped_out, swapped_in;
	} stats;
};

/* Pages of a map, from its page @from on. */
struct model_range {
	struct model_map *map;
	u32 from, pages;
};

static inline u64 model_va(const struct model_range *range)
{
	return range->map->start + range->from * PAGE_BYTES;
}

/* --- what is there --- */
u32 model_count_maps(const struct model_space *space);
struct model_map *model_free_map(struct model_space *space); /* NULL: none */
/* Is none of these pages mapped? */
bool model_is_free(const struct model_space *space, u64 va, u32 pages);
/* Is each of them? */
bool model_is_whole(const struct model_range *range);
enum pfn_whose model_whose(const struct model_page *page);
/* What is read at place @nth of page @index of @map, which is mapped. */
u64 model_word(const struct model *model, const struct model_map *map, u32 index, u32 nth);
/* Which word of a page that is. */
u32 model_place(u32 nth);

/* --- what becomes of it --- */
void model_map(struct model_map *map, u32 prot, enum pfn_sharing sharing);
void model_read(struct model *model, struct model_page *page);
void model_write(struct model *model, struct model_map *map, u32 index, u32 nth, u64 word);
/* @to has no map. */
void model_fork(struct model *model, struct model_space *from, struct model_space *to);
void model_unmap(struct model *model, const struct model_range *range);
/* A part of a map goes to a free one. Returns where it is now. */
struct model_range model_move(struct model_space *space, const struct model_range *range, u64 to);
void model_protect(const struct model_range *range, bool writable);
/* How many went, or were mapped. */
u32 model_swap_out(struct model *model, const struct model_range *range);
u32 model_revoke(struct model *model);
void model_end(struct model *model, struct model_space *space);

#endif
