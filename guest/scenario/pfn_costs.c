/* SPDX-License-Identifier: MIT */
/*
 * Owns what faults cost, and what those pay who map no raw frame (row L8): memory beside the tables
 * of a space that has none, and the instructions of an ordinary copy-on-write after a fork.
 */
#include "guest/arch.h"
#include "guest/mm/cow.h"
#include "guest/scenario/pfn.h"

#define PAGES 8

static struct page *low_page(u64 nth)
{
	(void)nth;
	return page_alloc(ZONE_LOWMEM, 0);
}

static const struct frame_source frames FAULT_TABLE = { .name = "lowmem", .alloc = low_page };

/* Touches pages of its own space. */
struct toucher {
	u64 va, step;
	bool write;
	u64 failed, ticks;
};

static void touch(void *arg)
{
	struct toucher *t = arg;
	u64 word, start = ticks_now();

	for (u32 i = 0; i < PAGES; i++) {
		u64 va = t->va + i * t->step;

		t->failed += t->write ? !copy_to_user(va, &t->va, sizeof(u64))
				      : !copy_from_user(&word, va, sizeof(word));
	}
	t->ticks = ticks_now() - start;
}

/* Ticks of one touch. */
static u64 touched(struct mm *mm, u64 va, u64 step, bool write)
{
	struct toucher t = { .va = va, .step = step, .write = write };

	task_join(task_start("toucher", 0, mm, touch, &t));
	check_equal("costs.failed", t.failed, 0);
	return t.ticks / PAGES;
}

/* --- of raw frames ---------------------------------------------------------------------------- */

static void raw_frames(const struct page_rule *rule, struct pfn_source *source)
{
	struct mm *mm = mm_create();
	bool copies = rule->copies;

	mm_get(mm);
	if (!pfn_map(source, mm, PFN_VA, pfn_text_pages(), 2 * PAGES * PAGE_BYTES,
		     copies ? PROT_WRITE : PROT_READ, copies ? PFN_PRIVATE : PFN_SHARED))
		panic("no room", "a segment in a new space");
	metric("read_fault_ticks", touched(mm, PFN_VA, 2 * PAGE_BYTES, false));
	if (copies)
		metric("write_fault_ticks", touched(mm, PFN_VA, 2 * PAGE_BYTES, true));
	mm_put(mm);
}

/* --- of those who have none ------------------------------------------------------------------- */

/* The child's writes, where both have all pages: an entry looked at, a page copied. */
static void anonymous(void)
{
	struct cow_group group = { .frames = &frames };
	struct mm *parent = mm_create(), *child = mm_create();
	struct vma *vma = cow_map(parent, PFN_VA, PAGES * PAGE_BYTES, PROT_WRITE, &group);

	mm_get(parent);
	mm_get(child);
	metric("anon_fault_ticks", touched(parent, PFN_VA, PAGE_BYTES, true));
	if (!cow_fork(vma, child))
		panic("no room", "a fork of %u pages", PAGES);
	metric("anon_cow_ticks", touched(child, PFN_VA, PAGE_BYTES, true));
	mm_put(child);
	mm_put(parent);
}

/* A page in each of so many tables. */
static void unused(const struct page_rule *rule)
{
	const struct page_rule_work work = { .leaf_tables = PAGES };
	u64 before = page_rule_bytes(), bytes;
	struct mm *mm = mm_create();

	mm_get(mm);
	if (!vma_map_user(mm, PFN_VA, PAGES * LARGE_BYTES, PROT_WRITE, &anon_ops, NULL, 0))
		panic("no room", "%u tables in a new space", PAGES);
	metric("table_fault_ticks", touched(mm, PFN_VA, LARGE_BYTES, true));
	bytes = page_rule_bytes() - before;
	check_equal("costs.unused_bytes", bytes, rule->predict ? rule->predict(&work) : 0);
	metric("unused_bytes", bytes);
	mm_put(mm);
}

void pfn_costs(const struct page_rule *rule, struct pfn_source *source)
{
	raw_frames(rule, source);
	anonymous();
	unused(rule);
}
