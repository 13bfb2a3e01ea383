/* SPDX-License-Identifier: MIT */
/*
 * How the array of a flash chip changes: programming only clears bits, a word changes bit by bit, a
 * block goes down from its end and up all at once, and nothing else is touched.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/flash_rig.h"
#include "tests/unit/suite.h"

#define TARGET 0xA004

START_TEST(programming_only_clears_bits)
{
	u64 ns = 0;

	srand(4711);
	for (int i = 0; i < 5000; i++) {
		u64 offset = (u64)(rand() % (int)RIG_BYTES) & ~1ull;
		u16 data = (u16)rand() & rig_word_mask(), old = rig_array_word(offset);

		rig_put(offset, i & 1 ? 0x10 : 0x40, ns);
		rig_put(offset, data, ns);
		ns += RIG_PROGRAM_NS;
		ck_assert_uint_eq(rig_get(offset, ns), 0x80); /* no error for 1 over 0 */
		ck_assert_uint_eq(rig_array_word(offset), old & data);
	}
}
END_TEST

/* Looks at a word while @data is programmed into it, with @old there before. */
static void watch_program(u16 old, u16 data)
{
	u16 final = old & data, seen = old;

	memcpy(&rig->array[TARGET], &(u8[]){ old & 0xFF, old >> 8 }, rig->width);
	rig_start_program(TARGET, data, 0);
	ck_assert_uint_eq(rig_array_word(TARGET), old);
	for (u64 ns = 0; ns < RIG_PROGRAM_NS; ns += RIG_PROGRAM_NS / 50) {
		u16 now;

		flash_advance(rig->bank, ns);
		now = rig_array_word(TARGET);
		ck_assert_uint_eq(now & ~seen, 0);  /* no bit rises */
		ck_assert_uint_eq(final & ~now, 0); /* no bit falls that was not asked for */
		ck_assert(__builtin_popcount(seen) - __builtin_popcount(now) <= 1);
		seen = now;
		if (ns == RIG_PROGRAM_NS / 2 && __builtin_popcount(old ^ final) >= 2)
			ck_assert(now != old && now != final);
	}
	flash_advance(rig->bank, RIG_PROGRAM_NS);
	ck_assert_uint_eq(rig_array_word(TARGET), final);
	ck_assert_uint_eq(flash_busy_until(rig->bank), UINT64_MAX);
}

START_TEST(word_changes_bit_by_bit)
{
	static const u16 words[] = { 0x0000, 0xFFFF, 0x1985, 0xA5A5, 0x8001, 0x0100, 0x7FFE };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		for (size_t k = 0; k < ARRAY_LEN(words); k++) {
			watch_program(words[i] & rig_word_mask(), words[k] & rig_word_mask());
			rig_renew();
		}
}
END_TEST

START_TEST(program_takes_its_time_even_with_nothing_to_clear)
{
	rig_start_program(TARGET, rig_word_mask(), 1000);
	ck_assert_uint_eq(flash_busy_until(rig->bank), 1000 + RIG_PROGRAM_NS);
	ck_assert_uint_eq(rig_get(0, 1000 + RIG_PROGRAM_NS - 1) & 0x80, 0);
	ck_assert_uint_eq(rig_get(0, 1000 + RIG_PROGRAM_NS), 0x80);
	rig_require_untouched_except(0, 0);
}
END_TEST

/* The least and the most bits that are 1 in any word of @block. */
static void count_ones(struct flash_block block, int *least, int *most)
{
	*least = __builtin_popcount(rig_word_mask());
	*most = 0;
	for (u64 i = 0; i < block.bytes; i += rig->width) {
		int ones = __builtin_popcount(rig_array_word(block.start + i));

		*least = ones < *least ? ones : *least;
		*most = ones > *most ? ones : *most;
	}
}

START_TEST(erase_zeroes_from_the_end_then_raises_all_words)
{
	const int bits = __builtin_popcount(rig_word_mask());
	struct flash_block block = flash_block_at(rig->part, TARGET);
	struct flash_block tail = { .start = block.start + block.bytes / 2,
				    .bytes = block.bytes / 2 };
	int least, most;

	rig_start_erase(TARGET, 0);
	flash_advance(rig->bank, RIG_ERASE_NS / 4);
	rig_require_filled(tail, 0x00);
	rig_require_untouched_except(tail.start, tail.bytes);

	flash_advance(rig->bank, RIG_ERASE_NS / 2);
	rig_require_filled(block, 0x00);

	flash_advance(rig->bank, RIG_ERASE_NS / 4 * 3);
	count_ones(block, &least, &most);
	ck_assert(least == bits / 2 && most == bits / 2);

	flash_advance(rig->bank, RIG_ERASE_NS - 1);
	count_ones(block, &least, &most);
	ck_assert_int_lt(most, bits);

	flash_advance(rig->bank, RIG_ERASE_NS);
	rig_require_filled(block, 0xFF);
	rig_require_untouched_except(block.start, block.bytes);
}
END_TEST

START_TEST(erases_the_block_that_the_confirmation_addresses)
{
	for (u64 offset = 0; offset < RIG_BYTES; offset += KiB(4)) {
		struct flash_block block = flash_block_at(rig->part, offset);

		rig_put(0, 0x20, 0);
		rig_put(offset, 0xD0, 0);
		flash_advance(rig->bank, RIG_ERASE_NS);
		rig_require_filled(block, 0xFF);
		rig_require_untouched_except(block.start, block.bytes);
		rig_renew();
	}
}
END_TEST

/* The array at a given time does not depend on how often the chip was asked before. */
START_TEST(progress_depends_on_the_time_alone)
{
	struct rig *other = rig_new(rig->part);
	u64 asked = 0;

	rig_start_erase(TARGET, 0);
	flash_write(other->bank, TARGET, rig->width, 0x20, 0);
	flash_write(other->bank, TARGET, rig->width, 0xD0, 0);
	srand(99);
	while (asked < RIG_ERASE_NS) {
		asked += (u64)(rand() % (RIG_ERASE_NS / 10));
		for (u64 ns = 0; ns < asked; ns += RIG_ERASE_NS / 64)
			flash_advance(rig->bank, ns);
		flash_advance(rig->bank, asked);
		flash_advance(other->bank, asked);
		ck_assert(memcmp(rig->array, other->array, RIG_BYTES) == 0);
	}
	rig_free(other);
}
END_TEST

START_TEST(time_does_not_go_back)
{
	rig_start_program(TARGET, 0x0000, 5000);
	rig_put(0, 0x70, 10);
	ck_assert_uint_eq(flash_busy_until(rig->bank), 5000 + RIG_PROGRAM_NS);
	flash_advance(rig->bank, 5000 + RIG_PROGRAM_NS);
	rig_start_program(TARGET, 0x0000, 7);
	ck_assert_uint_eq(flash_busy_until(rig->bank), 5000 + 2ull * RIG_PROGRAM_NS);
	flash_advance(rig->bank, 0);
	ck_assert_uint_eq(flash_busy_until(rig->bank), 5000 + 2ull * RIG_PROGRAM_NS);
}
END_TEST

static TCase *array_tests(const char *name, void (*setup)(void))
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, rig_teardown);
	tcase_add_test(tcase, programming_only_clears_bits);
	tcase_add_test(tcase, word_changes_bit_by_bit);
	tcase_add_test(tcase, program_takes_its_time_even_with_nothing_to_clear);
	tcase_add_test(tcase, erase_zeroes_from_the_end_then_raises_all_words);
	tcase_add_test(tcase, erases_the_block_that_the_confirmation_addresses);
	tcase_add_test(tcase, progress_depends_on_the_time_alone);
	tcase_add_test(tcase, time_does_not_go_back);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("flash_data");

	suite_add_tcase(suite, array_tests("x16", rig_setup));
	suite_add_tcase(suite, array_tests("x8", rig_setup_x8));
	return run_suite(suite);
}
