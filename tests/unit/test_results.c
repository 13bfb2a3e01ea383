/* SPDX-License-Identifier: MIT */
/* The guest's results: garbage is named, and what is worst about a run decides its status. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm_rig.h"
#include "vmm/judge.h"
#include "vmm/plan.h"
#include "vmm/results.h"

static u8 *shared;
static struct run_result *result;
static struct err err;

static void setup(void)
{
	shared = aligned_alloc(4096, KVL_RINGS_OFFSET);
	result = calloc(1, sizeof(*result));
	ck_assert(shared && result);
	memset(shared, 0, KVL_RINGS_OFFSET);
}

static void teardown(void)
{
	free(shared);
	free(result);
}

static struct kvl_result *record(u32 index)
{
	return (struct kvl_result *)(void *)(shared + KVL_RESULTS_OFFSET) + index;
}

static void claim(u32 n)
{
	((struct kvl_shared *)(void *)shared)->nresults = n;
}

static void put(u32 index, u32 kind, const char *name, s64 low, s64 high, s64 got)
{
	struct kvl_result *r = record(index);

	r->kind = kind;
	strncpy(r->name, name, sizeof(r->name) - 1);
	r->low = low;
	r->high = high;
	r->got = got;
	claim(index + 1);
}

static void garbage(const char *text)
{
	ck_assert_int_eq(results_read(shared, result, &err), -1);
	ck_assert_int_eq(err.status, EXIT_VMM);
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
}

START_TEST(each_kind_goes_to_its_list)
{
	put(0, KVL_RESULT_COUNT, "faults", 0, 0, 7);
	put(1, KVL_RESULT_METRIC, "mount_ticks", 0, 0, -8);
	put(2, KVL_RESULT_CHECK, "exact", 5, 5, 5);
	put(3, KVL_RESULT_CHECK, "range", -1, 1, 2);
	ck_assert_int_eq(results_read(shared, result, &err), 0);
	ck_assert_uint_eq(result->ncounts, 1);
	ck_assert_str_eq(result->count[0].name, "faults");
	ck_assert_int_eq(result->count[0].value, 7);
	ck_assert_int_eq(result->metric[0].value, -8);
	ck_assert(result->check[0].ok);
	ck_assert(!result->check[1].ok);
}
END_TEST

START_TEST(too_many_records)
{
	claim(KVL_MAX_RESULTS + 1);
	garbage("claims 513 result records");
	claim(UINT32_MAX);
	garbage("claims 4294967295");
}
END_TEST

START_TEST(more_of_a_kind_than_there_is_room_for)
{
	for (u32 i = 0; i < KVL_MAX_RESULTS; i++)
		put(i, (u32)_i, "x", 0, 0, 0);
	garbage("more ");
}
END_TEST

START_TEST(garbage_is_named)
{
	put(0, KVL_RESULT_COUNT, "good", 0, 0, 0);
	put(1, 9, "kind", 0, 0, 0);
	garbage("record 1 is garbage: its kind is unknown");
	put(1, KVL_RESULT_COUNT, "", 0, 0, 0);
	record(1)->name[0] = '\0';
	garbage("record 1 is garbage: its name");
	put(1, KVL_RESULT_COUNT, "bell\a", 0, 0, 0);
	garbage("record 1 is garbage: its name");
	memset(record(1)->name, 'n', sizeof(record(1)->name));
	garbage("record 1 is garbage: its name");
}
END_TEST

START_TEST(any_bytes_are_harmless)
{
	srand((unsigned int)_i);
	for (size_t i = 0; i < KVL_RINGS_OFFSET; i++)
		shared[i] = (u8)rand();
	claim((u32)rand() % (KVL_MAX_RESULTS + 2));
	for (u32 i = 0; i < KVL_MAX_RESULTS; i++)
		record(i)->kind = 1 + (u32)rand() % 4;
	results_read(shared, result, &err);
	judge_checks(result);
}
END_TEST

/* --- judgement --- */
START_TEST(the_gravest_counts_and_among_equals_the_first)
{
	static const enum exit_status order[] = { EXIT_OK,    EXIT_CHECK, EXIT_USAGE, EXIT_TIMEOUT,
						  EXIT_GUEST, EXIT_HOST,  EXIT_VMM };

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		judge_offer(result, order[i], "first");
		ck_assert_int_eq(result->status, order[i]);
		for (size_t j = 0; j <= i; j++)
			judge_offer(result, order[j], "later");
		ck_assert_int_eq(result->status, order[i]);
		ck_assert_str_eq(result->reason, "first");
	}
}
END_TEST

START_TEST(a_failed_check_says_what_was_wanted)
{
	put(0, KVL_RESULT_CHECK, "ipis", 6, 6, 5);
	put(1, KVL_RESULT_CHECK, "waits", 1, 3, 9);
	ck_assert_int_eq(results_read(shared, result, &err), 0);
	judge_checks(result);
	ck_assert_int_eq(result->status, EXIT_CHECK);
	ck_assert_str_eq(result->reason, "check ipis: got 5, want 6");
	result->check[0].ok = true;
	result->reason[0] = '\0';
	judge_checks(result);
	ck_assert_str_eq(result->reason, "check waits: got 9, want 1 to 3");
}
END_TEST

START_TEST(no_check_at_all_is_no_success)
{
	put(0, KVL_RESULT_COUNT, "faults", 0, 0, 7);
	ck_assert_int_eq(results_read(shared, result, &err), 0);
	judge_checks(result);
	ck_assert_int_eq(result->status, EXIT_CHECK);
	ck_assert_msg(strstr(result->reason, "no check was made"), "%s", result->reason);
}
END_TEST

START_TEST(a_run_that_ended_early_is_not_blamed_for_its_missing_checks)
{
	judge_offer(result, EXIT_CHECK, "");
	judge_checks(result);
	ck_assert_str_eq(result->reason, "");
}
END_TEST

START_TEST(findings)
{
	static const struct {
		enum finding_kind kind;
		enum exit_status want;
	} row[] = {
		{ FINDING_UNREPORTED, EXIT_VMM },      { FINDING_OLD_VALUE, EXIT_VMM },
		{ FINDING_UNKNOWN_TABLE, EXIT_VMM },   { FINDING_BAD_RECORD, EXIT_VMM },
		{ FINDING_CHIP_COMMAND, EXIT_CHECK },  { FINDING_CHIP_MAPPED, EXIT_CHECK },
		{ FINDING_FOREIGN_TABLE, EXIT_CHECK }, { FINDING_DIRECT_MAP, EXIT_CHECK },
		{ FINDING_OPEN_WAIT, EXIT_CHECK },
	};

	result->nfindings_kept = 1;
	result->finding[0] = (struct finding){ .kind = row[_i].kind, .text = "what was found" };
	judge_findings(result, false);
	ck_assert_int_eq(result->status, row[_i].want);
	ck_assert_str_eq(result->reason, "what was found");
}
END_TEST

START_TEST(lost_events_are_wrong_unless_they_may_be_lost)
{
	result->trace.lost = 3;
	judge_findings(result, true);
	ck_assert_int_eq(result->status, EXIT_OK);
	judge_findings(result, false);
	ck_assert_int_eq(result->status, EXIT_VMM);
	ck_assert_str_eq(result->reason, "3 events are lost");
}
END_TEST

/* --- layouts that cannot be --- */
START_TEST(each_layout_failure_has_words)
{
	static const struct {
		struct kvl_layout_request request;
		const char *text;
	} row[] = {
		{ { .mem_bytes = MiB(2) }, "2 MiB of RAM are too few: give --mem at least 64M" },
		{ { .mem_bytes = GiB(1024) }, "too many: give --mem at most 65536M" },
		{ { .mem_bytes = MiB(65) }, "not a multiple of 2 MiB: change --mem" },
		{ { .page_offset = GiB(4) },
		  "the split must be 1G, 2G or 3G, not 0x100000000: change --split" },
		{ { .vmalloc_bytes = MiB(3) },
		  "the vmalloc size 0x300000 is not a multiple of 2 MiB: change --vmalloc" },
		{ { .kva_bytes = MiB(3) },
		  "the kva size 0x300000 is not a multiple of 2 MiB: change --kva" },
		{ { .vmalloc_upper_bytes = MiB(3) }, "multiple of 2 MiB: change --vmalloc-upper" },
		{ { .vmalloc_upper_bytes = MiB(200) },
		  "the 112 MiB in all: make --vmalloc-upper smaller, or --vmalloc larger" },
		{ { .soft_entries = 5 },
		  "a soft TLB of 5 entries is not possible: give --tlb soft,entries=8 to 1024" },
		{ { .vmalloc_bytes = GiB(1) },
		  "146 MiB too small for lowmem's core, vmalloc and kva: make --vmalloc" },
		{ { .arena_highmem = true }, "give more --mem, or --arena lowmem" },
		{ { .ncpus = 17 }, "17 CPUs are not possible: give --cpus 1 to 16" },
		{ { .nholes = 17 }, "17 holes are too many: give --hole at most 16 times" },
		{ { .nholes = 1, .hole = { { MiB(64), 5 } } },
		  "is not made of whole 4 KiB pages: change it (--hole)" },
		{ { .nholes = 1, .hole = { { GiB(2), MiB(2) } } },
		  "ends at 0x10000000: it needs --mem 2050M, or move it (--hole)" },
		{ { .nholes = 1, .hole = { { MiB(16), MiB(2) } } },
		  "kernel's core, which ends at 0x2200000: move it (--hole)" },
		{ { .nholes = 2, .hole = { { MiB(64), MiB(2) }, { MiB(65), MiB(2) } } },
		  "0x4100000:0x200000 overlap: make one of them, or move one (--hole)" },
	};
	struct kvl_layout_request request = row[_i].request;
	struct kvl_layout layout;

	request.mem_bytes = request.mem_bytes ? request.mem_bytes : MiB(256);
	request.page_offset = request.page_offset ? request.page_offset : GiB(3);
	request.ncpus = request.ncpus ? request.ncpus : 1;
	ck_assert_int_eq(layout_plan(&request, NULL, &layout, &err), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_msg(strstr(err.text, row[_i].text), "%s", err.text);
}
END_TEST

START_TEST(a_refused_hole_has_a_name)
{
	static const struct {
		struct kvl_range hole[2];
		u64 board_mem;
		const char *text;
	} row[] = {
		{ { { MiB(16), MiB(2) }, { MiB(64), MiB(2) } },
		  0,
		  "hole 0x1000000:0x200000 (a@1) lies in the kernel's core" },
		{ { { MiB(64), MiB(4) }, { MiB(64), MiB(2) } },
		  0,
		  "holes 0x4000000:0x400000 (a@1) and 0x4000000:0x200000 overlap" },
		{ { { MiB(320), MiB(2) }, { MiB(64), MiB(2) } },
		  MiB(512),
		  "hole 0x14000000:0x200000 (a@1) does not lie in RAM" },
		{ { { MiB(320), MiB(2) }, { MiB(64), MiB(2) } },
		  MiB(256),
		  "hole 0x14000000:0x200000 (a@1) does not lie in RAM" },
	};
	struct board board = { .hole_name = { "a@1" }, .mem_bytes = row[_i].board_mem };
	struct kvl_layout_request request = {
		.mem_bytes = MiB(256), .page_offset = GiB(3), .ncpus = 1, .nholes = 2
	};
	struct kvl_layout layout;

	memcpy(request.hole, row[_i].hole, sizeof(row[_i].hole));
	ck_assert_int_eq(layout_plan(&request, &board, &layout, &err), -1);
	ck_assert_msg(strstr(err.text, row[_i].text), "%s", err.text);
	ck_assert_msg(!strstr(err.text, "--mem 512M reaches as far as the board's RAM") ==
			      (row[_i].board_mem != MiB(512)),
		      "%s", err.text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("results");
	TCase *tcase = tcase_create("results");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, each_kind_goes_to_its_list);
	tcase_add_test(tcase, too_many_records);
	tcase_add_loop_test(tcase, more_of_a_kind_than_there_is_room_for, 1, 4);
	tcase_add_test(tcase, garbage_is_named);
	tcase_add_loop_test(tcase, any_bytes_are_harmless, 0, 50);
	tcase_add_test(tcase, the_gravest_counts_and_among_equals_the_first);
	tcase_add_test(tcase, a_failed_check_says_what_was_wanted);
	tcase_add_test(tcase, no_check_at_all_is_no_success);
	tcase_add_test(tcase, a_run_that_ended_early_is_not_blamed_for_its_missing_checks);
	tcase_add_loop_test(tcase, findings, 0, 9);
	tcase_add_test(tcase, lost_events_are_wrong_unless_they_may_be_lost);
	tcase_add_loop_test(tcase, each_layout_failure_has_words, 0, 17);
	tcase_add_loop_test(tcase, a_refused_hole_has_a_name, 0, 4);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
