/* SPDX-License-Identifier: MIT */
/*
 * Owns what a task finds at the address of its tables (rows B1, B3): its own entries, as the tables
 * say, and no other space's; and nothing at all at CPL 3.
 */
#include "guest/arch.h"
#include "guest/mm/pt.h"
#include "guest/mm/ukva.h"
#include "guest/scenario/task_pt.h"
#include "guest/trace.h"
#include "guest/user/user.h"

#define SPACES 2

struct reader {
	const volatile u64 *entry;
	u64 read;
};

static void read_entry(void *arg)
{
	struct reader *r = arg;

	r->read = *r->entry;
}

static u64 look(struct mm *mm)
{
	struct reader r = { .entry = (const u64 *)ukva_entry_address(TASK_PT_VA) };

	task_join(task_start("reader", 0, mm, read_entry, &r));
	check_equal("fixed.entry", r.read, pt_lookup(mm, TASK_PT_VA));
	return r.read;
}

static void intrude(void)
{
	void (*const programs[])(u64) = { user_read, user_write };
	u64 entry = ukva_entry_address(USER_TEXT_VA);
	struct mm *mm = user_mm_create();

	mm_get(mm);
	for (u32 i = 0; i < ARRAY_LEN(programs); i++)
		check_equal("fixed.user_killed",
			    task_join(user_start("intruder", 0, mm, programs[i], entry, i)), -1);
	mm_put(mm);
}

void task_pt_fixed(void)
{
	struct page *page[SPACES];
	struct mm *mm[SPACES];
	u64 read[SPACES];

	for (u32 i = 0; i < SPACES; i++) {
		page[i] = task_pt_page_make();
		mm[i] = task_pt_space(page[i], PAGE_BYTES);
		pt_map_new(mm[i], TASK_PT_VA, page_gpa(page[i]), PROT_USER, SITE("task_pt.fixed"));
	}
	for (u32 i = 0; i < SPACES; i++)
		read[i] = look(mm[i]);
	check_true("fixed.differ", read[0] != read[1]);
	for (u32 i = 0; i < SPACES; i++) {
		pt_unmap(mm[i], TASK_PT_VA, PAGE_BYTES, SITE("task_pt.fixed"));
		mm_put(mm[i]);
		page_free(page[i]);
	}
	intrude();
}
