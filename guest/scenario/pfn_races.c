/* SPDX-License-Identifier: MIT */
/*
 * Owns races: a thread stores to an own page of a mapping all the time, while on another CPU the
 * page is unmapped, moved away and unmapped there, made read-only, forked, or swapped out and back.
 * Whoever gets the frame next must find it as he left it, the child what it was born with, and the
 * thread every word that it stored.
 */
#include "guest/arch.h"
#include "guest/mm/swap.h"
#include "guest/scenario/pfn.h"

#define TO_VA (PFN_VA + MiB(8))
#define WORDS 8		  /* of the page, are stored to in turn */
#define SWAPS 4		  /* of the page, while it is stored to */
#define MOST_TRIES 100000 /* to swap it out: the thread may not have touched it again */
#define MOST_FRAMES 256	  /* that are looked through for one that has become free */

static struct race {
	struct mm *mm;
	u64 frame;	     /* the page, as long as nobody else has it */
	volatile u64 stores; /* so far; it ends at the first that is refused */
	volatile bool refused, stop;
	u64 wrong;
} race;

/* --- the thread ------------------------------------------------------------------------------- */

static u64 address_of(u64 store)
{
	return PFN_VA + store % WORDS * sizeof(u64);
}

/* The store before this one must be there still, whatever became of the page. */
static bool store_one(u64 store)
{
	u64 last;

	if (!copy_to_user(address_of(store), &store, sizeof(store)))
		return false;
	if (store > 1 && copy_from_user(&last, address_of(store - 1), sizeof(last)))
		race.wrong += last != store - 1;
	return true;
}

static void store_on(void *unused)
{
	(void)unused;
	while (!race.stop && !race.refused) {
		race.refused = !store_one(race.stores + 1);
		race.stores += !race.refused;
		task_yield();
	}
}

static struct task *begin(struct pfn_source *source)
{
	struct task *storer;

	race.mm = mm_create();
	race.stores = 0;
	race.refused = race.stop = false;
	mm_get(race.mm);
	if (!pfn_map(source, race.mm, PFN_VA, pfn_text_pages(), PAGE_BYTES, PROT_WRITE,
		     PFN_PRIVATE))
		panic("no room", "a segment in a new space");
	storer = task_start("storer", boot_options.ncpus - 1, race.mm, store_on, NULL);
	while (!race.stores)
		task_yield();
	race.frame = arch_pte_gpa(pt_leaf(race.mm, PFN_VA));
	return storer;
}

static void end(struct task *storer)
{
	race.stop = true;
	task_join(storer);
	mm_put(race.mm);
}

/* Until it has stored some more, or a store was refused. Returns whether none was: one may have
 * been under way. */
static bool let_it_store(void)
{
	u64 before = race.stores;

	while (!race.refused && race.stores < before + 2 * WORDS)
		task_yield();
	return !race.refused;
}

/* --- the frame's next owner ------------------------------------------------------------------- */

/* Allocates until the frame is among what it has. */
static u32 take_frames(struct page *page[MOST_FRAMES])
{
	u32 n = 0;

	while (n < MOST_FRAMES && (page[n] = page_alloc(ZONE_HIGHMEM, 0))) {
		n++;
		if (page_gpa(page[n - 1]) == race.frame)
			break;
	}
	return n;
}

static void look_at(struct page *page)
{
	u64 *word = kmap_local(page);

	for (u32 i = 0; i < WORDS; i++)
		race.wrong += word[i] != 0;
	kunmap_local(word);
}

static void use_frame(void)
{
	struct page **page = lowmem_array(MOST_FRAMES, sizeof(struct page *));
	u32 n = take_frames(page);

	if (n && page_gpa(page[n - 1]) == race.frame) {
		page_fill(page[n - 1], NULL, 0);
		race.wrong += let_it_store();
		look_at(page[n - 1]);
	}
	while (n)
		page_free(page[--n]);
	lowmem_array_free(page);
}

/* --- what happens to the page ----------------------------------------------------------------- */

static void unmapped(struct pfn_source *source)
{
	struct task *storer = begin(source);

	pfn_unmap(race.mm, PFN_VA, PAGE_BYTES);
	use_frame();
	end(storer);
}

/* On the storer's CPU, as soon as the page has its new address. */
static void unmap_there(void *unused)
{
	(void)unused;
	while (pfn_whose(race.mm, TO_VA) == PFN_NOBODYS)
		task_yield();
	pfn_unmap(race.mm, TO_VA, PAGE_BYTES);
	use_frame();
}

static void moved(struct pfn_source *source)
{
	struct task *storer = begin(source), *unmapper;

	unmapper = task_start("unmapper", boot_options.ncpus - 1, race.mm, unmap_there, NULL);
	race.wrong += !pfn_move(race.mm, PFN_VA, PAGE_BYTES, TO_VA);
	task_join(unmapper);
	end(storer);
}

static void made_read_only(struct pfn_source *source)
{
	struct task *storer = begin(source);

	pfn_protect(race.mm, PFN_VA, PAGE_BYTES, PROT_READ);
	race.wrong += let_it_store();
	end(storer);
}

static void look_twice(void *differs)
{
	u64 first[WORDS], second[WORDS];

	copy_from_user(first, PFN_VA, sizeof(first));
	let_it_store(); /* each word */
	copy_from_user(second, PFN_VA, sizeof(second));
	for (u32 i = 0; i < WORDS; i++)
		*(u64 *)differs += first[i] != second[i];
}

static void forked(struct pfn_source *source)
{
	struct task *storer = begin(source);
	struct mm *child = mm_create();

	mm_get(child);
	race.wrong += !pfn_fork(race.mm, child);
	task_join(task_start("child", 0, child, look_twice, &race.wrong));
	mm_put(child);
	end(storer);
}

static void swapped(struct pfn_source *source)
{
	struct task *storer = begin(source);

	for (u32 out = 0, tries = 0; out < SWAPS && tries < MOST_TRIES; tries++, task_yield())
		out += pfn_swap_out(race.mm, PFN_VA, PAGE_BYTES);
	let_it_store();
	end(storer);
}

void pfn_races(const struct page_rule *rule, struct pfn_source *source, u32 rounds)
{
	u64 out = pfn_stats().swapped_out;

	if (!rule->copies || boot_options.ncpus == 1)
		return;
	race.wrong = 0;
	pfn_swap_start(1);
	for (u32 i = 0; i < rounds; i++) {
		unmapped(source);
		moved(source);
		made_read_only(source);
		forked(source);
		swapped(source);
	}
	pfn_swap_stop();
	check_equal("races.wrong", race.wrong, 0);
	check_equal("races.swapped", pfn_stats().swapped_out - out, (u64)SWAPS * rounds);
}
