/* SPDX-License-Identifier: MIT */
/*
 * The status register of a simple flash chip, and what its owner is told. Every command in every
 * state: test_flash_states.c; data that changes: test_flash_data.c; odd accesses: test_flash_bus.c;
 * the query table and the parts: test_flash_query.c.
 */
#include <check.h>

#include "tests/unit/flash_rig.h"
#include "tests/unit/suite.h"

#define TARGET 0xA004
#define ELSEWHERE 0x1F0F0

/* ---- status register ------------------------------------------------------------------------- */

START_TEST(powers_up_in_array_mode_and_ready)
{
	ck_assert(flash_is_array(rig->bank));
	ck_assert_uint_eq(flash_busy_until(rig->bank), UINT64_MAX);
	ck_assert_uint_eq(rig_get(TARGET, 0), rig_original_word(TARGET));
	rig_put(0, 0x70, 0);
	ck_assert_uint_eq(rig_get(TARGET, 0), 0x80);
	ck_assert_ptr_eq(flash_part_of(rig->bank), rig->part);
}
END_TEST

START_TEST(cancelled_erase_erases_nothing)
{
	rig_put(TARGET, 0x20, 0);
	rig_put(TARGET, 0xFF, 0);
	flash_advance(rig->bank, 10ull * RIG_ERASE_NS);
	rig_require_untouched_except(0, 0);
	ck_assert_uint_eq(rig_get(0, 10ull * RIG_ERASE_NS), 0xB0);
}
END_TEST

START_TEST(errors_stay_until_cleared_and_only_they_are_cleared)
{
	u64 ns = RIG_PROGRAM_NS;

	rig_put(TARGET, 0x20, 0);
	rig_put(TARGET, 0x70, 0);
	rig_start_program(TARGET, 0x0000, 0);
	ck_assert_uint_eq(rig_get(0, ns), 0xB0); /* a good program does not hide them */
	rig_put(0, 0x50, ns);
	ck_assert_uint_eq(rig_get(0, ns), 0x80); /* ready, and still in status mode */
	rig_put(0, 0xFF, ns);
	rig_put(0, 0x50, ns);
	ck_assert(flash_is_array(rig->bank));
}
END_TEST

START_TEST(whole_chip_returns_status_while_busy)
{
	rig_start_erase(TARGET, 0);
	rig_require_busy(RIG_ERASE_NS - 1);
	rig_require_ready(0x80, RIG_ERASE_NS);
	ck_assert(!flash_is_array(rig->bank));
	rig_put(0, 0xFF, RIG_ERASE_NS);
	ck_assert(flash_is_array(rig->bank));
	ck_assert_uint_eq(rig_get(TARGET, RIG_ERASE_NS), rig_word_mask());
}
END_TEST

START_TEST(errors_do_not_show_while_busy)
{
	rig_put(TARGET, 0x20, 0);
	rig_put(TARGET, 0x00, 0);
	rig_start_erase(TARGET, 0);
	rig_require_busy(5);
	ck_assert_uint_eq(rig_get(0, RIG_ERASE_NS), 0xB0);
}
END_TEST

/* ---- what the owner is told ------------------------------------------------------------------ */

static void require_event(u32 index, enum rig_event_kind kind, u64 a, u64 b, u64 c, u64 ns)
{
	const struct rig_event *event = &rig->event[index];

	ck_assert_uint_lt(index, rig->nevents);
	ck_assert_int_eq(event->kind, kind);
	ck_assert_uint_eq(event->a, a);
	ck_assert_uint_eq(event->b, b);
	ck_assert_uint_eq(event->c, c);
	ck_assert_uint_eq(event->ns, ns);
}

START_TEST(owner_is_told_once_and_in_order)
{
	u64 end = 300 + RIG_PROGRAM_NS, later = end + 77;

	rig_put(TARGET, 0x10, 100);
	rig_put(TARGET, 0x1985 & rig_word_mask(), 300);
	for (u64 ns = 300; ns < end + 1000; ns += 20)
		flash_advance(rig->bank, ns);
	require_event(0, RIG_MODE, KVL_FLASH_READ_STATUS, 0, 0, 100);
	require_event(1, RIG_COMMAND, TARGET, 0x10, 0x1985 & rig_word_mask(), 300);
	require_event(2, RIG_STATE, KVL_FLASH_PROGRAM, 0x00, 0, 300);
	require_event(3, RIG_STATE, KVL_FLASH_IDLE, 0x80, 0, end);
	ck_assert_uint_eq(rig->nevents, 4);

	rig_forget_events();
	rig_put(0, 0x70, later + 1000); /* no change of mode: nothing to tell */
	rig_put(0, 0x20, later + 1000);
	rig_put(0, 0x00, later + 1000); /* sequence error: no operation */
	ck_assert_uint_eq(rig->nevents, 0);
	rig_start_erase(ELSEWHERE, later + 1000);
	rig_put(0, 0xFF, later + 1001); /* busy: ignored */
	rig_put(0, 0xFF, later + 1000 + 3ull * RIG_ERASE_NS);
	require_event(0, RIG_COMMAND, ELSEWHERE, 0x20, 0xD0, later + 1000);
	require_event(1, RIG_STATE, KVL_FLASH_ERASE, 0x00, 0, later + 1000);
	require_event(2, RIG_STATE, KVL_FLASH_IDLE, 0xB0, 0, later + 1000 + RIG_ERASE_NS);
	require_event(3, RIG_MODE, KVL_FLASH_READ_ARRAY, 0, 0, later + 1000 + 3ull * RIG_ERASE_NS);
	ck_assert_uint_eq(rig->nevents, 4);
}
END_TEST

START_TEST(owner_may_be_deaf)
{
	struct flash_observer silent = { 0 };
	struct flash_config config = { .part = rig->part };
	struct flash_bank *chips[] = { flash_create(&config, rig->array, NULL, NULL),
				       flash_create(&config, rig->array, NULL, &silent) };

	for (size_t i = 0; i < ARRAY_LEN(chips); i++) {
		ck_assert_ptr_nonnull(chips[i]);
		flash_write(chips[i], TARGET, 1, 0x40, 0);
		flash_write(chips[i], TARGET, 1, 0x00, 0);
		ck_assert_uint_eq(flash_read(chips[i], 0, 1, RIG_PROGRAM_NS), 0x80);
		flash_destroy(chips[i]);
	}
}
END_TEST

static TCase *chip_tests(const char *name, void (*setup)(void))
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, rig_teardown);
	tcase_add_test(tcase, powers_up_in_array_mode_and_ready);
	tcase_add_test(tcase, cancelled_erase_erases_nothing);
	tcase_add_test(tcase, errors_stay_until_cleared_and_only_they_are_cleared);
	tcase_add_test(tcase, whole_chip_returns_status_while_busy);
	tcase_add_test(tcase, errors_do_not_show_while_busy);
	tcase_add_test(tcase, owner_is_told_once_and_in_order);
	tcase_add_test(tcase, owner_may_be_deaf);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("flash");

	suite_add_tcase(suite, chip_tests("x16", rig_setup));
	suite_add_tcase(suite, chip_tests("x8", rig_setup_x8));
	return run_suite(suite);
}
