/* SPDX-License-Identifier: MIT */
/*
 * Owns the closed forms of reaching tables (rows B3, B5, B11): tasks of a space, on so many CPUs,
 * have pages mapped by faults, one by one; then a kernel task, to which all tables are another's,
 * takes them away.
 */
#include "guest/scenario/spent.h"
#include "guest/scenario/task_pt.h"
#include "guest/trace.h"

struct toucher {
	const struct table_touches *touches;
	u32 nth;
	u64 failed, ticks;
};

/* By all CPUs, until now. */
struct counts {
	struct spent spent;
	u64 installs, wraps;
	struct table_uses uses;
};

static struct counts counts_now(void)
{
	struct counts counts = {
		.spent = spent_until_now(),
		.installs = count_total(COUNT_TABLE_INSTALLS),
		.wraps = count_total(COUNT_TABLE_WRAPS),
	};

	table_way_uses(&counts.uses);
	return counts;
}

static u64 address_of(u32 table, u32 page)
{
	return TASK_PT_VA + table * LARGE_BYTES + page * PAGE_BYTES;
}

/* --- a task's own ----------------------------------------------------------------------------- */

/* Every thread has tables of its own, and they take turns in directories. */
static void touch(void *arg)
{
	struct toucher *t = arg;
	u64 word, start = ticks_now();

	for (u32 table = t->nth; table < t->touches->tables; table += t->touches->threads)
		for (u32 page = 0; page < t->touches->pages; page++)
			t->failed += !copy_from_user(&word, address_of(table, page), sizeof(word));
	t->ticks = ticks_now() - start;
}

/* Returns the ticks of the first one. */
static u64 touch_all(const struct table_touches *touches, struct mm *mm)
{
	struct toucher toucher[KVL_MAX_CPUS];
	struct task *task[KVL_MAX_CPUS];
	u64 failed = 0;

	for (u32 i = 0; i < touches->threads; i++) {
		toucher[i] = (struct toucher){ .touches = touches, .nth = i };
		task[i] = task_start("toucher", boot_options.ncpus - 1 - i, mm, touch, &toucher[i]);
	}
	for (u32 i = 0; i < touches->threads; i++) {
		task_join(task[i]);
		failed += toucher[i].failed;
	}
	check_equal("forms.failed", failed, 0);
	return toucher[0].ticks;
}

/* What a pool adds: its flushes go with its rounds, and these with what it had to map. A round
 * takes away what it finds in the slots, but for those that other CPUs use, and passes over these;
 * in the first the first slot is empty. @entries: made without it. */
static void check_pool(const struct table_way *way, u64 entries, const struct counts *before,
		       const struct counts *after)
{
	u64 slots = *way->pool_slots, others = boot_options.ncpus - 1;
	u64 wraps = after->wraps - before->wraps;

	entries += after->installs - before->installs;
	check_range("forms.wraps", after->wraps, after->installs / slots,
		    after->installs / (slots - others));
	check_range("forms.entries", after->spent.entries - before->spent.entries,
		    entries + wraps * (slots - others - 1), entries + wraps * slots);
	check_equal("forms.space_flushes", after->spent.space_flushes - before->spent.space_flushes,
		    wraps * boot_options.ncpus);
	check_equal("forms.ipis", after->spent.ipis - before->spent.ipis, wraps * others);
}

static void check_touches(const struct table_way *way, const struct table_touches *touches,
			  const struct counts *before, const struct counts *after)
{
	u64 gibs = (address_of(touches->tables - 1, 0) >> 30) - (TASK_PT_VA >> 30) + 1;
	struct table_work work = {
		.pages = touches->tables * touches->pages,
		.leaf_tables = touches->tables,
		.directories = gibs - task_pt_has_directory(way, TASK_PT_VA >> 30, gibs),
		.gibs = gibs,
	};
	struct table_forms forms;

	way->predict(&work, &forms);
	check_equal("forms.own_leaves", after->uses.own_leaves - before->uses.own_leaves,
		    forms.uses_of_leaves);
	check_equal("forms.own_upper", after->uses.own_upper - before->uses.own_upper,
		    forms.uses_of_upper);
	check_equal("forms.page_flushes", after->spent.page_flushes - before->spent.page_flushes,
		    forms.page_flushes);
	if (way->pool_slots)
		check_pool(way, forms.entries, before, after);
	else
		check_equal("forms.entries", after->spent.entries - before->spent.entries,
			    forms.entries);
}

/* --- another's -------------------------------------------------------------------------------- */

/* For each page its directory is read, and its leaf table written: so often whatever way they are
 * reached, and where they have no addresses the way of all is the fixmap's. */
static void take_away(const struct table_way *way, const struct table_touches *touches,
		      struct mm *mm)
{
	struct counts before = counts_now(), after;
	struct spent spent;
	u64 pages = touches->tables * touches->pages, uses = 2 * pages;

	for (u32 table = 0; table < touches->tables; table++)
		for (u32 page = 0; page < touches->pages; page++)
			pt_unmap(mm, address_of(table, page), PAGE_BYTES, SITE("task_pt.take"));
	after = counts_now();
	spent = spent_since(&before.spent);
	check_equal("others.leaves", after.uses.other_leaves - before.uses.other_leaves, pages);
	check_equal("others.upper", after.uses.other_upper - before.uses.other_upper, uses - pages);
	if (way->pool_slots)
		return;
	check_equal("others.entries", spent.entries, pages + (way->highmem ? 2 * uses : 0));
	check_equal("others.page_flushes", spent.page_flushes, way->highmem ? uses : 0);
}

u64 task_pt_forms(const struct table_way *way, const struct table_touches *touches)
{
	struct page *page = task_pt_page_make();
	struct mm *mm = task_pt_space(page, (u64)touches->tables * LARGE_BYTES);
	struct counts before = counts_now(), after;
	u64 ticks = touch_all(touches, mm);

	after = counts_now();
	check_touches(way, touches, &before, &after);
	take_away(way, touches, mm);
	mm_put(mm);
	page_free(page);
	return ticks;
}
