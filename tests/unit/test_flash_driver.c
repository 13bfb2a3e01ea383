/* SPDX-License-Identifier: MIT */
/*
 * The guest's flash driver against the chip model: what it believes of a probed chip, which errors
 * the status register stands for, and misuse. What each operation does: test_flash_commands.c;
 * readers and writers at the same time: test_flash_arbitration.c.
 */
#include "tests/unit/flash_driver_rig.h"
#include "tests/unit/suite.h"

static void setup_x8(void)
{
	static const struct bus_setup qemu = { .part = BUS_QEMU, .bus_bytes = 1 };

	setup_bus(&qemu);
}

static void setup_open_x8(void)
{
	setup_x8();
	open_part();
}

/* ---- probe ----------------------------------------------------------------------------------- */

START_TEST(probe_finds_what_the_chip_says)
{
	ck_assert(strstr(shim_text, bus.bus_bytes == 1
					    ? "1 x 8 bits: manufacturer 0089, device 0021"
					    : "1 x 16 bits: manufacturer 0089, device 4321"));
	ck_assert(strstr(shim_text, "Intel/Sharp"));
	ck_assert_uint_eq(chip->command_set, 1);
	ck_assert_uint_eq(part.block_bytes, KiB(32));
	ck_assert_uint_le(chip->erase_block.typical, chip->erase_block.max);
}
END_TEST

/* Query byte, value, what the console must say. */
static const struct {
	u32 at, value;
	const char *says;
} wrong_query[] = {
	{ 0x27, 0x1f, "size" },
	{ 0x27, 0xff, "size" },
	{ 0x27, 0x10, "device tree" },
	{ 0x2c, 0, "regions" },
	{ 0x2c, 5, "regions" },
	{ 0x2d, 0x77, "all erase regions" },
	{ 0x2f, 0x21, "block bytes" },
	{ 0x1f, 0x20, "typical" },
	{ 0x21, 0xff, "typical" },
	{ 0x23, 0x40, "longest" },
	{ 0x25, 0x20, "longest" },
	{ 0x13, 0x20, "command set 0020" },
	{ 0x11, 'X', "nothing at" },
	{ 0x2a, 13, "2^n bytes" },
	{ 0x2b, 1, "2^n bytes" },
	{ 0x20, 0x11, "typical" },
	{ 0x24, 0x09, "longest" },
	{ 0x15, 0x30, "extended table at" },
	{ 0x16, 0x04, "extended table at" },
	{ 0x35, 'Q', "PRI" },
	{ 0x38, '2', "version" },
	{ 0x39, '6', "version" },
};

START_TEST(probe_believes_nothing_that_cannot_be)
{
	bus_faults.query_at = wrong_query[_i].at;
	bus_faults.query_value = wrong_query[_i].value;
	open_chip();
	ck_assert_ptr_null(chip);
	ck_assert_msg(strstr(shim_text, wrong_query[_i].says), "%s", shim_text);
	ck_assert(bus_model_is_array());
}
END_TEST

START_TEST(probe_refuses_an_empty_bus_and_odd_widths)
{
	bus_faults.silent = 1;
	open_chip();
	ck_assert_ptr_null(chip);
	bus_faults.silent = 0;
	boot_options.flash_bank_width = 3;
	open_chip();
	ck_assert_ptr_null(chip);
	ck_assert(strstr(shim_text, "no bus is 3 bytes wide"));
}
END_TEST

/* An erase without its confirmation, before this kernel: SR.4 and SR.5 stay set until cleared. */
START_TEST(old_error_bits_do_not_fail_the_first_operation)
{
	bus_model_write(0, bus.bus_bytes, 0x20);
	bus_model_write(0, bus.bus_bytes, 0x00);
	ck_assert_uint_eq(bus_model_status(), 0xb0);
	open_chip();
	ck_assert_ptr_nonnull(chip);
	require_readable();
	ck_assert(flash_partition_find(chip, "part", &part));
	ck_assert_int_eq(flash_partition_erase(&part, 0), FLASH_OK);
	flash_chip_close(chip);
}
END_TEST

static const struct {
	u64 gpa, bytes;
} wrong_place[] = {
	{ CHIP_GPA, UINT64_MAX - 4095 }, { CHIP_GPA, GiB(1) + 4096 }, { CHIP_GPA, KiB(128) - 2 },
	{ CHIP_GPA + 64, KiB(128) },	 { UINT64_MAX - 4095, 4096 }, { CHIP_GPA, 0 },
};

START_TEST(a_chip_where_none_can_be_is_refused)
{
	boot_options.flash_gpa = wrong_place[_i].gpa;
	boot_options.flash_bytes = wrong_place[_i].bytes;
	open_chip();
	ck_assert_ptr_null(chip);
	ck_assert_msg(strstr(shim_text, "no chip can be there"), "%s", shim_text);
}
END_TEST

START_TEST(partitions_must_fit_the_blocks)
{
	struct flash_partition p;

	ck_assert(!flash_partition_find(chip, "other", &p));
	options(KiB(4), KiB(4));
	ck_assert(!flash_partition_find(chip, "part", &p));
	options(0, KiB(36));
	ck_assert(!flash_partition_find(chip, "part", &p));
	options(KiB(32), bus_model_bytes());
	ck_assert(!flash_partition_find(chip, "part", &p));
	options(UINT64_MAX - 4095, KiB(8));
	ck_assert(!flash_partition_find(chip, "part", &p));
	options(0, 0);
	ck_assert(!flash_partition_find(chip, "part", &p));
	options(KiB(8), KiB(24));
	ck_assert(flash_partition_find(chip, "part", &p));
	ck_assert_uint_eq(p.block_bytes, KiB(8));
	ck_assert_int_eq(flash_partition_erase(&p, KiB(24)), FLASH_RANGE);
	ck_assert_int_eq(flash_partition_erase(&p, KiB(4)), FLASH_RANGE);
	ck_assert_int_eq(flash_partition_program(&p, 1, "ab", 2), FLASH_RANGE);
	ck_assert_int_eq(flash_partition_program(&p, 0, "abc", 3), FLASH_RANGE);
	ck_assert_int_eq(flash_partition_program(&p, KiB(24) - 2, "abcd", 4), FLASH_RANGE);
	ck_assert_int_eq(flash_partition_program(&p, KiB(24), "", 0), FLASH_OK);
	ck_assert_int_eq(flash_partition_program(&p, 0, "", 0), FLASH_OK);
	ck_assert_uint_eq(flash_stats(chip)->sessions, 0);
	ck_assert_int_eq(flash_partition_read(&p, KiB(24), &p, 1), FLASH_RANGE);
	ck_assert_int_eq(flash_partition_read(&p, UINT64_MAX, &p, 2), FLASH_RANGE);
	ck_assert_uint_eq(flash_partition_block_bytes(&p, KiB(24)), 0);
	ck_assert_uint_eq(counters[0][COUNT_FLASH_ERASES] + counters[0][COUNT_FLASH_PROGRAMS], 0);
}
END_TEST

/* ---- writing --------------------------------------------------------------------------------- */

/* As emulators are: not waited for, and not counted as a chip that was busy. */
START_TEST(a_chip_that_takes_no_time_is_not_waited_for)
{
	u8 word[4] = { 0x12, 0x34, 0x56, 0x78 }, got[4];
	u64 start = shim_ns;

	bus_faults.done_at_once = true;
	ck_assert_int_eq(flash_partition_erase(&part, KiB(64)), FLASH_OK);
	ck_assert_int_eq(flash_partition_program(&part, KiB(64), word, 4), FLASH_OK);
	ck_assert_int_eq(flash_partition_read(&part, KiB(64), got, 4), FLASH_OK);
	ck_assert_mem_eq(got, word, 4);
	ck_assert_uint_eq(shim_ns, start);
	ck_assert_uint_eq(counters[0][COUNT_FLASH_PROGRAMS], 4 / bus.bus_bytes);
	ck_assert_uint_eq(counters[0][COUNT_FLASH_STATUS_BUSY], 0);
	ck_assert_uint_eq(counters[0][COUNT_FLASH_BUFFERS], 0);
	bus_faults.status_errors = 0x10;
	ck_assert_int_eq(flash_partition_program(&part, 0, "ab", 2), FLASH_PROGRAM);
	require_readable();
}
END_TEST

static const struct {
	u32 bits;
	enum flash_error error;
} failures[] = {
	{ 0x10, FLASH_PROGRAM }, { 0x20, FLASH_ERASE },	 { 0x30, FLASH_SEQUENCE },
	{ 0x12, FLASH_LOCKED },	 { 0x22, FLASH_LOCKED }, { 0x18, FLASH_VPP },
};

/* The failure is named, and the chip is usable afterwards: array mode, no error bit left. */
START_TEST(failures_are_named_and_leave_the_chip_readable)
{
	bus_faults.status_errors = failures[_i].bits;
	ck_assert_int_eq(flash_partition_erase(&part, 0), failures[_i].error);
	ck_assert(strstr(shim_text, flash_error_text(failures[_i].error)));
	require_readable();
	bus_faults.status_errors = failures[_i].bits;
	ck_assert_int_eq(flash_partition_program(&part, 0, "ab", 2), failures[_i].error);
	require_readable();
	ck_assert_int_eq(flash_partition_program(&part, 2, "ab", 2), FLASH_OK);
}
END_TEST

static void reopen(const struct bus_setup *what)
{
	teardown_open();
	setup_bus(what);
	open_part();
}

START_TEST(a_mapping_of_a_chip_out_of_service_is_named)
{
	struct bus_setup stuck = bus;
	struct flash_mapping *other;

	stuck.stuck = 1;
	reopen(&stuck);
	ck_assert_int_eq(flash_map(&part, &mapped), FLASH_OK);
	ck_assert_int_eq(flash_partition_program(&part, 0, "ab", 2), FLASH_TIMEOUT);
	ck_assert_int_eq(flash_map(&part, &other), FLASH_STUCK);
	shim_panic_expected = true;
	if (!setjmp(shim_panic_to)) {
		touch(0);
		ck_abort_msg("not noticed");
	}
	shim_panic_expected = false;
	ck_assert_str_eq(shim_panic_name, "flash chip out of service");
	flash_unmap(mapped);
}
END_TEST

START_TEST(a_fault_inside_the_driver_is_named)
{
	static const struct flash_request any = { .use = FLASH_COMMANDS };

	ck_assert_int_eq(flash_map(&part, &mapped), FLASH_OK);
	ck_assert_int_eq(flash_write_begin(chip, &any), FLASH_OK);
	shim_panic_expected = true;
	if (!setjmp(shim_panic_to)) {
		touch(0);
		ck_abort_msg("not noticed");
	}
	ck_assert_str_eq(shim_panic_name, "fault in the flash driver");
	if (!setjmp(shim_panic_to)) {
		flash_partition_erase(&part, 0);
		ck_abort_msg("not noticed");
	}
	ck_assert_str_eq(shim_panic_name, "flash driver entered twice");
	shim_panic_expected = false;
	flash_write_end(chip, FLASH_OK);
	flash_unmap(mapped);
}
END_TEST

START_TEST(a_chip_closed_with_a_mapping_left_is_named)
{
	ck_assert_int_eq(flash_map(&part, &mapped), FLASH_OK);
	shim_panic_expected = true;
	if (!setjmp(shim_panic_to)) {
		flash_chip_close(chip);
		ck_abort_msg("not noticed");
	}
	shim_panic_expected = false;
	ck_assert_str_eq(shim_panic_name, "flash chip in use");
	flash_unmap(mapped);
}
END_TEST

/* At once, although the chip is idle and this write would not wait for its turn. */
START_TEST(a_write_where_waiting_is_forbidden_is_named)
{
	shim_panic_expected = true;
	me->locks = 1;
	if (!setjmp(shim_panic_to)) {
		flash_partition_erase(&part, 0);
		ck_abort_msg("not noticed");
	}
	ck_assert_str_eq(shim_panic_name, "wait in atomic context");
	shim_panic_name[0] = '\0';
	if (!setjmp(shim_panic_to)) {
		flash_partition_program(&part, 0, "ab", 2);
		ck_abort_msg("not noticed");
	}
	ck_assert_str_eq(shim_panic_name, "wait in atomic context");
	shim_panic_expected = false;
	me->locks = 0;
	require_readable();
	ck_assert_uint_eq(flash_stats(chip)->sessions, 0);
}
END_TEST

/* What a bus of another width could change. */
static TCase *probe_x8(void)
{
	TCase *tcase = tcase_create("probe x8");

	tcase_add_checked_fixture(tcase, setup_x8, teardown);
	tcase_add_loop_test(tcase, probe_believes_nothing_that_cannot_be, 0,
			    ARRAY_LEN(wrong_query));
	tcase_add_test(tcase, probe_refuses_an_empty_bus_and_odd_widths);
	tcase_add_test(tcase, old_error_bits_do_not_fail_the_first_operation);
	return tcase;
}

static TCase *driver_x8(void)
{
	TCase *tcase = tcase_create("driver x8");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup_open_x8, teardown_open);
	tcase_add_test(tcase, probe_finds_what_the_chip_says);
	tcase_add_test(tcase, a_chip_that_takes_no_time_is_not_waited_for);
	tcase_add_loop_test(tcase, failures_are_named_and_leave_the_chip_readable, 0,
			    ARRAY_LEN(failures));
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("flash driver");
	TCase *bare = tcase_create("probe"), *open = tcase_create("driver");

	tcase_add_checked_fixture(bare, setup, teardown);
	tcase_add_loop_test(bare, probe_believes_nothing_that_cannot_be, 0, ARRAY_LEN(wrong_query));
	tcase_add_test(bare, probe_refuses_an_empty_bus_and_odd_widths);
	tcase_add_test(bare, old_error_bits_do_not_fail_the_first_operation);
	tcase_add_loop_test(bare, a_chip_where_none_can_be_is_refused, 0, ARRAY_LEN(wrong_place));
	suite_add_tcase(suite, bare);
	tcase_set_timeout(open, 60);
	tcase_add_checked_fixture(open, setup_open, teardown_open);
	tcase_add_test(open, probe_finds_what_the_chip_says);
	tcase_add_test(open, partitions_must_fit_the_blocks);
	tcase_add_test(open, a_chip_that_takes_no_time_is_not_waited_for);
	tcase_add_loop_test(open, failures_are_named_and_leave_the_chip_readable, 0,
			    ARRAY_LEN(failures));
	tcase_add_test(open, a_mapping_of_a_chip_out_of_service_is_named);
	tcase_add_test(open, a_fault_inside_the_driver_is_named);
	tcase_add_test(open, a_chip_closed_with_a_mapping_left_is_named);
	tcase_add_test(open, a_write_where_waiting_is_forbidden_is_named);
	suite_add_tcase(suite, open);
	suite_add_tcase(suite, probe_x8());
	suite_add_tcase(suite, driver_x8());
	return run_suite(suite);
}
