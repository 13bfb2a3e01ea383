/* SPDX-License-Identifier: MIT */
/*
 * Owns what switches between spaces cost where tables are reached by them (row B2): two tasks take
 * turns on a CPU. In its turn each has a page mapped by a fault, and takes it away again, so it
 * needs the tables of its space: what the TLB has lost of them by the switch, it has to find again.
 */
#include "guest/arch.h"
#include "guest/scenario/task_pt.h"
#include "guest/trace.h"

struct player {
	u32 turns;
	u64 failed;
};

static void play(void *arg)
{
	struct player *p = arg;
	struct mm *mm = current()->mm;
	u64 word;

	for (u32 i = 0; i < p->turns; i++) {
		p->failed += !copy_from_user(&word, TASK_PT_VA, sizeof(word));
		pt_unmap(mm, TASK_PT_VA, PAGE_BYTES, SITE("task_pt.turn"));
		tlb_flush_range(mm, TASK_PT_VA, PAGE_BYTES, SITE("task_pt.turn"));
		task_yield();
	}
}

void task_pt_switch(u32 turns)
{
	struct player player[2] = { { .turns = turns }, { .turns = turns } };
	struct page *page = task_pt_page_make();
	struct mm *mm[2] = { task_pt_space(page, PAGE_BYTES), task_pt_space(page, PAGE_BYTES) };
	u64 fills = count_total(COUNT_TLB_FILLS), start = ticks_now();
	struct task *task[2];

	for (u32 i = 0; i < 2; i++)
		task[i] = task_start("player", 0, mm[i], play, &player[i]);
	for (u32 i = 0; i < 2; i++)
		task_join(task[i]);
	metric("turn_ticks", (ticks_now() - start) / (2 * turns));
	metric("fills_per_1000_turns", (count_total(COUNT_TLB_FILLS) - fills) * 1000 / (2 * turns));
	check_equal("turns.failed", player[0].failed + player[1].failed, 0);
	for (u32 i = 0; i < 2; i++)
		mm_put(mm[i]);
	page_free(page);
}
