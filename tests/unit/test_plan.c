/* SPDX-License-Identifier: MIT */
/* What is said of a hole that cannot be: what is wrong with it, and what would really help. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm/plan.h"

/* Hole 0 is of --hole and grew to whole pages, hole 1 is the board's. */
static const struct board board = { .hole_name = { NULL, "mpss@8000000" },
				    .hole_grown = { true, false },
				    .mem_bytes = GiB(5) };
static struct err err;

static void refuse(u64 mem, u32 nholes, struct kvl_range first, struct kvl_range second)
{
	struct kvl_layout_request request = {
		.mem_bytes = mem,
		.page_offset = GiB(3),
		.ncpus = 1,
		.nholes = nholes,
		.hole = { first, second },
	};
	struct kvl_layout plan;

	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(layout_plan(&request, &board, &plan, &err), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
}

static void expect(const char *said, const char *not_said)
{
	ck_assert_msg(strstr(err.text, said), "%s", err.text);
	ck_assert_msg(!not_said || !strstr(err.text, not_said), "%s", err.text);
}

/* --mem where it helps, and there alone. */
static const struct {
	u64 mem;
	struct kvl_range hole;
	const char *of_option, *of_board, *not_said;
} outside[] = {
	{ GiB(1),
	  { 0, MiB(4) },
	  "begins at 2 MiB for the kernel: move it (--hole)",
	  "begins at 2 MiB for the kernel: disable its node",
	  "--mem" },
	{ GiB(1),
	  { MiB(1), KiB(4) },
	  "begins at 2 MiB for the kernel: move it (--hole)",
	  "begins at 2 MiB for the kernel: disable its node",
	  "--mem" },
	{ GiB(1),
	  { GiB(2), KiB(4) },
	  "ends at 0x40000000: it needs --mem 2050M, or move it",
	  "it needs --mem 2050M (--mem 5120M reaches as far as the board's RAM)",
	  "devices" },
	{ GiB(1),
	  { GiB(3) - MiB(2), MiB(2) },
	  "it needs --mem 3072M, or move it",
	  "it needs --mem 3072M (",
	  "devices" },
	{ GiB(1),
	  { GiB(4), MiB(2) },
	  "it needs --mem 3074M, or move it",
	  "it needs --mem 3074M (",
	  "devices" },
	{ GiB(1),
	  { GiB(6), MiB(2) },
	  "it needs --mem 5122M, or move it",
	  "it needs --mem 5122M",
	  "board's RAM" },
	{ GiB(1),
	  { GiB(3), MiB(2) },
	  "has devices (3 to 4 GiB), with any --mem: move it (--hole)",
	  "has devices (3 to 4 GiB), with any --mem: disable its node",
	  "needs" },
	{ GiB(8),
	  { GiB(4) - MiB(2), MiB(4) },
	  "has devices (3 to 4 GiB)",
	  "has devices (3 to 4 GiB)",
	  "needs" },
	{ GiB(1),
	  { GiB(65), MiB(2) },
	  "up to 0x1040000000, and no --mem farther: move it",
	  "up to 0x1040000000, and no --mem farther: disable its node",
	  "needs" },
	{ GiB(1),
	  { UINT64_MAX, UINT64_MAX },
	  "reaches beyond all addresses: move it (--hole)",
	  "reaches beyond all addresses: disable its node",
	  "whole 4 KiB" },
};

START_TEST(a_hole_outside_ram)
{
	static const struct kvl_range in_ram = { GiB(1) - MiB(2), MiB(2) };

	refuse(outside[_i].mem, 2, outside[_i].hole, in_ram);
	expect(outside[_i].of_option, outside[_i].not_said);
	refuse(outside[_i].mem, 2, in_ram, outside[_i].hole);
	expect(outside[_i].of_board, outside[_i].not_said);
	expect("(mpss@8000000)", NULL);
}
END_TEST

/* With the --mem that a refusal asks for the hole can be. */
START_TEST(as_much_as_is_needed)
{
	struct kvl_layout_request request = { .mem_bytes = GiB(1),
					      .page_offset = GiB(1),
					      .ncpus = 1,
					      .nholes = 1,
					      .hole = { outside[_i].hole } };
	struct kvl_layout plan;
	unsigned long long mib;
	const char *needs;

	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(layout_plan(&request, NULL, &plan, &err), -1);
	needs = strstr(err.text, "needs --mem ");
	ck_assert_ptr_nonnull(needs);
	ck_assert_int_eq(sscanf(needs, "needs --mem %lluM", &mib), 1);
	request.mem_bytes = MiB(mib) - LARGE_BYTES;
	ck_assert_int_eq(layout_plan(&request, NULL, &plan, &err), -1);
	request.mem_bytes = MiB(mib);
	ck_assert_msg(layout_plan(&request, NULL, &plan, &err) == 0, "%s", err.text);
}
END_TEST

START_TEST(a_hole_that_nobody_typed_is_told)
{
	static const struct kvl_range page = { MiB(64), KiB(4) };

	refuse(GiB(1), 2, page, page);
	expect("holes 0x4000000:0x1000 (in whole pages) and 0x4000000:0x1000 (mpss@8000000) overlap",
	       NULL);
}
END_TEST

START_TEST(a_hole_that_is_none)
{
	static const struct kvl_range nothing = { MiB(64), 0 }, piece = { MiB(64), 100 };

	refuse(GiB(1), 1, nothing, nothing);
	expect("is empty: change it (--hole)", "whole 4 KiB pages");
	refuse(GiB(1), 1, piece, piece);
	expect("is not made of whole 4 KiB pages: change it (--hole)", "empty");
}
END_TEST

START_TEST(sizes_that_are_near_the_last_number)
{
	struct kvl_layout_request request = { .mem_bytes = UINT64_MAX,
					      .page_offset = GiB(3),
					      .ncpus = 1 };
	struct kvl_layout plan;

	ck_assert_int_eq(layout_plan(&request, NULL, &plan, &err), -1);
	expect("17592186044416 MiB of RAM are too many", NULL);
}
END_TEST

START_TEST(a_segment_of_half_a_page)
{
	struct kvl_layout_request request = {
		.mem_bytes = GiB(1), .page_offset = GiB(3), .segment_bytes = 6144, .ncpus = 1
	};
	struct kvl_layout plan;

	ck_assert_int_eq(layout_plan(&request, NULL, &plan, &err), -1);
	expect("a segment of 6144 bytes is not possible: give --segment a multiple of 4 KiB, 1024M "
	       "at most",
	       NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");
	TCase *tcase = tcase_create("refusals");

	tcase_add_loop_test(tcase, a_hole_outside_ram, 0, (int)ARRAY_LEN(outside));
	tcase_add_loop_test(tcase, as_much_as_is_needed, 2, 6);
	tcase_add_test(tcase, a_hole_that_nobody_typed_is_told);
	tcase_add_test(tcase, a_hole_that_is_none);
	tcase_add_test(tcase, sizes_that_are_near_the_last_number);
	tcase_add_test(tcase, a_segment_of_half_a_page);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
