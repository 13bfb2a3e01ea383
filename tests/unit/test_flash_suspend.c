/* SPDX-License-Identifier: MIT */
/*
 * Suspend and resume of an Intel part: when it takes effect, what can be read and programmed
 * meanwhile, what happens to the operation. Which command is taken in which state:
 * test_flash_states.c.
 */
#include <check.h>
#include <string.h>

#include "tests/unit/flash_rig.h"
#include "tests/unit/suite.h"

#define TARGET 0xA004
#define BLOCK 0x8000 /* of TARGET */
#define BLOCK_BYTES KiB(32)
#define ELSEWHERE 0x0104

static u64 now;

static void put(u64 offset, u16 value)
{
	rig_put(offset, value, now);
}

static u16 get(u64 offset)
{
	return rig_get(offset, now);
}

static void setup(void)
{
	rig_setup_j3();
	now = 0;
}

static void erase_until(u64 ns)
{
	put(TARGET, 0x20);
	put(TARGET, 0xD0);
	now = ns;
}

/* B0h takes effect after the latency. */
static void suspend(void)
{
	put(0, 0xB0);
	now += RIG_SUSPEND_NS - 1;
	ck_assert_uint_eq(get(0) & 0x80, 0);
	now += 1;
	ck_assert_uint_eq(get(0) & 0x80, 0x80);
}

START_TEST(an_erase_rests_and_goes_on_where_it_was)
{
	u64 rested = RIG_ERASE_NS / 4 + RIG_SUSPEND_NS, resumed = 7ull * RIG_ERASE_NS;
	u8 before[BLOCK_BYTES];

	erase_until(RIG_ERASE_NS / 4);
	suspend();
	ck_assert_uint_eq(get(0), 0xC0);
	memcpy(before, &rig->array[BLOCK], sizeof(before));
	now = resumed;
	flash_advance(rig->bank, now);
	ck_assert_mem_eq(before, &rig->array[BLOCK], sizeof(before));
	put(0, 0xD0);
	ck_assert_uint_eq(flash_busy_until(rig->bank), resumed + RIG_ERASE_NS - rested);
	ck_assert_uint_eq(get(0) & 0x80, 0);
	now = resumed + RIG_ERASE_NS - rested;
	ck_assert_uint_eq(get(0), 0x80);
	rig_require_filled((struct flash_block){ .start = BLOCK, .bytes = BLOCK_BYTES }, 0xFF);
	ck_assert_uint_eq(rig->nv[0]->block[4].cycles, 1);
}
END_TEST

/* 28F320J5 and its kin: it was over before it could rest; SR.6 is 0 and D0h does nothing. */
START_TEST(what_is_over_before_the_latency_does_not_rest)
{
	erase_until(RIG_ERASE_NS - RIG_SUSPEND_NS / 2);
	put(0, 0xB0);
	now = RIG_ERASE_NS;
	ck_assert_uint_eq(get(0), 0x80);
	put(0, 0xD0);
	ck_assert_uint_eq(get(0), 0x80);
	ck_assert_uint_eq(flash_busy_until(rig->bank), UINT64_MAX);
}
END_TEST

/* All other blocks can be read and mapped; of the one at rest nothing is promised. */
START_TEST(the_rest_can_be_read)
{
	struct flash_range range;
	u16 seen = 0, always = 0xFFFF;

	erase_until(RIG_ERASE_NS / 2);
	suspend();
	put(0, 0xFF);
	ck_assert_uint_eq(get(ELSEWHERE), rig_original_word(ELSEWHERE));
	for (u32 i = 0; i < 64; i++) {
		seen |= get(TARGET);
		always &= get(TARGET);
	}
	ck_assert_uint_eq(seen & ~always, 0xFFFF);
	ck_assert(flash_next_shown(rig->bank, 0, &range));
	ck_assert(range.start == 0 && range.bytes == BLOCK);
	ck_assert_int_eq(flash_view_at(rig->bank, TARGET), FLASH_VIEW_RESTS);
	ck_assert_int_eq(flash_view_at(rig->bank, ELSEWHERE), FLASH_VIEW_ARRAY);
	put(0, 0xD0);
	ck_assert_int_eq(flash_view_at(rig->bank, ELSEWHERE), FLASH_VIEW_BUSY);
}
END_TEST

START_TEST(another_block_can_be_programmed_meanwhile)
{
	erase_until(RIG_ERASE_NS / 2);
	suspend();
	put(ELSEWHERE, 0x40);
	put(ELSEWHERE, 0x0F0F);
	ck_assert_uint_eq(flash_busy_until(rig->bank), now + RIG_PROGRAM_NS);
	now += RIG_PROGRAM_NS;
	ck_assert_uint_eq(get(0), 0xC0);
	ck_assert_uint_eq(rig_array_word(ELSEWHERE), rig_original_word(ELSEWHERE) & 0x0F0F);
	put(0, 0xD0);
	now = flash_busy_until(rig->bank);
	ck_assert_uint_eq(get(0), 0x80);
	rig_require_filled((struct flash_block){ .start = BLOCK, .bytes = BLOCK_BYTES }, 0xFF);
}
END_TEST

/* D0h once for the program, once more for the erase. */
START_TEST(a_nested_program_rests_too)
{
	u16 half;

	erase_until(RIG_ERASE_NS / 2);
	suspend();
	put(ELSEWHERE, 0x40);
	put(ELSEWHERE, 0x0000);
	now += RIG_PROGRAM_NS / 2;
	suspend();
	ck_assert_uint_eq(get(0), 0xC4);
	half = rig_array_word(ELSEWHERE);
	ck_assert(half != 0 && half != rig_original_word(ELSEWHERE));
	put(0, 0xD0);
	now = flash_busy_until(rig->bank);
	ck_assert_uint_eq(get(0), 0xC0);
	ck_assert_uint_eq(rig_array_word(ELSEWHERE), 0);
	put(0, 0xD0);
	now = flash_busy_until(rig->bank);
	ck_assert_uint_eq(get(0), 0x80);
}
END_TEST

START_TEST(a_program_rests_alone)
{
	u64 end;

	put(TARGET, 0x40);
	put(TARGET, 0x0000);
	end = flash_busy_until(rig->bank);
	now = RIG_PROGRAM_NS / 3;
	suspend();
	ck_assert_uint_eq(get(0), 0x84);
	now += RIG_ERASE_NS;
	put(0, 0xD0);
	ck_assert_uint_eq(flash_busy_until(rig->bank),
			  now + end - RIG_PROGRAM_NS / 3 - RIG_SUSPEND_NS);
	now = flash_busy_until(rig->bank);
	ck_assert_uint_eq(get(0), 0x80);
	ck_assert_uint_eq(rig_array_word(TARGET), 0);
}
END_TEST

/* The owner hears of each change, and of the resumption as of a command. */
START_TEST(the_owner_is_told)
{
	static const enum kvl_flash_state states[] = { KVL_FLASH_ERASE, KVL_FLASH_ERASE_SUSPENDED,
						       KVL_FLASH_ERASE, KVL_FLASH_IDLE };
	u32 nstates = 0, commands = 0;

	erase_until(RIG_ERASE_NS / 4);
	suspend();
	put(0, 0xD0);
	flash_advance(rig->bank, 3ull * RIG_ERASE_NS);
	for (u32 i = 0; i < rig->nevents; i++) {
		commands += rig->event[i].kind == RIG_COMMAND;
		if (rig->event[i].kind != RIG_STATE)
			continue;
		ck_assert_uint_lt(nstates, ARRAY_LEN(states));
		ck_assert_uint_eq(rig->event[i].a, states[nstates++]);
	}
	ck_assert_uint_eq(nstates, ARRAY_LEN(states));
	ck_assert_uint_eq(commands, 2);
}
END_TEST

/* S29GL-S tERS and Micron TN-13-07: whoever suspends again too soon never gets anywhere. */
START_TEST(progress_needs_time_between_resume_and_suspend)
{
	struct flash_part part = rig_part_j3;
	u64 steps;

	part.resume_us = 100;
	rig_replace(&(struct flash_config){ .part = &part });
	erase_until(RIG_ERASE_NS / 4);
	suspend();
	steps = flash_steps(rig->bank);
	for (u32 i = 0; i < 1000; i++) {
		put(0, 0xD0);
		put(0, 0xB0); /* at once: it has not begun, and rests */
		now += RIG_SUSPEND_NS;
		ck_assert_uint_eq(get(0), 0xC0);
	}
	ck_assert_uint_eq(flash_steps(rig->bank), steps);
	put(0, 0xD0);
	now += 100 * 1000 + RIG_ERASE_NS;
	ck_assert_uint_eq(get(0), 0x80);
}
END_TEST

/* The sum of the running times is the erase's, however it was cut in pieces. */
START_TEST(pieces_add_up)
{
	u64 ran = 0;

	erase_until(1000000);
	ran = now;
	for (u32 i = 1; i < 40; i++) {
		put(0, 0xB0);
		ran += RIG_SUSPEND_NS;
		now += RIG_SUSPEND_NS;
		ck_assert_uint_eq(get(0), 0xC0);
		now += i * 777;
		put(0, 0xD0);
		ck_assert_uint_eq(flash_busy_until(rig->bank), now + RIG_ERASE_NS - ran);
		now += i * 50000;
		ran += i * 50000;
	}
	now += RIG_ERASE_NS - ran;
	ck_assert_uint_eq(get(0), 0x80);
	ck_assert_uint_eq(flash_steps(rig->bank), 32);
}
END_TEST

/* Beside the partition that works all others are memory, before, while and after it rests. */
START_TEST(other_partitions_never_notice)
{
	struct flash_range range;

	rig_replace(&(struct flash_config){ .part = &rig_part_l18 });
	put(TARGET, 0x60);
	put(TARGET, 0xD0);
	put(TARGET, 0xFF);
	ck_assert(flash_is_array(rig->bank));
	erase_until(RIG_ERASE_NS / 2);
	for (u32 i = 0; i < 2; i++) {
		ck_assert_uint_eq(get(ELSEWHERE), rig_original_word(ELSEWHERE));
		ck_assert(flash_next_shown(rig->bank, 0, &range));
		ck_assert(range.start == 0 && range.bytes == BLOCK);
		ck_assert(flash_next_shown(rig->bank, BLOCK, &range));
		ck_assert(range.start == BLOCK + BLOCK_BYTES);
		ck_assert(range.bytes == RIG_BYTES - BLOCK - BLOCK_BYTES);
		put(TARGET, 0xB0);
		now += RIG_SUSPEND_NS;
		flash_advance(rig->bank, now);
	}
	put(TARGET, 0xFF); /* the whole partition is the block at rest */
	ck_assert_int_eq(flash_view_at(rig->bank, TARGET), FLASH_VIEW_RESTS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_suspend");
	TCase *tcase = tcase_create("j3");

	tcase_add_checked_fixture(tcase, setup, rig_teardown);
	tcase_add_test(tcase, an_erase_rests_and_goes_on_where_it_was);
	tcase_add_test(tcase, what_is_over_before_the_latency_does_not_rest);
	tcase_add_test(tcase, the_rest_can_be_read);
	tcase_add_test(tcase, another_block_can_be_programmed_meanwhile);
	tcase_add_test(tcase, a_nested_program_rests_too);
	tcase_add_test(tcase, a_program_rests_alone);
	tcase_add_test(tcase, the_owner_is_told);
	tcase_add_test(tcase, progress_needs_time_between_resume_and_suspend);
	tcase_add_test(tcase, pieces_add_up);
	tcase_add_test(tcase, other_partitions_never_notice);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
