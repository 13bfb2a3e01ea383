/* SPDX-License-Identifier: MIT */
/* The picture of a layout: its lines are complete, and say so where a name is not. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm/cli/cli.h"
#include "vmm/layout_map.h"

static char *drawn;

static void teardown(void)
{
	free(drawn);
}

/* With one hole of 64 MiB at 256 MiB, called @name, of which 14 characters are shown. */
static void draw(const char *name)
{
	struct kvl_layout_request request = { .mem_bytes = GiB(1),
					      .page_offset = GiB(3),
					      .ncpus = 1,
					      .nholes = 1,
					      .hole = { { MiB(256), MiB(64) } } };
	struct board board = { .hole_name = { name } };
	struct kvl_layout_failure why;
	struct kvl_layout plan;
	struct layout_map map;
	size_t bytes;
	FILE *out = open_memstream(&drawn, &bytes);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(kvl_layout_plan(&request, &plan, &why), 0);
	layout_map_make(&plan, &map);
	layout_map_name_holes(&map, &plan, &request, &board);
	draw_layout(out, &map);
	ck_assert_int_eq(fclose(out), 0);
}

static const struct {
	const char *name, *shown;
} names[] = {
	{ "gpu@10000000", "|x gpu@10000000, 64 MiB xx|" },
	{ "tz@10000000 ab", "|x tz@10000000 ab, 64 MiB |" },
	{ "tz-apps@1000000", "|x tz-apps@100..., 64 MiB |" },
	{ "tz@10000000 to gpu@12000000", "|x tz@10000000..., 64 MiB |" },
};

START_TEST(a_name_that_is_cut_says_so)
{
	draw(names[_i].name);
	ck_assert_msg(strstr(drawn, names[_i].shown), "%s", drawn);
}
END_TEST

/* Where the last box of each column ends there is a line below it, with the address. */
START_TEST(both_columns_are_closed)
{
	draw("hole");
	ck_assert_msg(strstr(drawn, "\n0x100000000 +---"), "%s", drawn);
	ck_assert_msg(strstr(drawn, "|  fixmap, 2 MiB "), "%s", drawn);
	ck_assert_msg(strstr(drawn, " 0x40000000 +---"), "%s", drawn);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layout_draw");
	TCase *tcase = tcase_create("picture");

	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_loop_test(tcase, a_name_that_is_cut_says_so, 0, (int)ARRAY_LEN(names));
	tcase_add_test(tcase, both_columns_are_closed);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
