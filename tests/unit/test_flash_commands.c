/* SPDX-License-Identifier: MIT */
/*
 * The guest's flash driver against chips of both command sets, on buses of all widths, one or two
 * side by side: what each operation does, what each failure is called, and that the chip can be
 * read afterwards. Probing and what concerns no command set: test_flash_driver.c.
 */
#include "tests/unit/flash_driver_rig.h"
#include "tests/unit/suite.h"

static const struct bus_setup setups[] = {
	{ .part = BUS_J3, .bus_bytes = 2 },
	{ .part = BUS_J3, .bus_bytes = 1 },
	{ .part = BUS_J3, .bus_bytes = 4, .chips = 2 },
	{ .part = BUS_J3, .bus_bytes = 2, .chips = 2, .slowest = true },
	{ .part = BUS_QEMU, .bus_bytes = 1, .slowest = true },
	{ .part = BUS_QEMU, .bus_bytes = 2, .chips = 2 },
	{ .part = BUS_L18, .bus_bytes = 2 },
	{ .part = BUS_L18, .bus_bytes = 4, .chips = 2, .slowest = true },
	{ .part = BUS_C3, .bus_bytes = 2 },
	{ .part = BUS_AMD, .bus_bytes = 2 },
	{ .part = BUS_AMD, .bus_bytes = 1, .slowest = true },
	{ .part = BUS_AMD, .bus_bytes = 4, .chips = 2 },
	{ .part = BUS_AMD, .bus_bytes = 2, .chips = 2, .slowest = true },
	{ .part = BUS_AMD_X8, .bus_bytes = 1 },
	{ .part = BUS_AMD_X8, .bus_bytes = 2, .chips = 2 },
	{ .part = BUS_AMD_TOP, .bus_bytes = 2 },
	{ .part = BUS_AMD_TOP_10, .bus_bytes = 1 },
	{ .part = BUS_AMD_STATUS, .bus_bytes = 2 },
	{ .part = BUS_AMD_STATUS, .bus_bytes = 4, .chips = 2, .slowest = true },
	{ .part = BUS_AMD_DQ5, .bus_bytes = 2 },
	{ .part = BUS_AMD_DQ5, .bus_bytes = 1 },
};

/* Those whose part is one of these, for what the others do not have; a bit for each part. */
#define PART(part) (1u << (part))
#define INTEL_PARTS (PART(BUS_J3) | PART(BUS_QEMU) | PART(BUS_L18) | PART(BUS_C3))
#define BUFFERED_INTEL_PARTS (INTEL_PARTS & ~PART(BUS_C3))
#define LOCKING_PARTS (PART(BUS_L18) | PART(BUS_C3))
#define PROTECTING_PARTS (PART(BUS_AMD) | PART(BUS_AMD_STATUS))
#define DATA_LINE_PARTS (~(INTEL_PARTS | PART(BUS_AMD_STATUS)))

static int count_setups(u32 of)
{
	int n = 0;

	for (size_t i = 0; i < ARRAY_LEN(setups); i++)
		n += of >> setups[i].part & 1;
	return n;
}

static const struct bus_setup *nth_setup(u32 of, int n)
{
	const struct bus_setup *setup = setups;

	while (!(of >> setup->part & 1) || n--)
		setup++;
	return setup;
}

static u8 before[KiB(256)];

static u32 chips(void)
{
	return bus.chips ? bus.chips : 1;
}

static bool is_amd(void)
{
	return chip->command_set == 2;
}

/* Opens a chip as @what says, with buffers if @buffers. */
static void begin(const struct bus_setup *what, bool buffers)
{
	setup_bus(what);
	open_part();
	flash_set_policy(chip, (struct flash_policy){ .word_by_word = !buffers });
	memcpy(before, bus_model_array(), bus_model_bytes());
}

static void end_test(void)
{
	flash_chip_close(chip);
	teardown();
}

static u64 counted(enum counter which)
{
	return counters[0][which];
}

/* Outside of [@start, @start + @bytes) all is as it was. */
static void require_untouched_but(u64 start, u64 bytes)
{
	ck_assert_mem_eq(bus_model_array(), before, start);
	ck_assert_mem_eq(bus_model_array() + start + bytes, before + start + bytes,
			 bus_model_bytes() - start - bytes);
}

/* ---- probe ----------------------------------------------------------------------------------- */

START_TEST(probe_finds_geometry_and_abilities)
{
	const struct bus_setup *what = &setups[_i];
	u64 end = 0;

	begin(what, true);
	ck_assert_uint_eq(chip->interleave, chips());
	ck_assert_uint_eq(chip->query_scale, bus.bus_bytes / chips() == 1 && bus.part != BUS_QEMU &&
							     bus.part != BUS_AMD_X8
						     ? 2
						     : 1);
	for (u32 i = 0; i < chip->nregions; i++) {
		ck_assert_uint_eq(chip->region[i].start, end);
		end += (u64)chip->region[i].blocks * chip->region[i].block_bytes;
	}
	ck_assert_uint_eq(end, bus_model_bytes());
	ck_assert_uint_eq(flash_partition_block_bytes(&part, 0),
			  chips() * (bus.part == BUS_AMD_TOP || bus.part == BUS_AMD_TOP_10
					     ? KiB(32)
					     : KiB(8)));
	ck_assert_uint_eq(flash_is_locked_at_power_up(chip),
			  bus.part == BUS_L18 || bus.part == BUS_C3);
	ck_assert_uint_eq(flash_can_suspend(chip), bus.part != BUS_QEMU && bus.part != BUS_AMD_X8);
	ck_assert_uint_eq(chip->npartitions, bus.part == BUS_L18 ? 4 : 0);
	for (u32 i = 0; i < chip->npartitions; i++)
		ck_assert_uint_eq(chip->partition_at[i], i * KiB(32) * chips());
	require_readable();
	end_test();
}
END_TEST

/* Query byte of the extended table, value, what the console must say. */
static const struct {
	enum bus_part part;
	u32 at, value;
	const char *says;
} wrong_tables[] = {
	{ BUS_L18, 0x10a + 0x0e, 9, "protection fields" },
	{ BUS_L18, 0x10a + 0x1e, 17, "burst modes" },
	{ BUS_L18, 0x10a + 0x23, 0, "regions of partitions" },
	{ BUS_L18, 0x10a + 0x23, 9, "regions of partitions" },
	{ BUS_L18, 0x10a + 0x23, 1, "bytes in all partitions" },
	{ BUS_L18, 0x10a + 0x24, 40, "partitions alike" },
	{ BUS_L18, 0x10a + 0x29, 0, "types of block" },
	{ BUS_L18, 0x10a + 0x29, 5, "types of block" },
	{ BUS_L18, 0x10a + 0x2a, 2, "bytes in all partitions" },
	{ BUS_L18, 0x10a + 3, '2', "version" },
	{ BUS_AMD, 0x40, 'X', "PRI" },
	{ BUS_AMD, 0x40 + 4, '6', "version" },
	{ BUS_AMD, 0x40 + 6, 3, "erase suspend" },
};

START_TEST(probe_believes_no_extended_table_that_cannot_be)
{
	struct bus_setup what = { .part = wrong_tables[_i].part, .bus_bytes = 2 };

	setup_bus(&what);
	bus_faults.query_at = wrong_tables[_i].at;
	bus_faults.query_value = wrong_tables[_i].value;
	open_chip();
	ck_assert_ptr_null(chip);
	ck_assert_msg(strstr(shim_text, wrong_tables[_i].says), "%s", shim_text);
	ck_assert(bus_model_is_array());
	teardown();
}
END_TEST

/* ---- operations ------------------------------------------------------------------------------ */

START_TEST(erase_sets_a_block_and_nothing_else)
{
	u32 bytes;

	begin(&setups[_i], true);
	for (u64 at = 0; at < part.bytes; at += bytes) {
		memcpy(before, bus_model_array(), bus_model_bytes());
		bytes = flash_partition_block_bytes(&part, at);
		ck_assert_int_eq(flash_partition_erase(&part, at), FLASH_OK);
		for (u32 i = 0; i < bytes; i++)
			ck_assert_uint_eq(bus_model_array()[at + i], 0xff);
		require_untouched_but(at, bytes);
		require_readable();
	}
	ck_assert_uint_eq(counted(COUNT_FLASH_ERASES), chip->nblocks);
	ck_assert_uint_eq(counted(COUNT_FLASH_STATUS_BUSY), chip->nblocks);
	ck_assert_uint_eq(counted(COUNT_FLASH_UNLOCKS),
			  flash_is_locked_at_power_up(chip) ? chip->nblocks : 0);
	end_test();
}
END_TEST

/* Across the end of a block, from within a line to within another; over whatever was there. */
static void program_and_compare(bool buffers)
{
	static u8 data[KiB(8)];
	u64 at = KiB(32) * chips() - 5 * bus.bus_bytes - chip->line_bytes, lines;
	u32 words = 5 + 5 * (chip->line_bytes / bus.bus_bytes) + 3;
	u32 bytes = words * bus.bus_bytes, programs = words;

	for (u32 i = 0; i < bytes; i++)
		data[i] = (u8)(i * 91 + 7);
	ck_assert_int_eq(flash_partition_program(&part, at, data, bytes), FLASH_OK);
	for (u32 i = 0; i < bytes; i++)
		ck_assert_uint_eq(bus_model_array()[at + i], data[i] & before[at + i]);
	require_untouched_but(at, bytes);
	require_readable();
	if (buffers && chip->line_bytes) {
		lines = (at + bytes - 1) / chip->line_bytes - at / chip->line_bytes + 1;
		programs = 0;
	} else {
		lines = 0;
	}
	ck_assert_uint_eq(counted(COUNT_FLASH_PROGRAMS), programs);
	ck_assert_uint_eq(counted(COUNT_FLASH_BUFFERS), lines);
	ck_assert_uint_eq(counted(COUNT_FLASH_STATUS_BUSY), programs + lines);
	ck_assert_uint_eq(counted(COUNT_FLASH_UNLOCKS), flash_is_locked_at_power_up(chip) ? 2 : 0);
}

START_TEST(programs_clear_bits_word_by_word)
{
	begin(&setups[_i], false);
	program_and_compare(false);
	end_test();
}
END_TEST

START_TEST(programs_clear_bits_by_the_buffer)
{
	begin(&setups[_i], true);
	program_and_compare(true);
	end_test();
}
END_TEST

/* ---- failures -------------------------------------------------------------------------------- */

/* Afterwards the chip can be read, and the next operation is not taken for the last. */
static void require_usable(void)
{
	u8 word[4] = { 0 };

	require_readable();
	ck_assert_int_eq(flash_partition_program(&part, part.bytes - 4, word, 4), FLASH_OK);
	ck_assert_mem_eq(bus_model_array() + part.bytes - 4, word, 4);
	require_readable();
}

static void fail_programs(bool buffers)
{
	u8 zeros[16] = { 0 };

	ck_assert_int_eq(flash_partition_program(&part, 0, zeros, sizeof(zeros)), FLASH_PROGRAM);
	ck_assert(strstr(shim_text, "programming failed"));
	ck_assert_uint_eq(counted(buffers && chip->line_bytes ? COUNT_FLASH_BUFFERS
							      : COUNT_FLASH_PROGRAMS),
			  1);
	require_usable();
}

START_TEST(a_program_that_fails_is_named)
{
	struct bus_setup what = setups[_i];

	what.fail_program = 1;
	for (u32 buffers = 0; buffers < 2; buffers++) {
		begin(&what, buffers);
		fail_programs(buffers);
		end_test();
	}
}
END_TEST

START_TEST(an_erase_that_fails_is_named)
{
	struct bus_setup what = setups[_i];

	what.fail_erase = 1;
	begin(&what, true);
	ck_assert_int_eq(flash_partition_erase(&part, 0), FLASH_ERASE);
	ck_assert(strstr(shim_text, "erasing failed"));
	require_readable();
	ck_assert_int_eq(flash_partition_erase(&part, 0), FLASH_OK);
	require_usable();
	end_test();
}
END_TEST

START_TEST(low_voltage_is_named)
{
	struct bus_setup what = *nth_setup(INTEL_PARTS, _i);

	what.vpp_low = true;
	begin(&what, true);
	ck_assert_int_eq(flash_partition_erase(&part, 0), FLASH_VPP);
	require_readable();
	ck_assert_int_eq(flash_partition_program(&part, 0, "abcd", 4), FLASH_VPP);
	require_readable();
	require_untouched_but(0, 0);
	end_test();
}
END_TEST

static enum flash_error write_something(bool erase)
{
	return erase ? flash_partition_erase(&part, 0)
		     : flash_partition_program(&part, 0, "abcd", 4);
}

/* Set 0002 notices itself (DQ5), and gives up: then it goes on with the next. */
static void require_given_up(bool erase, enum flash_error error)
{
	ck_assert_int_eq(error, erase ? FLASH_ERASE : FLASH_PROGRAM);
	require_usable();
}

static void require_out_of_service(u64 took, const struct flash_times *times)
{
	u8 byte;

	ck_assert_uint_ge(took, times->max);
	ck_assert_uint_le(took, 2 * times->max);
	ck_assert_int_eq(flash_partition_read(&part, 0, &byte, 1), FLASH_STUCK);
	ck_assert_int_eq(flash_partition_erase(&part, 0), FLASH_STUCK);
}

static void stick(const struct bus_setup *what, bool erase, bool buffers)
{
	const struct flash_times *times;
	enum flash_error error;
	u64 start;

	begin(what, buffers);
	times = buffers && chip->line_bytes ? &chip->program_buffer : &chip->program_word;
	start = shim_ns;
	error = write_something(erase);
	if (error != FLASH_TIMEOUT)
		require_given_up(erase, error);
	else
		require_out_of_service(shim_ns - start, erase ? &chip->erase_block : times);
	ck_assert_uint_eq(error == FLASH_TIMEOUT, !is_amd());
	end_test();
}

START_TEST(a_chip_that_is_stuck_is_taken_out_of_service)
{
	struct bus_setup what = setups[_i];

	what.stuck = 1;
	stick(&what, true, true);
	stick(&what, false, true);
	stick(&what, false, false);
}
END_TEST

/* ---- locks ----------------------------------------------------------------------------------- */

START_TEST(locks_are_for_who_asks)
{
	const u32 locking = CHIP_LOCKS_AT_POWER_UP | CHIP_STORES_LOCKS | CHIP_PROTECTS_SECTORS;
	bool locked = true;

	begin(&setups[_i], true);
	if (!(chip->abilities & locking)) {
		ck_assert_int_eq(flash_partition_lock(&part, 0, true), FLASH_NOT_THERE);
		ck_assert_int_eq(flash_partition_is_locked(&part, 0, &locked),
				 is_amd() ? FLASH_OK : FLASH_NOT_THERE);
		ck_assert_uint_eq(locked, !is_amd());
		require_usable();
		end_test();
		return;
	}
	ck_assert_int_eq(flash_partition_is_locked(&part, 0, &locked), FLASH_OK);
	ck_assert_uint_eq(locked, flash_is_locked_at_power_up(chip));
	require_readable();
	ck_assert_int_eq(flash_partition_lock(&part, 0, true), FLASH_OK);
	require_readable();
	ck_assert_int_eq(flash_partition_is_locked(&part, 0, &locked), FLASH_OK);
	ck_assert(locked);
	ck_assert_int_eq(flash_partition_program(&part, 0, "\0\0\0", 4), FLASH_LOCKED);
	require_readable();
	ck_assert_int_eq(flash_partition_erase(&part, 0), FLASH_LOCKED);
	require_readable();
	require_untouched_but(0, 0);
	ck_assert_int_eq(flash_partition_lock(&part, 0, false), FLASH_OK);
	ck_assert_int_eq(flash_partition_is_locked(&part, 0, &locked), FLASH_OK);
	ck_assert(!locked);
	ck_assert_int_eq(flash_partition_erase(&part, 0), FLASH_OK);
	require_usable();
	ck_assert_int_eq(flash_partition_lock(&part, 4, true), FLASH_RANGE);
	end_test();
}
END_TEST

/* By whoever came before this kernel: unlocking it has no effect, and no error bit says so. */
START_TEST(a_block_that_is_locked_down_is_named)
{
	bool locked = false;

	begin(nth_setup(LOCKING_PARTS, _i), true);
	probing = true;
	intel_command(chip, 0, INTEL_LOCK_SETUP);
	chip_write(chip, 0, cfi_command(chip, 0x2f));
	intel_command(chip, 0, INTEL_READ_ARRAY);
	probing = false;
	ck_assert_int_eq(flash_partition_program(&part, 0, "\0\0\0", 4), FLASH_LOCKED);
	require_readable();
	ck_assert_uint_eq(counted(COUNT_FLASH_PROGRAMS) + counted(COUNT_FLASH_BUFFERS), 0);
	ck_assert_int_eq(flash_partition_lock(&part, 0, false), FLASH_LOCKED);
	require_readable();
	ck_assert_int_eq(flash_partition_is_locked(&part, 0, &locked), FLASH_OK);
	ck_assert(locked);
	require_untouched_but(0, 0);
	require_usable();
	end_test();
}
END_TEST

/* By whoever came before this kernel: set 0002 only says that it does nothing, if at all. */
static void protect_first_sector(void)
{
	probing = true;
	amd_command(chip, 0,
		    0xe0); /* dynamic protection bits (S29GL-N, "advanced sector protection") */
	chip_write(chip, 0, cfi_command(chip, 0xa0));
	chip_write(chip, 0, 0);
	chip_write(chip, 0, cfi_command(chip, 0x90));
	chip_write(chip, 0, 0);
	probing = false;
	require_readable();
}

START_TEST(a_protected_sector_is_named)
{
	begin(nth_setup(PROTECTING_PARTS, _i), true);
	protect_first_sector();
	for (u32 buffers = 0; buffers < 2; buffers++) {
		flash_set_policy(chip, (struct flash_policy){ .word_by_word = !buffers });
		ck_assert_int_eq(flash_partition_program(&part, 0, "\0\0\0", 4), FLASH_LOCKED);
		require_readable();
	}
	ck_assert_int_eq(flash_partition_erase(&part, 0), FLASH_LOCKED);
	require_untouched_but(0, 0);
	require_usable();
	end_test();
}
END_TEST

/* The first word, or the last, happens to look as if it had been erased. */
START_TEST(a_protected_sector_is_told_by_either_end)
{
	u64 last;

	for (u32 at_end = 0; at_end < 2; at_end++) {
		begin(nth_setup(PROTECTING_PARTS, _i), true);
		last = flash_partition_block_bytes(&part, 0) - bus.bus_bytes;
		memset(bus_model_array() + (at_end ? last : 0), 0xff, bus.bus_bytes);
		protect_first_sector();
		ck_assert_int_eq(flash_partition_erase(&part, 0), FLASH_LOCKED);
		require_usable();
		end_test();
	}
}
END_TEST

/* ---- what looks like a failure --------------------------------------------------------------- */

/* DQ5 and DQ1 are believed only while DQ6 goes on toggling. */
START_TEST(an_operation_that_ends_as_dq5_rises_has_not_failed)
{
	for (u32 buffers = 0; buffers < 2; buffers++) {
		begin(nth_setup(DATA_LINE_PARTS, _i), buffers);
		bus_faults.dq5_at_end = true;
		ck_assert_int_eq(flash_partition_erase(&part, 0), FLASH_OK);
		ck_assert_int_eq(flash_partition_program(&part, 0, "abcd", 4), FLASH_OK);
		ck_assert_mem_eq(bus_model_array(), "abcd", 4);
		require_readable();
		end_test();
	}
}
END_TEST

/* Error bits that somebody left would make the chip refuse its write buffer (J3, 4.8). */
START_TEST(old_error_bits_are_cleared_before_the_buffer)
{
	begin(nth_setup(BUFFERED_INTEL_PARTS, _i), true);
	ck_assert_int_eq(flash_partition_erase(&part, 0), FLASH_OK); /* and unlocks */
	probing = true;
	intel_command(chip, 0, INTEL_ERASE);
	chip_write(chip, 0, 0);
	intel_command(chip, 0, INTEL_READ_ARRAY);
	probing = false;
	ck_assert_int_eq(flash_partition_program(&part, 0, "abcd", 4), FLASH_OK);
	ck_assert_mem_eq(bus_model_array(), "abcd", 4);
	require_readable();
	end_test();
}
END_TEST

#define N ARRAY_LEN(setups)

int main(void)
{
	Suite *suite = suite_create("flash commands");
	TCase *tcase = tcase_create("commands");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, probe_finds_geometry_and_abilities, 0, N);
	tcase_add_loop_test(tcase, probe_believes_no_extended_table_that_cannot_be, 0,
			    ARRAY_LEN(wrong_tables));
	tcase_add_loop_test(tcase, erase_sets_a_block_and_nothing_else, 0, N);
	tcase_add_loop_test(tcase, programs_clear_bits_word_by_word, 0, N);
	tcase_add_loop_test(tcase, programs_clear_bits_by_the_buffer, 0, N);
	tcase_add_loop_test(tcase, a_program_that_fails_is_named, 0, N);
	tcase_add_loop_test(tcase, an_erase_that_fails_is_named, 0, N);
	tcase_add_loop_test(tcase, low_voltage_is_named, 0, count_setups(INTEL_PARTS));
	tcase_add_loop_test(tcase, a_chip_that_is_stuck_is_taken_out_of_service, 0, N);
	tcase_add_loop_test(tcase, locks_are_for_who_asks, 0, N);
	tcase_add_loop_test(tcase, a_block_that_is_locked_down_is_named, 0,
			    count_setups(LOCKING_PARTS));
	tcase_add_loop_test(tcase, a_protected_sector_is_named, 0, count_setups(PROTECTING_PARTS));
	tcase_add_loop_test(tcase, a_protected_sector_is_told_by_either_end, 0,
			    count_setups(PROTECTING_PARTS));
	tcase_add_loop_test(tcase, an_operation_that_ends_as_dq5_rises_has_not_failed, 0,
			    count_setups(DATA_LINE_PARTS));
	tcase_add_loop_test(tcase, old_error_bits_are_cleared_before_the_buffer, 0,
			    count_setups(BUFFERED_INTEL_PARTS));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
