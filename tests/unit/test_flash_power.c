/* SPDX-License-Identifier: MIT */
/*
 * Power that goes while a chip works: what is left in the cells after each single step, what is
 * volatile and what is kept, and bits that an interrupted erase leaves between their levels.
 */
#include <check.h>
#include <string.h>

#include "tests/unit/flash_rig.h"
#include "tests/unit/suite.h"

#define TARGET 0xA004
#define BLOCK 0x8000 /* of TARGET */
#define BLOCK_INDEX 4
#define BLOCK_BYTES KiB(32)
#define WORDS 16 /* of the write buffer */
#define NS (RIG_ERASE_NS * 3ull)

static void fill(u64 offset, u8 value, u64 bytes)
{
	memset(&rig->array[offset], value, bytes);
}

static void require_fresh_state(u64 ns)
{
	ck_assert(flash_has_power(rig->bank));
	ck_assert_uint_eq(flash_busy_until(rig->bank), UINT64_MAX);
	ck_assert_uint_eq(rig_get(0, ns), rig_original_word(0));
	rig_put(0, 0x70, ns);
	ck_assert_uint_eq(rig_get(TARGET, ns), 0x80);
	rig_put(0, 0xFF, ns);
}

static void cut_and_power_up(void)
{
	flash_power_cut(rig->bank);
	ck_assert_uint_eq(flash_read(rig->bank, TARGET, 8, NS), UINT64_MAX);
	flash_write(rig->bank, TARGET, 2, 0x20, NS);
	flash_power_up(rig->bank);
}

/* ---- what is left ---------------------------------------------------------------------------- */

START_TEST(a_word_keeps_any_of_its_bits_and_loses_no_other)
{
	for (u32 step = 0; step <= 16; step++) {
		u16 left;

		rig_renew();
		fill(TARGET, 0xFF, 2);
		rig_start_program(TARGET, 0x0000, 0);
		flash_advance(rig->bank, RIG_PROGRAM_NS * step / 16);
		cut_and_power_up();
		left = rig_array_word(TARGET);
		ck_assert_uint_eq((u32)__builtin_popcount(left), 16 - step);
		ck_assert_uint_eq(flash_steps(rig->bank), step);
		require_fresh_state(NS);
		ck_assert_uint_eq(rig_array_word(TARGET), left); /* nothing goes on */
		rig_require_untouched_except(TARGET, 2);
	}
}
END_TEST

/* Word after word: whole words, at most one that is half done, untouched words. */
START_TEST(a_buffer_leaves_a_prefix)
{
	for (u32 step = 0; step <= WORDS * 16; step += 5) {
		u32 whole = 0, begun = 0;

		rig_renew();
		fill(TARGET, 0xFF, 2 * WORDS);
		rig_put(TARGET, 0xE8, 0);
		rig_put(TARGET, WORDS - 1, 0);
		for (u32 i = 0; i < WORDS; i++)
			rig_put(TARGET + 2 * i, 0x0000, 0);
		rig_put(TARGET, 0xD0, 0);
		flash_advance(rig->bank,
			      (RIG_BUFFER_NS * (u64)step + WORDS * 16 - 1) / (WORDS * 16));
		cut_and_power_up();
		for (u32 i = 0; i < WORDS; i++) {
			u16 word = rig_array_word(TARGET + 2 * i);

			whole += word == 0x0000 && i == whole;
			begun += word != 0x0000 && word != 0xFFFF;
		}
		ck_assert_uint_eq(whole, step / 16);
		ck_assert_uint_eq(begun, step % 16 != 0);
		require_fresh_state(NS);
	}
}
END_TEST

/* 16 pieces are zeroed from the end, then 16 pulses each raise a bit of every word. */
START_TEST(an_erase_leaves_zeroes_at_the_end_or_half_raised_words)
{
	for (u32 step = 0; step <= 32; step++) {
		struct flash_nv_block *nv;

		rig_renew();
		nv = &rig->nv[0]->block[BLOCK_INDEX];
		rig_start_erase(TARGET, 0);
		flash_advance(rig->bank, RIG_ERASE_NS / 32 * step);
		cut_and_power_up();
		for (u64 i = 0; i < BLOCK_BYTES; i += 2) {
			u16 word = rig_array_word(BLOCK + i);
			bool zeroed = i >= BLOCK_BYTES / 16 * (16 - step);

			if (step <= 16)
				ck_assert_uint_eq(word, zeroed ? 0 : rig_original_word(BLOCK + i));
			else
				ck_assert_int_eq(__builtin_popcount(word), (int)step - 16);
		}
		rig_require_untouched_except(BLOCK, BLOCK_BYTES);
		ck_assert_uint_eq(nv->cycles, step == 32);
		ck_assert_uint_eq(nv->erasing, step == 0 || step == 32 ? 0
					       : step <= 16	       ? 1
								       : step - 15);
		require_fresh_state(NS);
	}
}
END_TEST

/* Block status bit 1, which a J3A keeps until the block is erased. */
START_TEST(the_interrupted_erase_is_remembered)
{
	rig_start_erase(TARGET, 0);
	flash_advance(rig->bank, RIG_ERASE_NS / 4);
	cut_and_power_up();
	rig_put(0, 0x90, NS);
	ck_assert_uint_eq(rig_get(BLOCK + 4, NS), 0x02);
	ck_assert_uint_eq(rig_get(4, NS), 0x00);
	rig_start_erase(TARGET, NS);
	flash_advance(rig->bank, NS + RIG_ERASE_NS);
	rig_put(0, 0x90, NS + RIG_ERASE_NS);
	ck_assert_uint_eq(rig_get(BLOCK + 4, NS + RIG_ERASE_NS), 0x00);
}
END_TEST

/* ---- bits between the levels ----------------------------------------------------------------- */

/* Cuts the erase of TARGET's block behind @pulse of its 16 pulses. */
static void interrupt_pulse(u32 pulse)
{
	rig_start_erase(TARGET, 0);
	flash_advance(rig->bank, RIG_ERASE_NS / 32 * (16 + pulse));
	cut_and_power_up();
}

/* All bits that @offset reads as 1 at least once, and those that it always does. */
static void watch(u64 offset, u16 *ever, u16 *always)
{
	*ever = 0;
	*always = 0xFFFF;
	for (u32 i = 0; i < 64; i++) {
		u16 word = rig_get(offset, NS);

		*ever |= word;
		*always &= word;
	}
}

START_TEST(one_bit_of_each_word_reads_now_so_now_so)
{
	for (u32 pulse = 1; pulse < 16; pulse++) {
		rig_renew();
		interrupt_pulse(pulse);
		for (u64 at = BLOCK; at < BLOCK + 64; at += 2) {
			u16 ever, always;

			watch(at, &ever, &always);
			ck_assert_uint_eq(ever, rig_array_word(at));
			ck_assert_int_eq(__builtin_popcount(ever & ~always), 1);
		}
	}
}
END_TEST

START_TEST(an_unstable_block_is_no_memory)
{
	struct flash_range range;

	interrupt_pulse(5);
	ck_assert(!flash_is_array(rig->bank));
	ck_assert(flash_next_shown(rig->bank, 0, &range));
	ck_assert_uint_eq(range.start, 0);
	ck_assert_uint_eq(range.bytes, BLOCK);
	ck_assert(flash_next_shown(rig->bank, BLOCK, &range));
	ck_assert_uint_eq(range.start, BLOCK + BLOCK_BYTES);
	ck_assert_uint_eq(range.bytes, RIG_BYTES - BLOCK - BLOCK_BYTES);
	ck_assert_int_eq(flash_view_at(rig->bank, TARGET), FLASH_VIEW_UNSTABLE);
}
END_TEST

/* The erase that was to repair it is cut before it has come to the block's beginning. */
START_TEST(what_the_next_erase_has_not_reached_stays_unstable)
{
	u16 ever, always;

	interrupt_pulse(5);
	rig_start_erase(TARGET, NS);
	flash_advance(rig->bank, NS + RIG_ERASE_NS / 4);
	flash_power_cut(rig->bank);
	flash_power_up(rig->bank);
	ck_assert_int_eq(flash_view_at(rig->bank, BLOCK), FLASH_VIEW_UNSTABLE);
	watch(BLOCK, &ever, &always);
	ck_assert_int_eq(__builtin_popcount(ever & ~always), 1);
	watch(BLOCK + BLOCK_BYTES - 2, &ever, &always);
	ck_assert_uint_eq(ever, 0);
}
END_TEST

/* What is programmed to 0 is 0; the next erase that ends makes all of it good. */
START_TEST(programming_and_erasing_make_it_stable)
{
	u16 ever, always;

	interrupt_pulse(5);
	rig_start_program(TARGET, 0x0000, NS);
	flash_advance(rig->bank, NS + RIG_PROGRAM_NS);
	rig_put(0, 0xFF, NS + RIG_PROGRAM_NS);
	watch(TARGET, &ever, &always);
	ck_assert_uint_eq(ever, 0);
	rig_start_erase(TARGET, NS + RIG_PROGRAM_NS);
	rig_put(0, 0xFF, NS + RIG_PROGRAM_NS + RIG_ERASE_NS);
	watch(TARGET, &ever, &always);
	ck_assert_uint_eq(always, 0xFFFF);
	ck_assert(flash_is_array(rig->bank));
}
END_TEST

/* ---- what is volatile, what is kept ---------------------------------------------------------- */

START_TEST(volatile_locks_are_lost)
{
	rig_put(TARGET, 0x60, 0);
	rig_put(TARGET, 0xD0, 0); /* unlocked */
	rig_put(0, 0x60, 0);
	rig_put(0, 0x2F, 0); /* locked down */
	rig_put(TARGET, 0x90, 0);
	ck_assert_uint_eq(rig_get(BLOCK + 4, 0), 0x00);
	rig_put(0, 0x90, 0);
	ck_assert_uint_eq(rig_get(4, 0), 0x03);
	cut_and_power_up();
	rig_put(TARGET, 0x90, NS);
	ck_assert_uint_eq(rig_get(BLOCK + 4, NS), 0x01);
	rig_put(0, 0x90, NS);
	ck_assert_uint_eq(rig_get(4, NS), 0x01);
	rig_put(0, 0x60, NS);
	rig_put(0, 0xD0, NS); /* no longer locked down */
	rig_put(0, 0x90, NS);
	ck_assert_uint_eq(rig_get(4, NS), 0x00);
}
END_TEST

START_TEST(stored_locks_and_registers_are_kept)
{
	u64 ns = 0;

	rig_put(TARGET, 0x60, ns);
	rig_put(TARGET, 0x01, ns);
	ns += 64 * 1000;
	rig_put(2 * 0x85, 0xC0, ns);
	rig_put(2 * 0x85, 0x1234, ns);
	flash_advance(rig->bank, ns + RIG_PROGRAM_NS);
	cut_and_power_up();
	rig_put(0, 0x90, NS);
	ck_assert_uint_eq(rig_get(BLOCK + 4, NS), 0x01);
	ck_assert_uint_eq(rig_get(2 * 0x85, NS), 0x1234);
	ck_assert_uint_eq(rig_get(2 * 0x80, NS), 0xFFFE);
}
END_TEST

/* Lock bits are cells, too: a cut leaves some of them. */
START_TEST(clearing_the_locks_can_be_cut)
{
	u32 locked = 0;

	for (u32 i = 0; i < 7; i++)
		rig->nv[0]->block[i].locked = 1;
	rig_put(0, 0x60, 0);
	rig_put(0, 0xD0, 0);
	flash_advance(rig->bank, RIG_UNLOCK_NS / 2);
	cut_and_power_up();
	for (u32 i = 0; i < 7; i++)
		locked += rig->nv[0]->block[i].locked;
	ck_assert_uint_eq(locked, 4);
	require_fresh_state(NS);
}
END_TEST

/* ---- the cut that was configured ------------------------------------------------------------- */

static void require_cut(u64 steps, u64 ns)
{
	const struct rig_event *event = &rig->event[rig->nevents - 1];

	ck_assert_int_eq(event->kind, RIG_POWER_LOST);
	ck_assert_uint_eq(event->a, steps);
	ck_assert_uint_eq(event->ns, ns);
	ck_assert(!flash_has_power(rig->bank));
	ck_assert_uint_eq(flash_steps(rig->bank), steps);
}

START_TEST(power_goes_after_the_step_that_was_named)
{
	rig_replace(&(struct flash_config){ .part = &rig_part, .cut_at = 5 });
	fill(TARGET, 0xFF, 2);
	rig_start_program(TARGET, 0x0000, 0);
	flash_advance(rig->bank, NS);
	require_cut(5, (RIG_PROGRAM_NS * 5 + 15) / 16);
	ck_assert_int_eq(__builtin_popcount(rig_array_word(TARGET)), 11);
	ck_assert(!flash_next_shown(rig->bank, 0, &(struct flash_range){ 0 }));
	ck_assert_int_eq(flash_view_at(rig->bank, 0), FLASH_VIEW_OFF);
	flash_power_up(rig->bank); /* and only once */
	rig_start_program(TARGET, 0x0000, NS);
	flash_advance(rig->bank, 2 * NS);
	ck_assert_uint_eq(rig_array_word(TARGET), 0);
	ck_assert(flash_has_power(rig->bank));
}
END_TEST

/* The steps of both chips count, in the order of time: whichever is asked first. */
START_TEST(two_chips_lose_it_at_the_same_time)
{
	for (u32 first = 0; first < 2; first++) {
		rig_replace(&(struct flash_config){ .part = &rig_part, .chips = 2, .cut_at = 9 });
		fill(TARGET, 0xFF, 4);
		flash_write(rig->bank, TARGET, 4, 0x00400040, 0);
		flash_write(rig->bank, TARGET, 4, 0x00000000, 0);
		for (u64 ns = 0; ns < RIG_PROGRAM_NS; ns += first ? 100 : RIG_PROGRAM_NS / 2)
			flash_advance(rig->bank, ns);
		ck_assert(!flash_has_power(rig->bank));
		ck_assert_int_eq(__builtin_popcount(rig_array_word(TARGET)), 11);
		ck_assert_int_eq(__builtin_popcount(rig_array_word(TARGET + 2)), 12);
	}
}
END_TEST

/* ---- what a file could hold ------------------------------------------------------------------ */

START_TEST(any_bytes_in_what_is_kept_are_harmless)
{
	for (u32 value = 0; value < 256; value++) {
		u64 ns = NS;

		memset(rig->nv[0], (int)value, flash_nv_bytes(rig->part));
		flash_power_up(rig->bank);
		rig_put(0, 0x90, ns);
		for (u64 at = 0; at < KiB(1); at += 2)
			rig_get(at, ns);
		rig_start_program(TARGET, 0x0000, ns);
		rig_start_erase(TARGET, ns += RIG_PROGRAM_NS);
		rig_put(TARGET, 0x60, ns += RIG_ERASE_NS);
		rig_put(TARGET, 0xD0, ns);
		rig_put(0, 0xFF, ns += RIG_UNLOCK_NS);
		rig_get(TARGET, ns);
		flash_is_array(rig->bank);
	}
}
END_TEST

static TCase *with(void (*setup)(void), const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, rig_teardown);
	tcase_set_timeout(tcase, 60);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("flash_power");
	TCase *j3 = with(rig_setup_j3, "j3"), *l18 = with(rig_setup_l18, "l18");

	tcase_add_test(j3, a_word_keeps_any_of_its_bits_and_loses_no_other);
	tcase_add_test(j3, a_buffer_leaves_a_prefix);
	tcase_add_test(j3, an_erase_leaves_zeroes_at_the_end_or_half_raised_words);
	tcase_add_test(j3, the_interrupted_erase_is_remembered);
	tcase_add_test(j3, one_bit_of_each_word_reads_now_so_now_so);
	tcase_add_test(j3, an_unstable_block_is_no_memory);
	tcase_add_test(j3, what_the_next_erase_has_not_reached_stays_unstable);
	tcase_add_test(j3, programming_and_erasing_make_it_stable);
	tcase_add_test(l18, volatile_locks_are_lost);
	tcase_add_test(j3, stored_locks_and_registers_are_kept);
	tcase_add_test(j3, clearing_the_locks_can_be_cut);
	tcase_add_test(j3, power_goes_after_the_step_that_was_named);
	tcase_add_test(j3, two_chips_lose_it_at_the_same_time);
	tcase_add_test(j3, any_bytes_in_what_is_kept_are_harmless);
	suite_add_tcase(suite, j3);
	suite_add_tcase(suite, l18);
	return run_suite(suite);
}
