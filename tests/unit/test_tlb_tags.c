/* SPDX-License-Identifier: MIT */
/* Tags of spaces on a CPU: when what is held under one may be used again. */
#include <check.h>

#include "devices/abi/platform.h"
#include "guest/kernel.h"
#include "guest/mm/tlb_tags.h"
#include "guest/mm/vm.h"
#include "tests/unit/suite.h"

/* --- what the guest has elsewhere ------------------------------------------------------------- */
struct boot_options boot_options;
static struct task task;

struct task *arch_current(void)
{
	return &task;
}

#include "guest/mm/tlb_tags.c"

static struct mm kernel, space[KVL_TLB_TAGS];

static void setup(void)
{
	boot_options.tlb_pcid = true;
	kernel = (struct mm){ .id = 0 };
	for (u32 i = 0; i < KVL_TLB_TAGS; i++)
		space[i] = (struct mm){ .id = 1 + i };
}

static bool keeps(struct mm *mm)
{
	return tlb_tag_take(mm).keeps;
}

START_TEST(without_pcids_every_load_flushes)
{
	boot_options.tlb_pcid = false;
	ck_assert(tlb_switch_flushes());
	for (u32 i = 0; i < 2; i++) {
		struct tlb_tag tag = tlb_tag_take(&space[0]);

		ck_assert(tag.number == 0 && !tag.keeps);
	}
}
END_TEST

START_TEST(a_space_that_comes_back_keeps_its_tag)
{
	struct tlb_tag first = tlb_tag_take(&space[0]), other = tlb_tag_take(&space[1]), again;

	ck_assert(!tlb_switch_flushes());
	ck_assert(!first.keeps && !other.keeps && first.number != other.number);
	again = tlb_tag_take(&space[0]);
	ck_assert(again.keeps && again.number == first.number);
}
END_TEST

/* One more space than there are tags: the first one's goes to it, and is flushed; then the next. */
START_TEST(tags_go_round)
{
	struct tlb_tag first = tlb_tag_take(&space[0]), tag;
	struct mm last = { .id = 99 };

	for (u32 i = 1; i < KVL_TLB_TAGS; i++)
		ck_assert(!keeps(&space[i]));
	tag = tlb_tag_take(&last);
	ck_assert(!tag.keeps && tag.number == first.number && tag.number < KVL_TLB_TAGS);
	ck_assert(!keeps(&space[0]));
}
END_TEST

START_TEST(a_flush_that_it_has_not_seen)
{
	keeps(&space[0]);
	keeps(&kernel);
	space[0].flushes++;
	ck_assert(!keeps(&space[0]));
	keeps(&kernel);
	ck_assert(keeps(&space[0]));
}
END_TEST

/* Done here while the space runs: nothing is left to flush. Not if an earlier one was not. */
START_TEST(a_flush_that_it_has_done)
{
	keeps(&space[0]);
	space[0].flushes = 2;
	if (_i)
		tlb_tag_flushed(space[0].id, 1);
	tlb_tag_flushed(space[0].id, 2);
	keeps(&kernel);
	ck_assert(keeps(&space[0]) == _i);
}
END_TEST

/* An IPI that comes when the CPU has left the space reaches another tag. */
START_TEST(a_flush_that_came_too_late)
{
	keeps(&space[0]);
	space[0].flushes = 1;
	keeps(&kernel);
	tlb_tag_flushed(space[0].id, 1);
	ck_assert(!keeps(&space[0]));
}
END_TEST

START_TEST(a_kernel_address_is_flushed_under_all_tags)
{
	keeps(&space[0]);
	keeps(&space[1]);
	tlb_tags_outdate_others();
	ck_assert(!keeps(&space[0]));
	ck_assert(keeps(&space[1])); /* the loaded one has executed it */
	ck_assert(!keeps(&kernel));
	ck_assert(keeps(&space[0]));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("TLB tags");
	TCase *tcase = tcase_create("tags");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, without_pcids_every_load_flushes);
	tcase_add_test(tcase, a_space_that_comes_back_keeps_its_tag);
	tcase_add_test(tcase, tags_go_round);
	tcase_add_test(tcase, a_flush_that_it_has_not_seen);
	tcase_add_loop_test(tcase, a_flush_that_it_has_done, 0, 2);
	tcase_add_test(tcase, a_flush_that_came_too_late);
	tcase_add_test(tcase, a_kernel_address_is_flushed_under_all_tags);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
