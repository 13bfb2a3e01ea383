/* SPDX-License-Identifier: MIT */
/* Owns the map of what is taken of the swap: a bit a page, first fit. */
#include "guest/mm/swap.h"

#include "guest/kernel.h"

#define MAX_PAGES (GiB(4) / PAGE_BYTES) /* of a larger store the rest is not used */

static struct {
	struct spinlock lock;
	const struct page_store *store;
	u64 pages;  /* of it that are used */
	u32 *taken; /* bits */
	u64 used;
} swap = { .lock = SPINLOCK("swap") };

void swap_start(const struct page_store *store)
{
	swap.store = store;
	swap.pages = store && store->pages < MAX_PAGES ? store->pages : MAX_PAGES;
	swap.taken = store ? kalloc(ALIGN_UP(swap.pages, 32) / 8) : NULL;
}

void swap_stop(void)
{
	if (swap.used)
		panic("pages left", "%lu pages of the swap are taken at the end", swap.used);
	kfree(swap.taken);
	swap.store = NULL;
	swap.taken = NULL;
}

const struct page_store *swap_store(void)
{
	return swap.store;
}

static bool is_taken(u64 page)
{
	return swap.taken[page / 32] & 1u << page % 32;
}

static void turn(u64 first, u32 n)
{
	for (u64 page = first; page < first + n; page++)
		swap.taken[page / 32] ^= 1u << page % 32;
}

static bool reserve_locked(u32 n, u64 *first)
{
	u32 run = 0;

	if (!swap.store)
		return false;
	for (u64 page = 0; page < swap.pages; page++) {
		run = is_taken(page) ? 0 : run + 1;
		if (run < n)
			continue;
		*first = page + 1 - n;
		turn(*first, n);
		swap.used += n;
		return true;
	}
	return false;
}

bool swap_reserve(u32 n, u64 *first)
{
	bool room;

	spin_lock(&swap.lock);
	room = reserve_locked(n, first);
	spin_unlock(&swap.lock);
	return room;
}

void swap_release(u64 first, u32 n)
{
	spin_lock(&swap.lock);
	turn(first, n);
	swap.used -= n;
	spin_unlock(&swap.lock);
}
