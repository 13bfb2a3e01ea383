/* SPDX-License-Identifier: MIT */
/*
 * Which page goes out when another one needs its frame: a function and a row each. What they may
 * know of the pages is what pageable.h offers: there is no accessed bit (it is set in every entry
 * that is made), so use is sampled by unmapping.
 */
#include "guest/mm/pageable.h"

/* The one that has been there the longest. */
static struct pageable_page *fifo(void)
{
	return pageable_first();
}

/* The same, but one that was used since it was looked at gets a second chance (Corbató 1968). */
static struct pageable_page *second_chance(void)
{
	struct pageable_page *page;

	while ((page = pageable_first()) && pageable_was_used(page))
		pageable_rotate();
	return page;
}

static struct pageable_page *any(void)
{
	struct pageable_page *page = pageable_first();
	u32 n = pageable_residents();

	for (u64 skip = n ? pageable_draw() % n : 0; skip; skip--)
		page = pageable_next(page);
	return page;
}

const struct replacement replacements[] FAULT_TABLE = {
	{ "fifo", "the page that came first", fifo },
	{ "clock", "that, unless it was used since it was looked at", second_chance },
	{ "random", "any, drawn from the seed", any },
	{ NULL, NULL, NULL },
};
