/* SPDX-License-Identifier: MIT */
/*
 * Results made by hand, set side by side: which are usable, what is a difference, what is declared,
 * which status it all comes to.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm/cli/compare.h"

static const struct catalog_arm arms[] = { { .name = "fault" }, { .name = "copy" } };
static const struct catalog_param params[] = { { "writer", "off|on", "on", "" } };
static const struct catalog_varies varies[] = { { "waits", "writer!=off", "it takes longer" } };
static const struct catalog_scenario scenario = { .name = "made-up",
						  .narms = ARRAY_LEN(arms),
						  .arms = arms,
						  .nparams = ARRAY_LEN(params),
						  .params = params,
						  .nvaries = ARRAY_LEN(varies),
						  .varies = varies };
static struct options options;
static struct column column[8];
static struct comparison comparison;
static struct err err;

static void setup(void)
{
	options_init(&options);
	options.run.flash.file = "chip";
	memset(column, 0, sizeof(column));
	comparison =
		(struct comparison){ .scenario = &scenario, .options = &options, .column = column };
}

static void teardown(void)
{
	for (u32 i = 0; i < comparison.ncolumns; i++)
		json_decref(column[i].result);
	free(comparison.difference);
}

#define HOST "\"host\": {\"class\": \"kvm\", \"paging\": \"npt\"}"
#define RESULT                                                                           \
	"{\"schema\": \"kvalab-result-1\", \"scenario\": \"made-up\", \"arm\": \"%s\", " \
	"\"engine\": \"%s\", " HOST ", \"guest\": {\"cpus\": %u, \"tlb\": \"hw\"}, "     \
	"\"counts\": %s, "                                                               \
	"\"metrics\": {}, \"exit\": {\"status\": 0}}"

static struct column *add(enum compare_host host, const char *arm, u32 cpus, const char *counts)
{
	struct column *added = &column[comparison.ncolumns++];
	char text[1024];

	snprintf(text, sizeof(text), RESULT, arm, host == HOST_QEMU ? "qemu" : "kvm", cpus, counts);
	*added = (struct column){ .host = host,
				  .arm = arm,
				  .cpus = cpus,
				  .state = COLUMN_RAN,
				  .result = json_loads(text, 0, NULL) };
	ck_assert_msg(!compare_check_result(added->result, &comparison, added, &err), "%s",
		      err.text);
	return added;
}

static void judge(u32 differences)
{
	ck_assert_int_eq(compare_judge(&comparison, &err), 0);
	ck_assert_uint_eq(comparison.ndifferences, differences);
}

/* --- results --- */
static const struct {
	const char *text, *says;
} wrong[] = {
	{ "[]", "no JSON object" },
	{ "{}", "of schema \"\"" },
	{ "{\"schema\": 1}", "of schema" },
	{ "{\"schema\": \"kvalab-result-2\"}", "of schema \"kvalab-result-2\"" },
	{ "{\"schema\": \"kvalab-result-1\", \"scenario\": \"hello\"}", "of another run: hello" },
	{ "{\"schema\": \"kvalab-result-1\", \"scenario\": \"made-up\", \"arm\": null}",
	  "of another run" },
	{ "{\"schema\": \"kvalab-result-1\", \"scenario\": \"made-up\", \"arm\": \"copy\", "
	  "\"guest\": {\"cpus\": 3}}",
	  "of another run" },
	{ "{\"schema\": \"kvalab-result-1\", \"scenario\": \"made-up\", \"arm\": \"copy\", "
	  "\"guest\": {\"cpus\": 2, \"tlb\": \"soft,entries=8,policy=fifo\"}}",
	  "TLB \"soft,entries=8,policy=fifo\"" },
#define UNHOSTED                                                                           \
	"{\"schema\": \"kvalab-result-1\", \"scenario\": \"made-up\", \"arm\": \"copy\", " \
	"\"guest\": {\"cpus\": 2, \"tlb\": \"hw\"}"
	{ UNHOSTED "}", "does not name its host" },
	{ UNHOSTED ", \"host\": {\"class\": \"kvm\"}}", "does not name its host" },
	{ UNHOSTED ", \"host\": {\"class\": \"\\u001b[2J\", \"paging\": \"npt\"}}",
	  "does not name its host" },
#define MINE UNHOSTED ", " HOST
	{ MINE "}", "no exit.status" },
	{ MINE ", \"exit\": {\"status\": \"0\"}}", "no exit.status" },
	{ MINE ", \"exit\": {\"status\": 0}}", "no counts" },
	{ MINE ", \"exit\": {\"status\": 0}, \"counts\": []}", "no counts" },
	{ MINE ", \"exit\": {\"status\": 0}, \"counts\": {\"a\": 1.5}}", "counts.a is no integer" },
	{ MINE ", \"exit\": {\"status\": 0}, \"counts\": {\"a\": null}}", "counts.a is no" },
	{ MINE ", \"exit\": {\"status\": 0}, \"counts\": {\"a\": 1e300}}", "counts.a is no" },
	{ MINE ", \"exit\": {\"status\": 0}, \"counts\": {\"a b\": 1}}", "a name in counts" },
	{ MINE ", \"exit\": {\"status\": 0}, \"counts\": {\"\": 1}}", "a name in counts" },
	{ MINE ", \"exit\": {\"status\": 0}, \"counts\": {\"\\u001b[2J\": 1}}",
	  "a name in counts" },
	{ MINE ", \"exit\": {\"status\": 0}, \"counts\": {}}", "no metrics" },
	{ MINE ", \"exit\": {\"status\": 0}, \"counts\": {}, \"metrics\": {\"m\": {}}}",
	  "metrics.m is no integer" },
};

START_TEST(what_is_no_result_is_refused)
{
	const struct column mine = { .arm = "copy", .cpus = 2 };
	json_t *root = json_loads(wrong[_i].text, 0, NULL);

	ck_assert_ptr_nonnull(root);
	ck_assert_int_eq(compare_check_result(root, &comparison, &mine, &err), -1);
	ck_assert_int_eq(err.status, EXIT_VMM);
	ck_assert_msg(strstr(err.text, wrong[_i].says), "%s: \"%s\"", wrong[_i].text, err.text);
	json_decref(root);
}
END_TEST

/* --- differences --- */
START_TEST(equal_counts_are_no_difference)
{
	add(HOST_KVM, "copy", 2, "{\"a\": 1, \"waits\": 9223372036854775807}");
	add(HOST_AMD_NPT, "copy", 2, "{\"waits\": 9223372036854775807, \"a\": 1}");
	add(HOST_QEMU, "copy", 2, "{\"a\": 1, \"waits\": 9223372036854775807}");
	judge(0);
	ck_assert_uint_eq(comparison.groups, 1);
	ck_assert_int_eq(compare_status(&comparison), EXIT_OK);
}
END_TEST

START_TEST(tlbs_are_not_judged_by_each_other)
{
	add(HOST_KVM, "copy", 2, "{\"a\": 1}");
	add(HOST_KVM, "copy", 2, "{\"a\": 2}")->tlb.entries = 8;
	add(HOST_KVM, "copy", 2, "{\"a\": 3}")->tlb.entries = 64;
	add(HOST_KVM, "copy", 2, "{\"a\": 4}")->tlb = (struct run_tlb){ 64, TLB_RANDOM, false };
	judge(0);
	ck_assert_uint_eq(comparison.groups, 0);
	add(HOST_QEMU, "copy", 2, "{\"a\": 3}")->tlb.entries = 64;
	judge(0);
	ck_assert_uint_eq(comparison.groups, 1);
}
END_TEST

START_TEST(an_undeclared_difference_is_found)
{
	add(HOST_KVM, "copy", 2, "{\"a\": 9223372036854775807, \"b\": 0}");
	add(HOST_AMD_NPT, "copy", 2, "{\"a\": 9223372036854775806, \"b\": 0}");
	judge(1);
	ck_assert_str_eq(comparison.difference[0].count, "a");
	ck_assert_ptr_null(comparison.difference[0].why);
	ck_assert_int_eq(compare_status(&comparison), EXIT_CHECK);
}
END_TEST

/* A count that is not there is not 0. */
START_TEST(a_missing_count_is_a_difference)
{
	add(HOST_KVM, "copy", 2, "{\"a\": 0}");
	add(HOST_QEMU, "copy", 2, "{\"b\": 0}");
	judge(2);
	ck_assert_str_eq(comparison.difference[0].count, "a");
	ck_assert_str_eq(comparison.difference[1].count, "b");
}
END_TEST

START_TEST(a_declared_difference_with_qemu)
{
	add(HOST_AUTO, "copy", 2, "{\"waits\": 5}");
	add(HOST_AMD_NPT, "copy", 2, "{\"waits\": 5}");
	add(HOST_QEMU, "copy", 2, "{\"waits\": 4}");
	judge(1);
	ck_assert_str_eq(comparison.difference[0].why, "it takes longer");
	ck_assert_int_eq(compare_status(&comparison), EXIT_OK);
}
END_TEST

START_TEST(no_declaration_excuses_kvm_hosts)
{
	add(HOST_KVM, "copy", 2, "{\"waits\": 5}");
	add(HOST_AMD_NPT, "copy", 2, "{\"waits\": 6}");
	add(HOST_QEMU, "copy", 2, "{\"waits\": 4}");
	judge(1);
	ck_assert_ptr_null(comparison.difference[0].why);
}
END_TEST

START_TEST(a_declaration_is_about_the_chip_and_its_options)
{
	add(HOST_KVM, "copy", 2, "{\"waits\": 5}");
	add(HOST_QEMU, "copy", 2, "{\"waits\": 4}");
	if (_i == 0)
		options.run.flash.file = NULL;
	else
		options.run.param[options.run.nparams++] = (struct run_param){ "writer", "off" };
	judge(1);
	ck_assert_ptr_null(comparison.difference[0].why);
}
END_TEST

START_TEST(arms_and_vcpus_are_not_judged)
{
	add(HOST_KVM, "copy", 2, "{\"a\": 1}");
	add(HOST_KVM, "fault", 2, "{\"a\": 2}");
	add(HOST_KVM, "copy", 4, "{\"a\": 3}");
	judge(0);
	ck_assert_uint_eq(comparison.groups, 0);
}
END_TEST

START_TEST(each_group_is_judged_for_itself)
{
	add(HOST_KVM, "copy", 2, "{\"a\": 1}");
	add(HOST_QEMU, "copy", 2, "{\"a\": 1}");
	add(HOST_KVM, "copy", 4, "{\"a\": 3}");
	add(HOST_QEMU, "copy", 4, "{\"a\": 2}");
	judge(1);
	ck_assert_uint_eq(comparison.groups, 2);
	ck_assert_uint_eq(comparison.difference[0].first, 2);
}
END_TEST

START_TEST(what_the_seed_does_not_determine_is_not_judged)
{
	add(HOST_KVM, "copy", 2, "{\"a\": 1}");
	add(HOST_QEMU, "copy", 2, "{\"a\": 2}");
	if (_i == 0)
		options.run.schedule = SCHEDULE_FREE;
	else
		options.run.flash.clock = CLOCK_REAL;
	judge(0);
	ck_assert_ptr_nonnull(comparison.unjudged);
	ck_assert_int_eq(compare_status(&comparison), EXIT_OK);
}
END_TEST

/* --- status --- */
START_TEST(a_run_that_failed_is_not_judged_and_counts)
{
	add(HOST_KVM, "copy", 2, "{\"a\": 1}");
	add(HOST_QEMU, "copy", 2, "{\"a\": 2}")->status = EXIT_GUEST;
	judge(0);
	ck_assert_int_eq(compare_status(&comparison), EXIT_GUEST);
}
END_TEST

START_TEST(the_gravest_status_counts)
{
	add(HOST_KVM, "copy", 2, "{\"a\": 1}")->status = EXIT_TIMEOUT;
	add(HOST_QEMU, "copy", 2, "{\"a\": 2}")->status = EXIT_VMM;
	add(HOST_AMD_NPT, "copy", 2, "{\"a\": 1}")->status = EXIT_CHECK;
	judge(0);
	ck_assert_int_eq(compare_status(&comparison), EXIT_VMM);
}
END_TEST

START_TEST(a_host_that_cannot_is_a_failure_only_where_it_was_named)
{
	add(HOST_KVM, "copy", 2, "{\"a\": 1}");
	column[comparison.ncolumns++] =
		(struct column){ .state = COLUMN_CANNOT, .status = EXIT_HOST };
	judge(0);
	ck_assert_int_eq(compare_status(&comparison), EXIT_HOST);
	options.all_hosts = true;
	ck_assert_int_eq(compare_status(&comparison), EXIT_OK);
	column[0].state = COLUMN_CANNOT; /* none is left */
	ck_assert_int_eq(compare_status(&comparison), EXIT_HOST);
}
END_TEST

START_TEST(a_run_that_was_skipped_is_no_failure)
{
	add(HOST_KVM, "copy", 2, "{\"a\": 1}");
	add(HOST_KVM, "fault", 2, "{}")->state = COLUMN_SKIPPED;
	column[1].status = EXIT_SKIPPED;
	judge(0);
	ck_assert_int_eq(compare_status(&comparison), EXIT_OK);
	column[0].status = EXIT_CHECK; /* what ran is judged as ever */
	ck_assert_int_eq(compare_status(&comparison), EXIT_CHECK);
	column[0].state = COLUMN_CANNOT; /* and a host that is named must be there */
	ck_assert_int_eq(compare_status(&comparison), EXIT_HOST);
	column[0] = (struct column){ .state = COLUMN_SKIPPED,
				     .status = EXIT_SKIPPED,
				     .result = column[0].result };
	ck_assert_int_eq(compare_status(&comparison), EXIT_SKIPPED);
}
END_TEST

/* --- durations --- */
static void set(struct column *of, const char *object, const char *key, const char *text)
{
	json_object_set_new(json_object_get(of->result, object), key, json_string(text));
}

/* Instructions, of one host class, and with QEMU of one CPU; what did not run says nothing. */
START_TEST(durations_compare_where_they_mean_the_same)
{
	set(add(HOST_KVM, "copy", 2, "{}"), "guest", "ticks", "insn");
	set(add(HOST_KVM, "fault", 1, "{}"), "guest", "ticks", "insn");
	ck_assert(compare_ticks(&comparison));
	add(HOST_KVM, "fault", 2, "{}")->state = COLUMN_SKIPPED;
	ck_assert(compare_ticks(&comparison));
	set(&column[1], "guest", "ticks", "tsc");
	ck_assert(!compare_ticks(&comparison));
	set(&column[1], "guest", "ticks", "insn");
	set(&column[1], "host", "class", "kvm_pvm");
	ck_assert(!compare_ticks(&comparison));
}
END_TEST

START_TEST(durations_on_qemu_compare_with_one_cpu)
{
	set(add(HOST_QEMU, "copy", 1, "{}"), "guest", "ticks", "insn");
	ck_assert(compare_ticks(&comparison));
	set(add(HOST_QEMU, "copy", 2, "{}"), "guest", "ticks", "insn");
	ck_assert(!compare_ticks(&comparison));
}
END_TEST

/* --- what is shown --- */
static char *shown(void)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	ck_assert_ptr_nonnull(out);
	compare_print(out, &comparison);
	fclose(out);
	return text;
}

START_TEST(the_table_marks_what_differs)
{
	char *text;

	add(HOST_KVM, "copy", 2, "{\"a\": 1, \"waits\": 5, \"same\": 7, \"none\": 0}");
	add(HOST_QEMU, "copy", 2, "{\"a\": 22, \"waits\": 4, \"same\": 7, \"none\": 0}");
	judge(2);
	text = shown();
	ck_assert_ptr_nonnull(strstr(text, "\n! a          1    22\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n~ waits      5     4\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n  same       7     7\n"));
	ck_assert_ptr_nonnull(strstr(text, "0 in all runs: none\n"));
	ck_assert_ptr_nonnull(strstr(text, "a: --arm copy, 2 vCPUs: kvm 1 qemu 22\n  DIFFERENCE"));
	ck_assert_ptr_nonnull(strstr(text, "kvm 5 qemu 4\n  differs: it takes longer\n"));
	ck_assert_ptr_nonnull(strstr(text, "exit: 1\n"));
	free(text);
}
END_TEST

/* Of the same host; without a base there, or of zero, there is no multiple. What is equal says
 * nothing. */
START_TEST(the_table_has_multiples_of_the_base_arm)
{
	char *text;

	options.base = "copy";
	add(HOST_KVM, "fault", 2, "{\"a\": 5, \"same\": 7, \"grew\": 3}");
	add(HOST_KVM, "copy", 2, "{\"a\": 2, \"same\": 7, \"grew\": 0}");
	add(HOST_AMD_NPT, "fault", 2, "{\"a\": 5, \"same\": 7, \"grew\": 3}");
	judge(0);
	text = shown();
	ck_assert_ptr_nonnull(strstr(text, "\n* a           5     2        5\n"));
	ck_assert_ptr_nonnull(
		strstr(text, "\ntimes that of arm copy\n  a        2.50  1.00        -\n\n"));
	free(text);
}
END_TEST

/* What a run has counted until a check failed, or until it crashed, is no unit. */
static const enum exit_status not_well[] = { EXIT_CHECK, EXIT_GUEST };

START_TEST(a_base_that_did_not_end_well_has_no_multiples)
{
	char *text;

	options.base = "copy";
	add(HOST_KVM, "fault", 2, "{\"a\": 5}");
	add(HOST_KVM, "copy", 2, "{\"a\": 2}")->status = not_well[_i];
	add(HOST_AMD_NPT, "fault", 2, "{\"a\": 5}");
	add(HOST_AMD_NPT, "copy", 2, "{\"a\": 2}");
	judge(0);
	text = shown();
	ck_assert_ptr_nonnull(strstr(
		text, "\ntimes that of arm copy\n  a           -     -     2.50     1.00\n"));
	free(text);
}
END_TEST

START_TEST(the_object_names_the_base)
{
	json_t *root;

	add(HOST_KVM, "copy", 2, "{\"a\": 2}");
	judge(0);
	root = compare_json(&comparison);
	ck_assert(json_is_null(json_object_get(root, "base")));
	json_decref(root);
	options.base = "copy";
	root = compare_json(&comparison);
	ck_assert_str_eq(json_string_value(json_object_get(root, "base")), "copy");
	json_decref(root);
}
END_TEST

START_TEST(without_a_base_there_are_no_multiples)
{
	char *text;

	add(HOST_KVM, "fault", 2, "{\"a\": 5}");
	add(HOST_KVM, "copy", 2, "{\"a\": 2}");
	judge(0);
	text = shown();
	ck_assert_ptr_null(strstr(text, "times that of"));
	free(text);
}
END_TEST

/* Four runs of 22 columns do not fit a line; those of one group stay together. */
START_TEST(a_table_that_is_too_wide_goes_on_below)
{
	static const char counts[] = "{\"a_name_of_some_length\": 9223372036854775807}";
	char *text, *line, *rest;
	u32 lines = 0;

	add(HOST_KVM, "copy", 2, counts);
	add(HOST_QEMU, "copy", 2, counts);
	add(HOST_KVM, "fault", 2, counts);
	add(HOST_QEMU, "fault", 2, counts);
	judge(0);
	text = shown();
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		ck_assert_uint_le(strlen(line), 100);
		if (!strstr(line, "a_name"))
			continue;
		ck_assert_uint_eq(strlen(line), 2 + 21 + 2 * 21);
		lines++;
	}
	ck_assert_uint_eq(lines, 2);
	free(text);
}
END_TEST

START_TEST(the_object_has_a_value_for_each_column)
{
	json_t *root;
	const json_t *difference, *values;

	add(HOST_KVM, "fault", 2, "{\"a\": 1}");
	add(HOST_KVM, "copy", 2, "{\"a\": 1}");
	add(HOST_QEMU, "copy", 2, "{}");
	judge(1);
	root = compare_json(&comparison);
	ck_assert_ptr_nonnull(root);
	difference = json_array_get(json_object_get(root, "differences"), 0);
	values = json_object_get(difference, "values");
	ck_assert_str_eq(json_string_value(json_object_get(difference, "count")), "a");
	ck_assert(json_is_null(json_object_get(difference, "why")));
	ck_assert_uint_eq(json_array_size(values), 3);
	ck_assert(json_is_null(json_array_get(values, 0))); /* another arm */
	ck_assert_int_eq(json_integer_value(json_array_get(values, 1)), 1);
	ck_assert(json_is_null(json_array_get(values, 2))); /* no such count */
	ck_assert_int_eq(json_integer_value(json_object_get(root, "status")), EXIT_CHECK);
	json_decref(root);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compare");
	TCase *tcase = tcase_create("compare");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, what_is_no_result_is_refused, 0, ARRAY_LEN(wrong));
	tcase_add_test(tcase, equal_counts_are_no_difference);
	tcase_add_test(tcase, tlbs_are_not_judged_by_each_other);
	tcase_add_test(tcase, an_undeclared_difference_is_found);
	tcase_add_test(tcase, a_missing_count_is_a_difference);
	tcase_add_test(tcase, a_declared_difference_with_qemu);
	tcase_add_test(tcase, no_declaration_excuses_kvm_hosts);
	tcase_add_loop_test(tcase, a_declaration_is_about_the_chip_and_its_options, 0, 2);
	tcase_add_test(tcase, arms_and_vcpus_are_not_judged);
	tcase_add_test(tcase, each_group_is_judged_for_itself);
	tcase_add_loop_test(tcase, what_the_seed_does_not_determine_is_not_judged, 0, 2);
	tcase_add_test(tcase, a_run_that_failed_is_not_judged_and_counts);
	tcase_add_test(tcase, the_gravest_status_counts);
	tcase_add_test(tcase, a_host_that_cannot_is_a_failure_only_where_it_was_named);
	tcase_add_test(tcase, a_run_that_was_skipped_is_no_failure);
	tcase_add_test(tcase, durations_compare_where_they_mean_the_same);
	tcase_add_test(tcase, durations_on_qemu_compare_with_one_cpu);
	tcase_add_test(tcase, the_table_marks_what_differs);
	tcase_add_test(tcase, the_table_has_multiples_of_the_base_arm);
	tcase_add_loop_test(tcase, a_base_that_did_not_end_well_has_no_multiples, 0,
			    ARRAY_LEN(not_well));
	tcase_add_test(tcase, the_object_names_the_base);
	tcase_add_test(tcase, without_a_base_there_are_no_multiples);
	tcase_add_test(tcase, a_table_that_is_too_wide_goes_on_below);
	tcase_add_test(tcase, the_object_has_a_value_for_each_column);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
