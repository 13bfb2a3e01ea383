/* SPDX-License-Identifier: MIT */
/*
 * The model's command set 0001 against QEMU's cfi.pflash01, cycle by cycle: what both claim to do,
 * and seeded random cycles, in which each difference must be a row of intel_rules.c.
 *
 *   test_flash_intel --table     prints the rows as Markdown
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/qemu/intel_rules.h"
#include "tests/unit/suite.h"
#include "vmm/find.h"
#include "vmm/qemu/qemu.h"

#define RANDOM_CYCLES 100000

/* The part in the shape of QEMU's, with codes that differ from all else. */
static struct flash_part part;
static struct flash_config config = { .part = &part };
static u8 *array;
static char program[1024];

static void start(size_t nrules)
{
	static const char *const argv[] = {
		"-machine", "pc",
		"-accel",   "tcg",
		"-m",	    "16",
		"-global",  "driver=cfi.pflash01,property=id1,value=0x89",
		"-global",  "driver=cfi.pflash01,property=id3,value=0x18",
		"-drive",   "if=pflash,unit=0,format=raw,file=" QTEST_FLASH,
		NULL
	};

	part = *flash_part_find(QEMU_PART);
	part.manufacturer = 0x89;
	part.device[0] = 0x18;
	memset(&intel, 0, sizeof(intel));
	array = malloc(part.chip_bytes);
	ck_assert_ptr_nonnull(array);
	twins.random = 1;
	for (u32 i = 0; i < part.chip_bytes; i++)
		array[i] = (u8)twins_random(256);
	/* What intel_rules.c tells the modes by. */
	array[0] = 0x3A, array[1] = 0x3B, array[0x10] = 0x3C;
	twins_start(&config, array, intel_rules, nrules);
	twins.gpa = GiB(4) - part.chip_bytes;
	qtest_start(&twins.qemu, program, argv, array, part.chip_bytes);
	ck_assert_msg(intel_learn(),
		      "words of a buffer are in the array before D0h: it is too old");
}

static void start_strict(void)
{
	start(1); /* row 0: QEMU takes no time */
}

static void start_lenient(void)
{
	start(intel_nrules);
}

static void end(void)
{
	twins_end();
	free(array);
}

/* ---- what both claim ------------------------------------------------------------------------- */
START_TEST(the_array_reads_alike_in_each_width)
{
	twins_compare_array(0, part.chip_bytes);
	for (u32 i = 0; i < 100; i++)
		for (u32 bytes = 1; bytes <= 4; bytes *= 2)
			twins_read(twins_random(part.chip_bytes / 4) * 4, bytes);
	twins_read(part.chip_bytes - 4, 4);
}
END_TEST

START_TEST(codes_are_alike)
{
	intel_write(0, 1, 0x90);
	ck_assert_uint_eq(twins_read(0, 1), 0x89);
	ck_assert_uint_eq(twins_read(1, 1), 0x18);
	for (u32 i = 2; i < 0x100; i++)
		twins_read(i, 1);
	for (u32 block = 0; block < part.chip_bytes; block += INTEL_BLOCK_BYTES)
		ck_assert_uint_eq(twins_read(block + 2, 1), 0); /* not locked */
}
END_TEST

START_TEST(query_tables_are_alike)
{
	intel_write(0x55, 1, 0x98);
	for (u32 i = 2; i < 0x100; i++)
		twins_read(i, 1);
	intel_write(0, 1, 0xFF);
	twins_read(0x10, 1);
}
END_TEST

static void erase(u32 block)
{
	intel_write(block, 1, 0x20);
	twins_read(block, 1);
	intel_write(block + twins_random(INTEL_BLOCK_BYTES), 1, 0xD0);
}

START_TEST(an_erase_is_of_one_block)
{
	u32 last = part.chip_bytes - INTEL_BLOCK_BYTES;
	u32 blocks[] = { INTEL_BLOCK_BYTES, 17 * INTEL_BLOCK_BYTES, last };

	for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
		erase(blocks[i]);
	intel_write(0, 1, 0xFF);
	twins_compare_array(0, part.chip_bytes);
	for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
		ck_assert_uint_eq(twins_read(blocks[i], 4), 0xFFFFFFFF);
}
END_TEST

/* Every value into an erased byte, by either command. */
START_TEST(a_word_is_programmed)
{
	u32 block = 3 * INTEL_BLOCK_BYTES;

	erase(block);
	for (u32 value = 0; value < 256; value++) {
		intel_write(block, 1, value & 1 ? 0x40 : 0x10);
		twins_read(block + value, 1);
		intel_write(block + value, 1, value);
	}
	intel_write(0, 1, 0xFF);
	for (u32 value = 0; value < 256; value++)
		ck_assert_uint_eq(twins_read(block + value, 1), value);
}
END_TEST

/* All lengths, at the end of a line of 256 bytes. */
START_TEST(a_buffer_is_programmed)
{
	u32 block = 5 * INTEL_BLOCK_BYTES;

	erase(block);
	for (u32 words = intel.never_one ? 2 : 1; words <= 256; words++) {
		u32 at = block + (words & 15) * 256 + 256 - words;

		if (words % 16 == 0)
			erase(block);
		intel_write(at, 1, 0xE8);
		twins_read(at, 1);
		intel_write(at, 1, words - 1);
		for (u32 i = 0; i < words; i++)
			intel_write(at + i, 1, twins_random(256));
		intel_write(at, 1, 0xD0);
		ck_assert_uint_eq(twins_read(at, 1), 0x80);
	}
}
END_TEST

/* ---- random ---------------------------------------------------------------------------------- */
/* Few places, so that commands meet what others left; block 0 stays as it is. */
static u32 some_offset(void)
{
	return INTEL_BLOCK_BYTES * (1 + twins_random(3)) + twins_random(4) * 192 + twins_random(8);
}

static u32 some_command(void)
{
	static const u8 commands[] = { 0xFF, 0x70, 0x90, 0x98, 0x50, 0x50, 0x40, 0x40, 0x10,
				       0x20, 0x20, 0xE8, 0xE8, 0x60, 0xB0, 0xD0, 0x01 };
	u32 n = twins_random(ARRAY_LEN(commands) + 1);

	return n < ARRAY_LEN(commands) ? commands[n] : twins_random(256);
}

static void some_first_cycle(void)
{
	static const u8 modes[] = { 0xFF, 0x70, 0x90 };

	if (twins.mode == KVL_FLASH_READ_CFI || twins_random(16))
		intel_write(some_offset(), 1, some_command());
	else
		intel_write(some_offset() & ~1u, 2,
			    modes[twins_random(3)] | modes[twins_random(3)] << 8);
}

static void some_word(void)
{
	u32 at = intel.loaded ? intel.start + twins_random(intel.bytes) : intel.count_at;

	if (twins_random(64) == 0)
		at = some_offset();
	intel_write(at, 1, twins_random(256));
}

static void some_cycle(void)
{
	switch (intel.awaits) {
	case INTEL_IDLE: some_first_cycle(); break;
	case INTEL_DATA:
		if (twins_random(16))
			intel_write(some_offset(), 1, twins_random(256));
		else
			intel_write(some_offset() & ~1u, 2, twins_random(0x10000));
		break;
	case INTEL_CONFIRM:
		intel_write(twins_random(8) ? intel.erase_at : some_offset(), 1,
			    twins_random(4) ? 0xD0 : some_command());
		break;
	case INTEL_COUNT:
		intel_write(some_offset(), 1, twins_random(twins_random(8) ? 8 : 256));
		break;
	case INTEL_LOAD: some_word(); break;
	case INTEL_GO:
		intel_write(some_offset(), 1, twins_random(4) ? 0xD0 : some_command());
		break;
	}
}

/* Behind each write, what tells the read modes from each other; and some place. */
static void look(void)
{
	static const u32 widths[] = { 1, 1, 1, 1, 2, 4 };
	u32 bytes = widths[twins_random(ARRAY_LEN(widths))];
	u32 at = twins_random(2) ? some_offset() : twins_random(0x400);

	twins_read(0, 1);
	twins_read(1, 1);
	twins_read(0x10, 1);
	twins_read(at - at % bytes, bytes); /* QEMU cuts others into several */
}

START_TEST(random_cycles_differ_as_the_table_says)
{
	while (twins.cycles < RANDOM_CYCLES) {
		some_cycle();
		look();
	}
	while (intel.awaits != INTEL_IDLE)
		some_cycle();
	qemus_write(0, 1, 0xFF);
	twins_compare_array(0, part.chip_bytes);
	twins_require_all_rules();
}
END_TEST

/* ---------------------------------------------------------------------------------------------- */
static void add_tests(Suite *suite)
{
	TCase *claims = tcase_create("claims"), *random = tcase_create("random");

	tcase_set_timeout(claims, 120);
	tcase_add_checked_fixture(claims, start_strict, end);
	tcase_add_test(claims, the_array_reads_alike_in_each_width);
	tcase_add_test(claims, codes_are_alike);
	tcase_add_test(claims, query_tables_are_alike);
	tcase_add_test(claims, an_erase_is_of_one_block);
	tcase_add_test(claims, a_word_is_programmed);
	tcase_add_test(claims, a_buffer_is_programmed);
	suite_add_tcase(suite, claims);
	tcase_set_timeout(random, 300);
	tcase_add_checked_fixture(random, start_lenient, end);
	tcase_add_test(random, random_cycles_differ_as_the_table_says);
	suite_add_tcase(suite, random);
}

/* What intel_learn() finds in the others. */
static bool is_too_old(void)
{
	unsigned int major = 0, minor = 0, micro = 0;
	char version[64] = "";
	struct err err;

	if (qemu_version(program, version, sizeof(version), &err))
		return false; /* the tests will say why */
	sscanf(version, "%u.%u.%u", &major, &minor, &micro);
	return major < 7 || (major == 7 && (minor < 2 || (minor == 2 && micro < 9)));
}

int main(int argc, char **argv)
{
	Suite *suite;

	if (argc == 2 && strcmp(argv[1], "--table") == 0) {
		twins_print_table(intel_rules, intel_nrules);
		return 0;
	}
	if (!find_in_path(QEMU_PROGRAM, program, sizeof(program))) {
		printf("SKIP: QEMU's cfi.pflash01: qemu-system-x86 is not installed\n");
		return 0;
	}
	if (is_too_old()) {
		printf("SKIP: QEMU's cfi.pflash01: older than 7.2.9, where a buffer is none\n");
		return 0;
	}
	suite = suite_create("flash_intel");
	add_tests(suite);
	return run_suite(suite);
}
