/* SPDX-License-Identifier: MIT */
/* The maps beside refusals: who is on them, in which order, and who is marked. */
#include <check.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm/layout_conflict.h"

static struct layout_conflict conflict;

static struct kvl_layout_request request_of(u64 mem)
{
	return (struct kvl_layout_request){ .mem_bytes = mem, .page_offset = GiB(3), .ncpus = 1 };
}

static void refuse(const struct kvl_layout_request *request, enum kvl_layout_error error)
{
	struct kvl_layout_failure why;
	struct kvl_layout plan;

	ck_assert_int_eq(kvl_layout_plan(request, &plan, &why), -1);
	ck_assert_int_eq(why.error, error);
	ck_assert(layout_conflict_make(request, NULL, &why, &conflict));
}

/* Those that are marked, and no others, begin with these words, in this order. */
static void expect_marked(const char *first, const char *second)
{
	const char *want[] = { first, second };
	u32 n = 0;

	for (u32 i = 0; i < conflict.nclaims; i++) {
		if (!conflict.claim[i].conflict)
			continue;
		ck_assert_uint_lt(n, 2);
		ck_assert_ptr_nonnull(want[n]);
		ck_assert_msg(!strncmp(conflict.claim[i].what, want[n], strlen(want[n])),
			      "\"%s\", not \"%s\"", conflict.claim[i].what, want[n]);
		n++;
	}
	ck_assert_uint_eq(n, second ? 2 : 1);
}

static void expect_ascending(void)
{
	for (u32 i = 1; i < conflict.nclaims; i++)
		ck_assert_uint_le(conflict.claim[i - 1].range.start, conflict.claim[i].range.start);
}

START_TEST(two_for_one_place)
{
	static const struct {
		u64 mem;
		bool highmem;
		struct kvl_range hole[2];
		enum kvl_layout_error error;
		const char *first, *second;
	} row[] = {
		{ GiB(1),
		  false,
		  { { MiB(256), MiB(16) }, { MiB(264), MiB(16) } },
		  KVL_LAYOUT_HOLE_OVERLAP,
		  "hole",
		  "hole" },
		{ GiB(1),
		  false,
		  { { MiB(64), MiB(2) }, { MiB(17), MiB(2) } },
		  KVL_LAYOUT_HOLE_CORE,
		  "core",
		  "hole" },
		{ GiB(1),
		  true,
		  { { MiB(64), MiB(2) }, { MiB(1020), MiB(2) } },
		  KVL_LAYOUT_HOLE_CORE,
		  "page tables",
		  "hole" },
		{ GiB(1),
		  false,
		  { { MiB(64), MiB(2) }, { MiB(1023), MiB(2) } },
		  KVL_LAYOUT_HOLE_OUTSIDE,
		  "hole",
		  "RAM ends" },
		{ GiB(1),
		  false,
		  { { MiB(64), MiB(2) }, { 0, MiB(2) } },
		  KVL_LAYOUT_HOLE_OUTSIDE,
		  "low memory",
		  "hole" },
		{ GiB(4),
		  false,
		  { { MiB(64), MiB(2) }, { MiB(3071), MiB(2) } },
		  KVL_LAYOUT_HOLE_OUTSIDE,
		  "hole",
		  "devices" },
		{ GiB(1),
		  false,
		  { { MiB(64), MiB(2) }, { MiB(512), ~(u64)PAGE_BYTES + 1 } },
		  KVL_LAYOUT_HOLE_OUTSIDE,
		  "hole",
		  "RAM ends" },
		{ GiB(1), /* no RAM, however much there is */
		  false,
		  { { MiB(64), MiB(2) }, { MiB(3584), MiB(2) } },
		  KVL_LAYOUT_HOLE_OUTSIDE,
		  "devices",
		  "hole" },
		{ GiB(1),
		  false,
		  { { MiB(64), MiB(2) }, { MiB(512), 5 } },
		  KVL_LAYOUT_HOLE_ALIGN,
		  "hole",
		  NULL },
	};
	struct kvl_layout_request request = request_of(row[_i].mem);

	request.arena_highmem = row[_i].highmem;
	request.nholes = 2;
	memcpy(request.hole, row[_i].hole, sizeof(row[_i].hole));
	refuse(&request, row[_i].error);
	ck_assert(!conflict.in_kernel);
	expect_marked(row[_i].first, row[_i].second);
	expect_ascending();
}
END_TEST

START_TEST(a_hole_of_a_board_has_its_name)
{
	static const struct board board = { .hole_name = { NULL, "mpss@4100000" } };
	static const struct kvl_layout_failure why = { .error = KVL_LAYOUT_HOLE_OVERLAP,
						       .other = 1 };
	struct kvl_layout_request request = request_of(GiB(1));

	request.nholes = 2;
	request.hole[0] = (struct kvl_range){ MiB(64), MiB(2) };
	request.hole[1] = (struct kvl_range){ MiB(65), MiB(2) };
	ck_assert(layout_conflict_make(&request, &board, &why, &conflict));
	expect_marked("hole", "mpss@4100000");
}
END_TEST

START_TEST(all_holes_are_there)
{
	struct kvl_layout_request request = request_of(GiB(8));

	request.arena_highmem = true;
	request.nholes = KVL_MAX_HOLES;
	for (u32 i = 0; i < KVL_MAX_HOLES; i++)
		request.hole[i] = (struct kvl_range){ MiB(1024 - 16 * i), MiB(4) };
	request.hole[KVL_MAX_HOLES - 1].start = MiB(1026);
	refuse(&request, KVL_LAYOUT_HOLE_OVERLAP);
	expect_marked("hole", "hole");
	for (u32 i = 0; i < conflict.nclaims; i++)
		if (conflict.claim[i].conflict)
			ck_assert(conflict.claim[i].range.start == MiB(1024) ||
				  conflict.claim[i].range.start == MiB(1026));
	expect_ascending();
	ck_assert_uint_eq(conflict.nclaims, KVL_MAX_HOLES + 5);
}
END_TEST

/* The sum is what the planner says that it is too much by. */
START_TEST(too_little_kernel_space)
{
	struct kvl_layout_request request = request_of(GiB(1));
	struct kvl_layout_failure why;
	struct kvl_layout plan;
	u64 sum = 0;

	request.arena_highmem = _i;
	request.kva_bytes = MiB(900);
	refuse(&request, KVL_LAYOUT_NO_ROOM);
	ck_assert(conflict.in_kernel);
	for (u32 i = 0; i < conflict.nclaims; i++)
		sum += conflict.claim[i].range.bytes;
	ck_assert_uint_eq(sum, conflict.wanted);
	ck_assert_uint_eq(conflict.there_is, GiB(1));
	ck_assert_int_eq(kvl_layout_plan(&request, &plan, &why), -1);
	ck_assert_uint_eq(conflict.wanted - conflict.there_is, why.value);
}
END_TEST

/* Map and reason have the same numbers, however large they are. */
START_TEST(much_more_than_there_can_be)
{
	static const u64 bytes[][2] = { { 0, GiB(2048) },
					{ 1ull << 63, 1ull << 63 },
					{ 0 - GiB(2), 0 },
					{ 0 - LARGE_BYTES, 0 - LARGE_BYTES } };
	struct kvl_layout_request request = request_of(GiB(1));
	struct kvl_layout_failure why;
	struct kvl_layout plan;

	request.vmalloc_bytes = bytes[_i][0];
	request.kva_bytes = bytes[_i][1];
	refuse(&request, KVL_LAYOUT_NO_ROOM);
	ck_assert_int_eq(kvl_layout_plan(&request, &plan, &why), -1);
	ck_assert_uint_eq(conflict.wanted - conflict.there_is, why.value);
	for (u32 i = 0; i < conflict.nclaims; i++)
		ck_assert_uint_ge(conflict.wanted, conflict.claim[i].range.bytes);
}
END_TEST

/* What moves a claim is an option, and nothing but one; what else there is to say stands beside
 * it. */
START_TEST(options_are_options)
{
	struct kvl_layout_request request = request_of(GiB(1));
	u32 notes = 0;

	request.kva_bytes = MiB(900);
	refuse(&request, KVL_LAYOUT_NO_ROOM);
	for (u32 i = 0; i < conflict.nclaims; i++) {
		const struct layout_claim *claim = &conflict.claim[i];

		ck_assert(!claim->option[0] || !strncmp(claim->option, "--", 2));
		ck_assert_ptr_null(strchr(claim->option, ' '));
		notes += claim->note[0] != '\0';
	}
	ck_assert_uint_eq(notes, 1);
}
END_TEST

/* What is part of vmalloc is not summed up twice. */
START_TEST(more_behind_lowmem_than_in_all)
{
	struct kvl_layout_request request = request_of(GiB(1));
	u64 sum = 0;

	request.vmalloc_bytes = MiB(64);
	request.vmalloc_upper_bytes = MiB(66);
	refuse(&request, KVL_LAYOUT_UPPER);
	expect_marked("vmalloc", "behind lowmem");
	for (u32 i = 0; i < conflict.nclaims; i++)
		sum += conflict.claim[i].inner ? 0 : conflict.claim[i].range.bytes;
	ck_assert_uint_eq(sum, conflict.wanted);
}
END_TEST

START_TEST(no_highmem_for_the_arena)
{
	struct kvl_layout_request request = request_of(MiB(512));

	request.arena_highmem = true;
	refuse(&request, KVL_LAYOUT_NO_HIGHMEM);
	expect_marked("lowmem", "page tables");
	expect_ascending();
}
END_TEST

/* Of RAM that could not hold it, either, all is wanted. */
START_TEST(too_little_highmem_for_the_arena)
{
	struct kvl_layout_request request = request_of(_i ? MiB(64) : GiB(1));

	request.arena_highmem = true;
	request.arena_bytes = MiB(256);
	refuse(&request, KVL_LAYOUT_NO_HIGHMEM);
	if (_i)
		expect_marked("page tables", "lowmem");
	else
		expect_marked("lowmem", "page tables");
	expect_ascending();
}
END_TEST

/* What is carved from user space is on no map of kernel space. */
START_TEST(a_per_task_space_of_the_users_side)
{
	struct kvl_layout_request request = request_of(GiB(1));

	request.ukva_in_user = true;
	request.kva_bytes = MiB(900);
	refuse(&request, KVL_LAYOUT_NO_ROOM);
	ck_assert_uint_eq(conflict.nclaims, KVL_REGIONS - 1);
	for (u32 i = 0; i < conflict.nclaims; i++)
		ck_assert_str_ne(conflict.claim[i].what, kvl_region_name(KVL_REGION_UKVA));
}
END_TEST

START_TEST(a_size_that_is_none_has_no_map)
{
	static const struct kvl_layout_failure why = { .error = KVL_LAYOUT_MEM_ALIGN };
	struct kvl_layout_request request = request_of(MiB(65));

	ck_assert(!layout_conflict_make(&request, NULL, &why, &conflict));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layout_conflict");
	TCase *tcase = tcase_create("conflicts");

	tcase_add_loop_test(tcase, two_for_one_place, 0, 9);
	tcase_add_test(tcase, a_hole_of_a_board_has_its_name);
	tcase_add_test(tcase, all_holes_are_there);
	tcase_add_loop_test(tcase, too_little_kernel_space, 0, 2);
	tcase_add_loop_test(tcase, much_more_than_there_can_be, 0, 4);
	tcase_add_test(tcase, options_are_options);
	tcase_add_test(tcase, more_behind_lowmem_than_in_all);
	tcase_add_test(tcase, no_highmem_for_the_arena);
	tcase_add_loop_test(tcase, too_little_highmem_for_the_arena, 0, 2);
	tcase_add_test(tcase, a_per_task_space_of_the_users_side);
	tcase_add_test(tcase, a_size_that_is_none_has_no_map);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
