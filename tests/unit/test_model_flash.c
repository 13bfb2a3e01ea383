/* SPDX-License-Identifier: MIT */
/* Seed row W5: who may still hold a translation to the chip when it is commanded. */
#include <check.h>

#include "tests/unit/model_rig.h"
#include "tests/unit/suite.h"

#define LEAF (RIG_FLASH + 0x2000 + (PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY))

static void map(u64 va, u64 table)
{
	set_at(MAP, va, table, 1, 0, LEAF);
}

static void unmap(u64 va, u64 table)
{
	set_at(UNMAP, va, table, 1, LEAF, 0);
}

static void mode(u64 value)
{
	record(VMM, KVL_EV_FLASH_MODE, 0, 0, 0, RIG_FLASH, value, 0, 0, 0);
}

static void state(u64 value)
{
	record(VMM, KVL_EV_FLASH_STATE, 0, 0, 0, RIG_FLASH, value, 0x80, 0, 0);
}

static void command(void)
{
	record(VMM, KVL_EV_FLASH_COMMAND, 0, 0, 0, RIG_FLASH + 0x100, 0x40, 0x55, 0, 0);
}

/* The chip works and comes back to its array. */
static void work(void)
{
	state(KVL_FLASH_PROGRAM);
	state(KVL_FLASH_IDLE);
	mode(KVL_FLASH_READ_ARRAY);
}

START_TEST(in_order)
{
	map(KERNEL_VA, KERNEL_TABLE);
	unmap(KERNEL_VA, KERNEL_TABLE);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA + 0x123);
	command();
	work();
	map(KERNEL_VA, KERNEL_TABLE);
	unmap(KERNEL_VA, KERNEL_TABLE);
	flush(0, KVL_FLUSH_ALL, 0);
	flush(1, KVL_FLUSH_SPACE, 0);
	command();
	expect_none();
}
END_TEST

START_TEST(still_mapped)
{
	map(KERNEL_VA, KERNEL_TABLE);
	command();
	expect(1, "command 0x40 at gpa 0xd0000100: va 0xf0003000 of mm 0 is still mapped to the "
		  "chip (set by flash.map at ticket 10)");
	ck_assert_uint_eq(model_finding_count(model, FINDING_CHIP_COMMAND), 1);
}
END_TEST

/* Where no commands are in the trace: the guest's mark. */
START_TEST(a_session_begins_while_mapped)
{
	map(KERNEL_VA, KERNEL_TABLE);
	record(0, KVL_EV_FLASH_MARK, 0, KVL_FLASH_READABLE, 0, RIG_FLASH, 0, 0, 0, 0);
	expect_none();
	record(0, KVL_EV_FLASH_MARK, 0, KVL_FLASH_WRITING, 0, RIG_FLASH, 0, 0, 0, 0);
	expect(1, "session on the chip at gpa 0xd0000000: va 0xf0003000 of mm 0 is still mapped");
	ck_assert_uint_eq(model_finding_count(model, FINDING_CHIP_COMMAND), 1);
}
END_TEST

START_TEST(a_session_begins_before_the_flush)
{
	map(KERNEL_VA, KERNEL_TABLE);
	unmap(KERNEL_VA, KERNEL_TABLE);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	record(0, KVL_EV_FLASH_MARK, 0, KVL_FLASH_WRITING, 0, RIG_FLASH, 0, 0, 0, 0);
	expect(1,
	       "session on the chip at gpa 0xd0000000: CPU 1 may still hold va 0xf0003000 of mm 0");
	command(); /* is told once */
	expect(1, "session");
}
END_TEST

static void mark(u16 what)
{
	record(0, KVL_EV_FLASH_MARK, 0, what, 0, RIG_FLASH, 0, 0, 0, 0);
}

/* Where the chip's modes are not in the trace: between the guest's marks. */
START_TEST(mapped_in_a_session)
{
	mark(KVL_FLASH_WRITING);
	mark(KVL_FLASH_READABLE); /* does not end it */
	map(KERNEL_VA, KERNEL_TABLE);
	expect(1,
	       "flash.map maps va 0xf0003000 to the chip (gpa 0xd0002000) while a session may command it");
	ck_assert_uint_eq(model_finding_count(model, FINDING_CHIP_MAPPED), 1);
}
END_TEST

/* One session lends the chip to another, which ends; then the first one goes on. */
START_TEST(mapped_while_lent)
{
	mark(KVL_FLASH_WRITING);
	mark(KVL_FLASH_ARRAY);
	map(KERNEL_VA, KERNEL_TABLE);
	unmap(KERNEL_VA, KERNEL_TABLE);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA);
	mark(KVL_FLASH_WRITING);
	mark(KVL_FLASH_ARRAY);
	mark(KVL_FLASH_WRITING);
	expect_none();
	map(KERNEL_VA, KERNEL_TABLE);
	expect(1, "while a session may command it");
}
END_TEST

/* The guest says so, the chip does not. */
START_TEST(mapped_after_a_wrong_mark)
{
	mark(KVL_FLASH_WRITING);
	command();
	mark(KVL_FLASH_ARRAY);
	map(KERNEL_VA, KERNEL_TABLE);
	expect(1, "while the chip does not return its array");
}
END_TEST

START_TEST(not_flushed_at_all)
{
	map(KERNEL_VA, KERNEL_TABLE);
	unmap(KERNEL_VA, KERNEL_TABLE);
	command();
	expect(2, "may still hold va 0xf0003000 of mm 0");
}
END_TEST

START_TEST(told_once)
{
	map(KERNEL_VA, KERNEL_TABLE);
	unmap(KERNEL_VA, KERNEL_TABLE);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	command();
	command();
	expect(1, "CPU 1 may still hold va 0xf0003000 of mm 0");
}
END_TEST

START_TEST(one_cpu_left_out)
{
	map(KERNEL_VA, KERNEL_TABLE);
	unmap(KERNEL_VA, KERNEL_TABLE);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	command();
	expect(1, "CPU 1 may still hold va 0xf0003000 of mm 0 (set by flash.map at ticket 10, "
		  "removed by flash.unmap at ticket 11, no flush of it on CPU 1 since)");
}
END_TEST

START_TEST(flushed_too_early)
{
	map(KERNEL_VA, KERNEL_TABLE);
	flush(0, KVL_FLUSH_ALL, 0);
	flush(1, KVL_FLUSH_ALL, 0);
	unmap(KERNEL_VA, KERNEL_TABLE);
	flush(0, KVL_FLUSH_ALL, 0);
	command();
	expect(1, "CPU 1 may still hold");
}
END_TEST

START_TEST(flushed_another_page)
{
	map(KERNEL_VA, KERNEL_TABLE);
	unmap(KERNEL_VA, KERNEL_TABLE);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA + PAGE_BYTES);
	command();
	expect(1, "CPU 1 may still hold");
}
END_TEST

START_TEST(flushed_after_the_command)
{
	map(KERNEL_VA, KERNEL_TABLE);
	unmap(KERNEL_VA, KERNEL_TABLE);
	command();
	flush(0, KVL_FLUSH_ALL, 0);
	flush(1, KVL_FLUSH_ALL, 0);
	expect(2, "may still hold");
	work();
	command();
	expect(2, "may still hold");
}
END_TEST

/* A load of a root drops translations, but not global ones. */
START_TEST(root_load_flushes)
{
	map(KERNEL_VA, KERNEL_TABLE);
	unmap(KERNEL_VA, KERNEL_TABLE);
	load_root(0, 1);
	load_root(1, 0);
	command();
	expect_none();
}
END_TEST

START_TEST(global_survives)
{
	set_at(MAP, KERNEL_VA, KERNEL_TABLE, 1, 0, LEAF | PTE_GLOBAL);
	set_at(UNMAP, KERNEL_VA, KERNEL_TABLE, 1, LEAF | PTE_GLOBAL, 0);
	load_root(0, 1);
	flush(1, KVL_FLUSH_ALL, 0);
	flush(0, KVL_FLUSH_SPACE, 0);
	command();
	expect(1, "CPU 0 may still hold");
}
END_TEST

/*
 * The entry to one frame of the chip becomes one to another: the old one is removed all the same.
 */
START_TEST(replaced)
{
	map(KERNEL_VA, KERNEL_TABLE);
	set_at(UNMAP, KERNEL_VA, KERNEL_TABLE, 1, LEAF, 0x5063);
	flush(0, KVL_FLUSH_ALL, 0);
	command();
	expect(1, "CPU 1 may still hold");
}
END_TEST

START_TEST(mapped_again_unflushed)
{
	map(KERNEL_VA, KERNEL_TABLE);
	unmap(KERNEL_VA, KERNEL_TABLE);
	map(KERNEL_VA, KERNEL_TABLE);
	unmap(KERNEL_VA, KERNEL_TABLE);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	command();
	expect(1, "removed by flash.unmap at ticket 13, no flush of it on CPU 1");
}
END_TEST

/* --- user space --- */
START_TEST(user_page_only_where_it_runs)
{
	load_root(1, 1);
	map(USER_VA, USER_TABLE);
	unmap(USER_VA, USER_TABLE);
	flush(1, KVL_FLUSH_PAGE, USER_VA);
	command();
	expect_none();
}
END_TEST

START_TEST(user_page_held_by_its_cpu)
{
	load_root(1, 1);
	map(USER_VA, USER_TABLE);
	unmap(USER_VA, USER_TABLE);
	flush(0, KVL_FLUSH_PAGE, USER_VA);
	command();
	expect(1, "CPU 1 may still hold va 0x403000 of mm 1");
}
END_TEST

/* The CPU comes to the space after the entry was set. */
START_TEST(user_page_reached_later)
{
	map(USER_VA, USER_TABLE);
	load_root(1, 1);
	unmap(USER_VA, USER_TABLE);
	command();
	expect(1, "CPU 1 may still hold");
}
END_TEST

START_TEST(user_page_left_by_a_switch)
{
	load_root(1, 1);
	map(USER_VA, USER_TABLE);
	load_root(1, 0);
	unmap(USER_VA, USER_TABLE);
	command();
	expect_none();
}
END_TEST

/* Its tables are given back with the mapping in them: that removes it, it does not flush it. */
START_TEST(table_freed_with_it)
{
	load_root(1, 1);
	map(USER_VA, USER_TABLE);
	record(0, KVL_EV_TABLE_FREE, UNMAP, 0, 1, USER_TABLE, 1, 0, 0, 0);
	command();
	expect(1, "CPU 1 may still hold");
}
END_TEST

/* A CPU that never loaded a root runs on the host's tables, so in the kernel's half. */
START_TEST(cpu_before_its_first_root)
{
	map(KERNEL_VA, KERNEL_TABLE);
	record(2, KVL_EV_USE, 0, 0, 0, 0, 0, 0, 0, 0);
	unmap(KERNEL_VA, KERNEL_TABLE);
	flush(0, KVL_FLUSH_ALL, 0);
	flush(1, KVL_FLUSH_ALL, 0);
	command();
	expect(1, "CPU 2 may still hold");
}
END_TEST

/* --- what is no reader --- */
START_TEST(drivers_window)
{
	set_at(MAP, KERNEL_VA, KERNEL_TABLE, 1, 0, LEAF | PTE_UNCACHED);
	command();
	work();
	command();
	expect_none();
}
END_TEST

START_TEST(other_memory)
{
	set_at(MAP, KERNEL_VA, KERNEL_TABLE, 1, 0, (RIG_FLASH - PAGE_BYTES) | PTE_PRESENT);
	set_at(MAP, KERNEL_VA + 4096, KERNEL_TABLE, 1, 0, (RIG_FLASH + MiB(16)) | PTE_PRESENT);
	set_at(MAP, KERNEL_VA + 8192, KERNEL_TABLE, 1, 0, RIG_FLASH);
	command();
	expect_none();
}
END_TEST

/* --- large leaves --- */
START_TEST(large_leaf)
{
	u64 leaf = (RIG_FLASH & ~(LARGE_BYTES - 1)) | PTE_PRESENT | PTE_LARGE;

	set_at(MAP, 0xf0000000, LARGE_TABLE, 2, 0, leaf);
	set_at(UNMAP, 0xf0000000, LARGE_TABLE, 2, leaf, 0);
	flush(0, KVL_FLUSH_PAGE, 0xf0123000);
	command();
	expect(1, "CPU 1 may still hold va 0xf0000000");
	flush(1, KVL_FLUSH_PAGE, 0xf01ff000);
	work();
	command();
	expect(1, "CPU 1 may still hold");
}
END_TEST

/* Claimed for an address at which nobody flushes it, and at which no CPU reaches it. */
START_TEST(claimed_elsewhere)
{
	set_at(MAP, 0xf0000000, LARGE_TABLE, 2, 0, KERNEL_TABLE | PTE_PRESENT);
	record(0, KVL_EV_PT_SET, MAP, 3, 1, 0xe0003000, KERNEL_TABLE, 0, LEAF, 0);
	record(0, KVL_EV_PT_SET, UNMAP, 3, 1, 0xe0003000, KERNEL_TABLE, LEAF, 0, 0);
	ck_assert_uint_eq(model_finding_count(model, FINDING_BAD_RECORD), 2);
	for (u32 cpu = 0; cpu < 2; cpu++)
		flush(cpu, KVL_FLUSH_PAGE, 0xe0003000);
	command();
	ck_assert_uint_eq(model_finding_count(model, FINDING_CHIP_COMMAND), 2);
}
END_TEST

/* A directory entry is no leaf, wherever it points. */
START_TEST(directory_entry)
{
	set_at(MAP, 0xf0000000, LARGE_TABLE, 2, 0, LEAF);
	command();
	expect(1, "no such table was allocated");
}
END_TEST

/* --- mapped while the chip is not array --- */
START_TEST(mapped_before_the_write_is_over)
{
	command();
	state(KVL_FLASH_PROGRAM);
	map(KERNEL_VA, KERNEL_TABLE);
	expect(1, "flash.map maps va 0xf0003000 to the chip (gpa 0xd0002000) while the chip does "
		  "not return its array");
	ck_assert_uint_eq(model_finding_count(model, FINDING_CHIP_MAPPED), 1);
}
END_TEST

START_TEST(mapped_in_status_mode)
{
	mode(KVL_FLASH_READ_STATUS);
	command();
	state(KVL_FLASH_PROGRAM);
	state(KVL_FLASH_IDLE);
	map(KERNEL_VA, KERNEL_TABLE);
	expect(1, "does not return its array");
}
END_TEST

START_TEST(mapped_while_another_partition_works)
{
	record(VMM, KVL_EV_FLASH_COMMAND, 0, 0, 3, RIG_FLASH, 0x20, 0xd0, 0, 0);
	record(VMM, KVL_EV_FLASH_STATE, 0, 3, 0, RIG_FLASH, KVL_FLASH_ERASE, 0, 0, 0);
	mode(KVL_FLASH_READ_ARRAY);
	map(KERNEL_VA, KERNEL_TABLE);
	expect(1, "does not return its array");
}
END_TEST

START_TEST(mapped_during_the_query)
{
	mode(KVL_FLASH_READ_CFI);
	map(KERNEL_VA, KERNEL_TABLE);
	expect(1, "does not return its array");
}
END_TEST

/* One finding per page and CPU and command; the number is not limited, what is kept is. */
START_TEST(many_pages)
{
	for (u32 i = 0; i < 100; i++)
		set_at(MAP, 0xf0000000 + i * PAGE_BYTES, KERNEL_TABLE, 1, 0, LEAF);
	for (u32 i = 0; i < 100; i++)
		set_at(UNMAP, 0xf0000000 + i * PAGE_BYTES, KERNEL_TABLE, 1, LEAF, 0);
	flush(0, KVL_FLUSH_ALL, 0);
	for (u32 i = 0; i < 99; i++)
		flush(1, KVL_FLUSH_PAGE, 0xf0000000 + i * PAGE_BYTES);
	command();
	expect(1, "CPU 1 may still hold va 0xf0063000");
}
END_TEST

/* --- what a hostile guest costs: these end within the test's time limit --- */
static void directory(u32 n)
{
	record(VMM, KVL_EV_TABLE_ALLOC, 0, 0, 1, 0x100000 + n * PAGE_BYTES, 0, 0, 0, 0);
}

static u64 page(u32 n)
{
	return 0x80000000 + n * PAGE_BYTES;
}

static void set_page(u32 n, u64 old, u64 new)
{
	set_at(new ? MAP : UNMAP, page(n), 0x100000 + n / PTE_ENTRIES * PAGE_BYTES, 1, old, new);
}

/* Many stale translations, which CPU 1 never flushes; CPU 0 flushes all the time. */
START_TEST(many_flushes)
{
	for (u32 n = 0; n < 15000; n++) {
		if (n % PTE_ENTRIES == 0)
			directory(n / PTE_ENTRIES);
		set_page(n, 0, LEAF);
		set_page(n, LEAF, 0);
	}
	for (u32 i = 0; i < 300000; i++)
		flush(0, i % 2 ? KVL_FLUSH_SPACE : KVL_FLUSH_ALL, 0);
	for (u32 i = 0; i < 300000; i++)
		load_root(0, i % 2);
	expect_none();
	command();
	ck_assert_uint_eq(model_findings(model), 15000);
	for (u32 i = 0; i < 300000; i++)
		command();
	ck_assert_uint_eq(model_findings(model), 15000);
}
END_TEST

/* Mapped, removed and flushed again and again: nothing is left behind that would fill a bound. */
START_TEST(many_laps)
{
	directory(0);
	for (u32 lap = 0; lap < 200; lap++) {
		for (u32 n = 0; n < 500; n++)
			set_page(n, 0, LEAF);
		for (u32 n = 0; n < 500; n++)
			set_page(n, LEAF, 0);
		flush(0, KVL_FLUSH_SPACE, 0);
		flush(1, KVL_FLUSH_SPACE, 0);
		command();
		work();
	}
	expect_none();
}
END_TEST

START_TEST(too_many_mappings)
{
	for (u32 n = 0; n < 20000; n++) {
		if (n % PTE_ENTRIES == 0)
			directory(n / PTE_ENTRIES);
		set_page(n, 0, LEAF);
	}
	expect(1, "too many mappings of the chip to follow");
}
END_TEST

/* One page in ever new tables, mapped and removed: flushing it costs no more. */
START_TEST(one_place)
{
	for (u32 n = 0; n < 10000; n++) {
		directory(n);
		set_at(MAP, page(0), 0x100000 + n * PAGE_BYTES, 1, 0, LEAF);
		set_at(UNMAP, page(0), 0x100000 + n * PAGE_BYTES, 1, LEAF, 0);
	}
	for (u32 i = 0; i < 300000; i++)
		flush(0, KVL_FLUSH_PAGE, page(0));
	expect_none();
	command();
	expect(1, "CPU 1 may still hold");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model flash");
	TCase *kernel = tcase_create("kernel"), *user = tcase_create("user");
	TCase *kinds = tcase_create("kinds"), *chip = tcase_create("chip");
	TCase *cost = tcase_create("cost");

	tcase_add_checked_fixture(kernel, model_setup_chip, model_teardown);
	tcase_add_test(kernel, in_order);
	tcase_add_test(kernel, still_mapped);
	tcase_add_test(kernel, a_session_begins_while_mapped);
	tcase_add_test(kernel, a_session_begins_before_the_flush);
	tcase_add_test(kernel, mapped_in_a_session);
	tcase_add_test(kernel, mapped_while_lent);
	tcase_add_test(kernel, mapped_after_a_wrong_mark);
	tcase_add_test(kernel, not_flushed_at_all);
	tcase_add_test(kernel, told_once);
	tcase_add_test(kernel, one_cpu_left_out);
	tcase_add_test(kernel, flushed_too_early);
	tcase_add_test(kernel, flushed_another_page);
	tcase_add_test(kernel, flushed_after_the_command);
	tcase_add_test(kernel, root_load_flushes);
	tcase_add_test(kernel, global_survives);
	tcase_add_test(kernel, replaced);
	tcase_add_test(kernel, mapped_again_unflushed);
	tcase_add_test(kernel, many_pages);
	suite_add_tcase(suite, kernel);
	tcase_add_checked_fixture(user, model_setup_chip, model_teardown);
	tcase_add_test(user, user_page_only_where_it_runs);
	tcase_add_test(user, user_page_held_by_its_cpu);
	tcase_add_test(user, user_page_reached_later);
	tcase_add_test(user, user_page_left_by_a_switch);
	tcase_add_test(user, table_freed_with_it);
	tcase_add_test(user, cpu_before_its_first_root);
	suite_add_tcase(suite, user);
	tcase_add_checked_fixture(kinds, model_setup_chip, model_teardown);
	tcase_add_test(kinds, drivers_window);
	tcase_add_test(kinds, other_memory);
	tcase_add_test(kinds, large_leaf);
	tcase_add_test(kinds, directory_entry);
	tcase_add_test(kinds, claimed_elsewhere);
	suite_add_tcase(suite, kinds);
	tcase_add_checked_fixture(chip, model_setup_chip, model_teardown);
	tcase_add_test(chip, mapped_before_the_write_is_over);
	tcase_add_test(chip, mapped_in_status_mode);
	tcase_add_test(chip, mapped_while_another_partition_works);
	tcase_add_test(chip, mapped_during_the_query);
	suite_add_tcase(suite, chip);
	tcase_add_checked_fixture(cost, model_setup_chip, model_teardown);
	tcase_add_test(cost, many_flushes);
	tcase_add_test(cost, many_laps);
	tcase_add_test(cost, too_many_mappings);
	tcase_add_test(cost, one_place);
	suite_add_tcase(suite, cost);
	return run_suite(suite);
}
