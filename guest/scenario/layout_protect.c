/* SPDX-License-Identifier: MIT */
/*
 * Owns the change of what one page of lowmem allows, where a large leaf may have to be split. Another CPU
 * has written to the page, in a space whose directory has a copy of that leaf; once it is read-only, and
 * flushed, that CPU's next store must fail. A CPU that still has the large translation writes: the page's
 * contents tell, whatever the trace says.
 */
#include "guest/arch.h"
#include "guest/scenario/layout.h"
#include "guest/trace.h"

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

/* A page of lowmem that a large leaf maps, if there is one such leaf behind the core. */
static struct page *find_page(bool *large)
{
	struct page *page = page_alloc(ZONE_LOWMEM, 0);

	if (page)
		*large = pt_leaf_bytes(&init_mm, (u64)page_address(page)) == LARGE_BYTES;
	return page;
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
	bool large = false;
	struct page *page = find_page(&large);

	check_true("protect.page", page);
	if (!page)
		return;
	p.word = page_address(page);
	protect(&p, large);
	page_free(page);
}
