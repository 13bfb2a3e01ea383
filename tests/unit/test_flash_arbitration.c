/* SPDX-License-Identifier: MIT */
/*
 * The arbitration of the guest's flash driver between readers, mappings and writers, under
 * thousands of interleavings: they never meet, and nobody waits for ever. With operations that rest
 * for who waits, too: then some are served meanwhile, and the operation still ends as it should.
 */
#include "tests/unit/flash_tasks.h"
#include "tests/unit/suite.h"

static u8 original[KiB(256)];
static u32 touches, copies, sessions;

/* The first half of the chip is read, the second written. */
static u32 half(void)
{
	return bus_model_bytes() / 2;
}

/* A read through the mapping, as the processor does it: a fault first if there is no entry. */
static void read_mapped(u64 offset)
{
	while (!present[offset / PAGE_BYTES])
		ck_assert_int_eq(touch(offset), FAULT_DONE);
	ck_assert(bus_model_shows(offset, 1));
	ck_assert_uint_eq(bus_model_array()[offset], original[offset]);
	touches++;
}

static void map_reader(void)
{
	for (u32 i = 0; i < 60; i++) {
		read_mapped(draw(half()));
		pass_baton();
	}
}

/* What is programmed lies before it. */
static u64 erased_block(void)
{
	return half() + half() / 2;
}

/* Now and then of the block that may be erased: what it holds then is open, not that it is
 * shown. */
static void copy_reader(void)
{
	u8 data[300];

	for (u32 i = 0; i < 20; i++, copies++) {
		u32 offset = draw(half() - sizeof(data));

		if (!draw(4)) {
			ck_assert_int_eq(flash_partition_read(&part, erased_block() + draw(4096),
							      data, sizeof(data)),
					 FLASH_OK);
			continue;
		}
		ck_assert_int_eq(flash_partition_read(&part, offset, data, sizeof(data)), FLASH_OK);
		ck_assert_mem_eq(data, original + offset, sizeof(data));
	}
}

static void check_erased(u64 start)
{
	for (u32 i = 0; i < flash_partition_block_bytes(&part, start); i++)
		ck_assert_uint_eq(bus_model_array()[start + i], 0xff);
}

static void writer(void)
{
	u8 zero[32] = { 0 };

	for (u32 i = 0; i < 6; i++, sessions++) {
		u32 words = 1 + draw(sizeof(zero) / bus.bus_bytes);
		u64 at = half() + draw(1000) * bus.bus_bytes;

		if (draw(3)) {
			ck_assert_int_eq(flash_partition_program(&part, at, zero,
								 words * bus.bus_bytes),
					 FLASH_OK);
			continue;
		}
		ck_assert_int_eq(flash_partition_erase(&part, erased_block()), FLASH_OK);
		check_erased(erased_block());
	}
}

static const task_body all[] = { map_reader, writer, copy_reader, writer, map_reader };

/* The second map_reader keeps no account of its waits. */
static struct flash_waits waits[ARRAY_LEN(all) - 1];

static void run_rounds(u32 rounds)
{
	struct flash_mapping_stats ms;

	memcpy(original, bus_model_array(), bus_model_bytes());
	for (u32 round = 0; round < rounds; round++) {
		random_state = round + 1;
		touches = copies = sessions = yields = 0;
		ck_assert_int_eq(flash_map(&part, &mapped), FLASH_OK);
		run_tasks(all, ARRAY_LEN(all));
		ms = flash_mapping_stats(mapped);
		ck_assert_uint_eq(ms.faults + ms.pages_ahead, ms.pages_mapped + ms.pages_revoked);
		ck_assert_uint_eq(touches, 120);
		ck_assert_uint_eq(copies, 20);
		ck_assert_uint_eq(sessions, 12);
		flash_unmap(mapped);
		require_readable();
	}
	ck_assert_uint_eq(flash_stats(chip)->sessions, rounds * 12);
	ck_assert_uint_eq(flash_stats(chip)->out_of_order, 0);
}

START_TEST(readers_and_writers_never_meet_and_never_starve)
{
	u64 accounted = 0;

	setup_open();
	memset(waits, 0, sizeof(waits));
	for (u32 id = 0; id < ARRAY_LEN(waits); id++)
		task_waits[id] = &waits[id];
	run_rounds(40);
	for (u32 id = 0; id < ARRAY_LEN(waits); id++) {
		ck_assert_uint_eq(!waits[id].n, bodies[id] == writer);
		ck_assert_uint_eq(!waits[id].max_ticks, bodies[id] == writer);
		ck_assert_uint_le(waits[id].max_ticks, waits[id].ticks);
		accounted += waits[id].n;
	}
	ck_assert_uint_lt(accounted, counters[0][COUNT_CHIP_WAITS]); /* others have waited too */
	ck_assert_uint_eq(counters[0][COUNT_FLASH_SUSPENDS], 0);
	teardown_open();
}
END_TEST

static const struct {
	struct bus_setup bus;
	bool buffered;
} resting[] = {
	{ { .part = BUS_J3, .bus_bytes = 2 }, false },
	{ { .part = BUS_J3, .bus_bytes = 4, .chips = 2 }, true },
	{ { .part = BUS_J3, .bus_bytes = 1, .slowest = true }, true },
	{ { .part = BUS_L18, .bus_bytes = 2 }, true },
	{ { .part = BUS_C3, .bus_bytes = 2 }, false },
	{ { .part = BUS_AMD, .bus_bytes = 2 }, false },
	{ { .part = BUS_AMD, .bus_bytes = 2, .chips = 2 }, true },
	{ { .part = BUS_AMD_STATUS, .bus_bytes = 4, .chips = 2, .slowest = true }, true },
	{ { .part = BUS_AMD_DQ5, .bus_bytes = 1 }, false },
};

START_TEST(what_rests_goes_on_when_those_who_waited_are_served)
{
	const struct flash_stats *s;

	setup_bus(&resting[_i].bus);
	open_part();
	flash_set_policy(chip, (struct flash_policy){ .word_by_word = !resting[_i].buffered,
						      .suspend = true });
	run_rounds(2);
	s = flash_stats(chip);
	ck_assert_uint_gt(s->suspensions, 2);
	ck_assert_uint_ge(s->turns_lent, s->suspensions);
	ck_assert_uint_eq(counters[0][COUNT_FLASH_SUSPENDS], s->suspensions);
	ck_assert_uint_gt(nested, 0);
	teardown_open();
}
END_TEST

/* It goes on as if nobody had asked; who waits waits longer. */
START_TEST(a_chip_that_does_not_come_to_rest_is_waited_for)
{
	static const struct bus_setup deaf[] = { { .part = BUS_J3, .bus_bytes = 2 },
						 { .part = BUS_AMD, .bus_bytes = 2 } };

	setup_bus(&deaf[_i]);
	open_part();
	flash_set_policy(chip, (struct flash_policy){ .suspend = true });
	bus_faults.deaf = true;
	run_rounds(1);
	ck_assert_uint_eq(flash_stats(chip)->suspensions, 0);
	teardown_open();
}
END_TEST

static bool erase_is_over;

static void failing_eraser(void)
{
	ck_assert_int_eq(flash_partition_erase(&part, erased_block()), FLASH_ERASE);
	erase_is_over = true;
}

static void programmer(void)
{
	u8 zero[32] = { 0 };

	while (chip->state != CHIP_WRITING)
		task_yield();
	for (u32 i = 0; !erase_is_over; i += sizeof(zero)) {
		ck_assert_int_eq(flash_partition_program(&part, half() + i % KiB(8), zero,
							 sizeof(zero)),
				 FLASH_OK);
		task_yield();
	}
}

/* One of two chips has failed to erase; the other rests for programs, again and again. */
START_TEST(a_failure_of_one_chip_outlives_the_rests_of_the_other)
{
	static const task_body two[] = { failing_eraser, programmer };
	static const struct {
		enum bus_part part;
		u32 bus_bytes;
		bool buffered;
	} pairs[] = {
		{ BUS_J3, 4, true },  { BUS_J3, 2, false },	 { BUS_L18, 4, true },
		{ BUS_AMD, 4, true }, { BUS_AMD_DQ5, 2, false }, { BUS_AMD_STATUS, 4, true },
	};
	struct bus_setup what = { .part = pairs[_i % 6].part,
				  .bus_bytes = pairs[_i % 6].bus_bytes,
				  .chips = 2,
				  .first_worn = true,
				  .seed = (u64)_i };

	random_state = (u64)_i + 1;
	erase_is_over = false;
	setup_bus(&what);
	open_part();
	flash_set_policy(chip, (struct flash_policy){ .word_by_word = !pairs[_i % 6].buffered,
						      .suspend = true });
	run_tasks(two, ARRAY_LEN(two));
	ck_assert_uint_gt(flash_stats(chip)->suspensions, 0);
	require_readable();
	ck_assert_int_eq(flash_partition_erase(&part, 0), FLASH_ERASE);
	require_readable();
	teardown_open();
}
END_TEST

static void stuck_eraser(void)
{
	ck_assert_int_eq(flash_partition_erase(&part, erased_block()), FLASH_STUCK);
}

static void stuck_programmer(void)
{
	while (chip->state != CHIP_WRITING)
		task_yield();
	ck_assert_int_eq(flash_partition_program(&part, half(), "\0\0\0", 4), FLASH_TIMEOUT);
}

static void late_reader(void)
{
	u8 byte;

	while (!nested)
		task_yield();
	ck_assert_int_eq(flash_partition_read(&part, 0, &byte, 1), FLASH_STUCK);
}

START_TEST(a_chip_that_is_stuck_while_another_operation_rests_is_out_of_service)
{
	static const task_body three[] = { stuck_eraser, stuck_programmer, late_reader };
	struct bus_setup stuck = { .part = BUS_J3, .bus_bytes = 2, .stuck = 2 };

	setup_bus(&stuck);
	open_part();
	flash_set_policy(chip, (struct flash_policy){ .suspend = true });
	run_tasks(three, ARRAY_LEN(three));
	ck_assert_int_eq(chip->state, CHIP_STUCK);
	ck_assert_uint_eq(nested, 1);
	teardown_open();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash arbitration");
	TCase *tcase = tcase_create("arbitration");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, readers_and_writers_never_meet_and_never_starve);
	tcase_add_loop_test(tcase, what_rests_goes_on_when_those_who_waited_are_served, 0,
			    ARRAY_LEN(resting));
	tcase_add_loop_test(tcase, a_chip_that_does_not_come_to_rest_is_waited_for, 0, 2);
	tcase_add_loop_test(tcase, a_failure_of_one_chip_outlives_the_rests_of_the_other, 0, 36);
	tcase_add_test(tcase, a_chip_that_is_stuck_while_another_operation_rests_is_out_of_service);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
