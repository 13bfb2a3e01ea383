/* SPDX-License-Identifier: MIT */
/*
 * A partition as a source of raw frames: who enters and writers never meet, also where operations
 * rest for others; an access that needs two frames at once gets both; the account of what is mapped
 * is looked through only when somebody has entered. Who maps them is the rig's.
 */
#include "tests/unit/flash_tasks.h"
#include "tests/unit/suite.h"

#define ACCESSES 40

static struct pfn_source *source; /* under test */
static u32 accesses, entries;

/* The first half of the chip is read, the second written. */
static u32 half(void)
{
	return bus_model_bytes() / 2;
}

/* A fault: for as long as it is inside nobody commands the chip. */
static void map_frame(u64 page)
{
	ck_assert(source->ops->enter(source));
	for (u32 i = 0; i < 3; i++) {
		ck_assert_int_eq(chip->state, CHIP_READY);
		ck_assert(bus_model_shows(page * PAGE_BYTES, PAGE_BYTES));
		pass_baton();
	}
	ck_assert_uint_eq(source->ops->frame(source, page), CHIP_GPA + page * PAGE_BYTES);
	entries += !present[page];
	present[page] = true;
	source->ops->leave(source);
}

/* Of an instruction that needs both. */
static void access_two(u64 a, u64 b)
{
	while (!present[a] || !present[b]) {
		map_frame(present[a] ? b : a);
		pass_baton();
	}
	ck_assert(bus_model_shows(a * PAGE_BYTES, PAGE_BYTES));
	ck_assert(bus_model_shows(b * PAGE_BYTES, PAGE_BYTES));
	accesses++;
}

static void program_reader(void)
{
	u32 pages = half() / PAGE_BYTES;

	for (u32 i = 0; i < ACCESSES; i++) {
		access_two(draw(pages), draw(pages));
		task_yield();
	}
}

/* The operation rests for this one, as long as no other is before it. */
static void copy_reader(void)
{
	u8 data[64];

	for (u32 i = 0; i < ACCESSES; i++)
		ck_assert_int_eq(flash_partition_read(&part, draw(half() - sizeof(data)), data,
						      sizeof(data)),
				 FLASH_OK);
}

static void eraser(void)
{
	for (u32 i = 0; i < 6; i++)
		ck_assert_int_eq(flash_partition_erase(&part, half()), FLASH_OK);
}

static void begin(const struct bus_setup *what, bool suspend)
{
	setup_bus(what);
	open_part();
	flash_set_policy(chip, (struct flash_policy){ .word_by_word = true, .suspend = suspend });
	ck_assert_int_eq(flash_frames_open(&part, &source), FLASH_OK);
	ck_assert_ptr_eq(frames, source);
	accesses = entries = frame_revocations = 0;
}

static void finish(void)
{
	flash_frames_close(source);
	ck_assert_ptr_null(frames);
	teardown_open();
}

static const struct bus_setup chips[] = {
	{ .part = BUS_J3, .bus_bytes = 2 },
	{ .part = BUS_L18, .bus_bytes = 4, .chips = 2 },
	{ .part = BUS_AMD, .bus_bytes = 2 },
};

#define NCHIPS ARRAY_LEN(chips)

static const struct bus_setup *const j3 = &chips[0];

START_TEST(who_enters_and_writers_never_meet)
{
	static const task_body four[] = { program_reader, eraser, copy_reader, program_reader };
	const struct flash_stats *s;
	bool suspend = _i >= (int)NCHIPS;

	begin(&chips[_i % NCHIPS], suspend);
	s = flash_stats(chip);
	for (u32 round = 0; round < 10; round++) {
		random_state = round + 1;
		yields = 0;
		run_tasks(four, ARRAY_LEN(four));
		require_readable();
	}
	ck_assert_uint_eq(accesses, 10 * 2 * ACCESSES);
	ck_assert_uint_eq(entries, s->pages_revoked + pfn_revoke(source));
	ck_assert_uint_gt(s->pages_revoked, 0);
	ck_assert_uint_eq(s->out_of_order, 0);
	ck_assert_uint_eq(s->suspensions > 0, suspend);
	finish();
}
END_TEST

static void erase(void)
{
	ck_assert_int_eq(flash_partition_erase(&part, half()), FLASH_OK);
}

START_TEST(frames_are_looked_for_only_when_somebody_has_entered)
{
	const struct flash_stats *s;

	begin(j3, false);
	s = flash_stats(chip);
	erase();
	ck_assert_uint_eq(frame_revocations, 0);
	map_frame(1);
	map_frame(3);
	erase();
	erase();
	ck_assert_uint_eq(frame_revocations, 1);
	ck_assert_uint_eq(s->pages_revoked, 2);
	ck_assert(source->ops->enter(source));
	source->ops->leave(source);
	erase();
	ck_assert_uint_eq(frame_revocations, 2);
	ck_assert_uint_eq(s->revocations, 1);
	finish();
}
END_TEST

static bool enter_source(void)
{
	return source->ops->enter(source);
}

static bool write_chip(void)
{
	return flash_partition_erase(&part, half()) == FLASH_OK;
}

static void refused(bool (*what)(void), const char *name)
{
	shim_panic_expected = true;
	if (!setjmp(shim_panic_to)) {
		what();
		ck_abort_msg("not noticed");
	}
	shim_panic_expected = false;
	ck_assert_str_eq(shim_panic_name, name);
}

START_TEST(who_must_not_wait_is_named)
{
	begin(j3, false);
	me->locks = 1;
	refused(enter_source, "pageable access in atomic context");
	me->locks = 0;
	me->in_driver = true;
	refused(enter_source, "fault in the flash driver");
	me->in_driver = false;
	ck_assert(enter_source());
	refused(write_chip, "flash deadlock");
	source->ops->leave(source);
	ck_assert(write_chip());
	finish();
}
END_TEST

START_TEST(nobody_enters_a_chip_that_is_out_of_service)
{
	static const struct bus_setup stuck = { .part = BUS_J3, .bus_bytes = 2, .stuck = 1 };
	struct pfn_source *other;

	begin(&stuck, false);
	map_frame(1);
	ck_assert_int_eq(flash_partition_program(&part, half(), "\0", 2), FLASH_TIMEOUT);
	ck_assert(!present[1]);
	ck_assert(!enter_source());
	ck_assert_uint_eq(me->chips_held, 0);
	ck_assert_int_eq(flash_frames_open(&part, &other), FLASH_STUCK);
	finish();
}
END_TEST

START_TEST(whole_pages_alone_are_frames)
{
	struct flash_partition odd;
	struct pfn_source *other;

	begin(j3, false);
	odd = part;
	odd.bytes -= 512;
	ck_assert_int_eq(flash_frames_open(&odd, &other), FLASH_RANGE);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash frames");
	TCase *tcase = tcase_create("frames");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, who_enters_and_writers_never_meet, 0, 2 * NCHIPS);
	tcase_add_test(tcase, frames_are_looked_for_only_when_somebody_has_entered);
	tcase_add_test(tcase, who_must_not_wait_is_named);
	tcase_add_test(tcase, nobody_enters_a_chip_that_is_out_of_service);
	tcase_add_test(tcase, whole_pages_alone_are_frames);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
