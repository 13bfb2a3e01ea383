/* SPDX-License-Identifier: MIT */
/* Suspending what AMD's parts do, and the banks of the Am29DL, which are read meanwhile. */
#include <check.h>

#include "tests/unit/amd_rig.h"
#include "tests/unit/suite.h"

static const struct flash_part *const parts[] = { &amd_rig_gln, &amd_rig_gls, &amd_rig_lv,
						  &amd_rig_dl };
static const struct flash_part *const windowed[] = { &amd_rig_gln, &amd_rig_lv, &amd_rig_dl };

#define ERASED 1 /* the sector that is erased */

static u32 in_erased(void)
{
	return amd_sector(ERASED) + 3;
}

static bool is_gls(void)
{
	return amd_rig->config.part == &amd_rig_gls;
}

static u32 window_us(void)
{
	return amd_rig->config.part->erase_window_us;
}

/* An erase that has run for a tenth of its time, and rests. */
static void suspend_erase(void)
{
	amd_start_erase(in_erased());
	amd_pass_us(window_us() + AMD_ERASE_US / 10);
	amd_put(in_erased(), 0xB0);
	amd_pass_us(AMD_SUSPEND_ERASE_US);
}

/* GL-S: "undetermined data"; others: DQ7, no toggle of DQ6, DQ2 toggles. */
static void require_suspended(u32 word)
{
	u8 seen = 0;

	if (!is_gls()) {
		ck_assert_uint_eq(amd_get(word) & (DQ7 | DQ5), DQ7);
		ck_assert_uint_eq(amd_toggling(word, DQ6 | DQ2 | DQ7), DQ2);
		return;
	}
	for (u32 i = 0; i < 40; i++)
		seen |= amd_toggling(word, 0xFF);
	ck_assert_uint_eq(seen, 0xFF);
}

static void require_others_readable(u32 sector)
{
	for (u32 i = 0; i < amd_words(); i++)
		if (i - amd_sector(sector) >= amd_sector(sector + 1) - amd_sector(sector))
			ck_assert_uint_eq(amd_get(i), amd_cells(i));
}

/* --- erase suspend ---------------------------------------------------------------------------- */
START_TEST(erase_is_suspended_and_resumed)
{
	u64 total = AMD_ERASE_US - AMD_ERASE_US / 10 - AMD_SUSPEND_ERASE_US;

	amd_open_part(parts[_i]);
	amd_start_erase(in_erased());
	amd_pass_us(window_us() + AMD_ERASE_US / 10);
	amd_put(in_erased(), 0xB0);
	amd_pass_us(AMD_SUSPEND_ERASE_US - 1);
	ck_assert_uint_eq(amd_toggling(in_erased(), DQ6 | DQ2), DQ6 | DQ2); /* not yet */
	ck_assert_uint_eq(amd_get(in_erased()) & DQ7, 0);
	amd_forget_events();
	amd_pass_us(1);
	amd_require_event(0, AMD_MODE_EVENT, KVL_FLASH_READ_ARRAY, 0, 0, amd_rig->ns);
	amd_require_event(1, AMD_STATE_EVENT, KVL_FLASH_ERASE_SUSPENDED, is_gls() ? 0xC0 : 0, 0,
			  amd_rig->ns);
	require_suspended(in_erased());
	require_others_readable(ERASED);
	amd_require_shown(ERASED, ERASED, false);
	amd_require_shown(0, 0, true);
	amd_require_shown(2, 6, true);

	amd_pass_us(10 * AMD_ERASE_US); /* no progress */
	require_suspended(in_erased());
	amd_forget_events();
	amd_put(in_erased(), 0x30);
	amd_require_event(0, AMD_COMMAND_EVENT, in_erased() * 2, 0x30, 0x30, amd_rig->ns);
	amd_require_event(1, AMD_STATE_EVENT, KVL_FLASH_ERASE, 0, 0, amd_rig->ns);
	ck_assert_uint_eq(amd_toggling(in_erased(), DQ6 | DQ2), DQ6 | DQ2);
	ck_assert_uint_eq(amd_get(in_erased()) & (DQ7 | DQ3), DQ3);
	amd_pass_us(amd_rig->config.part->resume_us + total - 1);
	ck_assert(!flash_is_array(amd_rig->bank));
	amd_pass_us(1);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_require_array();
	amd_require_erased(amd_sector(ERASED), amd_sector(2) - amd_sector(1));
	amd_put(in_erased(), 0x30); /* nothing to resume */
	ck_assert(flash_is_array(amd_rig->bank));
	amd_close();
}
END_TEST

START_TEST(suspension_in_the_window_is_immediate_and_closes_it)
{
	amd_open_part(windowed[_i]);
	amd_start_erase(in_erased());
	amd_put(amd_sector(2), 0x30);
	amd_pass_us(AMD_WINDOW_US - 10);
	amd_put(in_erased(), 0xB0);
	require_suspended(in_erased());
	require_suspended(amd_sector(2));
	amd_require_untouched_except(0, 0);
	amd_require_shown(1, 2, false);
	amd_require_shown(3, 6, true);
	amd_put(in_erased(), 0x30);
	amd_put(amd_sector(0), 0x30); /* names nothing any more */
	amd_pass_us(2 * AMD_ERASE_US - 1);
	ck_assert(!flash_is_array(amd_rig->bank));
	amd_pass_us(1);
	amd_require_array();
	amd_require_untouched_except(amd_sector(1), amd_sector(3) - amd_sector(1));
	amd_require_erased(amd_sector(1), amd_sector(3) - amd_sector(1));
	amd_close();
}
END_TEST

/* All sectors that were named rest: those done, the one now, those to come. */
START_TEST(all_sectors_of_an_erase_rest)
{
	amd_open_part(windowed[_i]);
	amd_start_erase(amd_sector(0));
	amd_put(amd_sector(1), 0x30);
	amd_put(amd_sector(2), 0x30);
	amd_pass_us(AMD_WINDOW_US + AMD_ERASE_US - 2);
	amd_put(amd_sector(0), 0xB0); /* takes effect in the second */
	amd_pass_us(AMD_SUSPEND_ERASE_US - 1);
	ck_assert_uint_eq(amd_toggling(amd_sector(0), DQ6 | DQ2), DQ6 | DQ2);
	amd_pass_us(1);
	for (u32 i = 0; i < 3; i++)
		require_suspended(amd_sector(i));
	amd_require_shown(0, 2, false);
	amd_require_shown(3, 6, true);
	amd_require_erased(amd_sector(0), amd_sector(1));
	ck_assert_uint_eq(amd_get(amd_sector(3)), amd_cells(amd_sector(3)));
	amd_put(amd_sector(0), 0x30);
	amd_pass_us(2 * AMD_ERASE_US - (AMD_SUSPEND_ERASE_US - 2) - 1);
	ck_assert(!flash_is_array(amd_rig->bank));
	amd_pass_us(1);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_require_erased(0, amd_sector(3));
	amd_close();
}
END_TEST

START_TEST(erase_that_ends_first_is_not_suspended)
{
	amd_open_part(parts[_i]);
	amd_start_erase(in_erased());
	amd_pass_us(window_us() + AMD_ERASE_US - 2);
	amd_put(in_erased(), 0xB0);
	amd_pass_us(AMD_SUSPEND_ERASE_US);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_require_array();
	amd_put(in_erased(), 0x30);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_close();
}
END_TEST

START_TEST(suspend_and_resume_are_nothing_without_an_operation)
{
	static const u8 bytes[] = { 0xB0, 0x30, 0x50, 0x51 };

	amd_open_part(parts[_i]);
	for (size_t i = 0; i < ARRAY_LEN(bytes); i++)
		amd_put(in_erased(), bytes[i]);
	ck_assert(flash_is_array(amd_rig->bank));
	ck_assert_uint_eq(amd_rig->nevents, 0);
	amd_close();
}
END_TEST

/* --- what goes on meanwhile ------------------------------------------------------------------- */
START_TEST(program_while_an_erase_rests)
{
	const u32 target = 9; /* in sector 0 */

	amd_open_part(parts[_i]);
	suspend_erase();
	amd_start_program(target, 0x0000);
	ck_assert_uint_eq(amd_get(target) & DQ7, DQ7);
	ck_assert_uint_eq(amd_toggling(target, DQ6 | DQ2), DQ6);
	/* the suspended sector is told from others by DQ2 still */
	ck_assert_uint_eq(amd_toggling(in_erased(), DQ6 | DQ2), DQ6 | DQ2);
	amd_require_shown(0, 3, false); /* of the part with banks, its busy one */
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_get(target), 0);
	require_suspended(in_erased());
	require_others_readable(ERASED);
	amd_put(in_erased(), 0x30);
	amd_pass_us(AMD_RESUME_US + AMD_ERASE_US);
	amd_require_array();
	amd_require_erased(amd_sector(ERASED), amd_sector(2) - amd_sector(1));
	amd_close();
}
END_TEST

/* The vendor's model: as if it were protected; GL-S sets SR.4 (table 5.2). */
START_TEST(program_into_the_suspended_sector_is_refused)
{
	u16 before;

	amd_open_part(parts[_i]);
	suspend_erase();
	before = amd_cells(in_erased());
	amd_start_program(in_erased(), 0);
	ck_assert_uint_eq(amd_toggling(in_erased(), DQ6), DQ6);
	amd_pass_us(is_gls() ? 20 : 1);
	require_suspended(in_erased());
	ck_assert_uint_eq(amd_cells(in_erased()), before);
	if (is_gls())
		ck_assert_uint_eq(amd_status_register_now(), 0xD0);
	amd_put(in_erased(), 0x30);
	amd_pass_us(AMD_RESUME_US + AMD_ERASE_US);
	amd_require_array();
	amd_close();
}
END_TEST

START_TEST(no_erase_while_one_rests)
{
	amd_open_part(parts[_i]);
	suspend_erase();
	amd_command(0x80);
	amd_command(0x10);
	amd_start_erase(amd_sector(0));
	amd_forget_events();
	ck_assert_uint_eq(flash_busy_until(amd_rig->bank), UINT64_MAX - 0);
	amd_pass_us(3 * AMD_ERASE_US);
	amd_require_untouched_except(amd_sector(ERASED), amd_sector(2) - amd_sector(1));
	amd_close();
}
END_TEST

/* GL-M: "codes are readable even at addresses inside erasing sectors"; F0h goes back. */
START_TEST(autoselect_while_an_erase_rests)
{
	amd_open_part(parts[_i]);
	suspend_erase();
	amd_command(0x90);
	if (is_gls()) { /* not in its list (5.2) */
		require_suspended(in_erased());
		amd_close();
		return;
	}
	ck_assert_uint_eq(amd_get(0), 0x0001);
	ck_assert_uint_eq(amd_get(amd_sector(ERASED) + 1), amd_rig->config.part->device[0]);
	amd_put(in_erased(), 0x30); /* not before the reset */
	ck_assert_uint_eq(amd_get(0), 0x0001);
	amd_put(0, 0xF0);
	require_suspended(in_erased());
	amd_put(0x55, 0x98);
	ck_assert_uint_eq(amd_get(0x10), 'Q');
	amd_put(0, 0xF0);
	require_suspended(in_erased());
	amd_put(in_erased(), 0x30);
	ck_assert_uint_eq(amd_toggling(in_erased(), DQ6), DQ6);
	amd_close();
}
END_TEST

/* --- program suspend (GL) --------------------------------------------------------------------- */
static void suspend_program(u32 word)
{
	amd_start_program(word, 0);
	amd_pass_us(20);
	amd_put(word, is_gls() ? 0x51 : 0xB0);
	amd_pass_us(AMD_SUSPEND_PROGRAM_US);
}

START_TEST(program_is_suspended_and_resumed)
{
	const u32 target = 0x1804; /* sector 1 */
	u8 seen = 0;

	amd_open_part(_i ? &amd_rig_gls : &amd_rig_gln);
	suspend_program(target);
	amd_require_event(amd_rig->nevents - 1, AMD_STATE_EVENT, KVL_FLASH_PROGRAM_SUSPENDED,
			  _i ? 0x84 : 0, 0, amd_rig->ns);
	for (u32 i = 0; i < 40; i++)
		seen |= amd_toggling(target + 1, 0xFF);
	ck_assert_uint_eq(seen, 0xFF);
	ck_assert_uint_eq(amd_get(amd_sector(2)), amd_original(amd_sector(2)));
	if (_i) /* its line only */
		ck_assert_uint_eq(amd_get(0x1810), amd_original(0x1810));
	amd_require_shown(1, 1, false);
	amd_require_shown(2, 6, true);
	amd_start_program(0, 0); /* not now */
	amd_start_erase(0);
	amd_pass_us(AMD_ERASE_US);
	amd_require_untouched_except(target, 1);
	amd_put(0, _i ? 0x50 : 0x30);
	amd_pass_us(amd_rig->config.part->resume_us + AMD_PROGRAM_US - 25 - 1);
	ck_assert(!flash_is_array(amd_rig->bank));
	amd_pass_us(1);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_require_array();
	ck_assert_uint_eq(amd_get(target), 0);
	amd_close();
}
END_TEST

START_TEST(program_is_not_suspended_on_older_parts)
{
	amd_open_part(_i ? &amd_rig_dl : &amd_rig_lv);
	amd_start_program(0, 0);
	amd_put(0, 0xB0);
	amd_pass_us(AMD_PROGRAM_US - 1);
	ck_assert_uint_eq(amd_toggling(0, DQ6), DQ6);
	amd_pass_us(1);
	amd_require_array();
	amd_close();
}
END_TEST

/* 30h has the program go on first, then the erase. */
START_TEST(program_suspended_within_a_suspended_erase)
{
	u32 target;

	amd_open_part(_i ? &amd_rig_gls : &amd_rig_gln);
	target = amd_sector(3) + 2;
	suspend_erase();
	suspend_program(target);
	require_suspended(in_erased());
	amd_require_shown(0, 0, true);
	amd_require_shown(1, 1, false);
	amd_require_shown(3, 3, false);
	amd_require_shown(4, 6, true);
	ck_assert_uint_eq(amd_get(0), amd_original(0));
	amd_put(0, 0x30);
	amd_pass_us(AMD_RESUME_US + AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_get(target), 0);
	require_suspended(in_erased());
	if (_i) {
		amd_put(0, 0x50); /* of programs only */
		require_suspended(in_erased());
	}
	amd_put(0, 0x30);
	amd_pass_us(AMD_RESUME_US + AMD_ERASE_US);
	amd_require_array();
	amd_require_erased(amd_sector(ERASED), amd_sector(2) - amd_sector(1));
	amd_close();
}
END_TEST

/* GL-S, 5.2: between a resume and the next suspension has to be time, or nothing goes on. */
START_TEST(gls_makes_no_progress_when_suspended_at_once)
{
	amd_open_part(&amd_rig_gls);
	suspend_erase();
	for (u32 i = 0; i < 10; i++) {
		u64 steps = flash_steps(amd_rig->bank);

		amd_put(in_erased(), 0x30);
		amd_pass_us(AMD_RESUME_US - 1);
		amd_put(in_erased(), 0xB0);
		require_suspended(in_erased());
		amd_pass_us(AMD_ERASE_US);
		ck_assert_uint_eq(flash_steps(amd_rig->bank), steps);
	}
	amd_close();
}
END_TEST

/* --- banks ------------------------------------------------------------------------------------ */
#define LOW amd_sector(1)  /* in the bank of 32 KiB */
#define HIGH amd_sector(5) /* in that of 96 KiB */

START_TEST(one_bank_is_read_while_the_other_is_busy)
{
	amd_open_part(&amd_rig_dl);
	amd_start_erase(LOW);
	amd_pass_us(AMD_WINDOW_US + 10);
	for (u32 i = 0; i < amd_words(); i++) {
		if (i < amd_sector(4))
			ck_assert_uint_eq(amd_toggling(i, DQ6), DQ6);
		else
			ck_assert_uint_eq(amd_get(i), amd_original(i));
	}
	amd_require_shown(0, 3, false);
	amd_require_shown(4, 6, true);
	amd_command(0x90); /* one operation at a time */
	amd_start_program(HIGH, 0);
	amd_put(HIGH, 0xB0); /* not its bank */
	amd_pass_us(AMD_SUSPEND_ERASE_US);
	ck_assert_uint_eq(amd_get(HIGH), amd_original(HIGH));
	ck_assert_uint_eq(amd_toggling(LOW, DQ6), DQ6);
	amd_pass_us(AMD_ERASE_US);
	amd_require_array();
	amd_require_untouched_except(LOW, amd_sector(2) - LOW);
	amd_close();
}
END_TEST

START_TEST(sectors_of_one_erase_lie_in_one_bank)
{
	amd_open_part(&amd_rig_dl);
	amd_start_erase(LOW);
	amd_put(HIGH, 0x30);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_pass_us(3 * AMD_ERASE_US);
	amd_require_untouched_except(0, 0);
	amd_close();
}
END_TEST

START_TEST(bank_address_of_suspend_and_resume_counts)
{
	amd_open_part(&amd_rig_dl);
	amd_start_erase(HIGH);
	amd_pass_us(AMD_WINDOW_US + 10);
	amd_put(LOW, 0xB0);
	amd_pass_us(AMD_SUSPEND_ERASE_US);
	ck_assert_uint_eq(amd_toggling(HIGH, DQ6), DQ6);
	amd_put(HIGH, 0xB0);
	amd_pass_us(AMD_SUSPEND_ERASE_US);
	require_suspended(HIGH);
	ck_assert_uint_eq(amd_get(amd_sector(6)), amd_original(amd_sector(6)));
	amd_put(LOW, 0x30);
	require_suspended(HIGH);

	/* a program in the other bank: the one that rests is read meanwhile */
	amd_start_program(LOW, 0);
	ck_assert_uint_eq(amd_toggling(LOW, DQ6), DQ6);
	require_suspended(HIGH);
	ck_assert_uint_eq(amd_get(amd_sector(6)), amd_original(amd_sector(6)));
	amd_require_shown(0, 3, false);
	amd_require_shown(5, 5, false);
	amd_require_shown(6, 6, true);
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_get(LOW), 0);
	amd_put(HIGH, 0x30);
	amd_pass_us(AMD_ERASE_US);
	amd_require_array();
	amd_close();
}
END_TEST

START_TEST(autoselect_is_of_one_bank_and_query_of_both)
{
	amd_open_part(&amd_rig_dl);
	amd_unlock();
	amd_put(amd_sector(4) + 0x555, 0x90);
	ck_assert_uint_eq(amd_get(amd_sector(4) + 1), 0x2253);
	ck_assert_uint_eq(amd_get(1), amd_original(1));
	amd_require_shown(0, 3, true);
	amd_require_shown(4, 6, false);
	amd_put(0x55, 0x98);
	ck_assert_uint_eq(amd_get(0x10), 'Q');
	amd_put(0, 0xF0);
	ck_assert_uint_eq(amd_get(amd_sector(4) + 1), 0x2253);
	ck_assert_uint_eq(amd_get(1), amd_original(1));
	amd_put(0, 0xF0);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_close();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_amd_suspend");
	TCase *tcase = tcase_create("suspend");
	const int nparts = (int)ARRAY_LEN(parts), nwindowed = (int)ARRAY_LEN(windowed);

	tcase_add_loop_test(tcase, erase_is_suspended_and_resumed, 0, nparts);
	tcase_add_loop_test(tcase, suspension_in_the_window_is_immediate_and_closes_it, 0,
			    nwindowed);
	tcase_add_loop_test(tcase, all_sectors_of_an_erase_rest, 0, nwindowed);
	tcase_add_loop_test(tcase, erase_that_ends_first_is_not_suspended, 0, nparts);
	tcase_add_loop_test(tcase, suspend_and_resume_are_nothing_without_an_operation, 0, nparts);
	tcase_add_loop_test(tcase, program_while_an_erase_rests, 0, nparts);
	tcase_add_loop_test(tcase, program_into_the_suspended_sector_is_refused, 0, nparts);
	tcase_add_loop_test(tcase, no_erase_while_one_rests, 0, nparts);
	tcase_add_loop_test(tcase, autoselect_while_an_erase_rests, 0, nparts);
	tcase_add_loop_test(tcase, program_is_suspended_and_resumed, 0, 2);
	tcase_add_loop_test(tcase, program_is_not_suspended_on_older_parts, 0, 2);
	tcase_add_loop_test(tcase, program_suspended_within_a_suspended_erase, 0, 2);
	tcase_add_test(tcase, gls_makes_no_progress_when_suspended_at_once);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("banks");
	tcase_add_test(tcase, one_bank_is_read_while_the_other_is_busy);
	tcase_add_test(tcase, sectors_of_one_erase_lie_in_one_bank);
	tcase_add_test(tcase, bank_address_of_suspend_and_resume_counts);
	tcase_add_test(tcase, autoselect_is_of_one_bank_and_query_of_both);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
