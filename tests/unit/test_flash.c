/* SPDX-License-Identifier: MIT */
/*
 * The flash chip's commands: every byte in every state against a table written down from the data
 * sheet, the status register, and what the owner is told. Data that changes: test_flash_data.c; odd
 * accesses: test_flash_bus.c; the query table and the parts: test_flash_query.c.
 */
#include <check.h>

#include "tests/unit/flash_rig.h"
#include "tests/unit/suite.h"

#define QUERY_Q 0x10 /* word 10h: 'Q' in query mode, nothing like it elsewhere */
#define TARGET 0xA004
#define ELSEWHERE 0x1F0F0

static u64 probe(void)
{
	return QUERY_Q * rig->part->bus_bytes;
}

/* ---- every first-cycle byte in every state --------------------------------------------------- */

enum state {
	ARRAY,
	STATUS,
	ID,
	CFI,
	PROGRAM_SETUP,
	ERASE_SETUP,
	PROGRAMMING,
	ERASING,
	X16_STATES,
	/* of a write buffer: the count, the word, the confirmation is awaited */
	BUFFER_COUNT = X16_STATES,
	BUFFER_DATA,
	BUFFER_CONFIRM,
	X8_STATES,
};

#define RIG_BUFFER_WORDS 32

/* Brings a fresh chip to @state; a sequence error happened before, so that the error bits show. */
static void bring_to(enum state state)
{
	static const u8 command[X8_STATES] = { 0xFF, 0x70, 0x90, 0x98, 0x40, 0x20,
					       0x40, 0x20, 0xE8, 0xE8, 0xE8 };

	rig_put(0, 0x20, 0);
	rig_put(0, 0xFF, 0);
	rig_put(TARGET, command[state], 0);
	if (state == PROGRAMMING)
		rig_put(TARGET, 0x0000, 0);
	if (state == ERASING)
		rig_put(TARGET, 0xD0, 0);
	if (state == BUFFER_DATA || state == BUFFER_CONFIRM)
		rig_put(TARGET, 0, 0);
	if (state == BUFFER_CONFIRM)
		rig_put(TARGET, 0x55, 0);
	rig_forget_events();
}

/* What the data sheet has a chip do with @byte while it is ready and no second cycle is due. */
static enum state after_first_cycle(enum state now, u8 byte)
{
	static const struct {
		u8 byte;
		enum state next;
	} commands[] = { { 0xFF, ARRAY },      { 0x70, STATUS },	{ 0x90, ID },
			 { 0x98, CFI },	       { 0x40, PROGRAM_SETUP }, { 0x10, PROGRAM_SETUP },
			 { 0x20, ERASE_SETUP } };

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (commands[i].byte == byte)
			return commands[i].next;
	if (byte == 0xE8 && rig->part->cfi.buffer_log2)
		return BUFFER_COUNT;
	return now; /* 50h and everything that is not a command */
}

static enum state expected_state(enum state now, u8 byte)
{
	switch (now) {
	case PROGRAM_SETUP: return PROGRAMMING; /* whatever the data */
	case ERASE_SETUP: return byte == 0xD0 ? ERASING : STATUS;
	case BUFFER_COUNT: return byte < RIG_BUFFER_WORDS ? BUFFER_DATA : STATUS;
	case BUFFER_DATA: return BUFFER_CONFIRM;
	case BUFFER_CONFIRM: return byte == 0xD0 ? PROGRAMMING : STATUS;
	case PROGRAMMING:
	case ERASING: return now; /* nothing is recognised that could be told from ignoring it */
	default: return after_first_cycle(now, byte);
	}
}

static u8 expected_errors(enum state now, u8 byte)
{
	return now <= CFI && byte == 0x50 ? 0x00 : 0x30;
}

static u16 expected_read(enum state state, u8 errors)
{
	switch (state) {
	case ARRAY: return rig_original_word(probe());
	case ID: return 0x0000; /* word 10h: reserved */
	case CFI: return 'Q';
	case PROGRAMMING:
	case ERASING: return 0x0000;
	default: return 0x80 | errors;
	}
}

/* A probe that tells the setup states apart: what does D0h do next? */
static u64 expected_command_after_confirm(enum state state)
{
	if (state == PROGRAM_SETUP)
		return 0x40;
	if (state == BUFFER_CONFIRM)
		return 0xE8;
	return state == ERASE_SETUP ? 0x20 : 0;
}

static void check_cell(enum state now, u8 byte)
{
	enum state next = expected_state(now, byte);
	u8 errors = expected_errors(now, byte);
	bool busy = next == PROGRAMMING || next == ERASING;
	u64 wanted;

	bring_to(now);
	rig_put(TARGET, byte, 10);
	ck_assert_msg(rig_get(probe(), 10) == expected_read(next, errors),
		      "state %d, byte %02x: reads %04x", now, byte, rig_get(probe(), 10));
	ck_assert_msg((flash_busy_until(rig->chip) != UINT64_MAX) == busy,
		      "state %d, byte %02x: busy", now, byte);
	ck_assert_msg(flash_is_array(rig->chip) == (next == ARRAY), "state %d, byte %02x: is array",
		      now, byte);

	rig_forget_events();
	rig_put(TARGET, 0xD0, 10);
	wanted = expected_command_after_confirm(next);
	if (wanted == 0x40 && byte == 0x10)
		wanted = 0x10;
	ck_assert_msg(rig->nevents == (wanted ? 2 : 0) && (!wanted || rig->event[0].b == wanted),
		      "state %d, byte %02x: then D0h", now, byte);

	rig_put(0, 0x70, 2ull * RIG_ERASE_NS);
	ck_assert_msg(rig_get(0, 2ull * RIG_ERASE_NS) == (0x80 | errors),
		      "state %d, byte %02x: status at the end", now, byte);
}

START_TEST(every_byte_in_every_state)
{
	for (u32 byte = 0; byte < 256; byte++) {
		check_cell((enum state)_i, (u8)byte);
		rig_renew();
	}
}
END_TEST

/* ---- status register ------------------------------------------------------------------------- */

START_TEST(powers_up_in_array_mode_and_ready)
{
	ck_assert(flash_is_array(rig->chip));
	ck_assert_uint_eq(flash_busy_until(rig->chip), UINT64_MAX);
	ck_assert_uint_eq(rig_get(TARGET, 0), rig_original_word(TARGET));
	rig_put(0, 0x70, 0);
	ck_assert_uint_eq(rig_get(TARGET, 0), 0x80);
	ck_assert_ptr_eq(flash_part_of(rig->chip), rig->part);
}
END_TEST

START_TEST(cancelled_erase_erases_nothing)
{
	rig_put(TARGET, 0x20, 0);
	rig_put(TARGET, 0xFF, 0);
	flash_advance(rig->chip, 10ull * RIG_ERASE_NS);
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
	ck_assert(flash_is_array(rig->chip));
}
END_TEST

START_TEST(whole_chip_returns_status_while_busy)
{
	rig_start_erase(TARGET, 0);
	rig_require_chip_reads(0x00, RIG_ERASE_NS - 1);
	rig_require_chip_reads(0x80, RIG_ERASE_NS);
	ck_assert(!flash_is_array(rig->chip));
	rig_put(0, 0xFF, RIG_ERASE_NS);
	ck_assert(flash_is_array(rig->chip));
	ck_assert_uint_eq(rig_get(TARGET, RIG_ERASE_NS), rig_word_mask());
}
END_TEST

START_TEST(errors_do_not_show_while_busy)
{
	rig_put(TARGET, 0x20, 0);
	rig_put(TARGET, 0x00, 0);
	rig_start_erase(TARGET, 0);
	ck_assert_uint_eq(rig_get(0, 5), 0x00);
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
		flash_advance(rig->chip, ns);
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
	struct flash_chip *chips[] = { flash_create(rig->part, rig->array, NULL),
				       flash_create(rig->part, rig->array, &silent) };

	for (size_t i = 0; i < ARRAY_LEN(chips); i++) {
		ck_assert_ptr_nonnull(chips[i]);
		flash_write(chips[i], TARGET, 1, 0x40, 0);
		flash_write(chips[i], TARGET, 1, 0x00, 0);
		ck_assert_uint_eq(flash_read(chips[i], 0, 1, RIG_PROGRAM_NS), 0x80);
		flash_destroy(chips[i]);
	}
}
END_TEST

static TCase *chip_tests(const char *name, void (*setup)(void), int states)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, rig_teardown);
	tcase_set_timeout(tcase, 60); /* 256 chips a state, on a slow machine, under ASan */
	tcase_add_loop_test(tcase, every_byte_in_every_state, 0, states);
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

	suite_add_tcase(suite, chip_tests("x16", rig_setup, X16_STATES));
	suite_add_tcase(suite, chip_tests("x8", rig_setup_x8, X8_STATES));
	return run_suite(suite);
}
