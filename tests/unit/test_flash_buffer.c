/* SPDX-License-Identifier: MIT */
/*
 * Write to Buffer (E8h) of a flash chip: what is programmed and in what order, and each sequence
 * that must program nothing. Which cycles come after which: test_flash.c, with all other commands.
 */
#include <check.h>
#include <string.h>

#include "tests/unit/flash_rig.h"
#include "tests/unit/suite.h"

#define TARGET 0xA004
#define ROOM 32 /* bytes of the buffer */

/* Loads @n bytes of @data for @offset on, in ascending order, without the confirmation. */
static void load(u64 offset, const u8 *data, u32 n, u64 ns)
{
	rig_put(offset, 0xE8, ns);
	rig_put(offset, (u16)(n - 1), ns);
	for (u32 i = 0; i < n; i++)
		rig_put(offset + i, data[i], ns);
}

/* In proportion, but never less than a word takes. */
static u64 buffer_ns(u32 n)
{
	u64 ns = RIG_BUFFER_NS / 1000 * n / ROOM * 1000;

	return ns < RIG_PROGRAM_NS ? RIG_PROGRAM_NS : ns;
}

/* Nothing was programmed, and the status says why. */
static void require_refused(void)
{
	ck_assert_uint_eq(flash_busy_until(rig->bank), UINT64_MAX);
	ck_assert_uint_eq(rig_get(0, RIG_ERASE_NS), 0xB0);
	rig_require_untouched_except(0, 0);
	for (u32 i = 0; i < rig->nevents; i++)
		ck_assert_int_eq(rig->event[i].kind, RIG_MODE);
}

START_TEST(as_many_bytes_as_said_lose_bits_and_no_other)
{
	u8 data[ROOM];
	u64 ns = 0, end;

	for (u32 n = 1; n <= ROOM; n++) {
		rig_renew();
		for (u32 i = 0; i < n; i++)
			data[i] = (u8)(0x5A + i * 29 + n);
		load(TARGET, data, n, ns);
		rig_put(TARGET, 0xD0, ns);
		end = ns + buffer_ns(n);
		ck_assert_uint_eq(flash_busy_until(rig->bank), end);
		ck_assert_uint_eq(rig_get(0, end - 1) & 0x80, 0);
		ck_assert_uint_eq(rig_get(0, end), 0x80);
		for (u32 i = 0; i < n; i++)
			ck_assert_uint_eq(rig->array[TARGET + i], rig_byte(TARGET + i) & data[i]);
		rig_require_untouched_except(TARGET, n);
	}
}
END_TEST

START_TEST(bits_fall_one_by_one_and_words_in_order)
{
	static const u8 zeroes[ROOM];
	u8 seen[ROOM];
	u32 ones = 0;

	memset(&rig->array[TARGET], 0xFF, ROOM);
	memset(seen, 0xFF, ROOM);
	load(TARGET, zeroes, ROOM, 0);
	rig_put(TARGET, 0xD0, 0);
	for (u32 step = 1; step <= ROOM * 8; step++) {
		flash_advance(rig->bank, (u64)RIG_BUFFER_NS * step / (ROOM * 8) + 1);
		ones = 0;
		for (u32 i = 0; i < ROOM; i++) {
			ck_assert_uint_eq(rig->array[TARGET + i] & ~seen[i], 0);
			seen[i] = rig->array[TARGET + i];
			ones += (u32)__builtin_popcount(seen[i]);
			/* one word is under way: those before it are done, those after it
			 * untouched */
			ck_assert_uint_eq(seen[i], i < step / 8	  ? 0x00
						   : i > step / 8 ? 0xFF
								  : seen[i]);
		}
		ck_assert_uint_eq(ones, ROOM * 8 - step);
	}
}
END_TEST

/* An address twice: the later data counts, and what was never given stays. */
START_TEST(any_order_within_the_range)
{
	static const u32 order[] = { 0, 3, 1, 3 };

	rig_put(TARGET, 0xE8, 0);
	rig_put(TARGET, 3, 0);
	for (u32 i = 0; i < ARRAY_LEN(order); i++)
		rig_put(TARGET + order[i], (u16)(i == 1 ? 0x00 : 0xF0), 0);
	rig_put(TARGET, 0xD0, 0);
	flash_advance(rig->bank, RIG_BUFFER_NS);
	for (u32 i = 0; i < 4; i++)
		ck_assert_uint_eq(rig->array[TARGET + i],
				  rig_byte(TARGET + i) & (i == 2 ? 0xFF : 0xF0));
	rig_require_untouched_except(TARGET, 4);
}
END_TEST

START_TEST(one_operation_after_another)
{
	static const u8 zeroes[ROOM];

	load(TARGET, zeroes, ROOM, 0);
	rig_put(TARGET, 0xD0, 0);
	rig_start_program(TARGET + ROOM, 0x00, RIG_BUFFER_NS);
	load(TARGET + ROOM + 1, zeroes, 2, RIG_ERASE_NS);
	rig_put(TARGET, 0xD0, RIG_ERASE_NS);
	flash_advance(rig->bank, 2ull * RIG_ERASE_NS);
	for (u32 i = 0; i < ROOM + 3; i++)
		ck_assert_uint_eq(rig->array[TARGET + i], 0);
	rig_require_untouched_except(TARGET, ROOM + 3);
}
END_TEST

START_TEST(the_owner_is_told_of_one_command)
{
	load(TARGET, (const u8[]){ 0, 0, 0 }, 3, 100);
	rig_put(TARGET + 1, 0xD0, 200);
	flash_advance(rig->bank, RIG_ERASE_NS);
	ck_assert_uint_eq(rig->nevents, 4);
	ck_assert_int_eq(rig->event[1].kind, RIG_COMMAND);
	ck_assert_uint_eq(rig->event[1].a, TARGET + 1);
	ck_assert_uint_eq(rig->event[1].b, 0xE8);
	ck_assert_uint_eq(rig->event[1].c, 0xD0);
	ck_assert_uint_eq(rig->event[1].ns, 200);
	ck_assert_uint_eq(rig->event[3].a, KVL_FLASH_IDLE);
	ck_assert_uint_eq(rig->event[3].ns, 200 + buffer_ns(3));
}
END_TEST

START_TEST(what_does_not_fit_programs_nothing)
{
	static const u8 zeroes[ROOM];
	u64 block_end =
		flash_block_at(rig->part, TARGET).start + flash_block_at(rig->part, TARGET).bytes;

	rig_put(TARGET, 0xE8, 0);
	rig_put(TARGET, ROOM, 0); /* one more than there is room for */
	require_refused();

	rig_renew();
	load(TARGET, zeroes, ROOM, 0);
	rig_put(TARGET, 0x00, 0); /* no confirmation */
	require_refused();

	rig_renew();
	rig_put(TARGET, 0xE8, 0);
	rig_put(TARGET, 1, 0);
	rig_put(TARGET, 0x00, 0);
	rig_put(TARGET + 2, 0x00, 0); /* behind start and count */
	require_refused();

	rig_renew();
	rig_put(TARGET, 0xE8, 0);
	rig_put(TARGET, 1, 0);
	rig_put(TARGET, 0x00, 0);
	rig_put(TARGET - 1, 0x00, 0); /* before the start */
	require_refused();

	rig_renew();
	rig_put(block_end - 1, 0xE8, 0);
	rig_put(block_end - 1, 1, 0);
	rig_put(block_end - 1, 0x00, 0); /* the second would lie in the next block */
	require_refused();
}
END_TEST

/* Up to the last byte of the chip, and not beyond. */
START_TEST(the_end_of_the_chip)
{
	static const u8 zeroes[ROOM];

	load(RIG_BYTES - ROOM, zeroes, ROOM, 0);
	rig_put(0, 0xD0, 0);
	flash_advance(rig->bank, RIG_BUFFER_NS);
	for (u32 i = 1; i <= ROOM; i++)
		ck_assert_uint_eq(rig->array[RIG_BYTES - i], 0);
	rig_require_untouched_except(RIG_BYTES - ROOM, ROOM);

	rig_renew();
	rig_put(0, 0xE8, 0);
	rig_put(0, 1, 0);
	rig_put(RIG_BYTES - 1, 0x00, 0);
	require_refused();
}
END_TEST

/* Somebody else changes the file under the chip: what is left to clear is what was there at
 * first. */
START_TEST(an_array_that_changes_meanwhile_is_harmless)
{
	static const u8 zeroes[ROOM];

	memset(&rig->array[TARGET], 0xFF, ROOM);
	load(TARGET, zeroes, ROOM, 0);
	rig_put(TARGET, 0xD0, 0);
	memset(&rig->array[TARGET], 0x00, ROOM);
	flash_advance(rig->bank, RIG_BUFFER_NS);
	ck_assert_uint_eq(flash_busy_until(rig->bank), UINT64_MAX);
	rig_require_untouched_except(TARGET, ROOM);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_buffer");
	TCase *tcase = tcase_create("x8");

	tcase_add_checked_fixture(tcase, rig_setup_x8, rig_teardown);
	tcase_add_test(tcase, as_many_bytes_as_said_lose_bits_and_no_other);
	tcase_add_test(tcase, bits_fall_one_by_one_and_words_in_order);
	tcase_add_test(tcase, any_order_within_the_range);
	tcase_add_test(tcase, one_operation_after_another);
	tcase_add_test(tcase, the_owner_is_told_of_one_command);
	tcase_add_test(tcase, what_does_not_fit_programs_nothing);
	tcase_add_test(tcase, the_end_of_the_chip);
	tcase_add_test(tcase, an_array_that_changes_meanwhile_is_harmless);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
