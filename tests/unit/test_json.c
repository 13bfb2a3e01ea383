/* SPDX-License-Identifier: MIT */
/* The result object, from a result made by hand: what is not known is null; a file is whole or absent. */
#include <check.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suite.h"
#include "vmm/cli/json.h"

static struct run_config config;
static struct run_result result;
static json_t *root;
static struct err err;

static void setup(void)
{
	config = (struct run_config){
		.scenario = "hello",
		.seed = 7,
		.layout = { .mem_bytes = GiB(5), .page_offset = GiB(2), .ncpus = 4 }
	};
	result = (struct run_result){
		.status = EXIT_CHECK,
		.reason = "one check does not hold",
		.host_class = "kvm_amd",
		.paging = "npt",
		.ticks = "tsc",
		.ncounts = 1,
		.count = { { "pt_set", 12 } },
		.nchecks = 2,
		.check = { { "exact", 3, 3, 4, false }, { "bound", -1, 9, 5, true } },
		.trace = { .events = 100, .lost = 2 },
		.unreported = 1,
		.finding_count = { [FINDING_CHIP_COMMAND] = 2, [FINDING_CHIP_MAPPED] = 1 },
	};
}

/* The member at @path, names joined by dots. */
static const json_t *at(const char *path)
{
	const json_t *value = root;
	char name[64];
	int n;

	for (; sscanf(path, "%63[^.]%n", name, &n) == 1; path += path[n] ? n + 1 : n)
		value = json_object_get(value, name);
	ck_assert_ptr_nonnull(value);
	return value;
}

START_TEST(fields)
{
	root = result_json(&config, &result, 5000000);
	ck_assert_str_eq(json_string_value(at("schema")), "kvalab-result-1");
	ck_assert(json_is_null(at("arm")));
	ck_assert_int_eq(json_integer_value(at("host.insn_per_s")), 5000000);
	ck_assert_str_eq(json_string_value(at("guest.split")), "2G");
	ck_assert_int_eq(json_integer_value(at("guest.mem")), (json_int_t)GiB(5));
	ck_assert_int_eq(json_integer_value(at("trace.lost")), 2);
	ck_assert_int_eq(json_integer_value(at("trace.unreported")), 1);
	ck_assert_int_eq(json_integer_value(at("counts.pt_set")), 12);
	ck_assert_int_eq(json_integer_value(at("oracle.flash_violations")), 3);
	ck_assert_int_eq(json_integer_value(at("exit.status")), EXIT_CHECK);
	json_decref(root);
}
END_TEST

START_TEST(checks_say_what_they_want)
{
	const json_t *first, *second;

	root = result_json(&config, &result, 0);
	first = json_array_get(at("checks"), 0);
	second = json_array_get(at("checks"), 1);
	ck_assert(json_is_false(json_object_get(first, "ok")));
	ck_assert_int_eq(json_integer_value(json_object_get(first, "want")), 3);
	ck_assert_int_eq(json_integer_value(json_array_get(json_object_get(second, "want"), 0)),
			 -1);
	ck_assert_int_eq(json_integer_value(json_array_get(json_object_get(second, "want"), 1)), 9);
	json_decref(root);
}
END_TEST

START_TEST(what_is_not_known_is_null)
{
	config.tier = TIER_OFF;
	root = result_json(&config, &result, 0);
	ck_assert(json_is_null(at("host.insn_per_s")));
	ck_assert(json_is_null(at("trace.events")));
	ck_assert(json_is_null(at("trace.lost")));
	ck_assert(json_is_null(at("trace.unreported")));
	ck_assert(json_is_null(at("oracle.flash_violations")));
	ck_assert(json_is_null(at("oracle.stale_uses")));
	json_decref(root);
}
END_TEST

START_TEST(a_file_is_whole_or_absent)
{
	char dir[] = P_tmpdir "/kvalab-json-XXXXXX", path[64], closed[64];
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/result", dir);
	snprintf(closed, sizeof(closed), "%s/none/result", dir);
	ck_assert_int_eq(json_write(result_json(&config, &result, 0), path, &err), 0);
	ck_assert_int_eq(json_write(result_json(&config, &result, 0), path, &err), 0);
	ck_assert_int_eq(json_write(result_json(&config, &result, 0), closed, &err), -1);
	ck_assert_int_eq(err.status, EXIT_HOST);
	ck_assert_int_eq(json_write(result_json(&config, &result, 0), "/dev/full", &err), -1);
	ck_assert_int_eq(stat("/dev/full", &st), 0);
	ck_assert(S_ISCHR(st.st_mode));
	root = json_load_file(path, 0, NULL);
	ck_assert_str_eq(json_string_value(at("scenario")), "hello");
	json_decref(root);
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0); /* nothing else was left */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tcase = tcase_create("json");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, fields);
	tcase_add_test(tcase, checks_say_what_they_want);
	tcase_add_test(tcase, what_is_not_known_is_null);
	tcase_add_test(tcase, a_file_is_whole_or_absent);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
