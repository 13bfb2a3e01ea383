/* SPDX-License-Identifier: MIT */
/*
 * How the guest's flash driver lets an operation rest for those who never stop asking: it runs for
 * a while before each rest, rests do not count towards its time limit, and a chip that comes to
 * rest too late is told to go on.
 */
#include "tests/unit/flash_tasks.h"
#include "tests/unit/suite.h"

/* docs/scenarios.md, "suspend"; and what an S29GL-S may take after a resume to get going
 * ("tERS"). */
#define LEAST_RUN_NS 200000
#define GET_GOING_NS 100000

static const struct flash_commands *set; /* the chip's */
static struct flash_commands noted;	 /* the same, and keeps this account: */
static u64 from, ran, least, rested;
static u64 gave_up_ns; /* longest time after which it had not come to rest */
static u32 rests;

static bool note_suspend(struct flash_chip *c, const struct flash_operation *op)
{
	u64 run = shim_ns - from;

	ran += run;
	least = run < least ? run : least;
	from = shim_ns;
	if (!set->suspend(c, op)) {
		if (shim_ns - from > gave_up_ns)
			gave_up_ns = shim_ns - from;
		return false;
	}
	rests++;
	return true;
}

static void note_resume(struct flash_chip *c, const struct flash_operation *op)
{
	rested += shim_ns - from;
	from = shim_ns;
	set->resume(c, op);
}

static void begin(const struct bus_setup *what)
{
	setup_bus(what);
	open_part();
	flash_set_policy(chip, (struct flash_policy){ .suspend = true, .word_by_word = true });
	set = chip->commands;
	noted = *set;
	noted.suspend = note_suspend;
	noted.resume = note_resume;
	chip->commands = &noted;
	ran = rested = rests = gave_up_ns = 0;
	least = UINT64_MAX;
	from = shim_ns;
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static enum flash_error wanted;
static bool over;
static u64 reads_ns; /* how long each read takes */

/* What is erased or programmed, and who writes it, lies in the second half. */
static u64 target(void)
{
	return bus_model_bytes() / 2;
}

static void eraser(void)
{
	enum flash_error error = flash_partition_erase(&part, target());

	over = true;
	ck_assert_int_eq(error, wanted);
	for (u32 i = 0; !error && i < flash_partition_block_bytes(&part, target()); i++)
		ck_assert_uint_eq(bus_model_array()[target() + i], 0xff);
}

static void programmer(void)
{
	enum flash_error error = flash_partition_program(&part, target(), "\0\0\0", 4);

	over = true;
	ck_assert_int_eq(error, wanted);
}

static void reader(void)
{
	while (!over) {
		if (flash_read_begin(chip, 0, 64) == FLASH_OK) {
			ck_assert(bus_model_shows(0, 64));
			shim_ns += reads_ns;
			flash_read_end(chip);
		}
		task_yield();
	}
}

/* One who writes, and readers that never stop. */
static void run_for_readers(task_body writer, u64 read_ns, enum flash_error how)
{
	const task_body three[] = { writer, reader, reader };

	wanted = how;
	reads_ns = read_ns;
	over = false;
	run_tasks(three, ARRAY_LEN(three));
}

/* ---- tests ----------------------------------------------------------------------------------- */

static const struct bus_setup chips[] = {
	{ .part = BUS_J3, .bus_bytes = 2, .slowest = true },
	{ .part = BUS_L18, .bus_bytes = 4, .chips = 2 },
	{ .part = BUS_AMD, .bus_bytes = 2, .slowest = true },
	{ .part = BUS_AMD_STATUS, .bus_bytes = 2 },
};

#define NCHIPS ARRAY_LEN(chips)

START_TEST(an_erase_runs_for_a_while_before_each_rest)
{
	begin(&chips[_i]);
	run_for_readers(eraser, 0, FLASH_OK);
	ck_assert_uint_gt(rests, 100);
	ck_assert_uint_ge(least, LEAST_RUN_NS);
	require_readable();
	teardown_open();
}
END_TEST

START_TEST(rests_longer_than_the_limit_do_not_count)
{
	begin(&chips[_i]);
	run_for_readers(eraser, chip->erase_block.max / 10, FLASH_OK);
	ck_assert_uint_gt(rested, chip->erase_block.max);
	require_readable();
	teardown_open();
}
END_TEST

/* Nor does what a chip may need to get going again; and nothing else is granted. */
START_TEST(a_program_that_is_stuck_is_given_up_after_its_time_without_its_rests)
{
	static const struct bus_setup stuck = { .part = BUS_J3, .bus_bytes = 2, .stuck = 1 };
	u64 limit;

	begin(&stuck);
	run_for_readers(programmer, chip->program_word.max, FLASH_TIMEOUT);
	limit = chip->program_word.max + (u64)rests * GET_GOING_NS;
	ran += shim_ns - from;
	ck_assert_uint_ge(rests, 3);
	ck_assert_uint_ge(ran, limit);
	ck_assert_uint_le(ran, limit + LEAST_RUN_NS);
	teardown_open();
}
END_TEST

/* Each time that it asks whether anybody waits is an exit; a word is programmed long before it may
 * rest. */
#define ASKS_EVERY_NS 50000
#define WORDS 4

START_TEST(who_programs_asks_no_oftener_than_it_may_rest)
{
	static const task_body alone[] = { programmer };
	u64 took, looks;
	u32 waits;

	begin(&chips[_i]);
	wanted = FLASH_OK;
	waits = shim_clock_waits;
	took = shim_ns;
	run_tasks(alone, ARRAY_LEN(alone));
	waits = shim_clock_waits - waits;
	took = shim_ns - took;
	looks = took * 8 / chip->program_word.typical;
	ck_assert_uint_gt(waits, 0);
	ck_assert_uint_le(waits, WORDS + looks + took / ASKS_EVERY_NS);
	teardown_open();
}
END_TEST

/* While it should come to rest the chip is looked at every 5 us; each look is so many reads. */
#define LOOK_NS 5000
#define LATEST_NS 200000

static const struct {
	enum bus_part part;
	u32 reads;
} late[] = { { BUS_J3, 1 }, { BUS_L18, 1 }, { BUS_AMD, 2 }, { BUS_AMD_STATUS, 1 } };

/* Just behind the last look: it is told to go on, or would rest for ever and pass for done. */
START_TEST(a_chip_that_comes_to_rest_too_late_goes_on)
{
	struct bus_setup what = { .part = late[_i].part, .bus_bytes = 2 };

	begin(&what);
	bus_faults.rests_behind = (LATEST_NS / LOOK_NS + 1) * late[_i].reads;
	run_for_readers(eraser, 0, FLASH_OK);
	ck_assert_uint_eq(gave_up_ns, LATEST_NS);
	ck_assert_uint_gt(rests, 0); /* later ones */
	require_readable();
	teardown_open();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash rests");
	TCase *tcase = tcase_create("rests");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, an_erase_runs_for_a_while_before_each_rest, 0, NCHIPS);
	tcase_add_loop_test(tcase, rests_longer_than_the_limit_do_not_count, 0, NCHIPS);
	tcase_add_test(tcase, a_program_that_is_stuck_is_given_up_after_its_time_without_its_rests);
	tcase_add_loop_test(tcase, who_programs_asks_no_oftener_than_it_may_rest, 0, NCHIPS);
	tcase_add_loop_test(tcase, a_chip_that_comes_to_rest_too_late_goes_on, 0, ARRAY_LEN(late));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
