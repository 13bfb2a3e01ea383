/* SPDX-License-Identifier: MIT */
/* The write buffer of AMD's parts: what is loaded, what aborts it, and how an abort is left. */
#include <check.h>

#include "tests/unit/amd_rig.h"
#include "tests/unit/suite.h"

#define PAGE 0x1840 /* of the buffer, in sector 1; also on an 8-bit bus: there in sector 0 */

/* x16 and x8 of the one, x16 of the other. */
static void setup(int i)
{
	if (i == 1)
		amd_open_x8(&amd_rig_gln);
	else
		amd_open_part(i ? &amd_rig_gls : &amd_rig_gln);
}

#define SETUPS 3

static u32 buffer_words(void)
{
	return 32 / flash_bus_bytes(&amd_rig->config);
}

static bool is_gls(void)
{
	return amd_rig->config.part == &amd_rig_gls;
}

static u16 data(u32 i)
{
	return amd_original(PAGE + i) & (u16)(0x1234 * (i + 1));
}

static u64 busy_us(void)
{
	return (flash_busy_until(amd_rig->bank) - amd_rig->ns) / 1000;
}

/* --- what is programmed ----------------------------------------------------------------------- */
START_TEST(full_buffer)
{
	u32 n;

	setup(_i);
	n = buffer_words();
	amd_load_begin(PAGE + 3, n);
	for (u32 i = 0; i < n; i++)
		amd_put(PAGE + i, data(i));
	ck_assert(flash_is_array(amd_rig->bank));
	amd_forget_events();
	amd_load_confirm(PAGE + 7);
	ck_assert_uint_eq(amd_rig->event[0].b, 0x25);
	ck_assert_uint_eq(amd_rig->event[0].c & 0xFF, 0x29);
	ck_assert_uint_eq(busy_us(), AMD_BUFFER_US);
	/* DQ7 is that of the last word loaded, at its address */
	ck_assert_uint_eq((amd_get(PAGE + n - 1) ^ data(n - 1)) & DQ7, DQ7);
	ck_assert_uint_eq(amd_get(PAGE + n - 1) & (DQ5 | DQ1), 0);
	ck_assert_uint_eq(amd_toggling(PAGE, DQ6 | DQ2), DQ6);
	amd_pass_us(AMD_BUFFER_US);
	ck_assert(flash_is_array(amd_rig->bank));
	for (u32 i = 0; i < n; i++)
		ck_assert_uint_eq(amd_get(PAGE + i), data(i));
	amd_require_untouched_except(PAGE, n);
	amd_close();
}
END_TEST

/* In any order; only what was loaded; of what was loaded twice the last. */
START_TEST(some_words_in_any_order)
{
	setup(_i);
	amd_load_begin(PAGE, 4);
	amd_put(PAGE + 9, data(9));
	amd_put(PAGE + 2, 0x00);
	amd_put(PAGE + 2, data(2));
	amd_put(PAGE + 5, data(5));
	amd_load_confirm(PAGE);
	ck_assert_uint_eq((amd_get(PAGE + 5) ^ data(5)) & DQ7, DQ7);
	amd_pass_us(AMD_BUFFER_US);
	amd_require_array();
	for (u32 i = 0; i < buffer_words(); i++)
		ck_assert_uint_eq(amd_get(PAGE + i),
				  i == 9 || i == 2 || i == 5 ? data(i) : amd_original(PAGE + i));
	amd_require_untouched_except(PAGE, buffer_words());
	amd_close();
}
END_TEST

/* While loading, cycles that look like commands are data. */
START_TEST(commands_are_data_while_loading)
{
	setup(_i);
	amd_load_begin(PAGE, 3);
	amd_put(PAGE, 0xF0);
	amd_put(PAGE + 1, 0xAA);
	amd_put(PAGE + 2, 0x55);
	amd_load_confirm(PAGE);
	amd_pass_us(AMD_BUFFER_US);
	ck_assert_uint_eq(amd_get(PAGE), amd_original(PAGE) & 0xF0);
	ck_assert_uint_eq(amd_get(PAGE + 1), amd_original(PAGE + 1) & 0xAA);
	ck_assert_uint_eq(amd_get(PAGE + 2), amd_original(PAGE + 2) & 0x55);
	amd_close();
}
END_TEST

START_TEST(buffer_in_unlock_bypass)
{
	amd_open_part(&amd_rig_gln);
	amd_command(0x20);
	amd_put(PAGE, 0x25);
	amd_put(PAGE, 0);
	amd_put(PAGE + 1, 0);
	amd_load_confirm(PAGE);
	amd_pass_us(AMD_BUFFER_US);
	ck_assert_uint_eq(amd_get(PAGE + 1), 0);
	amd_require_untouched_except(PAGE + 1, 1);
	amd_close();
}
END_TEST

START_TEST(older_parts_have_no_buffer)
{
	amd_open_part(_i ? &amd_rig_dl : &amd_rig_lv);
	amd_load_begin(PAGE, 1);
	amd_put(PAGE, 0);
	amd_load_confirm(PAGE);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_pass_us(AMD_BUFFER_US);
	amd_require_untouched_except(0, 0);
	amd_close();
}
END_TEST

/* --- what aborts it --------------------------------------------------------------------------- */
enum {
	COUNT_TOO_LARGE,
	COUNT_ELSEWHERE,
	FIRST_ELSEWHERE,
	OUT_OF_PAGE,
	OTHER_SECTOR,
	NOT_CONFIRMED,
	CONFIRMED_ELSEWHERE,
	ABORTS
};

static void abort_it(int how)
{
	u32 elsewhere = amd_sector(5);

	if (how == COUNT_TOO_LARGE) {
		amd_load_begin(PAGE, buffer_words() + 1);
		return;
	}
	amd_unlock();
	amd_put(PAGE, 0x25);
	amd_put(how == COUNT_ELSEWHERE ? elsewhere : PAGE, 1);
	if (how == COUNT_ELSEWHERE)
		return;
	amd_put(how == FIRST_ELSEWHERE ? elsewhere : PAGE + 1, 0x00);
	if (how == FIRST_ELSEWHERE)
		return;
	amd_put(how == OUT_OF_PAGE    ? PAGE + buffer_words()
		: how == OTHER_SECTOR ? elsewhere
				      : PAGE,
		0x00);
	if (how == NOT_CONFIRMED)
		amd_put(PAGE, 0x28);
	if (how == CONFIRMED_ELSEWHERE)
		amd_put(elsewhere, 0x29);
}

static void require_aborted(void)
{
	ck_assert_uint_eq(amd_get(0) & (DQ5 | DQ1), DQ1);
	ck_assert_uint_eq(amd_toggling(0, DQ6 | DQ1), DQ6);
	ck_assert(!flash_is_array(amd_rig->bank));
	if (is_gls())
		ck_assert_uint_eq(amd_status_register_now(), 0x98);
}

START_TEST(abort_and_its_reset)
{
	setup(_i / ABORTS);
	abort_it(_i % ABORTS);
	require_aborted();
	if (_i % ABORTS >= OUT_OF_PAGE && _i % ABORTS <= OTHER_SECTOR)
		ck_assert_uint_eq(amd_get(PAGE + 1) & DQ7, DQ7); /* of the last word loaded */
	ck_assert_uint_eq(flash_busy_until(amd_rig->bank), UINT64_MAX);
	amd_put(0, 0xF0); /* not this */
	require_aborted();
	amd_start_program(PAGE, 0);
	require_aborted();
	amd_put(amd_at(0x555), 0xAA);
	amd_put(0, 0xF0); /* nor this */
	require_aborted();
	amd_command(0xF0);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_require_array();
	amd_require_untouched_except(0, 0);
	amd_start_program(PAGE, 0);
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_get(PAGE), 0);
	if (is_gls())
		ck_assert_uint_eq(amd_status_register_now(), 0x80);
	amd_close();
}
END_TEST

/* Nothing was loaded: there is no data to be the complement of. */
START_TEST(abort_before_the_first_word)
{
	u8 seen = 0;

	setup(_i);
	amd_load_begin(PAGE, 1);
	amd_put(PAGE, 0);
	amd_load_confirm(PAGE);
	amd_pass_us(AMD_BUFFER_US);
	abort_it(COUNT_TOO_LARGE);
	for (u32 i = 0; i < 40; i++)
		seen |= amd_toggling(PAGE, DQ7);
	ck_assert_uint_eq(seen, DQ7);
	amd_close();
}
END_TEST

START_TEST(gls_clears_an_abort_with_71h_too)
{
	amd_open_part(&amd_rig_gls);
	abort_it(NOT_CONFIRMED);
	require_aborted();
	amd_put(0x555, 0x71);
	ck_assert(flash_is_array(amd_rig->bank));
	ck_assert_uint_eq(amd_status_register_now(), 0x80);
	amd_close();
}
END_TEST

START_TEST(abort_while_an_erase_rests)
{
	amd_open_part(&amd_rig_gln);
	amd_start_erase(amd_sector(6));
	amd_put(amd_sector(6), 0xB0);
	abort_it(OUT_OF_PAGE);
	require_aborted();
	amd_put(amd_sector(6), 0x30); /* not now */
	require_aborted();
	amd_command(0xF0);
	ck_assert_uint_eq(amd_get(amd_sector(6)) & DQ7, DQ7);
	ck_assert_uint_eq(amd_get(PAGE), amd_original(PAGE));
	amd_put(amd_sector(6), 0x30);
	amd_pass_us(AMD_ERASE_US);
	amd_require_erased(amd_sector(6), 0x4000);
	amd_close();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_amd_buffer");
	TCase *tcase = tcase_create("buffer");

	tcase_add_loop_test(tcase, full_buffer, 0, SETUPS);
	tcase_add_loop_test(tcase, some_words_in_any_order, 0, SETUPS);
	tcase_add_loop_test(tcase, commands_are_data_while_loading, 0, SETUPS);
	tcase_add_test(tcase, buffer_in_unlock_bypass);
	tcase_add_loop_test(tcase, older_parts_have_no_buffer, 0, 2);
	tcase_add_loop_test(tcase, abort_and_its_reset, 0, SETUPS * ABORTS);
	tcase_add_loop_test(tcase, abort_before_the_first_word, 0, SETUPS);
	tcase_add_test(tcase, gls_clears_an_abort_with_71h_too);
	tcase_add_test(tcase, abort_while_an_erase_rests);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
