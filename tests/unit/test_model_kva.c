/* SPDX-License-Identifier: MIT */
/* Addresses in use, from kva_get to kva_put. */
#include <check.h>

#include "tests/unit/model_rig.h"
#include "tests/unit/suite.h"

static void get(u32 cpu, u64 gpa)
{
	record(cpu, KVL_EV_KVA_GET, MAP, 0, 0, KERNEL_VA, gpa, 0, 0, 0);
}

static void put(u32 cpu)
{
	record(cpu, KVL_EV_KVA_PUT, UNMAP, 0, 0, KERNEL_VA, 0, 0, 0, 0);
}

START_TEST(got_and_put)
{
	set(0, A);
	get(0, 0x100000);
	get(1, 0x100000);
	put(0);
	put(1);
	set(A, 0);
	expect_none();
}
END_TEST

START_TEST(got_for_another_page)
{
	set(0, A);
	get(1, 0x200000);
	expect(1, "that is not where the tables lead (flash.map); the tables lead to gpa 0x100000");
}
END_TEST

START_TEST(changed_in_use)
{
	set(0, A);
	get(1, 0x100000);
	set(A, B);
	expect(1,
	       "va 0xf0003000, which CPU 1 has for gpa 0x100000 since ticket 21 (flash.map): its "
	       "entry is changed while it is in use (flash.map)");
	ck_assert_uint_eq(model_finding_count(model, FINDING_KVA), 1);
}
END_TEST

START_TEST(large_page_changed_in_use)
{
	set(0, A);
	get(1, 0x100000);
	set_at(UNMAP, KERNEL_VA, LARGE_TABLE, 2, TO_TABLE(KERNEL_TABLE), 0);
	ck_assert_uint_eq(model_finding_count(model, FINDING_KVA), 1);
}
END_TEST

/* As often as one likes, by as many as there are. */
START_TEST(got_many_times)
{
	set(0, A);
	for (u32 i = 0; i < 200; i++)
		get(i % 2, 0x100000);
	for (u32 i = 0; i < 200; i++)
		put(i % 2);
	set(A, 0);
	model_finish(model, true);
	expect_none();
}
END_TEST

START_TEST(never_put)
{
	set(0, A);
	get(1, 0x100000);
	get(1, 0x100000);
	put(1);
	model_finish(model, true);
	expect(1, "CPU 1 has for gpa 0x100000 since ticket 22 (flash.map), was never put");
}
END_TEST

START_TEST(put_by_nobody)
{
	put(0);
	expect(1, "which nobody has");
}
END_TEST

START_TEST(got_where_it_is_stale)
{
	set(0, A);
	set(A, B);
	get(1, 0x200000);
	expect(1, "CPU 1 uses va 0xf0003000");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model kva");
	TCase *kva = tcase_create("kva");

	tcase_add_checked_fixture(kva, model_setup_hung, model_teardown);
	tcase_add_test(kva, got_and_put);
	tcase_add_test(kva, got_for_another_page);
	tcase_add_test(kva, changed_in_use);
	tcase_add_test(kva, large_page_changed_in_use);
	tcase_add_test(kva, got_many_times);
	tcase_add_test(kva, never_put);
	tcase_add_test(kva, put_by_nobody);
	tcase_add_test(kva, got_where_it_is_stale);
	suite_add_tcase(suite, kva);
	return run_suite(suite);
}
