/* SPDX-License-Identifier: MIT */
/* Two traces: what must count as the same, and what must not. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "tests/unit/trace_rig.h"
#include "vmm/trace/diff.h"
#include "vmm/trace/schema.h"

#define A 0
#define B 1

static struct rig rig[2];
static struct err err;
static char *text;
static bool same;

static void setup(void)
{
	for (u32 i = 0; i < 2; i++) {
		rig_init(&rig[i], 2);
		rig_open(&rig[i], true);
	}
	text = NULL;
}

static void teardown(void)
{
	free(text);
	rig_done(&rig[A]);
	rig_done(&rig[B]);
}

static int diff_events(const char *const *event, u32 nevents)
{
	struct trace_diff_options options = { .event = event, .nevents = nevents };
	const char *const dir[2] = { rig[A].trace_dir, rig[B].trace_dir };
	size_t bytes;
	FILE *out;
	int result;

	free(text);
	out = open_memstream(&text, &bytes);
	memset(&err, 0, sizeof(err));
	result = trace_diff(dir, out, &options, &same, &err);
	fclose(out);
	return result;
}

static void finish(void)
{
	for (u32 i = 0; i < 2; i++)
		ck_assert_int_eq(trace_finish(rig[i].trace, &rig[i].err), 0);
}

static void expect_same(void)
{
	finish();
	ck_assert_int_eq(diff_events(NULL, 0), 0);
	ck_assert_msg(same, "%s", text);
}

static void expect_different(const char *part)
{
	finish();
	ck_assert_int_eq(diff_events(NULL, 0), 0);
	ck_assert(!same);
	ck_assert_msg(strstr(text, part) != NULL, "%s", text);
}

/* The record that both have, and whose copy in B is changed. */
static void record_in(struct rig *to, u32 cpu, struct kvl_record record)
{
	record.ticket = rig_ticket(to);
	rig_commit(to, cpu, &record);
}

static const struct kvl_record plain = {
	.id = KVL_EV_PT_SET, .site = 1, .h = { 1, 2 }, .tsc = 3, .a = { 4, 5, 6, 7, 8 }
};

static void both(u32 cpu, u32 n)
{
	for (; n; n--) {
		record_in(&rig[A], cpu, plain);
		record_in(&rig[B], cpu, plain);
	}
}

/* --- the same --------------------------------------------------------------------------------- */
START_TEST(time_and_host_do_not_count)
{
	struct kvl_record later = plain;

	later.tsc = 99;
	for (u32 i = 0; i < 3000; i++) {
		record_in(&rig[A], i % 2, plain);
		record_in(&rig[B], i % 2, later);
		if (i % 7 == 0)
			trace_event(rig[B].trace, KVL_EV_VM_EXIT, 0, 2, i, 0, 0, 0, 0);
		if (i % 5 == 0)
			trace_event(rig[A].trace, KVL_EV_FLASH_STATE, 0, 0, i, 0, 0, 0, 0);
	}
	expect_same();
	ck_assert_str_eq(text, "the same: 3000 records\n");
}
END_TEST

/* How far one CPU is ahead of another is the host's affair. */
START_TEST(streams_are_compared_each_for_itself)
{
	for (u32 i = 0; i < 100; i++) {
		record_in(&rig[A], 0, plain);
		record_in(&rig[B], 1, plain);
	}
	for (u32 i = 0; i < 100; i++) {
		record_in(&rig[A], 1, plain);
		record_in(&rig[B], 0, plain);
	}
	expect_same();
}
END_TEST

START_TEST(times_of_the_chip_do_not_count)
{
	static const char *const state[] = { "flash_state" };

	trace_event(rig[A].trace, KVL_EV_FLASH_STATE, 0, 0, 1, 2, 3, 4, 0);
	trace_event(rig[B].trace, KVL_EV_FLASH_STATE, 0, 0, 1, 2, 3, 5, 0);
	finish();
	ck_assert_int_eq(diff_events(state, 1), 0);
	ck_assert_msg(same, "%s", text);
}
END_TEST

/* --- different -------------------------------------------------------------------------------- */
START_TEST(each_field_counts)
{
	static const char *const what[] = { "differs: index\n", "differs: level\n",
					    "differs: va\n",	"differs: table\n",
					    "differs: old\n",	"differs: new\n",
					    "differs: mm\n",	"differs: site\n",
					    "differs: event\n" };
	struct kvl_record changed = plain;

	if (_i < 2)
		changed.h[_i] ^= 1;
	else if (_i < 7)
		changed.a[_i - 2] ^= 1ull << 63;
	else if (_i == 7)
		changed.site = 2;
	else
		changed.id = KVL_EV_USE;
	both(1, 2000);
	record_in(&rig[A], 1, plain);
	record_in(&rig[B], 1, changed);
	both(1, 10);
	expect_different(what[_i]);
	ck_assert_ptr_nonnull(strstr(text, "vcpu1: record 2000 differs: "));
}
END_TEST

START_TEST(context_on_both_sides)
{
	struct kvl_record other = plain;
	u32 lines = 0, marked = 0;

	other.a[0] = 0xabc;
	both(0, 5);
	trace_event(rig[B].trace, KVL_EV_VM_EXIT, 0, 2, 1, 0, 0, 0, 0);
	record_in(&rig[A], 0, plain);
	record_in(&rig[B], 0, other);
	expect_different("va=0xabc");
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line; lines++)
		marked += line[0] == '>';
	ck_assert_uint_eq(lines, 1 + 2 * (1 + 3 + 1));
	ck_assert_uint_eq(marked, 2);
}
END_TEST

START_TEST(a_record_too_few)
{
	both(0, 10);
	record_in(&rig[_i], 0, plain);
	expect_different("vcpu0: record 10 differs: one trace has no more");
	ck_assert_ptr_nonnull(strstr(text, "(no record more)"));
}
END_TEST

/* The one that is earliest is shown, the others named. */
START_TEST(the_first_of_several)
{
	struct kvl_record other = plain;

	other.a[4] = 1;
	both(1, 1);
	record_in(&rig[A], 1, plain);
	record_in(&rig[B], 1, other);
	both(0, 3);
	record_in(&rig[A], 0, plain);
	record_in(&rig[B], 0, other);
	expect_different("vcpu1: record 1 differs: mm\n");
	ck_assert_ptr_nonnull(strstr(text, "\nvcpu0: differs from record 3 on\n"));
}
END_TEST

START_TEST(named_events_alone)
{
	static const char *const exits[] = { "vm_exit" }, *const sets[] = { "pt_set" };
	static const char *const unknown[] = { "pt_sat" };
	struct kvl_record use = { .id = KVL_EV_USE };

	both(0, 10);
	record_in(&rig[A], 0, use);
	trace_event(rig[A].trace, KVL_EV_VM_EXIT, 0, 2, 1, 0, 0, 0, 0);
	both(0, 10);
	finish();
	ck_assert_int_eq(diff_events(sets, 1), 0);
	ck_assert_msg(same, "%s", text);
	ck_assert_int_eq(diff_events(exits, 1), 0);
	ck_assert(!same);
	ck_assert_int_eq(diff_events(unknown, 1), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
}
END_TEST

/* --- bad input -------------------------------------------------------------------------------- */
START_TEST(a_damaged_trace)
{
	size_t bytes;
	u8 *file;

	both(0, 3000);
	finish();
	file = rig_read(&rig[_i], "vcpu0", &bytes);
	file[70000] ^= 1;
	rig_write(&rig[_i], "vcpu0", file, bytes);
	free(file);
	ck_assert_int_eq(diff_events(NULL, 0), -1);
	ck_assert_int_eq(err.status, EXIT_VMM);
	ck_assert_ptr_nonnull(strstr(err.text, rig[_i].trace_dir));
}
END_TEST

START_TEST(no_trace)
{
	struct trace_diff_options options = { 0 };
	const char *dir[2] = { "/nonexistent", "/nonexistent" };

	finish();
	dir[_i] = rig[_i].trace_dir;
	ck_assert_int_eq(trace_diff(dir, stdout, &options, &same, &err), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
}
END_TEST

/* Which events are comparable is written down in docs/trace-format.md. */
START_TEST(what_is_comparable)
{
	for (size_t i = 0; i < event_schema_count; i++)
		ck_assert_int_eq(event_comparable(event_schema[i].id),
				 event_from_guest(event_schema[i].id));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace diff");
	TCase *tcase = tcase_create("diff");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, time_and_host_do_not_count);
	tcase_add_test(tcase, streams_are_compared_each_for_itself);
	tcase_add_test(tcase, times_of_the_chip_do_not_count);
	tcase_add_loop_test(tcase, each_field_counts, 0, 9);
	tcase_add_test(tcase, context_on_both_sides);
	tcase_add_loop_test(tcase, a_record_too_few, 0, 2);
	tcase_add_test(tcase, the_first_of_several);
	tcase_add_test(tcase, named_events_alone);
	tcase_add_loop_test(tcase, a_damaged_trace, 0, 2);
	tcase_add_loop_test(tcase, no_trace, 0, 2);
	tcase_add_test(tcase, what_is_comparable);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
