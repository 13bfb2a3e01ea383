/* SPDX-License-Identifier: MIT */
/* Tables, spaces, roots and waits: each rule kept once and broken once. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/vmm/pte.h"
#include "tests/unit/suite.h"
#include "vmm/trace/model.h"

static const char *const sites[] = { "", "pt.map", "pt.unmap\n" };
static struct model *model;
static u64 ticket;

static void setup(void)
{
	struct model_config config = { .ncpus = 2, .site = sites, .nsites = 3 };

	ticket = 0;
	model = model_create(&config);
}

static void teardown(void)
{
	model_destroy(model);
}

static void record(u32 cpu, u16 id, u16 site, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2, u64 a3)
{
	struct kvl_record r = { ++ticket, id, site, { h0, h1 }, 0, { a0, a1, a2, a3, 0 } };

	model_record(model, cpu, &r);
}

static void table(u64 gpa, u16 level)
{
	record(0, KVL_EV_TABLE_ALLOC, 0, 0, level, gpa, 0, 0, 0);
}

static void table_of(u64 mm, u64 gpa, u16 level)
{
	record(0, KVL_EV_TABLE_ALLOC, 0, 0, level, gpa, mm, 0, 0);
}

static void pt_set(u64 va, u64 gpa, u16 level, u64 old, u64 new)
{
	record(0, KVL_EV_PT_SET, 1, (u16)pte_index(va, level), level, va, gpa, old, new);
}

static void expect(enum finding_kind kind, const char *part)
{
	const struct finding *finding = model_finding(model, 0);

	ck_assert_uint_eq(model_findings(model), 1);
	ck_assert_uint_eq(model_finding_count(model, kind), 1);
	ck_assert_ptr_nonnull(finding);
	ck_assert_str_eq(finding_kind_name(finding->kind), finding_kind_name(kind));
	ck_assert_msg(strstr(finding->text, part) != NULL, "%s", finding->text);
}

static void expect_none(void)
{
	ck_assert_msg(!model_findings(model), "%s", model_finding(model, 0)->text);
}

START_TEST(old_is_last_new)
{
	table(0x5000, 1);
	pt_set(0x3000, 0x5000, 1, 0, 0x1063);
	pt_set(0x3000, 0x5000, 1, 0x1063, 0);
	pt_set(0x4000, 0x5000, 1, 0, 0x1063);
	expect_none();
}
END_TEST

START_TEST(old_is_not_last_new)
{
	table(0x5000, 1);
	pt_set(0x3000, 0x5000, 1, 0, 0x1063);
	pt_set(0x3000, 0x5000, 1, 0x1061, 0);
	expect(FINDING_OLD_VALUE, "pt_set by pt.map of va 0x3000 (table 0x5000, entry 3): old "
				  "value is 0x1061, but the last one reported was 0x1063");
	ck_assert_uint_eq(model_finding(model, 0)->ticket, 3);
}
END_TEST

/* A table comes zeroed, again and again. */
START_TEST(table_again)
{
	table(0x5000, 1);
	pt_set(0x3000, 0x5000, 1, 0, 0x1063);
	pt_set(0x3000, 0x5000, 1, 0x1063, 0);
	record(0, KVL_EV_TABLE_FREE, 0, 0, 1, 0x5000, 0, 0, 0);
	table(0x5000, 2);
	pt_set(0x3000, 0x5000, 2, 0, 0x1063 | PTE_LARGE);
	expect_none();
}
END_TEST

START_TEST(table_never_allocated)
{
	pt_set(0x3000, 0x5000, 1, 0, 0x1063);
	expect(FINDING_UNKNOWN_TABLE, "no such table was allocated");
}
END_TEST

START_TEST(table_freed)
{
	table(0x5000, 1);
	record(0, KVL_EV_TABLE_FREE, 0, 0, 1, 0x5000, 0, 0, 0);
	pt_set(0x3000, 0x5000, 1, 0, 0x1063);
	expect(FINDING_UNKNOWN_TABLE, "no such table was allocated");
}
END_TEST

START_TEST(table_freed_twice)
{
	table(0x5000, 1);
	record(0, KVL_EV_TABLE_FREE, 0, 0, 1, 0x5000, 0, 0, 0);
	record(0, KVL_EV_TABLE_FREE, 0, 0, 1, 0x5000, 0, 0, 0);
	expect(FINDING_UNKNOWN_TABLE, "freed before");
}
END_TEST

START_TEST(table_allocated_twice)
{
	table(0x5000, 1);
	table(0x5000, 1);
	expect(FINDING_BAD_RECORD, "in use as a table already");
}
END_TEST

START_TEST(impossible_table)
{
	static const struct {
		u64 gpa;
		u16 level;
	} bad[] = { { 0x5000, 0 }, { 0x5000, 5 }, { 0x5001, 1 } };

	table(bad[_i].gpa, bad[_i].level);
	expect(FINDING_BAD_RECORD, "no table can be that");
}
END_TEST

START_TEST(wrong_level)
{
	table(0x5000, 1);
	pt_set(0, 0x5000, 2, 0, 0x1063);
	expect(FINDING_BAD_RECORD, "level 2 in table 0x5000, which has level 1");
}
END_TEST

START_TEST(wrong_index)
{
	table(0x5000, 1);
	record(0, KVL_EV_PT_SET, 1, 4, 1, 0x3000, 0x5000, 0, 0x1063);
	expect(FINDING_BAD_RECORD, "va 0x3000 has entry 3 at level 1, not 4");
}
END_TEST

START_TEST(index_beyond_table)
{
	table(0x5000, 1);
	record(0, KVL_EV_PT_SET, 1, 512, 1, 0x3000, 0x5000, 0, 0x1063);
	expect(FINDING_UNKNOWN_TABLE, "of entry 512");
}
END_TEST

/* --- where tables are --- */
#define LINK(gpa) ((gpa) | PTE_PRESENT | PTE_WRITABLE)

static void pt_set_of(u64 mm, u64 va, u64 gpa, u16 level, u64 old, u64 new)
{
	struct kvl_record r = { ++ticket, KVL_EV_PT_SET,
				1,	  { (u16)pte_index(va, level), level },
				0,	  { va, gpa, old, new, mm } };

	model_record(model, 0, &r);
}

/* Directories 0x6000 of init_mm and 0x7000 of mm 1, and a table of init_mm's for one of their
 * entries. */
static void directories(void)
{
	table(0x6000, 2);
	table_of(1, 0x7000, 2);
	table(0x5000, 1);
}

START_TEST(linked_by_two_spaces)
{
	directories();
	pt_set_of(0, 0xf0200000, 0x6000, 2, 0, LINK(0x5000));
	pt_set_of(0, 0xf0203000, 0x5000, 1, 0, 0x1063);
	pt_set_of(1, 0xf0200000, 0x7000, 2, 0, LINK(0x5000));
	pt_set_of(0, 0xf0203000, 0x5000, 1, 0x1063, 0);
	pt_set_of(1, 0xf0200000, 0x7000, 2, LINK(0x5000), 0);
	pt_set_of(0, 0xf0200000, 0x6000, 2, LINK(0x5000), 0);
	record(0, KVL_EV_TABLE_FREE, 0, 0, 1, 0x5000, 0, 0, 0);
	expect_none();
}
END_TEST

/* Nine bits of the address agree, the others are invented. */
START_TEST(va_of_another_table)
{
	directories();
	pt_set_of(0, 0xf0200000, 0x6000, 2, 0, LINK(0x5000));
	pt_set_of(0, 0xe0003000, 0x5000, 1, 0, 0x1063);
	expect(FINDING_BAD_RECORD, "pt_set by pt.map of va 0xe0003000 in table 0x5000, which "
				   "translates [0xf0200000, 0xf0400000)");
}
END_TEST

START_TEST(va_beyond_the_root)
{
	table(0x5000, 4);
	pt_set(1ull << 48, 0x5000, 4, 0, 0);
	expect(FINDING_BAD_RECORD, "in table 0x5000, which translates [0, 0x1000000000000)");
}
END_TEST

START_TEST(linked_elsewhere)
{
	directories();
	pt_set_of(0, 0xf0200000, 0x6000, 2, 0, LINK(0x5000));
	pt_set_of(1, 0xf0400000, 0x7000, 2, 0, LINK(0x5000));
	expect(FINDING_BAD_RECORD, "the entry for va 0xf0400000 (level 2, mm 1) leads to table "
				   "0x5000 of level 1 for va 0xf0200000, mm 0");
}
END_TEST

/* What is set before the link counts as well. */
START_TEST(linked_where_it_was_not_filled_for)
{
	directories();
	pt_set_of(0, 0xe0003000, 0x5000, 1, 0, 0x1063);
	pt_set_of(0, 0xf0200000, 0x6000, 2, 0, LINK(0x5000));
	expect(FINDING_BAD_RECORD, "the entry for va 0xf0200000 (level 2, mm 0) leads to table "
				   "0x5000 of level 1 for va 0xe0000000");
}
END_TEST

START_TEST(linked_at_another_level)
{
	directories();
	pt_set_of(0, 0xf0200000, 0x6000, 2, 0, LINK(0x6000));
	expect(FINDING_BAD_RECORD, "leads to table 0x6000 of level 2");
}
END_TEST

START_TEST(linked_table_of_another_space)
{
	directories();
	table_of(2, 0x8000, 1);
	pt_set_of(1, 0x400000, 0x7000, 2, 0, LINK(0x8000));
	expect(FINDING_BAD_RECORD, "leads to table 0x8000 of level 1 for va 0, mm 2");
}
END_TEST

START_TEST(linked_nowhere)
{
	directories();
	pt_set_of(0, 0xf0200000, 0x6000, 2, 0, LINK(0x9000));
	expect(FINDING_UNKNOWN_TABLE, "the entry for va 0xf0200000 leads to 0x9000, no such table "
				      "was allocated");
}
END_TEST

START_TEST(set_for_another_space)
{
	directories();
	pt_set_of(1, 0xf0200000, 0x6000, 2, 0, LINK(0x5000));
	expect(FINDING_BAD_RECORD, "in table 0x6000 of mm 0, said to be of mm 1");
}
END_TEST

START_TEST(freed_while_linked)
{
	record(0, KVL_EV_MM_CREATE, 0, 0, 0, 0, 0x4000, 0, 0);
	directories();
	pt_set_of(0, 0xf0200000, 0x6000, 2, 0, LINK(0x5000));
	record(0, KVL_EV_TABLE_FREE, 2, 0, 1, 0x5000, 0, 0, 0);
	expect(FINDING_BAD_RECORD, "table_free of 0x5000 by pt.unmap?: 1 entries still lead to it");
}
END_TEST

/* Its space has ended: from below is as good as from above. */
START_TEST(freed_with_its_space)
{
	record(0, KVL_EV_MM_CREATE, 0, 0, 0, 1, 0x4000, 0, 0);
	directories();
	table_of(1, 0x8000, 1);
	pt_set_of(1, 0x400000, 0x7000, 2, 0, LINK(0x8000));
	record(0, KVL_EV_MM_DESTROY, 0, 0, 0, 1, 0x4000, 0, 0);
	record(0, KVL_EV_TABLE_FREE, 2, 0, 1, 0x8000, 1, 0, 0);
	pt_set_of(1, 0x400000, 0x7000, 2, LINK(0x8000), 0);
	record(0, KVL_EV_TABLE_FREE, 2, 0, 2, 0x7000, 1, 0, 0);
	expect_none();
}
END_TEST

START_TEST(roots)
{
	record(0xffff, KVL_EV_MM_CREATE, 0, 0, 0, 0, 0x5000, 0, 0);
	table(0x5000, 4);
	record(0, KVL_EV_ROOT_LOAD, 0, 0, 0, 0, 0x5000, 0, 0);
	table_of(1, 0x6000, 4);
	record(0, KVL_EV_MM_CREATE, 0, 0, 0, 1, 0x6000, 0, 0);
	record(1, KVL_EV_ROOT_LOAD, 0, 0, 0, 1, 0x6000, 0, 0);
	record(1, KVL_EV_ROOT_LOAD, 0, 0, 0, 0, 0x5000, 0, 0);
	record(0, KVL_EV_MM_DESTROY, 0, 0, 0, 1, 0x6000, 0, 0);
	expect_none();
}
END_TEST

START_TEST(mm_ends_while_it_runs)
{
	table_of(1, 0x6000, 4);
	record(0, KVL_EV_MM_CREATE, 0, 0, 0, 1, 0x6000, 0, 0);
	record(1, KVL_EV_ROOT_LOAD, 0, 0, 0, 1, 0x6000, 0, 0);
	record(0, KVL_EV_MM_DESTROY, 0, 0, 0, 1, 0x6000, 0, 0);
	expect(FINDING_BAD_RECORD, "mm_destroy of 1 by -: CPU 1 still runs on its root");
}
END_TEST

START_TEST(init_mm_never_ends)
{
	record(0xffff, KVL_EV_MM_CREATE, 0, 0, 0, 0, 0x5000, 0, 0);
	record(0xffff, KVL_EV_MM_DESTROY, 0, 0, 0, 0, 0x5000, 0, 0);
	expect(FINDING_BAD_RECORD, "init_mm never ends");
}
END_TEST

START_TEST(root_with_tables_of_another)
{
	table_of(2, 0x6000, 4);
	record(0, KVL_EV_MM_CREATE, 0, 0, 0, 1, 0x6000, 0, 0);
	record(1, KVL_EV_ROOT_LOAD, 0, 0, 0, 1, 0x6000, 0, 0);
	expect(FINDING_BAD_RECORD, "which is not the root of mm 1");
}
END_TEST

/* --- the root that a task needs --- */
static void two_spaces(void)
{
	table(0x5000, 4);
	record(0, KVL_EV_MM_CREATE, 0, 0, 0, 0, 0x5000, 0, 0);
	table_of(1, 0x6000, 4);
	record(0, KVL_EV_MM_CREATE, 0, 0, 0, 1, 0x6000, 0, 0);
}

static void task_switch(u64 next, u64 mm)
{
	record(1, KVL_EV_TASK_SWITCH, 0, 0, 0, 3, next, mm, 0);
}

static void user_fault(void)
{
	record(1, KVL_EV_FAULT_ENTER, 0, 1, 0, 0x400000, 4, 0x400000, 7);
}

START_TEST(task_with_its_root)
{
	two_spaces();
	task_switch(7, 1);
	record(1, KVL_EV_ROOT_LOAD, 0, 0, 0, 1, 0x6000, 0, 0);
	user_fault();
	task_switch(8, 0); /* a kernel task runs on whatever root there is */
	task_switch(7, 1);
	user_fault();
	record(1, KVL_EV_ROOT_LOAD, 0, 0, 0, 0, 0x5000, 0, 0); /* the task ends */
	task_switch(8, 0);
	expect_none();
}
END_TEST

START_TEST(root_load_left_out)
{
	two_spaces();
	task_switch(7, 1);
	record(1, KVL_EV_FAULT_ENTER, 0, 0, 0, 0x400000, 4, 0x400000, 7); /* the kernel's own */
	expect_none();
	user_fault();
	expect(FINDING_UNREPORTED,
	       "CPU 1 ran task 7 of mm 1, but the last root that it reported is "
	       "that of mm 0: an unreported root load");
	user_fault();
	ck_assert_uint_eq(model_findings(model), 1);
}
END_TEST

START_TEST(root_load_left_out_without_a_fault)
{
	two_spaces();
	task_switch(7, 1);
	task_switch(8, 0);
	expect(FINDING_UNREPORTED, "CPU 1 ran task 7 of mm 1");
}
END_TEST

START_TEST(root_never_allocated)
{
	record(0, KVL_EV_MM_CREATE, 0, 0, 0, 1, 0x6000, 0, 0);
	record(1, KVL_EV_ROOT_LOAD, 0, 0, 0, 1, 0x6000, 0, 0);
	expect(FINDING_UNKNOWN_TABLE, "CPU 1 loads root 0x6000 of mm 1");
}
END_TEST

START_TEST(root_of_another)
{
	table(0x6000, 4);
	table(0x7000, 4);
	record(0, KVL_EV_MM_CREATE, 0, 0, 0, 1, 0x6000, 0, 0);
	record(1, KVL_EV_ROOT_LOAD, 0, 0, 0, 1, 0x7000, 0, 0);
	expect(FINDING_BAD_RECORD, "not the root of mm 1");
}
END_TEST

START_TEST(mm_twice)
{
	record(0, KVL_EV_MM_CREATE, 0, 0, 0, 1, 0x6000, 0, 0);
	record(0, KVL_EV_MM_CREATE, 0, 0, 0, 1, 0x6000, 0, 0);
	expect(FINDING_BAD_RECORD, "there is one of that number");
}
END_TEST

START_TEST(mm_gone)
{
	record(0, KVL_EV_MM_DESTROY, 0, 0, 0, 1, 0x6000, 0, 0);
	expect(FINDING_BAD_RECORD, "there is none of that number");
}
END_TEST

START_TEST(waits_end)
{
	record(0, KVL_EV_WAIT_BEGIN, 1, KVL_WAIT_CHIP, 1, 0xd0000000, 0, 3, 0);
	record(1, KVL_EV_WAIT_BEGIN, 1, KVL_WAIT_CHIP, 1, 0xd0000000, 0, 4, 0);
	record(0, KVL_EV_WAIT_END, 1, KVL_WAIT_CHIP, 0, 0xd0000000, 0, 3, 0);
	record(1, KVL_EV_WAIT_END, 1, KVL_WAIT_CHIP, 0, 0xd0000000, 0, 4, 0);
	model_finish(model, true);
	expect_none();
}
END_TEST

START_TEST(wait_open)
{
	record(1, KVL_EV_WAIT_BEGIN, 1, KVL_WAIT_CHIP, 1, 0xd0000000, 0, 3, 0);
	expect_none();
	model_finish(model, true);
	expect(FINDING_OPEN_WAIT,
	       "task 3 on CPU 1 waits for chip 0xd0000000 (pt.map) and never ended it");
}
END_TEST

/* Of two for the same object the inner one ends first, whatever ended before it. */
START_TEST(wait_open_outside_another)
{
	record(0, KVL_EV_WAIT_BEGIN, 1, KVL_WAIT_CHIP, 1, 0xa0000000, 0, 5, 0);
	record(1, KVL_EV_WAIT_BEGIN, 1, KVL_WAIT_CHIP, 1, 0xd0000000, 0, 3, 0);
	record(2, KVL_EV_WAIT_BEGIN, 1, KVL_WAIT_CHIP, 1, 0xd0000000, 0, 3, 0);
	record(0, KVL_EV_WAIT_END, 1, KVL_WAIT_CHIP, 0, 0xa0000000, 0, 5, 0);
	record(2, KVL_EV_WAIT_END, 1, KVL_WAIT_CHIP, 0, 0xd0000000, 0, 3, 0);
	model_finish(model, true);
	expect(FINDING_OPEN_WAIT, "task 3 on CPU 1 waits for chip 0xd0000000");
}
END_TEST

START_TEST(wait_open_in_a_crash)
{
	record(1, KVL_EV_WAIT_BEGIN, 1, KVL_WAIT_CHIP, 1, 0xd0000000, 0, 3, 0);
	model_finish(model, false);
	expect_none();
}
END_TEST

START_TEST(wait_in_atomic_context)
{
	static const struct {
		u16 irqs_on;
		u64 locks;
		const char *text;
	} atomic[] = {
		{ 0, 0,
		  "task 3 on CPU 1 waits for chip 0xd0000000 (pt.map) with 0 locks held, interrupts off" },
		{ 1, 1, "with 1 locks held, interrupts on" },
		{ 0, 2, "with 2 locks held, interrupts off" },
	};

	record(1, KVL_EV_WAIT_BEGIN, 1, KVL_WAIT_CHIP, atomic[_i].irqs_on, 0xd0000000,
	       atomic[_i].locks, 3, 0);
	expect(FINDING_ATOMIC_WAIT, atomic[_i].text);
}
END_TEST

START_TEST(wait_of_another)
{
	record(1, KVL_EV_WAIT_BEGIN, 1, KVL_WAIT_CHIP, 1, 0xd0000000, 0, 3, 0);
	record(1, KVL_EV_WAIT_END, 1, KVL_WAIT_CHIP, 0, 0xd0000000, 0, 4, 0);
	expect(FINDING_BAD_RECORD, "wait_end of task 4");
}
END_TEST

/* --- bounds --- */
START_TEST(findings_are_bounded)
{
	const u32 first = FINDINGS_KEPT - FINDING_KINDS; /* of the one kind that came first */

	for (u32 i = 0; i < 1000; i++)
		record(0, KVL_EV_TABLE_FREE, 2, 0, 0, i * PAGE_BYTES, 0, 0, 0);
	for (u32 i = 0; i < 1000; i++)
		model_add_finding(model, (enum finding_kind)(i % FINDING_KINDS), 0, "%u", i);
	ck_assert_uint_eq(model_findings(model), 2000);
	ck_assert_uint_eq(model_finding(model, first - 1)->kind, FINDING_UNKNOWN_TABLE);
	ck_assert_uint_eq(model_finding(model, first)->kind, FINDING_OLD_VALUE);
	ck_assert_ptr_nonnull(model_finding(model, FINDINGS_KEPT - 2));
	ck_assert_ptr_null(model_finding(model, FINDINGS_KEPT - 1));
	/* The site's name is untrusted. */
	ck_assert_ptr_nonnull(strstr(model_finding(model, 0)->text, "by pt.unmap?"));
}
END_TEST

START_TEST(too_many_waits)
{
	for (u32 i = 0; i < 10000; i++)
		record(0, KVL_EV_WAIT_BEGIN, 0, 1, 1, i, 0, 0, 0);
	expect(FINDING_BAD_RECORD, "too many open waits to follow");
}
END_TEST

START_TEST(too_many_spaces)
{
	for (u32 i = 0; i < 70000; i++)
		record(0, KVL_EV_MM_CREATE, 0, 0, 0, i, 0, 0, 0);
	expect(FINDING_BAD_RECORD, "too many address spaces to follow");
}
END_TEST

/* Records of any content: findings, but no crash. */
START_TEST(random_records)
{
	struct model_config config = {
		.ncpus = 2, .site = sites, .nsites = 3, .flash = { 0xd0000000, MiB(1) }
	};

	model_destroy(model);
	model = model_create(&config);
	srandom((unsigned)_i + 1);
	for (u32 i = 0; i < 20000; i++) {
		u64 pick[] = { 0, 0x1000, 0x2000, 0x3000, 0xd0000063, 0xd0001163, ~0ull, GiB(4) };
#define PICK pick[(u64)random() % ARRAY_LEN(pick)]

		record((u32)random() % 3, (u16)(random() % 40), (u16)(random() % 4),
		       (u16)(random() % 5), (u16)(random() % 5), PICK, PICK, PICK, PICK);
#undef PICK
	}
	model_finish(model, true);
	ck_assert_uint_gt(model_findings(model), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model");
	TCase *tables = tcase_create("tables"), *places = tcase_create("places");
	TCase *spaces = tcase_create("spaces");
	TCase *waits = tcase_create("waits"), *bounds = tcase_create("bounds");

	tcase_add_checked_fixture(tables, setup, teardown);
	tcase_add_test(tables, old_is_last_new);
	tcase_add_test(tables, old_is_not_last_new);
	tcase_add_test(tables, table_again);
	tcase_add_test(tables, table_never_allocated);
	tcase_add_test(tables, table_freed);
	tcase_add_test(tables, table_freed_twice);
	tcase_add_test(tables, table_allocated_twice);
	tcase_add_loop_test(tables, impossible_table, 0, 3);
	tcase_add_test(tables, wrong_level);
	tcase_add_test(tables, wrong_index);
	tcase_add_test(tables, index_beyond_table);
	suite_add_tcase(suite, tables);
	tcase_add_checked_fixture(places, setup, teardown);
	tcase_add_test(places, linked_by_two_spaces);
	tcase_add_test(places, va_of_another_table);
	tcase_add_test(places, va_beyond_the_root);
	tcase_add_test(places, linked_elsewhere);
	tcase_add_test(places, linked_where_it_was_not_filled_for);
	tcase_add_test(places, linked_at_another_level);
	tcase_add_test(places, linked_table_of_another_space);
	tcase_add_test(places, linked_nowhere);
	tcase_add_test(places, set_for_another_space);
	tcase_add_test(places, freed_while_linked);
	tcase_add_test(places, freed_with_its_space);
	suite_add_tcase(suite, places);
	tcase_add_checked_fixture(spaces, setup, teardown);
	tcase_add_test(spaces, roots);
	tcase_add_test(spaces, root_never_allocated);
	tcase_add_test(spaces, root_of_another);
	tcase_add_test(spaces, mm_twice);
	tcase_add_test(spaces, mm_gone);
	tcase_add_test(spaces, mm_ends_while_it_runs);
	tcase_add_test(spaces, init_mm_never_ends);
	tcase_add_test(spaces, root_with_tables_of_another);
	tcase_add_test(spaces, task_with_its_root);
	tcase_add_test(spaces, root_load_left_out);
	tcase_add_test(spaces, root_load_left_out_without_a_fault);
	suite_add_tcase(suite, spaces);
	tcase_add_checked_fixture(waits, setup, teardown);
	tcase_add_test(waits, waits_end);
	tcase_add_test(waits, wait_open);
	tcase_add_test(waits, wait_open_outside_another);
	tcase_add_test(waits, wait_open_in_a_crash);
	tcase_add_loop_test(waits, wait_in_atomic_context, 0, 3);
	tcase_add_test(waits, wait_of_another);
	suite_add_tcase(suite, waits);
	tcase_add_checked_fixture(bounds, setup, teardown);
	tcase_add_test(bounds, findings_are_bounded);
	tcase_add_test(bounds, too_many_waits);
	tcase_add_test(bounds, too_many_spaces);
	tcase_add_loop_test(bounds, random_records, 0, 10);
	suite_add_tcase(suite, bounds);
	return run_suite(suite);
}
