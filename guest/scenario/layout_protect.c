/* SPDX-License-Identifier: MIT */
/*
 * Owns the change of what one page of lowmem allows, where a large leaf may have to be split.
 * Another CPU has written to the page, in a space whose directory has a copy of that leaf; once it
 * is read-only, and flushed, that CPU's next store must fail. A CPU that still has the large
 * translation writes: the page's contents tell, whatever the trace says. Then two CPUs at once
 * protect pages that one large leaf maps.
 */
#include "guest/arch.h"
#include "guest/scenario/layout.h"
#include "guest/trace.h"

#define LARGE_ORDER 9 /* LARGE_BYTES of pages */

enum { BEFORE = 1, WHILE_PROTECTED = 2, AFTER = 3 };

struct protection {
	u64 *word;
	volatile u32 step; /* how far the first CPU is */
	volatile bool wrote;
	bool stored_while, stored_after;
};

static void wait_for(const struct protection *p, u32 step)
{
	while (p->step < step)
		task_spin();
}

static void writer(void *arg)
{
	struct protection *p = arg;

	store_nofault(p->word, BEFORE);
	p->wrote = true;
	wait_for(p, WHILE_PROTECTED);
	p->stored_while = store_nofault(p->word, WHILE_PROTECTED);
	p->wrote = false;
	wait_for(p, AFTER);
	p->stored_after = store_nofault(p->word, AFTER);
}

/* Pages of lowmem, with a large leaf of their own if the layout has any; *@large: they have. */
static struct page *find_pages(bool *large)
{
	struct page *pages = page_alloc(ZONE_LOWMEM, LARGE_ORDER);

	if (!pages)
		pages = page_alloc(ZONE_LOWMEM, 0);
	*large = pages && pt_leaf_bytes(&init_mm, (u64)page_address(pages)) == LARGE_BYTES;
	return pages;
}

static void protect(struct protection *p, bool large)
{
	u16 site = SITE("layout.protect");
	struct task *task = task_start("writer", boot_options.ncpus - 1, mm_create(), writer, p);

	while (!p->wrote)
		task_spin();
	check_equal("protect.split", pt_protect_lowmem((u64)p->word, PROT_READ, site), large);
	p->step = WHILE_PROTECTED;
	while (p->wrote)
		task_spin();
	check_equal("protect.stored_while_protected", p->stored_while, false);
	check_equal("protect.word_while_protected", *p->word, BEFORE);
	check_equal("protect.split_again", pt_protect_lowmem((u64)p->word, PROT_WRITE, site),
		    false);
	p->step = AFTER;
	task_join(task);
	check_equal("protect.word_after", *p->word, AFTER);
}

void layout_protect_a_page(void)
{
	struct protection p = { .step = BEFORE };
	bool large;
	struct page *page = find_pages(&large);

	check_true("protect.page", page);
	if (!page)
		return;
	p.word = page_address(page);
	metric("protected_large", large);
	protect(&p, large);
	page_free(page);
}

/* --- two CPUs, one leaf ----------------------------------------------------------------------- */

/*
 * The first CPU protects another page than the second, of the same leaf; a third writes, in a space
 * of its own, to the second's page when that one has returned.
 */
struct together {
	u64 *first, *second;
	volatile bool written, both, second_done;
	bool stored;
};

static void protect_second(void *arg)
{
	struct together *t = arg;

	while (!t->both)
		task_spin();
	pt_protect_lowmem((u64)t->second, PROT_READ, SITE("layout.together"));
	t->second_done = true;
}

static void write_third(void *arg)
{
	struct together *t = arg;

	store_nofault(t->second, BEFORE);
	t->written = true;
	while (!t->second_done)
		task_spin();
	t->stored = store_nofault(t->second, WHILE_PROTECTED);
}

/* Returns whether a store got through. */
static bool protect_both(struct together *t)
{
	u16 site = SITE("layout.together");
	struct task *second = task_start("second", 1, NULL, protect_second, t);
	struct task *third = task_start("third", 2, mm_create(), write_third, t);

	while (!t->written)
		task_spin();
	t->both = true;
	pt_protect_lowmem((u64)t->first, PROT_READ, site);
	task_join(second);
	task_join(third);
	pt_protect_lowmem((u64)t->first, PROT_WRITE, site);
	pt_protect_lowmem((u64)t->second, PROT_WRITE, site);
	return t->stored || *t->second != BEFORE;
}

/* What was split before stays so: blocks are kept until enough of them had large leaves. */
void layout_protect_together(u32 rounds)
{
	u32 most = boot_options.ncpus < 3 ? 0 : 2 * rounds + 1, n = 0, done = 0, stored = 0;
	struct page **pages = kalloc((most + 1) * sizeof(pages[0]));

	for (bool large; done < rounds && n < most && (pages[n] = find_pages(&large)); n++) {
		struct together t = { .stored = false };

		if (!large)
			continue;
		t.first = page_address(pages[n]);
		t.second = page_address(pages[n] + 1);
		stored += protect_both(&t);
		done++;
	}
	metric("protected_together", done);
	check_equal("protect.stored_together", stored, 0);
	while (n)
		page_free(pages[--n]);
	kfree(pages);
}
