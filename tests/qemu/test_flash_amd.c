/* SPDX-License-Identifier: MIT */
/*
 * The model's command set 0002 against QEMU's cfi.pflash02, cycle by cycle: what both claim to do,
 * and seeded random cycles, in which each difference must be a row of amd_rules.c. The clocks of
 * the two stand still but where an operation is brought to its end.
 *
 *   test_flash_amd --table     prints the rows as Markdown
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/qemu/amd_rules.h"
#include "tests/unit/suite.h"
#include "vmm/find.h"

#define RANDOM_CYCLES 100000
#define SECTOR_WORDS 0x8000
#define SECTORS 128

/* The flash of QEMU's musicpal machine: codes, sizes, query table. */
static const struct flash_part part = {
	.name = "qemu-musicpal",
	.compatible = "qemu,musicpal",
	.command_set = 0x0002,
	.manufacturer = 0x00BF,
	.device = { 0x236D },
	.chip_bytes = MiB(8),
	.widths = 2,
	.native_bytes = 2,
	.nregions = 1,
	.region = { { SECTORS, KiB(64), { 512 * 1000, 512 * 1000 } } },
	.features = FLASH_SUSPEND_ERASE | FLASH_PROGRAM_IN_SUSPEND | FLASH_UNLOCK_BYPASS,
	.read_ns = 90,
	.program = { 128, 256 },
	.suspend_erase = { 20, 20 },
	.erase_window_us = 50,
	.cfi = {
		.extended_at = 0x40,
		.version = { '1', '0' },
		.interface = 2,
		.vcc_min = 0x27,
		.vcc_max = 0x36,
		.program_typ = 7,
		.program_max = 1,
		.erase_typ = 9,
		.erase_max = 10,
		.chip_typ = 12,
		.chip_max = 13,
		.extended_bytes = 8,
		.extended = { 0x00, 0x02 },
	},
};
static const struct flash_config config = { .part = &part };
static u16 *array;
static char program[1024];

/* "Wait for interrupt", for ever: the clock then jumps to the next timer. */
static void park_cpu(void)
{
	qtest_write(&twins.qemu, 0, 4, 0xEE070F90);
	qtest_write(&twins.qemu, 4, 4, 0xEAFFFFFD);
}

static void start(size_t nrules)
{
	static const char *const argv[] = { "-machine", "musicpal",
					    "-accel",	"tcg",
					    "-icount",	"shift=6,sleep=off",
					    "-drive",	"if=pflash,format=raw,file=" QTEST_FLASH,
					    NULL };

	memset(&amd_watch, 0, sizeof(amd_watch));
	array = malloc(part.chip_bytes);
	ck_assert_ptr_nonnull(array);
	twins.random = 1;
	for (u32 i = 0; i < part.chip_bytes / 2; i++)
		array[i] = (u16)twins_random(0x10000);
	array[0] = 0x1234, array[0x10] = 0x5678; /* what amd_rules.c tells the array by */
	twins_start(&config, (u8 *)array, amd_rules, nrules);
	twins.alike = amd_alike;
	twins.gpa = GiB(4) - part.chip_bytes;
	qtest_start(&twins.qemu, program, argv, (u8 *)array, part.chip_bytes);
	park_cpu();
}

static void start_strict(void)
{
	start(AMD_STRICT_RULES);
}

static void start_lenient(void)
{
	start(amd_nrules);
}

static void end(void)
{
	twins_end();
	free(array);
}

static void erase(u32 sector)
{
	amd_command(AMD_ERASE_SETUP);
	amd_cycle(0x555, 0xAA);
	amd_cycle(0x2AA, 0x55);
	amd_cycle(sector * SECTOR_WORDS, AMD_SECTOR_ERASE);
}

static void program_word(u32 word, u32 data)
{
	amd_command(AMD_PROGRAM);
	amd_cycle(word, data);
}

static void require_array(u32 word, u32 value)
{
	ck_assert_uint_eq(amd_look(word), value);
}

/* ---- what both claim ------------------------------------------------------------------------- */
START_TEST(the_array_reads_alike_in_each_width)
{
	twins_compare_array(0, part.chip_bytes);
	for (u32 i = 0; i < 100; i++)
		for (u32 bytes = 1; bytes <= 4; bytes *= 2)
			twins_read(twins_random(part.chip_bytes / 4) * 4, bytes);
}
END_TEST

START_TEST(codes_are_alike)
{
	amd_command(AMD_AUTOSELECT);
	require_array(0, part.manufacturer);
	require_array(1, part.device[0]);
	for (u32 sector = 0; sector < SECTORS; sector++)
		require_array(sector * SECTOR_WORDS + 2, 0); /* not protected */
	amd_cycle(0, AMD_RESET);
	amd_look(0);
}
END_TEST

START_TEST(query_tables_are_alike)
{
	amd_cycle(0x55, AMD_QUERY);
	require_array(0x10, 'Q');
	for (u32 i = 0x10; i <= 0x4C; i++)
		amd_look(i);
	amd_cycle(0, AMD_RESET);
	amd_look(0x10);
}
END_TEST

START_TEST(query_mode_from_autoselect_goes_back_there)
{
	amd_command(AMD_AUTOSELECT);
	amd_cycle(0x55, AMD_QUERY);
	require_array(0x10, 'Q');
	amd_cycle(0, AMD_RESET);
	require_array(1, part.device[0]);
	amd_cycle(0, AMD_RESET);
	require_array(0, array[0]);
}
END_TEST

START_TEST(commands_compare_eleven_address_bits)
{
	amd_cycle(0x5555, 0x12AA);
	amd_cycle(0x3F2AA, 0xFF55);
	amd_cycle(0x10D55, 0x0090);
	require_array(0, part.manufacturer);
	amd_cycle(0x123, 0x45F0);
	amd_cycle(0x554, 0xAA);
	amd_cycle(0x2AA, 0x55);
	amd_cycle(0x555, AMD_AUTOSELECT);
	require_array(0, array[0]);
}
END_TEST

START_TEST(a_word_is_programmed_and_bits_only_cleared)
{
	for (u32 i = 0; i < 1000; i++) {
		u32 word = SECTOR_WORDS + twins_random(64), was = array[word];
		u32 data = twins_random(0x10000);

		program_word(word, data);
		require_array(word, was & data);
	}
}
END_TEST

/* Two reads behind each other toggle alike: amd_alike(). */
static void look_at_status(u32 sector)
{
	for (u32 i = 0; i < 5; i++)
		amd_look(sector * SECTOR_WORDS + i);
}

START_TEST(sectors_are_erased_together)
{
	erase(3);
	look_at_status(3);
	ck_assert_uint_eq(amd_look(3 * SECTOR_WORDS) & 0x88, 0); /* DQ7; DQ3: the window */
	amd_cycle(5 * SECTOR_WORDS + 77, AMD_SECTOR_ERASE);
	amd_cycle(127 * SECTOR_WORDS, AMD_SECTOR_ERASE);
	look_at_status(127);
	amd_finish();
	require_array(3 * SECTOR_WORDS, 0xFFFF);
	twins_compare_array(0, part.chip_bytes);
}
END_TEST

START_TEST(unlock_bypass_programs)
{
	u32 at = 7 * SECTOR_WORDS;

	amd_command(AMD_BYPASS);
	for (u32 i = 0; i < 100; i++) {
		amd_cycle(twins_random(1000), AMD_PROGRAM);
		amd_cycle(at + i, twins_random(0x10000));
	}
	amd_cycle(0, AMD_AUTOSELECT);
	amd_cycle(0, 0);
	amd_cycle(0, AMD_PROGRAM);
	amd_cycle(at, 0); /* and there is no bypass any more */
	twins_compare_array(0, part.chip_bytes);
}
END_TEST

/* ---- with the differences -------------------------------------------------------------------- */
/* First in the window, then behind it, as DQ3 says. */
START_TEST(an_erase_rests_and_goes_on)
{
	u32 at = 2 * SECTOR_WORDS, other = 4 * SECTOR_WORDS;

	erase(2);
	for (u32 i = 0; i < 3; i++) {
		look_at_status(2);
		amd_cycle(0, AMD_SUSPEND);
		look_at_status(2);
		require_array(other, array[other]);
		program_word(other + i, 0x5A00 + i);
		program_word(at + i, 0); /* refused */
		amd_cycle(0, AMD_SECTOR_ERASE);
		ck_assert_uint_eq(amd_look(at) & 0x88, 0x08);
		twins.now_ns += 140 * 1000 * 1000; /* for the model to have erased a part of it */
	}
	amd_finish();
	require_array(at, 0xFFFF);
	twins_compare_array(0, part.chip_bytes);
}
END_TEST

static void erase_chip(void)
{
	amd_command(AMD_ERASE_SETUP);
	amd_command(AMD_CHIP_ERASE);
	look_at_status(9);
	amd_cycle(0, AMD_SUSPEND); /* ignored, as all else */
	amd_cycle(0, AMD_RESET);
	look_at_status(9);
	amd_finish();
}

START_TEST(the_chip_is_erased)
{
	erase_chip();
	require_array(12345, 0xFFFF);
}
END_TEST

/* ---- random ---------------------------------------------------------------------------------- */
/* Few places, so that commands meet what others left. Sector 0 is for telling modes apart. */
static u32 some_word(void)
{
	return (1 + twins_random(4)) * SECTOR_WORDS + twins_random(16);
}

static u32 some_command(void)
{
	static const u8 commands[] = { 0xAA, 0x55, 0x80, 0x90, 0xA0, 0x98, 0x30,
				       0x10, 0xB0, 0xF0, 0x20, 0x00, 0x25 };
	u32 n = twins_random(ARRAY_LEN(commands) + 1);

	return n < ARRAY_LEN(commands) ? commands[n] : twins_random(256);
}

static void some_single_cycle(void)
{
	static const u32 at[] = { 0x555, 0x2AA, 0x55 };
	u32 n = twins_random(ARRAY_LEN(at) + 1);
	u32 data = some_command();

	/* Chip erases take long: a test of their own has them. */
	if (amd_chip()->amd.sequence == AMD_ERASE_3 && data == AMD_CHIP_ERASE)
		data = AMD_RESET;
	if (data == AMD_SECTOR_ERASE)
		n = ARRAY_LEN(at); /* not sector 0 */
	amd_cycle(n < ARRAY_LEN(at) ? at[n] : some_word(), data);
}

/* A cycle of a command, but for one in 24 another. */
static void likely(u32 word, u32 data)
{
	if (twins_random(24))
		amd_cycle(word, data);
	else
		some_single_cycle();
}

static void likely_command(u8 command)
{
	likely(0x555, 0xAA);
	likely(0x2AA, 0x55);
	likely(0x555, command);
}

static void some_erase(void)
{
	likely_command(AMD_ERASE_SETUP);
	likely(0x555, 0xAA);
	likely(0x2AA, 0x55);
	do
		likely(some_word(), AMD_SECTOR_ERASE);
	while (twins_random(2));
}

static void some_program(void)
{
	if (!amd_chip()->amd.bypass)
		likely_command(AMD_PROGRAM);
	else
		likely(some_word(), AMD_PROGRAM);
	amd_cycle(some_word(), twins_random(0x10000));
}

static void leave_bypass(void)
{
	likely(0, AMD_AUTOSELECT);
	amd_look(twins_random(3));
	likely(0, 0);
}

static void half_an_erase(void)
{
	likely_command(AMD_ERASE_SETUP);
	switch (twins_random(3)) {
	case 0: amd_cycle(some_word(), AMD_SUSPEND); break;
	case 1: amd_cycle(0x55, AMD_QUERY); break;
	default: some_single_cycle(); break;
	}
}

static void some_phrase(void)
{
	if (amd_chip()->amd.entered && twins_random(2))
		amd_cycle(some_word(), AMD_RESET);
	if (amd_chip()->amd.bypass && twins_random(4) == 0)
		leave_bypass();
	switch (twins_random(13)) {
	case 0:
	case 1:
	case 2: some_program(); break;
	case 3: some_erase(); break;
	case 4: likely(some_word(), AMD_SUSPEND); break;
	case 5: likely(some_word(), AMD_SECTOR_ERASE); break;
	case 6: likely_command(AMD_AUTOSELECT); break;
	case 7: likely(0x55, AMD_QUERY); break;
	case 8: likely_command(AMD_BYPASS); break;
	case 9: leave_bypass(); break;
	case 10: likely(some_word(), AMD_RESET); break;
	case 11: half_an_erase(); break;
	default: some_single_cycle(); break;
	}
}

static void look_around(void)
{
	u32 n = chip_erase_rests(amd_chip()) && twins_random(30) == 0 ? 60 : 4;

	amd_look(0);
	amd_look(1);
	amd_look(0x10);
	for (u32 i = 0; i < n; i++)
		amd_look(some_word());
}

/* Back to a chip that awaits a command, whatever it has been doing. */
static void come_to_rest(void)
{
	amd_cycle(0, AMD_RESET); /* the word to program, perhaps */
	amd_cycle(0, AMD_RESET); /* from a query to autoselect */
	amd_cycle(0, AMD_RESET);
	amd_cycle(0, AMD_AUTOSELECT); /* out of bypass */
	amd_cycle(0, 0);
	amd_cycle(0, AMD_SECTOR_ERASE);
	if (op_runs(&amd_chip()->erase))
		amd_finish();
}

START_TEST(random_cycles_differ_as_the_table_says)
{
	while (twins.cycles < RANDOM_CYCLES) {
		some_phrase();
		look_around();
		if (op_runs(&amd_chip()->erase) && twins_random(6) == 0)
			amd_finish();
	}
	come_to_rest();
	twins_compare_array(0, part.chip_bytes);
	erase_chip();
	twins_require_all_rules();
}
END_TEST

/* ---------------------------------------------------------------------------------------------- */
static void add_tests(Suite *suite)
{
	TCase *claims = tcase_create("claims"), *differences = tcase_create("differences");

	tcase_set_timeout(claims, 120);
	tcase_add_checked_fixture(claims, start_strict, end);
	tcase_add_test(claims, the_array_reads_alike_in_each_width);
	tcase_add_test(claims, codes_are_alike);
	tcase_add_test(claims, query_tables_are_alike);
	tcase_add_test(claims, query_mode_from_autoselect_goes_back_there);
	tcase_add_test(claims, commands_compare_eleven_address_bits);
	tcase_add_test(claims, a_word_is_programmed_and_bits_only_cleared);
	tcase_add_test(claims, sectors_are_erased_together);
	tcase_add_test(claims, unlock_bypass_programs);
	suite_add_tcase(suite, claims);
	tcase_set_timeout(differences, 300);
	tcase_add_checked_fixture(differences, start_lenient, end);
	tcase_add_test(differences, an_erase_rests_and_goes_on);
	tcase_add_test(differences, the_chip_is_erased);
	tcase_add_test(differences, random_cycles_differ_as_the_table_says);
	suite_add_tcase(suite, differences);
}

int main(int argc, char **argv)
{
	Suite *suite;

	if (argc == 2 && strcmp(argv[1], "--table") == 0) {
		twins_print_table(amd_rules, amd_nrules);
		return 0;
	}
	if (!find_in_path("qemu-system-arm", program, sizeof(program))) {
		printf("SKIP: QEMU's cfi.pflash02: qemu-system-arm is not installed\n");
		return 0;
	}
	suite = suite_create("flash_amd");
	add_tests(suite);
	return run_suite(suite);
}
