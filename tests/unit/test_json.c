/* SPDX-License-Identifier: MIT */
/* The result object, from a result made by hand: what is not known is null; a file is whole or
 * absent. */
#include <check.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suite.h"
#include "vmm/cli/json.h"
#include "vmm/engine.h"

static struct run_config config;
static struct run_result result;
static json_t *root;
static struct err err;

static void setup(void)
{
	config = (struct run_config){
		.engine = &engine_kvm,
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
		.oracle = { .flash_violations = 3, .stale_uses = 4, .ipis_needed = 5 },
	};
}

static int write_json(json_t *object, const char *path)
{
	struct replacement file;

	if (!json_begin(&file, path, &err))
		return json_end(&file, object, &err);
	json_decref(object);
	return -1;
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
	result.insn_per_s = 5000000;
	root = result_json(&config, &result);
	ck_assert_str_eq(json_string_value(at("schema")), "kvalab-result-1");
	ck_assert(json_is_null(at("arm")));
	ck_assert_int_eq(json_integer_value(at("host.insn_per_s")), 5000000);
	ck_assert_str_eq(json_string_value(at("guest.split")), "2G");
	ck_assert_int_eq(json_integer_value(at("guest.mem")), (json_int_t)GiB(5));
	ck_assert_int_eq(json_integer_value(at("trace.lost")), 2);
	ck_assert_int_eq(json_integer_value(at("trace.unreported")), 1);
	ck_assert_int_eq(json_integer_value(at("counts.pt_set")), 12);
	ck_assert_int_eq(json_integer_value(at("oracle.flash_violations")), 3);
	ck_assert_int_eq(json_integer_value(at("oracle.stale_uses")), 4);
	ck_assert_str_eq(json_string_value(at("oracle.mode")), "conservative");
	ck_assert(json_is_null(at("oracle.ipis_needed")));
	ck_assert_int_eq(json_integer_value(at("exit.status")), EXIT_CHECK);
	json_decref(root);
}
END_TEST

START_TEST(checks_say_what_they_want)
{
	const json_t *first, *second;

	root = result_json(&config, &result);
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
	result.tier = TIER_OFF;
	root = result_json(&config, &result);
	ck_assert(json_is_null(at("host.insn_per_s")));
	ck_assert(json_is_null(at("trace.events")));
	ck_assert(json_is_null(at("trace.lost")));
	ck_assert(json_is_null(at("trace.unreported")));
	ck_assert(json_is_null(at("oracle.flash_violations")));
	ck_assert(json_is_null(at("oracle.stale_uses")));
	json_decref(root);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_replaced_and_nothing_is_lost)
{
	static const struct {
		const char *bytes, *text;
	} row[] = {
		{ "plain", "plain" },
		{ "d\xC3\xA4mon", "d\xC3\xA4mon" },
		{ "t\xFF\xFEr", "t\xEF\xBF\xBD\xEF\xBF\xBDr" },
		{ "cut \xE2\x82", "cut \xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD" },		    /* overlong */
		{ "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" }, /* surrogate */
		{ "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80" },
	};

	config.trace_dir = row[_i].bytes;
	snprintf(result.reason, sizeof(result.reason), "%s", row[_i].bytes);
	result.nfindings_kept = 1;
	snprintf(result.finding[0].text, sizeof(result.finding[0].text), "%s", row[_i].bytes);
	root = result_json(&config, &result);
	ck_assert_ptr_nonnull(root);
	ck_assert_uint_eq(json_object_size(root), 16);
	ck_assert_str_eq(json_string_value(at("trace.dir")), row[_i].text);
	ck_assert_str_eq(json_string_value(at("exit.reason")), row[_i].text);
	ck_assert_str_eq(
		json_string_value(json_object_get(json_array_get(at("findings"), 0), "text")),
		row[_i].text);
	json_decref(root);
}
END_TEST

START_TEST(no_number_becomes_negative)
{
	config.seed = INT64_MAX;
	result.trace.lost = UINT64_MAX;
	root = result_json(&config, &result);
	ck_assert_int_eq(json_integer_value(at("seed")), INT64_MAX);
	ck_assert(json_number_value(at("trace.lost")) > 1e19);
	json_decref(root);
}
END_TEST

/* Memory that runs out anywhere on the way: an object that is whole, or none. */
static size_t allocations_left;

static void *scarce_malloc(size_t bytes)
{
	return allocations_left && allocations_left-- ? malloc(bytes) : NULL;
}

START_TEST(without_memory_there_is_no_object)
{
	size_t n = 0;

	config.trace_dir = "\xFF";
	result.nfindings_kept = 2;
	json_set_alloc_funcs(scarce_malloc, free);
	do {
		allocations_left = n++;
		root = result_json(&config, &result);
	} while (!root && n < 10000);
	json_set_alloc_funcs(malloc, free);
	ck_assert_ptr_nonnull(root);
	ck_assert_uint_eq(allocations_left, 0);
	ck_assert_uint_gt(n, 100);
	ck_assert_uint_eq(json_array_size(at("findings")), 2);
	ck_assert_uint_eq(json_array_size(at("checks")), 2);
	json_decref(root);
	ck_assert_int_eq(write_json(NULL, "/dev/null"), -1);
	ck_assert_int_eq(err.status, EXIT_HOST);
}
END_TEST

START_TEST(a_file_with_the_temporary_name_is_left_alone)
{
	char dir[] = P_tmpdir "/kvalab-json-XXXXXX", path[64], other[96];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/result", dir);
	snprintf(other, sizeof(other), "%s.%ld.tmp", path, (long)getpid());
	fclose(fopen(other, "w"));
	ck_assert_int_eq(write_json(result_json(&config, &result), path), -1);
	ck_assert_int_eq(err.status, EXIT_HOST);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(unlink(other), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(a_file_is_whole_or_absent)
{
	char dir[] = P_tmpdir "/kvalab-json-XXXXXX", path[64], closed[64];
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/result", dir);
	snprintf(closed, sizeof(closed), "%s/none/result", dir);
	ck_assert_int_eq(write_json(result_json(&config, &result), path), 0);
	ck_assert_int_eq(write_json(result_json(&config, &result), path), 0);
	ck_assert_int_eq(write_json(result_json(&config, &result), closed), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_int_eq(write_json(result_json(&config, &result), "/dev/full"), -1);
	ck_assert_int_eq(stat("/dev/full", &st), 0);
	ck_assert(S_ISCHR(st.st_mode));
	root = json_load_file(path, 0, NULL);
	ck_assert_str_eq(json_string_value(at("scenario")), "hello");
	json_decref(root);
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0); /* nothing else was left */
}
END_TEST

START_TEST(a_file_that_is_begun_can_be_dropped)
{
	char dir[] = P_tmpdir "/kvalab-json-XXXXXX", path[64];
	struct replacement file;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/result", dir);
	ck_assert_int_eq(json_begin(&file, path, &err), 0);
	ck_assert_int_ne(access(path, F_OK), 0);
	json_drop(&file, path);
	ck_assert_int_eq(rmdir(dir), 0);
	ck_assert_int_eq(json_begin(&file, NULL, &err), 0); /* none was asked for */
	json_drop(&file, NULL);
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
	tcase_add_loop_test(tcase, bytes_that_are_no_text_are_replaced_and_nothing_is_lost, 0, 7);
	tcase_add_test(tcase, no_number_becomes_negative);
	tcase_add_test(tcase, without_memory_there_is_no_object);
	tcase_add_test(tcase, a_file_with_the_temporary_name_is_left_alone);
	tcase_add_test(tcase, a_file_is_whole_or_absent);
	tcase_add_test(tcase, a_file_that_is_begun_can_be_dropped);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
