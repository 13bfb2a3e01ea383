/* SPDX-License-Identifier: MIT */
/* Owns the RAM that is taken out of the way, so that pageable memory has to do with what is
 * left. */
#include "guest/scenario/pageable.h"

#define MAX_ORDER 14
#define MAX_BLOCKS 2048

struct ballast {
	u32 n;
	struct page *block[MAX_BLOCKS];
};

/* False: there is none. */
static bool take(struct ballast *b, u32 order)
{
	struct page *page = page_alloc(ZONE_HIGH4G, order);

	if (page && b->n == MAX_BLOCKS)
		panic("no room", "RAM is in more than %u blocks", MAX_BLOCKS);
	if (page)
		b->block[b->n++] = page;
	return page;
}

/* The smallest block that is large enough goes, but for what of it is too much. */
static void leave(struct ballast *b, u32 pages)
{
	u32 i = b->n, order;

	while (i && 1u << b->block[i - 1]->order < pages)
		i--;
	if (!i)
		panic("no room", "RAM has no block of %u pages to leave", pages);
	order = b->block[--i]->order;
	page_free(b->block[i]);
	b->block[i] = b->block[--b->n];
	for (pages = (1u << order) - pages; order--;)
		if (pages & 1u << order)
			take(b, order);
}

struct ballast *pageable_ballast(u32 pages_left)
{
	struct ballast *b = kalloc(sizeof(*b));

	for (u32 order = MAX_ORDER + 1; order--;)
		while (take(b, order))
			;
	leave(b, pages_left);
	return b;
}

void pageable_ballast_free(struct ballast *b)
{
	while (b->n)
		page_free(b->block[--b->n]);
	kfree(b);
}
