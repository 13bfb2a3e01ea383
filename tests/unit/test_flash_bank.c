/* SPDX-License-Identifier: MIT */
/*
 * Arrangements of chips on a bus, times and faults: every width, one chip or two side by side, each
 * with a state of its own; typical, slowest and seeded times; chips that are slow, stuck, worn or
 * weak.
 */
#include <check.h>
#include <string.h>

#include "tests/unit/flash_rig.h"
#include "tests/unit/suite.h"

#define TARGET 0xA004

static void bank(const struct flash_config *config)
{
	rig_replace(config);
}

/* A command for each chip, as a driver replicates it. */
static void all(u64 offset, u32 value, u64 ns)
{
	u32 lane = 8 * rig->width / 2;

	flash_write(rig->bank, offset, rig->width, value | value << lane, ns);
}

/* ---- arrangements ---------------------------------------------------------------------------- */
static const struct {
	u32 widths, bus_bytes, chips;
	bool can_be;
} arrangement[] = {
	{ 1, 0, 1, true },  { 1, 1, 1, true },	{ 1, 2, 1, false }, { 1, 0, 2, true },
	{ 1, 2, 2, true },  { 1, 4, 2, false }, { 2, 0, 1, true },  { 2, 1, 1, false },
	{ 2, 4, 2, true },  { 2, 4, 1, false }, { 3, 1, 1, true },  { 3, 2, 1, true },
	{ 3, 2, 2, true },  { 3, 4, 2, true },	{ 3, 8, 2, false }, { 3, 3, 1, false },
	{ 3, 1, 2, false }, { 3, 4, 3, false }, { 3, 0, 0, true },
};

START_TEST(a_bus_has_what_its_chips_have)
{
	struct flash_part part = rig_part;
	struct flash_config config = { .part = &part,
				       .bus_bytes = arrangement[_i].bus_bytes,
				       .chips = arrangement[_i].chips };

	part.widths = arrangement[_i].widths;
	ck_assert_int_eq(!flash_config_problem(&config), arrangement[_i].can_be);
}
END_TEST

/* 16-bit words into two chips, one after another: each chip holds every other half. */
START_TEST(each_chip_carries_its_half)
{
	bank(&(struct flash_config){ .part = &rig_part, .chips = 2 });
	ck_assert_uint_eq(rig->width, 4);
	memset(&rig->array[TARGET], 0xFF, 8);
	all(TARGET, 0x40, 0);
	flash_write(rig->bank, TARGET, 4, 0x11223344, 0);
	flash_advance(rig->bank, RIG_PROGRAM_NS);
	ck_assert_mem_eq(&rig->array[TARGET], "\x44\x33\x22\x11\xFF\xFF\xFF\xFF", 8);
	all(0, 0xFF, RIG_PROGRAM_NS);
	ck_assert_uint_eq(flash_read(rig->bank, TARGET, 8, RIG_PROGRAM_NS), 0xFFFFFFFF11223344);
	ck_assert_uint_eq(flash_bank_block_at(
				  &(struct flash_config){ .part = &rig_part, .chips = 2 }, KiB(20))
				  .start,
			  KiB(16));
}
END_TEST

/* What is written to one alone leaves the other with FFh, and each answers for itself. */
START_TEST(each_chip_has_its_own_state)
{
	bank(&(struct flash_config){ .part = &rig_part, .chips = 2 });
	flash_write(rig->bank, 2, 2, 0x70, 0);
	ck_assert_uint_eq(flash_read(rig->bank, 0, 4, 0),
			  0x00800000u | rig_byte(0) | (u32)rig_byte(1) << 8);
	flash_write(rig->bank, 0, 4, 0x00200070, 0);
	flash_write(rig->bank, 0, 4, 0x00D00070, 0);
	ck_assert_uint_eq(flash_read(rig->bank, 0, 4, 1) & 0x00800080, 0x00000080);
	ck_assert_uint_eq(flash_busy_until(rig->bank), RIG_ERASE_NS);
	ck_assert(!flash_is_array(rig->bank));
	flash_write(rig->bank, 0, 4, 0x00FF00FF, RIG_ERASE_NS);
	ck_assert(flash_is_array(rig->bank));
	for (u64 i = 0; i < KiB(16); i++) /* only the second chip's half of the first block */
		ck_assert_uint_eq(rig->array[i], i & 2 ? 0xFF : rig_byte(i));
	ck_assert_uint_eq(rig->nv[1]->block[0].cycles, 1);
	ck_assert_uint_eq(rig->nv[0]->block[0].cycles, 0);
}
END_TEST

/* Whichever of the two it is: one programs, the other erases, which takes longer. */
START_TEST(a_bank_is_busy_until_the_last_of_its_chips_is_not)
{
	u32 erases = _i ? 0x00200040 : 0x00400020, confirms = _i ? 0x00D00000 : 0x000000D0;

	bank(&(struct flash_config){ .part = &rig_part, .chips = 2 });
	flash_write(rig->bank, 0, 4, erases, 0);
	flash_write(rig->bank, 0, 4, confirms, 0);
	ck_assert_uint_eq(flash_busy_until(rig->bank), RIG_ERASE_NS);
	flash_advance(rig->bank, RIG_PROGRAM_NS);
	ck_assert_uint_eq(flash_read(rig->bank, 0, 4, RIG_PROGRAM_NS) & 0x00800080,
			  _i ? 0x00000080 : 0x00800000);
	ck_assert_uint_eq(flash_busy_until(rig->bank), RIG_ERASE_NS);
	flash_advance(rig->bank, RIG_ERASE_NS);
	ck_assert_uint_eq(flash_busy_until(rig->bank), UINT64_MAX);
}
END_TEST

START_TEST(the_second_chips_partitions_follow_the_first_ones)
{
	bank(&(struct flash_config){ .part = &rig_part_l18, .chips = 2 });
	rig_forget_events();
	all(KiB(128), 0x70, 0); /* partition 2 of four */
	ck_assert_uint_eq(rig->nevents, 2);
	ck_assert_uint_eq(rig->event[0].a, KVL_FLASH_READ_STATUS + 2);
	ck_assert_uint_eq(rig->event[1].a, KVL_FLASH_READ_STATUS + 4 + 2);
}
END_TEST

/* An x8/x16 part on 8 bits: addresses of its tables are words, data are bytes. */
START_TEST(a_wide_part_in_x8_mode)
{
	bank(&(struct flash_config){ .part = &rig_part_j3, .bus_bytes = 1 });
	rig_put(0, 0x90, 0);
	ck_assert_uint_eq(flash_read(rig->bank, 0, 4, 0), 0x21218989);
	ck_assert_uint_eq(flash_read(rig->bank, 2 * 0x80, 2, 0), 0xFFFE);
	rig_put(2 * 0x85 + 1, 0xC0, 0); /* the upper byte of a user word */
	rig_put(2 * 0x85 + 1, 0x12, 0);
	flash_advance(rig->bank, RIG_PROGRAM_NS);
	ck_assert_uint_eq(rig->nv[0]->otp[5], 0x12FF);
	rig_start_program(TARGET + 1, 0x00, RIG_PROGRAM_NS);
	flash_advance(rig->bank, 2 * RIG_PROGRAM_NS);
	rig_require_untouched_except(TARGET + 1, 1);
}
END_TEST

/* ---- times ----------------------------------------------------------------------------------- */
static u64 program_ns(u64 at, u64 ns)
{
	rig_start_program(at, 0x0000, ns);
	return flash_busy_until(rig->bank) - ns;
}

START_TEST(times_are_typical_slowest_or_in_between)
{
	u64 ns = 0, first[50], sum = 0;

	ck_assert_uint_eq(program_ns(TARGET, 0), RIG_PROGRAM_NS);
	bank(&(struct flash_config){ .part = &rig_part, .timing = FLASH_SLOWEST });
	ck_assert_uint_eq(program_ns(TARGET, 0), 630 * 1000);
	for (u32 round = 0; round < 2; round++) {
		bank(&(struct flash_config){
			.part = &rig_part, .timing = FLASH_SEEDED, .seed = 5 });
		for (u32 i = 0; i < ARRAY_LEN(first); i++) {
			u64 took = program_ns(TARGET, ns);

			ck_assert_uint_ge(took, RIG_PROGRAM_NS);
			ck_assert_uint_le(took, 630 * 1000);
			if (round)
				ck_assert_uint_eq(took, first[i]); /* the seed says all */
			first[i] = took;
			sum += took;
			ns += RIG_ERASE_NS;
		}
	}
	ck_assert_uint_gt(sum, 100ull * (RIG_PROGRAM_NS + 50000));
	ck_assert_uint_lt(sum, 100ull * 580 * 1000);
}
END_TEST

/* ---- faults ---------------------------------------------------------------------------------- */
static void faulty(struct flash_faults faults)
{
	bank(&(struct flash_config){ .part = &rig_part_j3, .faults = faults });
}

START_TEST(a_slow_operation_ends_late)
{
	faulty((struct flash_faults){ .slow = 2 });
	ck_assert_uint_eq(program_ns(TARGET, 0), RIG_PROGRAM_NS);
	ck_assert_uint_eq(program_ns(TARGET, RIG_ERASE_NS), 4 * 630 * 1000);
	ck_assert_uint_eq(program_ns(TARGET, 2ull * RIG_ERASE_NS), RIG_PROGRAM_NS);
	ck_assert_uint_eq(rig_get(0, 3ull * RIG_ERASE_NS), 0x80);
}
END_TEST

START_TEST(a_stuck_operation_never_ends)
{
	faulty((struct flash_faults){ .stuck = 1 });
	memset(&rig->array[TARGET], 0xFF, 2);
	ck_assert_uint_eq(program_ns(TARGET, 0), UINT64_MAX);
	ck_assert_uint_eq(rig_get(0, 1000ull * RIG_ERASE_NS) & 0x80, 0);
	ck_assert_int_eq(__builtin_popcount(rig_array_word(TARGET)), 1);
	flash_power_cut(rig->bank);
	flash_power_up(rig->bank);
	rig_put(0, 0x70, 1000ull * RIG_ERASE_NS);
	ck_assert_uint_eq(rig_get(0, 1000ull * RIG_ERASE_NS), 0x80);
}
END_TEST

START_TEST(failures_are_told_and_leave_half_of_it)
{
	faulty((struct flash_faults){ .fail_program = 2, .fail_erase = 1 });
	memset(&rig->array[TARGET], 0xFF, 4);
	program_ns(TARGET, 0);
	ck_assert_uint_eq(rig_get(0, RIG_PROGRAM_NS), 0x80);
	program_ns(TARGET + 2, RIG_PROGRAM_NS);
	ck_assert_uint_eq(rig_get(0, 2ull * RIG_PROGRAM_NS), 0x90);
	ck_assert_int_eq(__builtin_popcount(rig_array_word(TARGET + 2)), 8);
	rig_put(0, 0x50, RIG_ERASE_NS);
	rig_start_erase(TARGET, RIG_ERASE_NS);
	ck_assert_uint_eq(rig_get(0, 2ull * RIG_ERASE_NS), 0xA0);
	ck_assert_uint_eq(rig->nv[0]->block[4].cycles, 0);
	rig_put(0, 0x50, 2ull * RIG_ERASE_NS);
	rig_start_erase(TARGET, 2ull * RIG_ERASE_NS);
	ck_assert_uint_eq(rig_get(0, 3ull * RIG_ERASE_NS), 0x80);
	ck_assert_uint_eq(rig->nv[0]->block[4].cycles, 1);
}
END_TEST

START_TEST(a_block_wears_out)
{
	u64 ns = 0;

	faulty((struct flash_faults){ .endurance = 3 });
	for (u32 i = 0; i < 5; i++) {
		rig_start_erase(TARGET, ns);
		ns += RIG_ERASE_NS;
		ck_assert_uint_eq(rig_get(0, ns), i < 3 ? 0x80 : 0xA0);
		rig_put(0, 0x50, ns);
	}
	ck_assert_uint_eq(rig->nv[0]->block[4].cycles, 3);
	rig_start_erase(0, ns); /* the others do not */
	ck_assert_uint_eq(rig_get(0, ns + RIG_ERASE_NS), 0x80);
}
END_TEST

START_TEST(a_count_of_erases_stays_at_its_end)
{
	rig->nv[0]->block[4].cycles = UINT32_MAX - 1;
	for (u32 i = 0; i < 2; i++) {
		rig_start_erase(TARGET, i * (u64)RIG_ERASE_NS);
		flash_advance(rig->bank, (i + 1) * (u64)RIG_ERASE_NS);
		ck_assert_uint_eq(rig->nv[0]->block[4].cycles, UINT32_MAX);
	}
}
END_TEST

/* Nobody is told, one bit in one word of some is not what it should be, and it is always the
 * same. */
START_TEST(weak_words_keep_a_bit)
{
	u32 bad[2] = { 0 };

	for (u32 round = 0; round < 2; round++) {
		u64 ns = 0;

		bank(&(struct flash_config){
			.part = &rig_part_j3, .seed = 3, .faults = { .weak_words = 10 } });
		memset(rig->array, 0xFF, RIG_BYTES);
		for (u64 at = 0; at < KiB(2); at += 2) {
			program_ns(at, ns);
			ns += RIG_PROGRAM_NS;
			ck_assert_uint_eq(rig_get(0, ns), 0x80);
			ck_assert_int_le(__builtin_popcount(rig_array_word(at)), 1);
			bad[round] += rig_array_word(at) != 0;
		}
	}
	ck_assert_uint_gt(bad[0], 60);
	ck_assert_uint_lt(bad[0], 150);
	ck_assert_uint_eq(bad[0], bad[1]);
}
END_TEST

START_TEST(without_voltage_nothing_changes)
{
	faulty((struct flash_faults){ .vpp_low = true });
	ck_assert_uint_eq(program_ns(TARGET, 0) + 1, 0); /* not busy */
	ck_assert_uint_eq(rig_get(0, 0), 0x98);
	rig_put(0, 0x50, 0);
	rig_start_erase(TARGET, 0);
	ck_assert_uint_eq(rig_get(0, 0), 0xA8);
	rig_put(0, 0x50, 0);
	rig_put(0, 0x60, 0);
	rig_put(0, 0x01, 0);
	ck_assert_uint_eq(rig_get(0, 0), 0x98);
	rig_require_untouched_except(0, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_bank");
	TCase *tcase = tcase_create("bank");

	tcase_add_checked_fixture(tcase, rig_setup, rig_teardown);
	tcase_add_loop_test(tcase, a_bus_has_what_its_chips_have, 0, ARRAY_LEN(arrangement));
	tcase_add_test(tcase, each_chip_carries_its_half);
	tcase_add_test(tcase, each_chip_has_its_own_state);
	tcase_add_loop_test(tcase, a_bank_is_busy_until_the_last_of_its_chips_is_not, 0, 2);
	tcase_add_test(tcase, the_second_chips_partitions_follow_the_first_ones);
	tcase_add_test(tcase, a_wide_part_in_x8_mode);
	tcase_add_test(tcase, times_are_typical_slowest_or_in_between);
	tcase_add_test(tcase, a_slow_operation_ends_late);
	tcase_add_test(tcase, a_stuck_operation_never_ends);
	tcase_add_test(tcase, failures_are_told_and_leave_half_of_it);
	tcase_add_test(tcase, a_block_wears_out);
	tcase_add_test(tcase, a_count_of_erases_stays_at_its_end);
	tcase_add_test(tcase, weak_words_keep_a_bit);
	tcase_add_test(tcase, without_voltage_nothing_changes);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
