/* SPDX-License-Identifier: MIT */
/*
 * An independent reader on what we write: babeltrace2 must accept the directory and see each event.
 * Where it is not installed these tests say so and check nothing.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/unit/suite.h"
#include "tests/unit/trace_rig.h"
#include "vmm/trace/schema.h"

static bool have_babeltrace(void)
{
	return system("command -v babeltrace2 >/dev/null") == 0;
}

/* Runs babeltrace2 on the trace. Returns its status; what it printed is in *text (free it). */
static int babeltrace(const struct rig *rig, char **text)
{
	char command[256], line[4096];
	size_t bytes;
	FILE *out = open_memstream(text, &bytes), *pipe;
	int status;

	snprintf(command, sizeof(command), "babeltrace2 --clock-cycles --no-delta '%s' 2>&1",
		 rig->trace_dir);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	while (fgets(line, sizeof(line), pipe))
		fputs(line, out);
	status = pclose(pipe);
	fclose(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static u32 lines_of(const char *text)
{
	u32 n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void expect_line(const char *text, const char *line)
{
	ck_assert_msg(strstr(text, line) != NULL, "no line %s in:\n%.1500s", line, text);
}

/* Each event from each stream that may have it, its fields as numbers that tell their places. */
START_TEST(every_event)
{
	struct rig rig;
	char *text;
	u32 n = 0;

	rig_init(&rig, 2);
	rig_open(&rig, true);
	for (size_t i = 0; i < event_schema_count; i++) {
		u16 id = event_schema[i].id;

		trace_event(rig.trace, id, 11, 12, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4);
		n++;
		if (!event_from_guest(id))
			continue;
		rig_event(&rig, 1, id, 3, 11, 12, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4);
		n++;
	}
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_msg(!babeltrace(&rig, &text), "%.1500s", text);
	ck_assert_uint_eq(lines_of(text), n);
	expect_line(
		text,
		"pt_set: { cpu_id = 1 }, { site = ( \"odd \\\"name\\\"\\\\\\n\377\" : "
		"container = 3 ) }, { index = 11, level = 12, tsc = 1, va = 0xA0, table = 0xA1, "
		"old = 0xA2, new = 0xA3, mm = 164 }");
	expect_line(text, "{ unused0 = 0xB, level = 12, tsc = 1, table = 0xA0, mm = 161 }");
	expect_line(text, "{ tsc = 1, mm = 160, table = 0xA1 }");
	expect_line(text, "fault_exit: { cpu_id = 1 }, ");
	expect_line(text, "{ outcome = ( <unknown> : container = 11 ), tsc = 1, va = 0xA0 }");
	free(text);
	rig_done(&rig);
}
END_TEST

START_TEST(words_are_named)
{
	struct rig rig;
	char *text;

	rig_init(&rig, 1);
	rig_open(&rig, true);
	rig_event(&rig, 0, KVL_EV_TLB_FLUSH, 1, KVL_FLUSH_PAGE, 0, 0x3000, 0x1000, 2, 0, 0);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_msg(!babeltrace(&rig, &text), "%.1500s", text);
	expect_line(text,
		    "tlb_flush: { cpu_id = 0 }, { site = ( \"pt.map\" : container = 1 ) }, "
		    "{ scope = ( \"page\" : container = 1 ), tsc = 1, va = 0x3000, bytes = 0x1000, "
		    "mm = 2 }");
	free(text);
	rig_done(&rig);
}
END_TEST

/* Several packets per stream, full ones and the last. */
START_TEST(many_packets)
{
	struct rig rig;
	char *text;

	rig_init(&rig, 3);
	rig_open(&rig, true);
	for (u32 i = 0; i < 10000; i++)
		if (i % 4 == 3)
			trace_event(rig.trace, KVL_EV_VM_EXIT, 0, 1, 2, 3, 4, 5, 0);
		else
			rig_use(&rig, i % 4);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_msg(!babeltrace(&rig, &text), "%.1500s", text);
	ck_assert_uint_eq(lines_of(text), 10000);
	ck_assert_int_eq(strncmp(text, "[00000000000000000001] use: ", 28), 0);
	free(text);
	rig_done(&rig);
}
END_TEST

START_TEST(no_event_at_all)
{
	struct rig rig;
	char *text;

	rig_init(&rig, 1);
	rig_open(&rig, true);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_msg(!babeltrace(&rig, &text), "%.1500s", text);
	free(text);
	rig_done(&rig);
}
END_TEST

/* A run that broke off: garbage in a ring, the rest readable. */
START_TEST(after_garbage)
{
	struct rig rig;
	char *text;

	rig_init(&rig, 2);
	rig_open(&rig, true);
	for (u32 i = 0; i < 1500; i++)
		rig_use(&rig, 0);
	rig_event(&rig, 1, 31, 0, 0, 0, 0, 0, 0, 0, 0);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), -1);
	ck_assert_msg(!babeltrace(&rig, &text), "%.1500s", text);
	ck_assert_uint_eq(lines_of(text), 1500);
	free(text);
	rig_done(&rig);
}
END_TEST

/* The test can fail: a stream cut inside a packet is refused. */
START_TEST(cut_is_refused)
{
	struct rig rig;
	size_t bytes;
	char *text;
	u8 *file;

	rig_init(&rig, 1);
	rig_open(&rig, true);
	rig_use(&rig, 0);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	file = rig_read(&rig, "vcpu0", &bytes);
	rig_write(&rig, "vcpu0", file, bytes - 100);
	free(file);
	ck_assert_int_ne(babeltrace(&rig, &text), 0);
	free(text);
	rig_done(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace ctf");
	TCase *tcase = tcase_create("babeltrace2");

	if (!have_babeltrace()) {
		printf("SKIP: babeltrace2 is not installed\n");
		return 0;
	}
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, every_event);
	tcase_add_test(tcase, words_are_named);
	tcase_add_test(tcase, many_packets);
	tcase_add_test(tcase, no_event_at_all);
	tcase_add_test(tcase, after_garbage);
	tcase_add_test(tcase, cut_is_refused);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
