/* SPDX-License-Identifier: MIT */
/*
 * Owns races: a thread stores to an own page of a mapping all the time, while on another CPU the page
 * is unmapped, moved away and unmapped there, or swapped out and back. Whoever gets the frame next
 * must find it as he left it, and the thread every word that it stored.
 */
#include "guest/mm/swap.h"
#include "guest/scenario/pfn.h"

#define TO_VA (PFN_VA + MiB(8))
#define WORDS 64 /* of the frame's next owner that are looked at */

static struct race {
	struct mm *mm;
	volatile u64 stores; /* so far */
	u64 most;	     /* stores at most; ends at the first that is refused */
	u64 wrong;
} race;

static void store_on(void *unused)
{
	(void)unused;
	while (race.stores < race.most) {
		u64 word = race.stores + 1, read;

		if (!copy_to_user(PFN_VA, &word, sizeof(word)))
			return;
		if (copy_from_user(&read, PFN_VA, sizeof(read)) && read != word)
			race.wrong++;
		race.stores = word;
		task_yield();
	}
}

static struct task *begin(struct pfn_source *source, u64 most)
{
	struct task *storer;

	race.mm = mm_create();
	race.stores = 0;
	race.most = most;
	mm_get(race.mm);
	if (!pfn_map(source, race.mm, PFN_VA, pfn_text_pages(), PAGE_BYTES, PROT_WRITE,
		     PFN_PRIVATE))
		panic("no room", "a segment in a new space");
	storer = task_start("storer", boot_options.ncpus - 1, race.mm, store_on, NULL);
	while (!race.stores)
		task_yield();
	return storer;
}

static void end(struct task *storer)
{
	task_join(storer);
	mm_put(race.mm);
}

/* The frame that has become free, as likely as not, gets another owner; who stores to it? */
static void use_next_frame(void)
{
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	u64 *word;

	if (!page)
		usage_failure("no page is left: more --mem");
	page_fill(page, NULL, 0);
	for (u32 i = 0; i < 20; i++)
		task_yield();
	word = kmap_local(page);
	for (u32 i = 0; i < WORDS; i++)
		race.wrong += word[i] != 0;
	kunmap_local(word);
	page_free(page);
}

static void unmapped(struct pfn_source *source)
{
	struct task *storer = begin(source, ~0ull);

	pfn_unmap(race.mm, PFN_VA, PAGE_BYTES);
	use_next_frame();
	end(storer);
}

/* On the storer's CPU, as soon as the page has its new address. */
static void unmap_there(void *unused)
{
	(void)unused;
	while (!vma_find(race.mm, TO_VA))
		task_yield();
	pfn_unmap(race.mm, TO_VA, PAGE_BYTES);
	use_next_frame();
}

static void moved(struct pfn_source *source)
{
	struct task *storer = begin(source, ~0ull), *unmapper;

	unmapper = task_start("unmapper", boot_options.ncpus - 1, race.mm, unmap_there, NULL);
	race.wrong += !pfn_move(race.mm, PFN_VA, PAGE_BYTES, TO_VA);
	task_join(unmapper);
	end(storer);
}

/* Returns how often the page went. */
static u64 swapped(struct pfn_source *source)
{
	struct task *storer = begin(source, 40);
	u64 out = 0;

	while (race.stores < race.most) {
		out += pfn_swap_out(race.mm, PFN_VA, PAGE_BYTES);
		task_yield();
	}
	end(storer);
	return out;
}

void pfn_races(const struct page_rule *rule, struct pfn_source *source, u32 rounds)
{
	u64 out = 0;

	if (!rule->copies || boot_options.ncpus == 1)
		return;
	race.wrong = 0;
	pfn_swap_start(1);
	for (u32 i = 0; i < rounds; i++) {
		unmapped(source);
		moved(source);
		out += swapped(source);
	}
	pfn_swap_stop();
	check_equal("races.wrong", race.wrong, 0);
	check_range("races.swapped", out, rounds ? 1 : 0, 40ull * rounds + rounds);
}
