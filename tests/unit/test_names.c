/* SPDX-License-Identifier: MIT */
/* Where the arena is: what --arena says, and what an arm says whose scenario places it. Who gets a
 * segment. */
#include <check.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm/cli/names.h"
#include "vmm/cli/options.h"

static const struct catalog_arm layouts[] = { { .name = "classic" } };
static const struct catalog_arm ways[] = { { .name = "low" },
					   { .name = "high", .arena_highmem = true } };
static const struct catalog_scenario scenarios[] = {
	{ .name = "layout", .narms = 1, .arms = layouts, .arms_are_layouts = true },
	{ .name = "ways", .narms = 2, .arms = ways, .arms_place_arena = true },
	{ .name = "other", .narms = 2, .arms = ways },
	{ .name = "reader", .needs_segment = true },
};
static const struct catalog catalog = { ARRAY_LEN(scenarios), scenarios };
static struct options options;
static struct err err;

static void setup(void)
{
	options_init(&options);
	memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
	options_free(&options);
}

/* @arena: what --arena is given; NULL: the option is not there. */
static int check_as(const char *scenario, const char *arm, const char *arena)
{
	const char *argv[] = { "--arena", arena };

	ck_assert_int_eq(options_parse(&options, FOR_RUN, arena ? 2 : 0, argv, &err), 0);
	options.run.scenario = scenario;
	options.run.arm = arm;
	return names_check(&catalog, &options.run, "--arm", &err);
}

static const struct {
	const char *scenario, *arm, *arena;
	bool highmem;
	u64 bytes; /* 0: the default */
} right[] = {
	{ "ways", "low", NULL, false, 0 },
	{ "ways", "high", NULL, true, 0 },
	{ "ways", "high", "64M", true, MiB(64) },
	{ "ways", "low", "64M", false, MiB(64) },
	{ "ways", "high", "highmem", true, 0 },
	{ "ways", "low", "lowmem,16M", false, MiB(16) },
	{ "other", "high", NULL, false, 0 },
	{ "other", "low", "highmem", true, 0 },
	{ "other", "high", "lowmem", false, 0 },
	{ "other", "high", "0x1000000", false, MiB(16) },
	{ "other", "low", "highmem,160M", true, MiB(160) },
};

START_TEST(the_arena_is_where_it_was_asked_for)
{
	ck_assert_int_eq(check_as(right[_i].scenario, right[_i].arm, right[_i].arena), 0);
	ck_assert(options.run.layout.arena_highmem == right[_i].highmem);
	ck_assert_uint_eq(options.run.layout.arena_bytes, right[_i].bytes);
}
END_TEST

static const struct {
	const char *arm, *arena, *text;
} wrong[] = {
	{ "low", "highmem", "arm low of ways has page tables in lowmem: leave the zone out" },
	{ "low", "highmem,64M", "arm low of ways has page tables in lowmem" },
	{ "high", "lowmem", "--arena: arm high of ways has page tables in highmem" },
	{ "high", "lowmem,64M", "arm high of ways has page tables in highmem" },
};

START_TEST(another_zone_than_the_arms_is_refused)
{
	ck_assert_int_eq(check_as("ways", wrong[_i].arm, wrong[_i].arena), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_msg(strstr(err.text, wrong[_i].text), "\"%s\"", err.text);
}
END_TEST

static u64 segment_of(const char *scenario, const char *segment)
{
	const char *argv[] = { "--segment", segment };

	options_init(&options);
	ck_assert_int_eq(options_parse(&options, FOR_RUN, segment ? 2 : 0, argv, &err), 0);
	options.run.scenario = scenario;
	options.run.arm = strcmp(scenario, "reader") ? "low" : NULL;
	ck_assert_int_eq(names_check(&catalog, &options.run, "--arm", &err), 0);
	ck_assert_ptr_null(options.run.segment.file);
	ck_assert_uint_eq(options.run.segment.bytes, options.run.layout.segment_bytes);
	return options.run.layout.segment_bytes;
}

START_TEST(who_needs_a_segment_has_one)
{
	ck_assert_uint_eq(segment_of("reader", NULL), MiB(1));
	ck_assert_uint_eq(segment_of("reader", "size=64K"), KiB(64));
	options_free(&options);
	ck_assert_uint_eq(segment_of("other", NULL), 0);
	ck_assert_uint_eq(segment_of("other", "size=64K"), KiB(64));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("names");
	TCase *tcase = tcase_create("names");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, the_arena_is_where_it_was_asked_for, 0, ARRAY_LEN(right));
	tcase_add_loop_test(tcase, another_zone_than_the_arms_is_refused, 0, ARRAY_LEN(wrong));
	tcase_add_test(tcase, who_needs_a_segment_has_one);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
