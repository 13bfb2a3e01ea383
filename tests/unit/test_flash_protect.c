/* SPDX-License-Identifier: MIT */
/*
 * What protects the protection registers of Intel's parts: their lock words, and a voltage that is
 * too low to program; and stored lock bits without that voltage. (L18, P30: "protection
 * registers".)
 */
#include <check.h>

#include "tests/unit/flash_rig.h"
#include "tests/unit/suite.h"

enum { LOCK_WORD = 0x80, LOCK1_WORD = 0x89, GROUP_0 = 0x8A, GROUP_WORDS = 8 };

static u64 ns;

/* Programs word @address of identifier mode, waits for the end, returns the status and clears
 * it. */
static u16 program_register(u32 address, u16 value)
{
	u16 status;

	rig_put(2ull * address, 0xC0, ns);
	rig_put(2ull * address, value, ns);
	ns += RIG_PROGRAM_NS;
	status = rig_get(0, ns);
	rig_put(0, 0x50, ns);
	return status;
}

static u16 register_word(u32 address)
{
	u16 value;

	rig_put(0, 0x90, ns);
	value = rig_get(2ull * address, ns);
	rig_put(0, 0xFF, ns);
	return value;
}

static void setup(void)
{
	ns = 0;
	rig_setup_l18();
}

/* Each bit of 89h locks the eight words of its group, and no other. */
START_TEST(a_bit_of_the_second_lock_word_locks_a_group)
{
	u32 first = GROUP_0 + (u32)_i * GROUP_WORDS, last = first + GROUP_WORDS - 1;

	ck_assert_uint_eq(program_register(first, 0x1234), 0x80);
	ck_assert_uint_eq(program_register(LOCK1_WORD, (u16) ~(1u << _i)), 0x80);
	ck_assert_uint_eq(program_register(first, 0), 0x92);
	ck_assert_uint_eq(program_register(last, 0), 0x92);
	ck_assert_uint_eq(register_word(first), 0x1234);
	ck_assert_uint_eq(register_word(last), 0xFFFF);
	if (_i > 0)
		ck_assert_uint_eq(program_register(first - 1, 0x5678), 0x80);
	ck_assert_uint_eq(program_register(last + 1, 0x9ABC), _i < 15 ? 0x80 : 0x90);
	ck_assert_uint_eq(program_register(LOCK1_WORD, 0), 0x80); /* itself it never locks */
}
END_TEST

/* Bit 0 of 80h locks the factory's words, from the factory on; bit 1 the user's. */
START_TEST(the_first_lock_word_locks_the_four_words_of_each_half)
{
	for (u32 address = 0x81; address < 0x85; address++)
		ck_assert_uint_eq(program_register(address, 0), 0x92);
	for (u32 address = 0x85; address < 0x89; address++)
		ck_assert_uint_eq(program_register(address, 0xFFFE), 0x80);
	ck_assert_uint_eq(program_register(LOCK_WORD, 0xFFFD), 0x80);
	for (u32 address = 0x85; address < 0x89; address++) {
		ck_assert_uint_eq(program_register(address, 0), 0x92);
		ck_assert_uint_eq(register_word(address), 0xFFFE);
	}
	ck_assert_uint_eq(program_register(GROUP_0, 0), 0x80);
}
END_TEST

START_TEST(without_voltage_no_register_is_programmed)
{
	rig_replace(&(struct flash_config){ .part = &rig_part_l18, .faults = { .vpp_low = true } });
	ck_assert_uint_eq(program_register(0x85, 0), 0x98);
	ck_assert_uint_eq(program_register(LOCK_WORD, 0), 0x98);
	ck_assert_uint_eq(program_register(0x81, 0), 0x92); /* that it is locked comes first */
	ck_assert_uint_eq(register_word(0x85), 0xFFFF);
	ck_assert_uint_eq(register_word(LOCK_WORD), 0xFFFE);
}
END_TEST

START_TEST(without_voltage_no_stored_lock_changes)
{
	rig_replace(&(struct flash_config){ .part = &rig_part_j3, .faults = { .vpp_low = true } });
	rig->nv[0]->block[1].locked = 1;
	rig_put(0, 0x60, 0);
	rig_put(0, 0x01, 0);
	ck_assert_uint_eq(rig_get(0, RIG_UNLOCK_NS), 0x98);
	rig_put(0, 0x50, RIG_UNLOCK_NS);
	rig_put(0, 0x60, RIG_UNLOCK_NS);
	rig_put(0, 0xD0, RIG_UNLOCK_NS);
	ck_assert_uint_eq(rig_get(0, 2ull * RIG_UNLOCK_NS), 0xA8);
	ck_assert_uint_eq(rig->nv[0]->block[0].locked, 0);
	ck_assert_uint_eq(rig->nv[0]->block[1].locked, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_protect");
	TCase *tcase = tcase_create("protection registers");

	tcase_add_checked_fixture(tcase, setup, rig_teardown);
	tcase_add_loop_test(tcase, a_bit_of_the_second_lock_word_locks_a_group, 0, 16);
	tcase_add_test(tcase, the_first_lock_word_locks_the_four_words_of_each_half);
	tcase_add_test(tcase, without_voltage_no_register_is_programmed);
	tcase_add_test(tcase, without_voltage_no_stored_lock_changes);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
