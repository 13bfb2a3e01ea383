/* SPDX-License-Identifier: MIT */
/* The accessor of guest memory: no range that is not wholly backed becomes a pointer. */
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm_rig.h"
#include "vmm/gmem.h"

static u8 low[KiB(8)], high[KiB(4)], top[KiB(4)];
static struct gmem mem;

/* [8 KiB, 16 KiB), a hole, [32 KiB, 36 KiB), and the last page there is. */
static void setup(void)
{
	memset(&mem, 0, sizeof(mem));
	ck_assert(gmem_add(&mem, gpa(KiB(32)), sizeof(high), high));
	ck_assert(gmem_add(&mem, gpa(KiB(8)), sizeof(low), low));
	ck_assert(gmem_add(&mem, gpa(0 - KiB(4)), sizeof(top), top));
}

START_TEST(edges_are_exact)
{
	ck_assert_ptr_eq(gmem_at(&mem, gpa(KiB(8)), 1), low);
	ck_assert_ptr_eq(gmem_at(&mem, gpa(KiB(8)), KiB(8)), low);
	ck_assert_ptr_eq(gmem_at(&mem, gpa(KiB(16) - 1), 1), low + KiB(8) - 1);
	ck_assert_ptr_null(gmem_at(&mem, gpa(KiB(8) - 1), 1));
	ck_assert_ptr_null(gmem_at(&mem, gpa(KiB(8) - 1), 2));
	ck_assert_ptr_null(gmem_at(&mem, gpa(KiB(16)), 1));
	ck_assert_ptr_null(gmem_at(&mem, gpa(KiB(16) - 1), 2));
	ck_assert_ptr_null(gmem_at(&mem, gpa(KiB(8)), KiB(8) + 1));
}
END_TEST

START_TEST(a_range_across_a_hole_is_refused)
{
	ck_assert_ptr_null(gmem_at(&mem, gpa(KiB(8)), KiB(28)));
	ck_assert_ptr_null(gmem_at(&mem, gpa(KiB(20)), 8));
}
END_TEST

START_TEST(wrap_around_is_refused)
{
	ck_assert_ptr_null(gmem_at(&mem, gpa(KiB(8)), UINT64_MAX));
	ck_assert_ptr_null(gmem_at(&mem, gpa(UINT64_MAX), 2));
	ck_assert_ptr_null(gmem_at(&mem, gpa(0 - KiB(4)), KiB(4) + 1));
	ck_assert_ptr_null(gmem_at(&mem, gpa(UINT64_MAX), UINT64_MAX));
	ck_assert_ptr_eq(gmem_at(&mem, gpa(UINT64_MAX), 1), top + KiB(4) - 1);
	ck_assert_ptr_eq(gmem_at(&mem, gpa(0 - KiB(4)), KiB(4)), top);
}
END_TEST

START_TEST(nothing_has_no_address)
{
	ck_assert_ptr_null(gmem_at(&mem, gpa(KiB(8)), 0));
}
END_TEST

START_TEST(copies_touch_all_or_nothing)
{
	u8 bytes[16] = { 1, 2, 3 }, back[16] = { 0 };

	ck_assert(!gmem_write(&mem, gpa(KiB(16) - 8), bytes, sizeof(bytes)));
	ck_assert_int_eq(low[KiB(8) - 8], 0);
	ck_assert(gmem_write(&mem, gpa(KiB(16) - 16), bytes, sizeof(bytes)));
	ck_assert(!gmem_read(&mem, gpa(KiB(16) - 15), back, sizeof(back)));
	ck_assert_int_eq(back[0], 0);
	ck_assert(gmem_read(&mem, gpa(KiB(16) - 16), back, sizeof(back)));
	ck_assert_mem_eq(back, bytes, sizeof(back));
}
END_TEST

START_TEST(ranges_are_sorted_and_disjoint)
{
	ck_assert_int_eq(mem.nranges, 3);
	ck_assert_ptr_eq(mem.range[0].host, low);
	ck_assert_ptr_eq(mem.range[1].host, high);
	ck_assert(!gmem_add(&mem, gpa(KiB(12)), KiB(4), high));
	ck_assert(!gmem_add(&mem, gpa(0), KiB(64), high));
	ck_assert(!gmem_add(&mem, gpa(0), 0, high));
	ck_assert(!gmem_add(&mem, gpa(UINT64_MAX), 2, high));
	ck_assert(gmem_add(&mem, gpa(KiB(16)), KiB(16), high)); /* fits between exactly */
	ck_assert_int_eq(mem.nranges, 4);
}
END_TEST

START_TEST(a_full_table_is_refused)
{
	u64 at = MiB(1);

	while (mem.nranges < GMEM_MAX_RANGES) {
		ck_assert(gmem_add(&mem, gpa(at), KiB(4), high));
		at += KiB(8);
	}
	ck_assert(!gmem_add(&mem, gpa(at), KiB(4), high));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gmem");
	TCase *tcase = tcase_create("gmem");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, edges_are_exact);
	tcase_add_test(tcase, a_range_across_a_hole_is_refused);
	tcase_add_test(tcase, wrap_around_is_refused);
	tcase_add_test(tcase, nothing_has_no_address);
	tcase_add_test(tcase, copies_touch_all_or_nothing);
	tcase_add_test(tcase, ranges_are_sorted_and_disjoint);
	tcase_add_test(tcase, a_full_table_is_refused);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
