/* SPDX-License-Identifier: MIT */
/* Frames that are reused too early, and flushes that were for nothing. */
#include <check.h>

#include "tests/unit/model_rig.h"
#include "tests/unit/suite.h"

/* --- reuse ------------------------------------------------------------------------------------ */
static void hand_out(u64 gpa, u16 order)
{
	record(0, KVL_EV_PAGE_ALLOC, 0, order, 0, gpa, 0, 0, 0, 0);
}

START_TEST(reused_while_held)
{
	struct oracle oracle;

	set(0, A);
	set(A, 0);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	hand_out(0x100000, (u16)_i);
	hand_out(0x100000, 0); /* the same window */
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA);
	model_finish(model, true);
	oracle = model_oracle(model);
	ck_assert_uint_eq(oracle.reuse_windows, 1);
	ck_assert_uint_eq(oracle.reuse_longest, 3);
	ck_assert_uint_eq(oracle.reuse_open, 0);
	expect_none();
}
END_TEST

START_TEST(reused_after_the_flush)
{
	set(0, A);
	set(A, 0);
	flush(0, KVL_FLUSH_SPACE, 0);
	flush(1, KVL_FLUSH_SPACE, 0);
	hand_out(0x100000, 0);
	hand_out(0x101000, 3);
	ck_assert_uint_eq(model_oracle(model).reuse_windows, 0);
}
END_TEST

START_TEST(reused_to_the_end)
{
	set(0, A);
	set(A, 0);
	hand_out(0xff000, 1); /* two frames: the one below, and it */
	flush(0, KVL_FLUSH_SPACE, 0);
	model_finish(model, true);
	ck_assert_uint_eq(model_oracle(model).reuse_open, 1);
	ck_assert_uint_eq(model_oracle(model).reuse_longest, 1);
}
END_TEST

START_TEST(large_page_reused_in_part)
{
	u64 va = ALIGN_DOWN(KERNEL_VA, LARGE_BYTES) + LARGE_BYTES;

	set_at(MAP, va, LARGE_TABLE, 2, 0, LARGE_A);
	set_at(UNMAP, va, LARGE_TABLE, 2, LARGE_A, 0);
	hand_out(0x3ff000, 0);
	hand_out(0x600000, 0);
	ck_assert_uint_eq(model_oracle(model).reuse_windows, 0);
	hand_out(0x5ff000, 0);
	ck_assert_uint_eq(model_oracle(model).reuse_windows, 1);
}
END_TEST

START_TEST(table_reused)
{
	set_at(UNMAP, KERNEL_VA, LARGE_TABLE, 2, TO_TABLE(KERNEL_TABLE), 0);
	record(0, KVL_EV_TABLE_FREE, UNMAP, 0, 1, KERNEL_TABLE, 0, 0, 0, 0);
	record(0, KVL_EV_TABLE_ALLOC, MAP, 0, 1, KERNEL_TABLE, 0, 0, 0, 0);
	ck_assert_uint_eq(model_oracle(model).reuse_windows, 1);
	expect_none();
}
END_TEST

/* A block as large as can be claimed, at the end of all addresses: this ends. */
START_TEST(absurd_block)
{
	set(0, A);
	set(A, 0);
	hand_out(UINT64_MAX, 31);
	hand_out(0, 0xffff);
	expect(2, "no block is that large");
	hand_out(UINT64_MAX, 14);
	ck_assert_uint_eq(model_oracle(model).reuse_windows, 0);
}
END_TEST

/* Many stale translations of one frame cost the first reuse, not each. */
START_TEST(many_of_one_frame)
{
	for (u64 t = 0; t < 200; t++) {
		u64 gpa = 0x10000000ull + t * PAGE_BYTES, base = GiB(8) + t * LARGE_BYTES;

		record(VMM, KVL_EV_TABLE_ALLOC, 0, 0, 1, gpa, 0, 0, 0, 0);
		for (u16 i = 0; i < PTE_ENTRIES; i++) {
			record(0, KVL_EV_PT_SET, MAP, i, 1, base + i * PAGE_BYTES, gpa, 0, A, 0);
			record(0, KVL_EV_PT_SET, MAP, i, 1, base + i * PAGE_BYTES, gpa, A, 0, 0);
		}
	}
	for (u32 i = 0; i < 100000; i++)
		hand_out(0x100000, 0);
	ck_assert_uint_eq(model_oracle(model).reuse_windows, 200 * PTE_ENTRIES);
	expect_none();
}
END_TEST

/* The page was mapped there again meanwhile, and went again: another window. */
START_TEST(reused_twice)
{
	set(0, A);
	set(A, 0);
	hand_out(0x100000, 0);
	set(0, A);
	set(A, 0);
	hand_out(0x100000, 0);
	ck_assert_uint_eq(model_oracle(model).reuse_windows, 2);
}
END_TEST

/* --- flushes for nothing ---------------------------------------------------------------------- */
START_TEST(unneeded_flush)
{
	struct oracle oracle;

	flush(0, KVL_FLUSH_SPACE, 0);
	set(0, A);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	set(A, 0);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA + PAGE_BYTES);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	oracle = model_oracle(model);
	ck_assert_uint_eq(oracle.flushes, 4);
	ck_assert_uint_eq(oracle.flushes_full, 1);
	ck_assert_uint_eq(oracle.flushes_unneeded, 3);
}
END_TEST

START_TEST(by_site)
{
	struct site_flushes flushes;

	set(0, A);
	set(A, 0);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	flushes = model_site_flushes(model, FLUSH);
	ck_assert_uint_eq(flushes.flushes, 2);
	ck_assert_uint_eq(flushes.flushes_unneeded, 1);
	ck_assert_uint_eq(model_site_flushes(model, MAP).flushes, 0);
}
END_TEST

START_TEST(flush_of_no_scope)
{
	set(0, A);
	set(A, B);
	record(0, KVL_EV_SHOOTDOWN_BEGIN, FLUSH, 0, 0, KERNEL_VA, PAGE_BYTES, 0, 2, 7);
	flush(1, 9, 0);
	record(1, KVL_EV_IPI_ACK, FLUSH, 0, 0, 7, 0, 0, 0, 0);
	ck_assert_uint_eq(model_finding_count(model, FINDING_BAD_RECORD), 1);
	ck_assert_uint_eq(model_finding_count(model, FINDING_SHOOTDOWN), 1);
}
END_TEST

static void shoot(u64 number)
{
	record(0, KVL_EV_SHOOTDOWN_BEGIN, FLUSH, 0, 0, KERNEL_VA, PAGE_BYTES, 0, 2, number);
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA);
	record(1, KVL_EV_IPI_ACK, FLUSH, 0, 0, number, 0, 0, 0, 0);
	record(0, KVL_EV_SHOOTDOWN_END, FLUSH, 0, 0, number, 0, 0, 0, 0);
}

START_TEST(unneeded_ipi)
{
	set(0, A);
	shoot(1);
	set(A, 0);
	shoot(2);
	expect_none();
	ck_assert_uint_eq(model_oracle(model).ipis, 2);
	ck_assert_uint_eq(model_oracle(model).ipis_unneeded, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model reuse");
	TCase *reuse = tcase_create("reuse");
	TCase *unneeded = tcase_create("unneeded");

	tcase_add_checked_fixture(reuse, model_setup_hung, model_teardown);
	tcase_add_loop_test(reuse, reused_while_held, 0, 3);
	tcase_add_test(reuse, reused_after_the_flush);
	tcase_add_test(reuse, reused_to_the_end);
	tcase_add_test(reuse, large_page_reused_in_part);
	tcase_add_test(reuse, table_reused);
	tcase_add_test(reuse, absurd_block);
	tcase_add_test(reuse, many_of_one_frame);
	tcase_add_test(reuse, reused_twice);
	suite_add_tcase(suite, reuse);
	tcase_add_checked_fixture(unneeded, model_setup_hung, model_teardown);
	tcase_add_test(unneeded, unneeded_flush);
	tcase_add_test(unneeded, by_site);
	tcase_add_test(unneeded, flush_of_no_scope);
	tcase_add_test(unneeded, unneeded_ipi);
	suite_add_tcase(suite, unneeded);
	return run_suite(suite);
}
