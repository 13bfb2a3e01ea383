/* SPDX-License-Identifier: MIT */
/* Owns the RAM that is taken out of the way, so that pageable memory has to do with what is left. */
#include "guest/scenario/pageable.h"

#define MAX_ORDER 14
#define MAX_BLOCKS 1024

struct ballast {
	u32 n;
	struct page *block[MAX_BLOCKS];
};

static void take_all(struct ballast *b, u32 order)
{
	struct page *page;

	while (b->n < MAX_BLOCKS && (page = page_alloc(ZONE_HIGH4G, order)))
		b->block[b->n++] = page;
}

/* The last block that is large enough goes, but for what of it is too much. */
static void leave(struct ballast *b, u32 pages)
{
	u32 order = 0, i = b->n;

	while (1u << order < pages)
		order++;
	while (i && b->block[i - 1]->order < order)
		i--;
	if (!i || b->block[i - 1]->order >= MAX_ORDER)
		panic("no room", "RAM has no block of 2^%u pages to leave", order);
	pages = (1u << b->block[i - 1]->order) - pages;
	page_free(b->block[i - 1]);
	b->block[i - 1] = b->block[--b->n];
	while (pages--)
		b->block[b->n++] = page_alloc(ZONE_HIGH4G, 0);
}

struct ballast *pageable_ballast(u32 pages_left)
{
	struct ballast *b = kalloc(sizeof(*b));

	for (u32 order = MAX_ORDER + 1; order--;)
		take_all(b, order);
	leave(b, pages_left);
	return b;
}

void pageable_ballast_free(struct ballast *b)
{
	while (b->n)
		page_free(b->block[--b->n]);
	kfree(b);
}
