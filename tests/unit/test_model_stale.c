/* SPDX-License-Identifier: MIT */
/* Who may use a stale translation. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/model_rig.h"
#include "tests/unit/suite.h"

static void set_user(u64 old, u64 new)
{
	set_at(new ? MAP : UNMAP, USER_VA, USER_TABLE, 1, old, new);
}

/* --- uses ------------------------------------------------------------------------------------- */
START_TEST(flushed_everywhere)
{
	set(0, A);
	read_it(1);
	set(A, B);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA + 0x123);
	read_it(0);
	read_it(1);
	expect_none();
	ck_assert_uint_eq(model_oracle(model).stale_uses, 0);
}
END_TEST

START_TEST(both_sides_of_the_story)
{
	u64 changed;

	set(0, A);
	set(A, B);
	changed = ticket;
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	read_it(0);
	read_it(1);
	read_it(1);
	expect(1,
	       "CPU 1 uses va 0xf0003008 (flash.flush) and may hold the entry that flash.map took "
	       "away at ticket 21 (gpa 0x100008, writable): no flush of it on CPU 1 since; the "
	       "tables lead to gpa 0x200008, writable");
	ck_assert_uint_eq(model_finding(model, 0)->cause, changed);
	ck_assert_uint_eq(model_finding(model, 0)->ticket, ticket - 1);
	ck_assert_uint_eq(model_oracle(model).stale_uses, 2);
}
END_TEST

START_TEST(unmapped)
{
	set(0, A);
	set(A, 0);
	read_it(0);
	expect(1, "the tables lead to nothing");
}
END_TEST

START_TEST(same_page_again)
{
	set(0, A);
	set(A, 0);
	set(0, A);
	read_it(1);
	expect_none();
}
END_TEST

/* In between there was another one, which the CPU may hold. */
START_TEST(another_page_in_between)
{
	set(0, A);
	set(A, B);
	set(B, A);
	read_it(1);
	expect(1, "(gpa 0x200008, writable)");
}
END_TEST

/* However many there were: one of those that are remembered differs. */
START_TEST(many_pages_in_between)
{
	set(0, A);
	for (u64 i = 0; i < 1000; i++) {
		set(A + i * PAGE_BYTES, A + (i + 1) * PAGE_BYTES);
		set_at(MAP, KERNEL_VA, KERNEL_TABLE, 1, A + (i + 1) * PAGE_BYTES,
		       A + (i + 1) * PAGE_BYTES);
	}
	set(A + 1000 * PAGE_BYTES, A + 999 * PAGE_BYTES);
	read_it(1);
	ck_assert_uint_gt(model_findings(model), 0);
	ck_assert_uint_eq(model_oracle(model).stale_uses, 1);
}
END_TEST

START_TEST(write_permission_taken)
{
	set(0, A);
	set(A, A_RO);
	use(1, KERNEL_VA, false);
	expect_none();
	use(1, KERNEL_VA, true);
	expect(1, "CPU 1 writes va 0xf0003000");
}
END_TEST

START_TEST(more_rights)
{
	set(0, A_RO);
	set(A_RO, A);
	use(1, KERNEL_VA, true);
	expect_none();
}
END_TEST

START_TEST(user_page_where_it_runs)
{
	load_root(1, 1);
	set_user(0, A);
	set_user(A, B);
	use(0, USER_VA, false);
	expect_none();
	use(1, USER_VA, false);
	expect(1, "CPU 1 uses va 0x403000");
}
END_TEST

START_TEST(user_page_after_a_switch)
{
	load_root(1, 1);
	set_user(0, A);
	set_user(A, B);
	load_root(1, 0);
	load_root(1, 1);
	use(1, USER_VA, false);
	expect_none();
}
END_TEST

START_TEST(global_survives_a_switch)
{
	set(0, A | PTE_GLOBAL);
	set(A | PTE_GLOBAL, B);
	load_root(1, 1);
	read_it(1);
	expect(1, "CPU 1 uses");
	flush(1, KVL_FLUSH_ALL, 0);
	read_it(1);
	ck_assert_uint_eq(model_oracle(model).stale_uses, 1);
}
END_TEST

START_TEST(large_page)
{
	u64 va = ALIGN_DOWN(KERNEL_VA, LARGE_BYTES) + LARGE_BYTES;

	set_at(MAP, va, LARGE_TABLE, 2, 0, LARGE_A);
	set_at(UNMAP, va, LARGE_TABLE, 2, LARGE_A, 0);
	flush(0, KVL_FLUSH_PAGE, va + 0x5000);
	use(0, va + 0x123456, false);
	expect_none();
	use(1, va + 0x123456, false);
	expect(1, "(gpa 0x523456, writable)");
}
END_TEST

/* A story is told once for each CPU and pair of sites; all uses count. */
START_TEST(one_story)
{
	for (u64 i = 0; i < 20; i++) {
		u64 va = KERNEL_VA + i * PAGE_BYTES;

		set_at(MAP, va, KERNEL_TABLE, 1, 0, A);
		set_at(UNMAP, va, KERNEL_TABLE, 1, A, 0);
		use(0, va, false);
		use(1, va, false);
	}
	expect(2,
	       "uses va 0xf0003000 (flash.flush) and may hold the entry that flash.unmap took away");
	ck_assert_uint_eq(model_oracle(model).stale_uses, 40);
}
END_TEST

/* --- upper levels ----------------------------------------------------------------------------- */
/* The directory leads to another table from here on. */
static void replace_table(u64 leaf)
{
	record(VMM, KVL_EV_TABLE_ALLOC, 0, 0, 1, 0x30000, 0, 0, 0, 0);
	set_at(MAP, KERNEL_VA, 0x30000, 1, 0, leaf);
	set_at(MAP, KERNEL_VA, LARGE_TABLE, 2, TO_TABLE(KERNEL_TABLE), TO_TABLE(0x30000));
}

START_TEST(table_with_the_same)
{
	set(0, A);
	replace_table(A);
	read_it(1);
	expect_none();
}
END_TEST

START_TEST(table_with_another)
{
	set(0, A);
	replace_table(B);
	read_it(1);
	expect(1, "(gpa 0x100008, writable)");
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA + 8);
	read_it(1);
	ck_assert_uint_eq(model_oracle(model).stale_uses, 1);
}
END_TEST

/*
 * Leaves that were taken up through the old table stay when another page is flushed; all go page by
 * page.
 */
START_TEST(table_with_another_flushed_in_part)
{
	u64 start = ALIGN_DOWN(KERNEL_VA, LARGE_BYTES);

	set(0, A);
	replace_table(B);
	for (u64 va = start; va < start + LARGE_BYTES; va += PAGE_BYTES)
		if (va != KERNEL_VA)
			flush(1, KVL_FLUSH_PAGE, va);
	read_it(1);
	ck_assert_uint_eq(model_oracle(model).stale_uses, 1);
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA);
	read_it(1);
	ck_assert_uint_eq(model_oracle(model).stale_uses, 1);
}
END_TEST

/* What a table held went when nothing led to it any more, not when it is freed. */
START_TEST(table_unlinked_and_flushed)
{
	set(0, A);
	set_at(UNMAP, KERNEL_VA, LARGE_TABLE, 2, TO_TABLE(KERNEL_TABLE), 0);
	flush(0, KVL_FLUSH_SPACE, 0);
	flush(1, KVL_FLUSH_SPACE, 0);
	record(0, KVL_EV_TABLE_FREE, UNMAP, 0, 1, KERNEL_TABLE, 0, 0, 0, 0);
	record(0, KVL_EV_TABLE_ALLOC, MAP, 0, 1, KERNEL_TABLE, 0, 0, 0, 0);
	set_at(MAP, KERNEL_VA, LARGE_TABLE, 2, 0, TO_TABLE(KERNEL_TABLE));
	set(0, B);
	read_it(1);
	expect_none();
}
END_TEST

START_TEST(table_that_was_freed)
{
	set(0, A);
	set(A, 0);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA);
	replace_table(B);
	record(0, KVL_EV_TABLE_FREE, UNMAP, 0, 1, KERNEL_TABLE, 0, 0, 0, 0);
	read_it(1);
	expect(1, "(a table that was freed)");
}
END_TEST

/* --- against a TLB that simply keeps what it has seen ----------------------------------------- */
#define SLOTS 3u
#define PAGES 12u

static u32 now[SLOTS], held[2][SLOTS]; /* a page, 0: none; a bit per page */

static u64 leaf(u32 page)
{
	return page ? A + page * PAGE_BYTES : 0;
}

/* Each CPU may walk to what is there at any time. */
static void walk_all(void)
{
	for (u32 cpu = 0; cpu < 2; cpu++)
		for (u32 slot = 0; slot < SLOTS; slot++)
			held[cpu][slot] |= now[slot] ? 1u << now[slot] : 0;
}

static void change_slot(u32 slot, u32 page)
{
	set_at(MAP, KERNEL_VA + slot * PAGE_BYTES, KERNEL_TABLE, 1, leaf(now[slot]), leaf(page));
	now[slot] = page;
}

static bool use_slot(u32 cpu, u32 slot)
{
	use(cpu, KERNEL_VA + slot * PAGE_BYTES, false);
	return held[cpu][slot] & ~(now[slot] ? 1u << now[slot] : 0);
}

static bool step(u32 cpu, u32 slot)
{
	switch (random() % 16) {
	case 0 ... 5: change_slot(slot, (u32)random() % (PAGES + 1)); break;
	case 6 ... 11: return use_slot(cpu, slot);
	case 12:
	case 13:
		flush(cpu, KVL_FLUSH_PAGE, KERNEL_VA + slot * PAGE_BYTES);
		held[cpu][slot] = 0;
		break;
	case 14:
		flush(cpu, KVL_FLUSH_SPACE, 0);
		memset(held[cpu], 0, sizeof(held[cpu]));
		break;
	default: load_root(cpu, (u64)random() % 2); memset(held[cpu], 0, sizeof(held[cpu]));
	}
	return false;
}

START_TEST(as_a_tlb_that_keeps_all)
{
	u64 stale = 0;

	srandom((u32)_i + 1);
	for (u32 i = 0; i < 20000; i++) {
		stale += step((u32)random() % 2, (u32)random() % SLOTS);
		ck_assert_msg(model_oracle(model).stale_uses == stale, "step %u", i);
		walk_all();
	}
	ck_assert_uint_gt(stale, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model stale");
	TCase *uses = tcase_create("uses");
	TCase *tables = tcase_create("tables");
	TCase *twin = tcase_create("twin");

	tcase_add_checked_fixture(uses, model_setup_hung, model_teardown);
	tcase_add_test(uses, flushed_everywhere);
	tcase_add_test(uses, both_sides_of_the_story);
	tcase_add_test(uses, unmapped);
	tcase_add_test(uses, same_page_again);
	tcase_add_test(uses, another_page_in_between);
	tcase_add_test(uses, many_pages_in_between);
	tcase_add_test(uses, write_permission_taken);
	tcase_add_test(uses, more_rights);
	tcase_add_test(uses, user_page_where_it_runs);
	tcase_add_test(uses, user_page_after_a_switch);
	tcase_add_test(uses, global_survives_a_switch);
	tcase_add_test(uses, large_page);
	tcase_add_test(uses, one_story);
	suite_add_tcase(suite, uses);
	tcase_add_checked_fixture(tables, model_setup_hung, model_teardown);
	tcase_add_test(tables, table_with_the_same);
	tcase_add_test(tables, table_with_another);
	tcase_add_test(tables, table_with_another_flushed_in_part);
	tcase_add_test(tables, table_unlinked_and_flushed);
	tcase_add_test(tables, table_that_was_freed);
	suite_add_tcase(suite, tables);
	tcase_add_checked_fixture(twin, model_setup_hung, model_teardown);
	tcase_add_loop_test(twin, as_a_tlb_that_keeps_all, 0, 4);
	suite_add_tcase(suite, twin);
	return run_suite(suite);
}
