/* SPDX-License-Identifier: MIT */
/* Soft TLBs in memory against what their fills and evictions say: private tables made by hand. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/model_rig.h"
#include "tests/unit/suite.h"

#define PRIVATE 0x800000ull
#define LARGE_VA (ALIGN_DOWN(KERNEL_VA, LARGE_BYTES) + LARGE_BYTES)
#define DIRECT_VA 0xc0000000ull

enum { ROOT, UPPER, DIRECTORY, LEAVES, TABLES };

static u64 table[TABLES][PTE_ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static struct gmem mem;
static const struct kvl_layout layout; /* no arena, no lowmem: only the soft TLB is looked at */
static struct audit_config config;
static struct audit_cpu running;

static u64 table_at(u32 n)
{
	return PRIVATE + n * PAGE_BYTES;
}

static void setup_with(bool pcid)
{
	model_setup(&(struct model_config){
		.soft_entries = 4,
		.pcid = pcid,
		.layout = { .ndynamic = 3,
			    .dynamic = { { 0, GiB(3) },
					 { 0xd0000000, LARGE_BYTES },
					 { 0xf0000000, 0x0f000000 } } },
	});
	hang_tables();
	memset(table, 0, sizeof(table));
	memset(&mem, 0, sizeof(mem));
	ck_assert(gmem_add(&mem, gpa(PRIVATE), sizeof(table), table));
	table[ROOT][0] = table_at(UPPER) | RW;
	table[UPPER][3] = table_at(DIRECTORY) | RW;
	table[DIRECTORY][pte_index(KERNEL_VA, 2)] = table_at(LEAVES) | RW;
	table[DIRECTORY][pte_index(DIRECT_VA, 2)] = LARGE_A; /* mirrored, not soft: not looked at */
	running = (struct audit_cpu){
		.cpu = 1, .root = table_at(ROOT), .soft_root = table_at(ROOT), .at_rest = true
	};
	config = (struct audit_config){
		.mem = &mem, .layout = &layout, .running = &running, .nrunning = 1
	};
	set_at(MAP, KERNEL_VA, KERNEL_TABLE, 1, 0, A);
	set_at(MAP, LARGE_VA, LARGE_TABLE, 2, 0, LARGE_A);
}

static void setup(void)
{
	setup_with(false);
}

static void setup_tags(void)
{
	setup_with(true);
}

static void fill(u64 va, u64 entry, u16 level)
{
	record(1, KVL_EV_TLB_FILL, 0, level, 0, va, entry, 0, 0, 0);
}

static void store(void)
{
	table[LEAVES][pte_index(KERNEL_VA, 1)] = A;
	table[DIRECTORY][pte_index(LARGE_VA, 2)] = LARGE_A;
}

/*
 * Findings of the audit as a whole; those of the model's own tables, which are not in memory,
 * aside.
 */
static u32 unreported(const char *part)
{
	u32 n = 0;

	model_audit(model, &config);
	for (u32 i = 0; i < model_findings(model) && model_finding(model, i); i++)
		n += strstr(model_finding(model, i)->text, part) != NULL;
	return n;
}

START_TEST(as_reported)
{
	fill(KERNEL_VA, A, 1);
	fill(LARGE_VA, LARGE_A, 2);
	store();
	ck_assert_uint_eq(unreported("soft TLB"), 0);
}
END_TEST

START_TEST(nothing_in_it)
{
	ck_assert_uint_eq(unreported("soft TLB"), 0);
}
END_TEST

START_TEST(not_reported)
{
	fill(KERNEL_VA, A, 1);
	store();
	ck_assert_uint_eq(unreported(
				  "CPU 1: its soft TLB holds 1 entries that no fill has reported, "
				  "the first for va 0xf0200000, level 2: 0x4000e3"),
			  1);
}
END_TEST

START_TEST(another_value)
{
	fill(KERNEL_VA, A, 1);
	table[LEAVES][pte_index(KERNEL_VA, 1)] = A + PAGE_BYTES;
	ck_assert_uint_eq(unreported("CPU 1: its soft TLB"), 2);
}
END_TEST

START_TEST(gone_without_a_report)
{
	fill(KERNEL_VA, A, 1);
	ck_assert_uint_eq(unreported("lacks 1 of 1 entries that were filled and not evicted"), 1);
}
END_TEST

/* A CPU that was stopped anywhere may have done one thing that it has not reported, not two. */
START_TEST(stopped_in_between)
{
	running.at_rest = false;
	table[LEAVES][pte_index(KERNEL_VA, 1)] = A;
	ck_assert_uint_eq(unreported("soft TLB"), 0);
	table[LEAVES][pte_index(KERNEL_VA, 1) + 1] = A;
	ck_assert_uint_eq(unreported("holds 2 entries"), 1);
}
END_TEST

/* Tables that lie where there is no memory hold nothing. */
START_TEST(tables_outside_memory)
{
	fill(KERNEL_VA, A, 1);
	table[UPPER][0] = 0x123456789000ull | RW;
	table[DIRECTORY][pte_index(KERNEL_VA, 2)] = 0xfffffffff000ull | RW;
	ck_assert_uint_eq(unreported("lacks 1 of 1"), 1);
}
END_TEST

/*
 * What is held under another tag is not in the tables; but a CPU that was stopped may stand where
 * tags change, and nothing else is excused by that.
 */
START_TEST(of_a_tag_that_is_not_loaded)
{
	fill(KERNEL_VA, A, 1);
	fill(LARGE_VA, LARGE_A, 2);
	record(1, KVL_EV_ROOT_LOAD, 0, 1, 0, 1, 0x21000, 0, 0, 0);
	if (_i == 0) {
		ck_assert_uint_eq(unreported("soft TLB"), 0);
		return;
	}
	store();
	running.at_rest = _i == 2;
	if (_i == 3) {
		table[LEAVES][pte_index(KERNEL_VA, 1) + 1] = A;
		table[LEAVES][pte_index(KERNEL_VA, 1) + 2] = A;
	}
	ck_assert_uint_eq(unreported("its soft TLB holds"), _i > 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("audit soft");
	TCase *tcase = tcase_create("audit"), *tags = tcase_create("tags");

	tcase_add_checked_fixture(tcase, setup, model_teardown);
	tcase_add_test(tcase, as_reported);
	tcase_add_test(tcase, nothing_in_it);
	tcase_add_test(tcase, not_reported);
	tcase_add_test(tcase, another_value);
	tcase_add_test(tcase, gone_without_a_report);
	tcase_add_test(tcase, stopped_in_between);
	tcase_add_test(tcase, tables_outside_memory);
	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tags, setup_tags, model_teardown);
	tcase_add_loop_test(tags, of_a_tag_that_is_not_loaded, 0, 4);
	suite_add_tcase(suite, tags);
	return run_suite(suite);
}
