/* SPDX-License-Identifier: MIT */
/* Reports and stores of page-table entries, one to one. */
#include <check.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm/trace/model.h"

#define ROOT 0x5000ull
#define TABLE 0x6000ull
#define ENTRY 0x6063ull /* the root's first, to TABLE */

static const char *const sites[] = { "", "boot.map" };
static struct model *model;
static u64 ticket;

static void record(u32 cpu, u16 id, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	struct kvl_record r = { ++ticket, id, 1, { h0, h1 }, 0, { a0, a1, a2, a3, a4 } };

	model_record(model, cpu, &r);
}

static void open_model(bool trapped)
{
	struct model_config config = { .ncpus = 2, .site = sites, .nsites = 2, .trapped = trapped };

	ticket = 0;
	model = model_create(&config);
	record(0xffff, KVL_EV_TABLE_ALLOC, 0, 4, ROOT, 0, 0, 0, 0);
	record(0xffff, KVL_EV_TABLE_ALLOC, 0, 3, TABLE, 0, 0, 0, 0);
	record(0xffff, KVL_EV_MM_CREATE, 0, 0, 0, ROOT, 0, 0, 0);
}

static void setup(void)
{
	open_model(true);
}

static void teardown(void)
{
	model_destroy(model);
}

static void report(u32 cpu, u64 old, u64 new)
{
	record(cpu, KVL_EV_PT_SET, 0, 4, 0, ROOT, old, new, 0);
}

static void store(u16 cpu, u64 at, u64 old, u64 new)
{
	record(0xffff, KVL_EV_PT_STORE, cpu, 0, at, old, new, 0xc0101234, 0);
}

static void expect(enum finding_kind kind, const char *part)
{
	ck_assert_uint_eq(model_findings(model), 1);
	ck_assert_uint_eq(model_finding_count(model, kind), 1);
	ck_assert_msg(strstr(model_finding(model, 0)->text, part) != NULL, "%s",
		      model_finding(model, 0)->text);
}

static void expect_none(void)
{
	model_finish(model, true);
	ck_assert_msg(!model_findings(model), "%s", model_finding(model, 0)->text);
}

START_TEST(report_then_store)
{
	report(0, 0, ENTRY);
	store(0, ROOT, 0, ENTRY);
	report(1, ENTRY, 0);
	store(1, ROOT, ENTRY, 0);
	expect_none();
}
END_TEST

/* The VMM makes the first tables itself. */
START_TEST(the_vmms_own_are_no_stores)
{
	report(0xffff, 0, ENTRY);
	expect_none();
}
END_TEST

START_TEST(a_store_without_a_report)
{
	store(1, ROOT, 0, ENTRY);
	expect(FINDING_UNREPORTED,
	       "CPU 1 stores 0x6063 over 0 at entry 0x5000, before rip 0xc0101234");
}
END_TEST

START_TEST(a_store_twice)
{
	report(0, 0, ENTRY);
	store(0, ROOT, 0, ENTRY);
	store(0, ROOT, ENTRY, ENTRY);
	expect(FINDING_UNREPORTED, "an unreported write");
}
END_TEST

START_TEST(a_store_that_another_cpu_reported)
{
	report(0, 0, ENTRY);
	store(1, ROOT, 0, ENTRY);
	expect(FINDING_UNREPORTED, "CPU 1 stores");
}
END_TEST

START_TEST(a_store_of_something_else)
{
	static const struct {
		u64 at, old, new;
	} wrong[] = { { ROOT + 8, 0, ENTRY }, { ROOT, 1, ENTRY }, { ROOT, 0, ENTRY + 4 } };

	report(0, 0, ENTRY);
	store(0, wrong[_i].at, wrong[_i].old, wrong[_i].new);
	expect(FINDING_UNREPORTED, "had not reported that");
}
END_TEST

START_TEST(a_report_without_a_store)
{
	report(0, 0, ENTRY);
	if (_i)
		report(0, ENTRY, 0);
	model_finish(model, true);
	ck_assert_uint_eq(model_findings(model), 1u + (u32)_i);
	ck_assert_msg(
		strstr(model_finding(model, 0)->text,
		       "CPU 0 reported at boot.map that entry 0x5000 becomes 0x6063, and never"),
		"%s", model_finding(model, 0)->text);
}
END_TEST

/* A CPU that was stopped may have come between the two. */
START_TEST(a_run_that_was_stopped)
{
	report(0, 0, ENTRY);
	model_finish(model, false);
	ck_assert_uint_eq(model_findings(model), 0);
}
END_TEST

START_TEST(a_cpu_that_does_not_exist)
{
	store(0xFFFF, ROOT, 0, ENTRY);
	ck_assert_uint_eq(model_finding_count(model, FINDING_UNREPORTED), 1);
}
END_TEST

/* Where stores are not seen nothing is missed. */
START_TEST(the_ring_tier)
{
	teardown();
	open_model(false);
	report(0, 0, ENTRY);
	report(0, ENTRY, 0);
	expect_none();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model_stores");
	TCase *tcase = tcase_create("stores");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, report_then_store);
	tcase_add_test(tcase, the_vmms_own_are_no_stores);
	tcase_add_test(tcase, a_store_without_a_report);
	tcase_add_test(tcase, a_store_twice);
	tcase_add_test(tcase, a_store_that_another_cpu_reported);
	tcase_add_loop_test(tcase, a_store_of_something_else, 0, 3);
	tcase_add_loop_test(tcase, a_report_without_a_store, 0, 2);
	tcase_add_test(tcase, a_run_that_was_stopped);
	tcase_add_test(tcase, a_cpu_that_does_not_exist);
	tcase_add_test(tcase, the_ring_tier);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
