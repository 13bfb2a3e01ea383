/* SPDX-License-Identifier: MIT */
/*
 * How accesses of the CPU become bus cycles of a flash chip: single lanes, several words, beyond
 * its end, and noise. Reads and writes at every offset: test_flash_lanes.c.
 */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/flash_rig.h"
#include "tests/unit/suite.h"

#define TARGET 0xA004
#define ELSEWHERE 0x1F0F0

static const u64 beyond_the_chip[] = {
	RIG_BYTES,	RIG_BYTES + 1,	UINT32_MAX, 1ull << 32,
	UINT64_MAX - 7, UINT64_MAX - 1, UINT64_MAX,
};

START_TEST(writes_beyond_the_chip_do_nothing)
{
	rig_put(0, 0x40, 0);
	rig_forget_events();
	for (size_t i = 0; i < ARRAY_LEN(beyond_the_chip); i++)
		for (u32 bytes = 0; bytes <= 16; bytes++)
			flash_write(rig->bank, beyond_the_chip[i], bytes, 0, 0);
	flash_write(rig->bank, 0, 0, 0, 0);
	ck_assert_uint_eq(rig->nevents, 0);
	flash_write(rig->bank, RIG_BYTES - 2, UINT32_MAX, 0x1234, 0);
	ck_assert_uint_eq(rig->event[0].a, RIG_BYTES - 2);
	ck_assert_uint_eq(rig->event[0].c, 0x1234);
}
END_TEST

START_TEST(byte_write_programs_its_half_of_the_word)
{
	for (u64 lane = 0; lane < 2; lane++) {
		u8 other = rig_byte(TARGET + 1 - lane);

		rig_put(TARGET, 0x40, lane * RIG_PROGRAM_NS);
		flash_write(rig->bank, TARGET + lane, 1, 0x00, lane * RIG_PROGRAM_NS);
		flash_advance(rig->bank, (lane + 1) * RIG_PROGRAM_NS);
		ck_assert_uint_eq(rig->array[TARGET + lane], 0x00);
		ck_assert_uint_eq(rig->array[TARGET + 1 - lane], lane ? 0x00 : other);
	}
	rig_require_untouched_except(TARGET, 2);
}
END_TEST

START_TEST(byte_command_counts_on_the_even_lane_only)
{
	flash_write(rig->bank, TARGET, 1, 0x90, 0);
	ck_assert_uint_eq(rig_get(2, 0), 0x4321);
	flash_write(rig->bank, TARGET + 1, 1, 0x98, 0); /* DQ7-0 float high: FFh */
	ck_assert(flash_is_array(rig->bank));
	flash_write(rig->bank, TARGET, 1, 0x20, 0);
	flash_write(rig->bank, TARGET, 1, 0xD0, 0);
	ck_assert_uint_eq(flash_busy_until(rig->bank), RIG_ERASE_NS);
}
END_TEST

START_TEST(wide_write_is_one_cycle_for_each_word)
{
	/* 20h at a word, D0h at the next: a whole erase command in one 32-bit store */
	flash_write(rig->bank, TARGET, 4, 0x00D00020, 0);
	ck_assert_uint_eq(flash_busy_until(rig->bank), RIG_ERASE_NS);
	ck_assert_uint_eq(rig->event[1].a, TARGET + 2);
	flash_advance(rig->bank, RIG_ERASE_NS);

	/* 40h, data; then the chip is busy and ignores the rest */
	flash_write(rig->bank, TARGET, 8, 0x5678567812340040, RIG_ERASE_NS);
	flash_advance(rig->bank, 2ull * RIG_ERASE_NS);
	ck_assert_uint_eq(rig_array_word(TARGET + 2), 0x1234);
	ck_assert_uint_eq(rig_array_word(TARGET + 4), 0xFFFF);

	/* a store at an odd offset touches both neighbours, one lane each */
	rig_put(0, 0x40, 2ull * RIG_ERASE_NS);
	flash_write(rig->bank, ELSEWHERE + 1, 2, 0x0000, 2ull * RIG_ERASE_NS);
	flash_advance(rig->bank, 3ull * RIG_ERASE_NS);
	ck_assert_uint_eq(rig->array[ELSEWHERE], rig_byte(ELSEWHERE));
	ck_assert_uint_eq(rig->array[ELSEWHERE + 1], 0x00);
	ck_assert_uint_eq(rig->array[ELSEWHERE + 2], rig_byte(ELSEWHERE + 2));
}
END_TEST

/* Nothing floats on an 8-bit bus: each byte of an access is a cycle of its own. */
START_TEST(x8_access_is_one_cycle_for_each_byte)
{
	flash_write(rig->bank, TARGET + 1, 1, 0x90, 0);
	ck_assert_uint_eq(flash_read(rig->bank, 0, 4, 0), 0x00002189);
	flash_write(rig->bank, TARGET, 2, 0xD020, 0);
	ck_assert_uint_eq(flash_busy_until(rig->bank), RIG_ERASE_NS);
	ck_assert_uint_eq(flash_read(rig->bank, 0, 8, RIG_ERASE_NS), 0x8080808080808080);

	/* at an odd address: 40h, data; then the chip is busy and ignores the rest */
	flash_write(rig->bank, ELSEWHERE + 1, 8, 0x5678567812345A40, RIG_ERASE_NS);
	flash_advance(rig->bank, 2ull * RIG_ERASE_NS);
	ck_assert_uint_eq(rig->array[ELSEWHERE + 2], rig_byte(ELSEWHERE + 2) & 0x5A);
	for (u64 i = 3; i < 9; i++)
		ck_assert_uint_eq(rig->array[ELSEWHERE + i], rig_byte(ELSEWHERE + i));
	ck_assert_uint_eq(rig->array[ELSEWHERE + 1], rig_byte(ELSEWHERE + 1));
}
END_TEST

START_TEST(noise_on_the_bus_is_harmless)
{
	u64 ns = 0;

	srand(1);
	for (int i = 0; i < 200000; i++) {
		u64 offset = (u64)rand() % (RIG_BYTES + 64);
		u32 bytes = (u32)rand() % 17;

		ns += (u64)rand() % RIG_PROGRAM_NS;
		if (rand() & 1)
			flash_write(rig->bank, offset, bytes, (u64)rand() * 0x10001, ns);
		else
			flash_read(rig->bank, offset, bytes, ns);
	}
	flash_advance(rig->bank, ns + 10ull * RIG_ERASE_NS);
	ck_assert_uint_eq(flash_busy_until(rig->bank), UINT64_MAX);
}
END_TEST

/* What holds on a bus of any width. */
static TCase *bus_tests(const char *name, void (*setup)(void))
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, rig_teardown);
	tcase_add_test(tcase, noise_on_the_bus_is_harmless);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("flash_bus");
	TCase *x16 = bus_tests("x16", rig_setup), *x8 = bus_tests("x8", rig_setup_x8);

	tcase_add_test(x16, writes_beyond_the_chip_do_nothing);
	tcase_add_test(x16, byte_write_programs_its_half_of_the_word);
	tcase_add_test(x16, byte_command_counts_on_the_even_lane_only);
	tcase_add_test(x16, wide_write_is_one_cycle_for_each_word);
	tcase_add_test(x8, x8_access_is_one_cycle_for_each_byte);
	suite_add_tcase(suite, x16);
	suite_add_tcase(suite, x8);
	return run_suite(suite);
}
