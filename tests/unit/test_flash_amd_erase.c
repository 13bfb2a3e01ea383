/* SPDX-License-Identifier: MIT */
/*
 * Erases of AMD's command set: the window in which sectors are named, several sectors, the chip,
 * failures, power cuts. Suspensions: test_flash_amd_suspend.c.
 */
#include <check.h>

#include "tests/unit/amd_rig.h"
#include "tests/unit/suite.h"

static const struct flash_part *const parts[] = { &amd_rig_gln, &amd_rig_gls, &amd_rig_lv,
						  &amd_rig_dl };
/* Those that have a window. */
static const struct flash_part *const windowed[] = { &amd_rig_gln, &amd_rig_lv, &amd_rig_dl };

static u32 sector_words(u32 sector)
{
	return amd_sector(sector + 1) - amd_sector(sector);
}

static u32 window_us(void)
{
	return amd_rig->config.part->erase_window_us;
}

static void require_erasing_status(u32 word, u8 dq3)
{
	ck_assert_uint_eq(amd_get(word) & (DQ7 | DQ5 | DQ3), dq3);
	ck_assert_uint_eq(amd_toggling(word, DQ6 | DQ2), DQ6 | DQ2);
}

/* --- one sector ------------------------------------------------------------------------------- */
START_TEST(erase_of_a_sector)
{
	u32 first, words;

	if (_i % 2)
		amd_open_x8(windowed[_i / 2]);
	else
		amd_open_part(windowed[_i / 2]);
	first = amd_sector(2);
	words = sector_words(2);
	amd_start_erase(first + 5);
	require_erasing_status(first, 0);
	amd_pass_us(AMD_WINDOW_US - 1);
	require_erasing_status(first + words - 1, 0);
	amd_pass_us(1);
	require_erasing_status(first + 7, DQ3);
	/* DQ2 tells the sector: elsewhere in the chip (the bank) all but that is the same */
	ck_assert_uint_eq(amd_toggling(first - 1, DQ6 | DQ2), DQ6);
	ck_assert_uint_eq(amd_get(first - 1) & (DQ5 | DQ3), DQ3);
	amd_pass_us(AMD_ERASE_US - 1);
	require_erasing_status(first, DQ3);
	ck_assert(!flash_is_array(amd_rig->bank));
	amd_pass_us(1);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_require_array();
	amd_require_erased(first, words);
	amd_require_untouched_except(first, words);
	amd_close();
}
END_TEST

START_TEST(gls_has_no_window)
{
	amd_open_part(&amd_rig_gls);
	amd_start_erase(amd_sector(5));
	require_erasing_status(amd_sector(5), DQ3);
	amd_put(amd_sector(6), 0x30); /* not taken */
	amd_put(0, 0xF0);
	ck_assert_uint_eq(amd_toggling(amd_sector(6), DQ2), 0);
	amd_pass_us(AMD_ERASE_US - 1);
	require_erasing_status(amd_sector(5), DQ3);
	amd_pass_us(1);
	amd_require_array();
	amd_require_erased(amd_sector(5), sector_words(5));
	amd_require_untouched_except(amd_sector(5), sector_words(5));
	amd_close();
}
END_TEST

START_TEST(erase_goes_step_by_step)
{
	u32 first, end;
	u64 steps = 0;

	amd_open_part(parts[_i]);
	first = amd_sector(1);
	end = first + sector_words(1) - 1;
	amd_start_erase(first);
	amd_pass_us(window_us() + AMD_ERASE_US / 2);
	for (u32 i = first; i <= end; i++)
		ck_assert_uint_eq(amd_cells(i), 0);
	for (u32 i = 0; i < 16; i++) {
		amd_pass_us(AMD_ERASE_US / 32);
		ck_assert_int_eq(__builtin_popcount(amd_cells(end)), i + 1);
		ck_assert_uint_gt(flash_steps(amd_rig->bank), steps);
		steps = flash_steps(amd_rig->bank);
	}
	ck_assert_uint_eq(amd_rig->nv[0]->block[1].cycles, 1);
	ck_assert_uint_eq(amd_rig->nv[0]->block[1].erasing, 0);
	amd_close();
}
END_TEST

/* --- several sectors -------------------------------------------------------------------------- */
START_TEST(sectors_are_added_while_the_window_is_open)
{
	u32 last = amd_rig_gln.erase_window_us * 3 - 3;

	amd_open_part(windowed[_i]);
	/* all in the lower bank of the part with banks */
	amd_start_erase(amd_sector(2));
	amd_pass_us(AMD_WINDOW_US - 1);
	amd_put(amd_sector(0) + 99, 0x30);
	amd_pass_us(AMD_WINDOW_US - 1);
	amd_put(amd_sector(2), 0x30); /* once more */
	amd_pass_us(AMD_WINDOW_US - 1);
	amd_put(amd_sector(1), 0x30);
	for (u32 i = 0; i < 3; i++)
		require_erasing_status(amd_sector(i), 0);
	ck_assert_uint_eq(amd_toggling(amd_sector(3), DQ6 | DQ2), DQ6);
	amd_pass_us(AMD_WINDOW_US);
	require_erasing_status(amd_sector(1), DQ3);
	amd_put(amd_sector(3), 0x30); /* too late */
	ck_assert_uint_eq(amd_rig->ns, (last + AMD_WINDOW_US) * 1000ull);

	amd_pass_us(AMD_ERASE_US); /* the one named first, then upwards */
	amd_require_erased(amd_sector(2), sector_words(2));
	ck_assert_uint_eq(amd_cells(amd_sector(0)), amd_original(amd_sector(0)));
	require_erasing_status(amd_sector(2), DQ3);
	amd_pass_us(AMD_ERASE_US);
	amd_require_erased(amd_sector(0), sector_words(0));
	ck_assert_uint_eq(amd_cells(amd_sector(1)), amd_original(amd_sector(1)));
	amd_pass_us(AMD_ERASE_US - 1);
	require_erasing_status(amd_sector(0), DQ3);
	amd_pass_us(1);
	amd_require_array();
	amd_require_erased(0, amd_sector(3));
	amd_require_untouched_except(0, amd_sector(3));
	for (u32 i = 0; i < 4; i++)
		ck_assert_uint_eq(amd_rig->nv[0]->block[i].cycles, i < 3);
	amd_close();
}
END_TEST

/* "Any command other than Sector Erase or Erase Suspend": nothing is erased. */
START_TEST(other_commands_in_the_window_forget_it)
{
	static const u8 bytes[] = { 0xF0, 0xAA, 0x10, 0x29, 0x98 };

	for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
		amd_open_part(windowed[_i]);
		amd_start_erase(amd_sector(2));
		amd_put(amd_sector(1), 0x30);
		amd_pass_us(AMD_WINDOW_US / 2);
		amd_forget_events();
		amd_put(0, bytes[i]);
		ck_assert(flash_is_array(amd_rig->bank));
		amd_require_event(0, AMD_STATE_EVENT, KVL_FLASH_IDLE, 0, 0, amd_rig->ns);
		amd_require_event(1, AMD_MODE_EVENT, KVL_FLASH_READ_ARRAY, 0, 0, amd_rig->ns);
		amd_pass_us(3 * AMD_ERASE_US);
		amd_require_array();
		amd_require_untouched_except(0, 0);
		ck_assert_uint_eq(flash_steps(amd_rig->bank), 0);
		amd_close();
	}
}
END_TEST

START_TEST(owner_is_told_of_every_sector)
{
	u64 start = AMD_WINDOW_US * 1000, sector = AMD_ERASE_US * 1000ull;

	amd_open_part(&amd_rig_gln);
	amd_start_erase(amd_sector(4) + 1);
	amd_put(amd_sector(3), 0x30);
	amd_pass_us(3 * AMD_ERASE_US);
	amd_require_event(0, AMD_COMMAND_EVENT, amd_sector(4) * 2 + 2, 0x30, 0x30, 0);
	amd_require_event(1, AMD_STATE_EVENT, KVL_FLASH_ERASE, 0, 0, 0);
	amd_require_event(2, AMD_MODE_EVENT, KVL_FLASH_READ_STATUS, 0, 0, 0);
	amd_require_event(3, AMD_COMMAND_EVENT, amd_sector(3) * 2, 0x30, 0x30, 0);
	amd_require_event(4, AMD_STATE_EVENT, KVL_FLASH_ERASE, 0, 0, start + sector);
	amd_require_event(5, AMD_MODE_EVENT, KVL_FLASH_READ_ARRAY, 0, 0, start + 2 * sector);
	amd_require_event(6, AMD_STATE_EVENT, KVL_FLASH_IDLE, 0, 0, start + 2 * sector);
	ck_assert_uint_eq(amd_rig->nevents, 7);
	amd_close();
}
END_TEST

/* --- the chip --------------------------------------------------------------------------------- */
START_TEST(chip_erase)
{
	amd_open_part(parts[_i]);
	amd_command(0x80);
	amd_command(0x10);
	amd_put(0, 0x30); /* no window */
	for (u32 i = 0; i < 7; i++) {
		for (u32 sector = 0; sector < 7; sector++)
			require_erasing_status(amd_sector(sector), DQ3);
		amd_put(amd_sector(i), 0xB0); /* ignored */
		amd_pass_us(AMD_ERASE_US);
		amd_require_erased(amd_sector(i), sector_words(i));
		if (i < 6)
			ck_assert_uint_eq(amd_cells(amd_sector(i + 1)),
					  amd_original(amd_sector(i + 1)));
	}
	ck_assert(flash_is_array(amd_rig->bank));
	amd_require_array();
	amd_require_event(0, AMD_COMMAND_EVENT, 0x555 * 2, 0x10, 0x10, 0);
	ck_assert_uint_eq(amd_rig->nv[0]->block[6].cycles, 1);
	amd_close();
}
END_TEST

/* --- failures and power cuts ------------------------------------------------------------------ */
static void open_with_fault(const struct flash_part *part, u32 which)
{
	struct flash_config config = { .part = part };

	config.faults.fail_erase = which == 0 ? 2 : 0;
	config.faults.stuck = which == 1 ? 2 : 0;
	config.faults.endurance = which == 2;
	amd_open(&config);
}

/* Out of the longest time: DQ5; what was named but not begun is forgotten. */
START_TEST(failing_erase_ends_in_dq5)
{
	open_with_fault(parts[_i / 3], _i % 3);
	amd_start_erase(amd_sector(1));
	amd_pass_us(window_us() + AMD_ERASE_US);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_start_erase(amd_sector(1));
	amd_put(amd_sector(2), 0x30);
	amd_pass_us(window_us() + AMD_ERASE_MAX_US - 1);
	require_erasing_status(amd_sector(1), DQ3);
	amd_pass_us(1);
	ck_assert_uint_eq(amd_get(amd_sector(1)) & (DQ7 | DQ5 | DQ3), DQ5 | DQ3);
	ck_assert_uint_eq(amd_toggling(amd_sector(1), DQ6 | DQ2), DQ6 | DQ2);
	ck_assert_uint_eq(flash_busy_until(amd_rig->bank), UINT64_MAX);
	amd_put(0, 0xB0);
	amd_put(0, 0x30);
	amd_start_erase(amd_sector(3));
	amd_pass_us(AMD_ERASE_MAX_US);
	ck_assert_uint_eq(amd_get(amd_sector(1)) & DQ5, DQ5);
	amd_put(0, 0xF0);
	amd_require_event(amd_rig->nevents - 1, AMD_MODE_EVENT, KVL_FLASH_READ_ARRAY, 0, 0,
			  amd_rig->ns);
	ck_assert_uint_eq(amd_get(amd_sector(1)), 0); /* preconditioned, no pulse yet */
	amd_require_shown(2, 6, true);
	amd_require_untouched_except(amd_sector(1), sector_words(1));
	ck_assert_uint_eq(amd_get(amd_sector(2)), amd_original(amd_sector(2)));
	amd_close();
}
END_TEST

/* Nothing of it is left after the reset: banks are busy one by one again. */
START_TEST(failing_chip_erase)
{
	open_with_fault(&amd_rig_dl, 0);
	amd_command(0x80);
	amd_command(0x10);
	amd_pass_us(AMD_ERASE_US + AMD_ERASE_MAX_US);
	ck_assert_uint_eq(amd_get(amd_sector(1)) & DQ5, DQ5);
	ck_assert_uint_eq(amd_get(amd_sector(6)) & DQ5, DQ5);
	amd_put(0, 0xF0);
	amd_start_program(amd_sector(2), 0);
	ck_assert_uint_eq(amd_toggling(amd_sector(2), DQ6), DQ6);
	ck_assert_uint_eq(amd_get(amd_sector(6)), amd_original(amd_sector(6)));
	amd_close();
}
END_TEST

START_TEST(power_cut_between_two_sectors)
{
	struct flash_config config = { .part = windowed[_i], .cut_at = 40 };

	amd_open(&config);
	amd_start_erase(amd_sector(1));
	amd_put(amd_sector(2), 0x30);
	amd_pass_us(5 * AMD_ERASE_US);
	ck_assert(!flash_has_power(amd_rig->bank));
	flash_power_up(amd_rig->bank);
	amd_require_erased(amd_sector(1), sector_words(1));
	ck_assert_uint_eq(amd_rig->nv[0]->block[1].erasing, 0);
	ck_assert_uint_eq(amd_rig->nv[0]->block[2].erasing, 1);
	amd_require_untouched_except(amd_sector(1), 2 * sector_words(1));
	ck_assert_uint_eq(amd_cells(amd_sector(2)), amd_original(amd_sector(2)));
	ck_assert_uint_eq(amd_cells(amd_sector(3) - 1), 0); /* preconditioned from its end */
	amd_pass_us(5 * AMD_ERASE_US);			    /* nothing goes on */
	ck_assert(flash_is_array(amd_rig->bank));
	amd_start_erase(amd_sector(2));
	amd_pass_us(2 * AMD_ERASE_US);
	amd_require_erased(amd_sector(2), sector_words(2));
	amd_close();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_amd_erase");
	TCase *tcase = tcase_create("erase");
	const int nparts = (int)ARRAY_LEN(parts), nwindowed = (int)ARRAY_LEN(windowed);

	tcase_add_loop_test(tcase, erase_of_a_sector, 0, 2 * nwindowed);
	tcase_add_test(tcase, gls_has_no_window);
	tcase_add_loop_test(tcase, erase_goes_step_by_step, 0, nparts);
	tcase_add_loop_test(tcase, sectors_are_added_while_the_window_is_open, 0, nwindowed);
	tcase_add_loop_test(tcase, other_commands_in_the_window_forget_it, 0, nwindowed);
	tcase_add_test(tcase, owner_is_told_of_every_sector);
	tcase_add_loop_test(tcase, chip_erase, 0, nparts);
	tcase_add_loop_test(tcase, failing_erase_ends_in_dq5, 0, 3 * nparts);
	tcase_add_test(tcase, failing_chip_erase);
	tcase_add_loop_test(tcase, power_cut_between_two_sectors, 0, nwindowed);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
