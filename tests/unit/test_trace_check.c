/* SPDX-License-Identifier: MIT */
/* Judging a trace that was kept: the rules are those of a run (test_model*.c), the way there is
 * not. */
#include <check.h>
#include <string.h>
#include <stdlib.h>

#include "tests/unit/suite.h"
#include "tests/unit/trace_rig.h"
#include "vmm/trace/check.h"

#define ROOT 0x5000ull

static struct rig rig;
static struct trace_checked checked;
static struct err err;

static void setup(void)
{
	rig_init(&rig, 2);
	rig_open(&rig, true);
	trace_event(rig.trace, KVL_EV_TABLE_ALLOC, 0, 4, ROOT, 0, 0, 0, 0);
	trace_event(rig.trace, KVL_EV_MM_CREATE, 0, 0, 0, ROOT, 0, 0, 0);
}

static void teardown(void)
{
	trace_check_done(&checked);
	rig_done(&rig);
}

static void check(void)
{
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_msg(!trace_check(rig.trace_dir, NULL, 0, &checked, &err), "%s", err.text);
}

/* CPU 1 is asked to flush, and says that it has. */
static void shoot(bool flushes)
{
	rig_event(&rig, 0, KVL_EV_SHOOTDOWN_BEGIN, 1, 0, 0, 0x1000, PAGE_BYTES, 0, 2, 7);
	if (flushes)
		rig_event(&rig, 1, KVL_EV_TLB_FLUSH, 1, KVL_FLUSH_PAGE, 0, 0x1000, PAGE_BYTES, 0, 0,
			  0);
	rig_event(&rig, 1, KVL_EV_IPI_ACK, 1, 0, 0, 7, 0, 0, 0, 0);
	rig_event(&rig, 0, KVL_EV_SHOOTDOWN_END, 1, 0, 0, 7, 0, 0, 0, 0);
}

START_TEST(what_holds)
{
	shoot(true);
	check();
	ck_assert_uint_eq(model_findings(checked.model), 0);
	ck_assert_uint_eq(checked.records, 6);
	ck_assert(!checked.ended);
}
END_TEST

START_TEST(what_does_not)
{
	shoot(false);
	check();
	ck_assert_uint_eq(model_findings(checked.model), 1);
	ck_assert_uint_eq(model_finding_count(checked.model, FINDING_SHOOTDOWN), 1);
	ck_assert_msg(strstr(model_finding(checked.model, 0)->text, "pt.map"), "%s",
		      model_finding(checked.model, 0)->text);
}
END_TEST

/* What is open counts only if the guest has ended by itself. */
START_TEST(an_open_wait)
{
	rig_event(&rig, 0, KVL_EV_WAIT_BEGIN, 1, KVL_WAIT_TASK, 1, 3, 0, 1, 0, 0);
	if (_i)
		rig_event(&rig, 0, KVL_EV_MARK, 0, 0, 0, KVL_MARK_DONE, 0, 0, 0, 0);
	check();
	ck_assert_uint_eq(model_finding_count(checked.model, FINDING_OPEN_WAIT), (u64)_i);
	ck_assert_int_eq(checked.ended, _i);
}
END_TEST

START_TEST(there_is_no_trace)
{
	trace_finish(rig.trace, &rig.err);
	ck_assert_int_eq(trace_check(rig.dir, NULL, 0, &checked, &err), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
}
END_TEST

/* A packet that does not fit its sum: what it held is not known, so nothing can be judged. */
START_TEST(a_damaged_trace_is_not_judged)
{
	size_t bytes;
	u8 *file;

	shoot(false);
	trace_finish(rig.trace, &rig.err);
	file = rig_read(&rig, "vcpu1", &bytes);
	file[100] ^= 1;
	rig_write(&rig, "vcpu1", file, bytes);
	free(file);
	ck_assert_int_eq(trace_check(rig.trace_dir, NULL, 0, &checked, &err), -1);
	ck_assert_int_eq(err.status, EXIT_VMM);
	ck_assert_msg(strstr(err.text, "is damaged"), "%s", err.text);
	ck_assert_ptr_null(checked.model);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace_check");
	TCase *tcase = tcase_create("check");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, what_holds);
	tcase_add_test(tcase, what_does_not);
	tcase_add_loop_test(tcase, an_open_wait, 0, 2);
	tcase_add_test(tcase, there_is_no_trace);
	tcase_add_test(tcase, a_damaged_trace_is_not_judged);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
