/* SPDX-License-Identifier: MIT */
/* Two results: the table of what differs, and files that may hold anything. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suite.h"
#include "vmm/cli/result_diff.h"

static char path_a[] = "/tmp/kvalab-result-XXXXXX", path_b[] = "/tmp/kvalab-result-XXXXXX";
static const char *const path[2] = { path_a, path_b };
static struct err err;
static char *text;
static bool same;

static void setup(void)
{
	close(mkstemp(path_a));
	close(mkstemp(path_b));
	text = NULL;
}

static void teardown(void)
{
	unlink(path_a);
	unlink(path_b);
	free(text);
}

static void write_text(const char *name, const char *content)
{
	FILE *out = fopen(name, "w");

	ck_assert_ptr_nonnull(out);
	fputs(content, out);
	fclose(out);
}

#define RESULT(counts, metrics, checks, status)                                              \
	"{\"schema\": \"kvalab-result-1\", \"counts\": {" counts "}, \"metrics\": {" metrics \
	"}, \"checks\": [" checks "], \"host_counts\": {\"vm_exits\": " status               \
	"}, \"exit\": {\"status\": " status "}}"

static int diff(void)
{
	size_t bytes;
	FILE *out;
	int result;

	free(text);
	out = open_memstream(&text, &bytes);
	memset(&err, 0, sizeof(err));
	result = result_diff(path, out, &same, &err);
	fclose(out);
	return result;
}

START_TEST(a_table_of_what_differs)
{
	write_text(path_a, RESULT("\"pt_set\": 1, \"ipis\": 2", "\"nodes\": 5",
				  "{\"name\": \"leak\", \"ok\": true, \"got\": 0}", "0"));
	write_text(path_b, RESULT("\"pt_set\": 10000000000, \"ipis\": 2", "\"words\": 5",
				  "{\"name\": \"leak\", \"ok\": false, \"got\": 0}", "1"));
	ck_assert_int_eq(diff(), 0);
	ck_assert(!same);
	ck_assert_str_eq(strstr(text, "            "), "                   A             B\n"
						       "counts\n"
						       "  pt_set           1   10000000000\n"
						       "metrics\n"
						       "  nodes            5             -\n"
						       "  words            -             5\n"
						       "checks\n"
						       "  leak             0  [0,\"not ok\"]\n"
						       "exit\n"
						       "  status           0             1\n");
}
END_TEST

START_TEST(times_and_the_host_never)
{
	write_text(path_a, RESULT("", "\"boot_ticks\": 1, \"wait_max_ns\": 2", "", "0"));
	write_text(path_b, "{\"schema\": \"kvalab-result-1\", \"host_counts\": {\"vm_exits\": 7}, "
			   "\"metrics\": {\"boot_ticks\": 3}, \"exit\": {\"status\": 0}}");
	ck_assert_int_eq(diff(), 0);
	ck_assert_msg(same, "%s", text);
}
END_TEST

/* Names and values come from a file: nothing of them reaches the terminal as it is. */
START_TEST(hostile_text)
{
	write_text(path_a,
		   RESULT("\"\\u001b[31mred\": 1, \"\xc3\xa4\": \"\\u001b\\n\"", "", "", "0"));
	write_text(path_b,
		   RESULT("", "", "\"x\", {\"name\": 1}, {\"name\": \"y\", \"got\": []}", "0"));
	ck_assert_int_eq(diff(), 0);
	ck_assert(!same);
	for (const char *c = text; *c; c++)
		ck_assert((*c >= ' ' && *c <= '~') || *c == '\n');
}
END_TEST

START_TEST(what_is_no_result)
{
	static const struct {
		const char *content;
		int status;
	} wrong[] = {
		{ "", EXIT_VMM },
		{ "{\"schema\": \"kvalab-result-1\", \"counts\": {", EXIT_VMM },
		{ "{\"schema\": \"kvalab-result-1\", \"a\": 1, \"a\": 2}", EXIT_VMM },
		{ "[]", EXIT_USAGE },
		{ "{\"schema\": \"kvalab-compare-1\"}", EXIT_USAGE },
		{ "{\"schema\": 1}", EXIT_USAGE },
	};
	const char *good = RESULT("", "", "", "0");

	write_text(path[_i % 2], good);
	write_text(path[!(_i % 2)], wrong[_i / 2].content);
	ck_assert_int_eq(diff(), -1);
	ck_assert_int_eq(err.status, wrong[_i / 2].status);
	ck_assert_ptr_nonnull(strstr(err.text, path[!(_i % 2)]));
}
END_TEST

/* Only metrics are times by their names; a name that is there twice is two checks; not ok is not
 * ok. */
START_TEST(no_difference_hides)
{
	static const struct {
		const char *a, *b;
	} pair[] = {
		{ RESULT("\"a_ns\": 1", "", "", "0"), RESULT("\"a_ns\": 2", "", "", "0") },
		{ RESULT("", "", "{\"name\": \"boot_ticks\", \"ok\": true, \"got\": 1}", "0"),
		  RESULT("", "", "{\"name\": \"boot_ticks\", \"ok\": false, \"got\": 1}", "0") },
		{ RESULT("", "",
			 "{\"name\": \"x\", \"ok\": true, \"got\": 1}, {\"name\": \"x\", \"ok\": true, \"got\": 2}",
			 "0"),
		  RESULT("", "",
			 "{\"name\": \"x\", \"ok\": true, \"got\": 9}, {\"name\": \"x\", \"ok\": true, \"got\": 2}",
			 "0") },
		{ RESULT("", "", "{\"name\": \"x\", \"ok\": true}", "0"),
		  RESULT("", "", "{\"name\": \"x\", \"ok\": false}", "0") },
	};

	write_text(path_a, pair[_i].a);
	write_text(path_b, pair[_i].b);
	ck_assert_int_eq(diff(), 0);
	ck_assert_msg(!same, "%s", text);
}
END_TEST

/* Sections of any type are no sections. */
START_TEST(odd_types)
{
	write_text(path_a, "{\"schema\": \"kvalab-result-1\", \"counts\": [1], \"metrics\": 2, "
			   "\"checks\": {\"a\": 1}, \"exit\": []}");
	write_text(path_b, "{\"schema\": \"kvalab-result-1\"}");
	ck_assert_int_eq(diff(), 0);
	ck_assert_msg(same, "%s", text);
}
END_TEST

START_TEST(a_fifo)
{
	unlink(path_b);
	ck_assert_int_eq(mkfifo(path_b, 0600), 0);
	write_text(path_a, RESULT("", "", "", "0"));
	ck_assert_int_eq(diff(), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("result diff");
	TCase *tcase = tcase_create("diff");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_table_of_what_differs);
	tcase_add_test(tcase, times_and_the_host_never);
	tcase_add_test(tcase, hostile_text);
	tcase_add_loop_test(tcase, what_is_no_result, 0, 12);
	tcase_add_loop_test(tcase, no_difference_hides, 0, 4);
	tcase_add_test(tcase, odd_types);
	tcase_add_test(tcase, a_fifo);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
