/* SPDX-License-Identifier: MIT */
/*
 * AMD's command set: which cycles make a command, in every state of a sequence against a table
 * written down from the data sheets; program and its status; unlock bypass; what the owner is told.
 * Erase: test_flash_amd_erase.c; write buffer: test_flash_amd_buffer.c; protection:
 * test_flash_amd_protect.c; codes and query: test_flash_amd_codes.c; rows: the same.
 */
#include <check.h>

#include "tests/unit/amd_rig.h"
#include "tests/unit/suite.h"

#define TARGET 0x3456 /* in sector 2, or 1 on an 8-bit bus */

static const struct flash_part *const parts[] = { &amd_rig_gln, &amd_rig_gls, &amd_rig_lv,
						  &amd_rig_dl };

/* --- every byte in every state of a sequence -------------------------------------------------- */
enum state { READY, UNLOCK_1, UNLOCK_2, ERASE_1, ERASE_2, ERASE_3, DATA, OTHER, STATES = OTHER };

static const struct cycle {
	u32 address;
	u8 byte;
} unlock[] = { { 0x555, 0xAA }, { 0x2AA, 0x55 }, { 0x555, 0x80 }, { 0x555, 0xAA }, { 0x2AA, 0x55 } };

static void bring_to(enum state state)
{
	if (state == DATA) {
		amd_command(0xA0);
		return;
	}
	for (u32 i = 0; i < (u32)state; i++)
		amd_put(amd_at(unlock[i].address), unlock[i].byte);
}

/* OTHER: something that the tests below are about. */
static enum state after(enum state now, u32 address, u8 byte)
{
	bool is_555 = (address & 0x7FF) == 0x555, is_2aa = (address & 0x7FF) == 0x2AA;

	switch (now) {
	case READY:
	case ERASE_1: return byte == 0xAA && is_555 ? now + 1 : READY;
	case UNLOCK_1:
	case ERASE_2: return byte == 0x55 && is_2aa ? now + 1 : READY;
	case UNLOCK_2:
		if (byte == 0x80 && is_555)
			return ERASE_1;
		if (byte == 0xA0 && is_555)
			return DATA;
		return byte == 0x25 ? OTHER : READY;
	case ERASE_3: return byte == 0x30 || (byte == 0x10 && is_555) ? OTHER : READY;
	default: return OTHER;
	}
}

/* Commands of one cycle, and those that show something else, are left out here. */
static bool is_entry(enum state now, u8 byte)
{
	switch (byte) {
	case 0x98:
	case 0x33: return now == READY;
	case 0x20:
	case 0x40:
	case 0x50:
	case 0x88:
	case 0x90:
	case 0xC0:
	case 0xE0: return now == UNLOCK_2;
	case 0x70: return true;
	}
	return false;
}

/* What tells a state: the cycles that lack for an erase, or for a program. */
static bool completes(enum state state)
{
	u8 command = state == DATA ? 0xA0 : 0x30;

	amd_forget_events();
	if (state == DATA) {
		amd_put(amd_at(TARGET / 2), 0x00);
	} else {
		for (u32 i = state; i < ARRAY_LEN(unlock); i++)
			amd_put(amd_at(unlock[i].address), unlock[i].byte);
		amd_put(amd_at(TARGET / 2), 0x30);
	}
	return flash_busy_until(amd_rig->bank) != UINT64_MAX &&
	       amd_rig->event[0].kind == AMD_COMMAND_EVENT && amd_rig->event[0].b == command;
}

static void check_cell(enum state now, u32 address, u8 byte)
{
	enum state next = after(now, address, byte);

	for (enum state probe = READY; next != OTHER && probe < STATES; probe++) {
		bool wanted = probe == next;

		amd_power_cycle();
		bring_to(now);
		amd_put(amd_at(address), byte);
		ck_assert_msg(flash_is_array(amd_rig->bank), "state %d, %02x at %x: not the array",
			      now, byte, address);
		ck_assert_msg(completes(probe) == wanted, "state %d, %02x at %x: as state %d? %d",
			      now, byte, address, probe, !wanted);
	}
}

static void check_states(void)
{
	static const u32 addresses[] = { 0x555, 0x2AA, 0xD55, 0x1AAA, 0x155, 0x000 };

	for (u32 now = READY; now < DATA; now++)
		for (u32 byte = 0; byte < 256; byte++)
			for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
				if (!is_entry((enum state)now, (u8)byte))
					check_cell((enum state)now, addresses[i], (u8)byte);
}

START_TEST(every_byte_in_every_state)
{
	struct flash_config config = { .part = parts[_i / 2], .bus_bytes = _i % 2 ? 1 : 2 };

	if (flash_config_problem(&config))
		return;
	amd_open(&config);
	check_states();
	amd_close();
}
END_TEST

/* A-1 of an 8-bit bus and DQ15-8 are not compared. */
START_TEST(odd_addresses_and_upper_data_lines_do_not_count)
{
	amd_open_x8(&amd_rig_gln);
	amd_put(0xAAB, 0xAA);
	amd_put(0x554, 0x55);
	amd_put(0xAAB, 0xA0);
	amd_put(TARGET, 0x00);
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_get(TARGET), 0x00);
	amd_close();

	amd_open_part(&amd_rig_gln);
	amd_put(0x555, 0x12AA);
	amd_put(0x2AA, 0xFF55);
	amd_put(0x555, 0x00A0);
	amd_put(TARGET, 0x0000);
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_get(TARGET), 0x0000);
	amd_close();
}
END_TEST

/* --- program ---------------------------------------------------------------------------------- */
static void setup_each(int i)
{
	if (i % 2 && parts[i / 2]->widths & 1)
		amd_open_x8(parts[i / 2]);
	else
		amd_open_part(parts[i / 2]);
}

static u16 word_mask(void)
{
	return flash_bus_bytes(&amd_rig->config) == 1 ? 0xFF : 0xFFFF;
}

START_TEST(program_clears_bits_and_ends_by_itself)
{
	u16 data;

	setup_each(_i);
	data = amd_original(TARGET) & 0x5A3C; /* asks for no 1 over a 0 */
	amd_start_program(TARGET, data);
	amd_pass_us(AMD_PROGRAM_US - 1);
	ck_assert_uint_ne(flash_busy_until(amd_rig->bank), UINT64_MAX);
	ck_assert(!flash_is_array(amd_rig->bank));
	amd_pass_us(1);
	ck_assert(flash_is_array(amd_rig->bank));
	ck_assert_uint_eq(amd_cells(TARGET), data);
	amd_require_array();
	amd_require_untouched_except(TARGET, 1);
	amd_close();
}
END_TEST

START_TEST(program_status)
{
	u16 data, status;

	setup_each(_i);
	for (u32 high = 0; high < 2; high++) {
		data = high ? 0 : amd_original(TARGET);
		amd_start_program(TARGET, data);
		status = amd_get(TARGET);
		ck_assert_uint_eq(status & DQ7, ~data & DQ7);
		ck_assert_uint_eq(status & DQ5, 0);
		if (amd_rig->config.part->cfi.buffer_log2)
			ck_assert_uint_eq(status & DQ1, 0);
		for (u32 i = 0; i < 20; i++) {
			ck_assert_uint_eq(amd_toggling(TARGET, DQ6 | DQ2), DQ6);
			ck_assert_uint_eq((amd_get(TARGET) ^ data) & DQ7, DQ7);
			amd_get(TARGET); /* an even number of reads */
		}
		amd_pass_us(AMD_PROGRAM_US);
		ck_assert_uint_eq(amd_get(TARGET), data);
	}
	amd_close();
}
END_TEST

/* What no data sheet defines is not to be relied upon: it differs from read to read. */
START_TEST(undefined_bits_vary)
{
	u16 ones = 0, zeros = 0;

	setup_each(_i);
	amd_start_program(TARGET, 0);
	for (u32 i = 0; i < 64; i++) {
		u16 status = amd_get(TARGET + 1);

		ones |= status;
		zeros |= (u16)~status;
	}
	/* DQ7 is defined at the word that is being programmed alone */
	ck_assert_uint_eq(ones & zeros & (0xFF19 | DQ7) & word_mask(),
			  (0xFF19 | DQ7) & word_mask());
	amd_close();
}
END_TEST

START_TEST(program_goes_step_by_step)
{
	setup_each(_i);
	amd_start_program(TARGET, 0);
	for (u32 us = 0; us < AMD_PROGRAM_US; us++) {
		u16 cells;

		amd_pass_us(1);
		cells = amd_cells(TARGET);
		ck_assert_uint_eq(cells & ~amd_original(TARGET), 0);
		if (us + 1 < AMD_PROGRAM_US)
			ck_assert_uint_ne(cells, 0);
	}
	ck_assert_uint_eq(amd_cells(TARGET), 0);
	ck_assert_uint_eq(flash_steps(amd_rig->bank),
			  (u32)__builtin_popcount(amd_original(TARGET)));
	amd_close();
}
END_TEST

static void program_ones_over_zeros(const struct flash_part *part)
{
	amd_open_part(part);
	amd_start_program(TARGET, 0x00FF);
	amd_pass_us(AMD_PROGRAM_MAX_US);
	amd_put(0, 0xF0);
	amd_start_program(TARGET, 0x0FF0);
}

/* S29GL-P, 7.8.5: masked in silence. */
START_TEST(ones_over_zeros_are_masked)
{
	program_ones_over_zeros(_i ? &amd_rig_gls : &amd_rig_gln);
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_get(TARGET), amd_original(TARGET) & 0x00F0);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_close();
}
END_TEST

/* Am29LV160D: DQ5 once the longest time is over, and the reset. */
START_TEST(ones_over_zeros_end_in_dq5)
{
	program_ones_over_zeros(&amd_rig_lv);
	amd_pass_us(AMD_PROGRAM_MAX_US - 1);
	ck_assert_uint_eq(amd_get(TARGET) & (DQ7 | DQ5), (~0x0FF0 & DQ7));
	amd_pass_us(1);
	ck_assert_uint_eq(amd_get(TARGET) & (DQ7 | DQ5), (~0x0FF0 & DQ7) | DQ5);
	ck_assert_uint_eq(amd_toggling(TARGET, DQ6 | DQ5), DQ6);
	ck_assert_uint_eq(flash_busy_until(amd_rig->bank), UINT64_MAX);
	amd_start_program(TARGET + 1, 0); /* not taken */
	amd_pass_us(10 * AMD_PROGRAM_MAX_US);
	ck_assert_uint_eq(amd_get(TARGET) & DQ5, DQ5);
	ck_assert(!flash_is_array(amd_rig->bank));
	amd_put(0, 0xF0);
	amd_require_array();
	ck_assert(flash_is_array(amd_rig->bank));
	ck_assert_uint_eq(amd_get(TARGET), amd_original(TARGET) & 0x00F0);
	amd_require_untouched_except(TARGET, 1);
	amd_start_erase(amd_sector(6)); /* what comes next ends well */
	amd_pass_us(AMD_WINDOW_US + AMD_ERASE_US);
	amd_require_array();
	amd_close();
}
END_TEST

START_TEST(busy_chip_takes_no_commands)
{
	static const u8 bytes[] = { 0xF0, 0xAA, 0x98, 0x90, 0x30, 0x71, 0x10, 0x00, 0xFF };

	setup_each(_i);
	amd_start_program(TARGET, 0);
	for (size_t i = 0; i < ARRAY_LEN(bytes); i++)
		amd_put(amd_at(0x555), bytes[i]);
	amd_start_erase(TARGET);
	ck_assert_uint_eq(amd_toggling(TARGET, DQ6), DQ6);
	amd_pass_us(AMD_PROGRAM_US);
	amd_require_array();
	amd_require_untouched_except(TARGET, 1);
	amd_close();
}
END_TEST

/* --- failures --------------------------------------------------------------------------------- */
START_TEST(failing_program_ends_in_dq5)
{
	struct flash_config config = { .part = parts[_i / 2] };

	if (_i % 2)
		config.faults.stuck = 2;
	else
		config.faults.fail_program = 2;
	amd_open(&config);
	amd_start_program(TARGET, 0);
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_start_program(TARGET + 4, 0);
	amd_pass_us(AMD_PROGRAM_MAX_US - 1);
	ck_assert_uint_eq(amd_get(TARGET + 4) & (DQ7 | DQ5), DQ7);
	amd_pass_us(1);
	ck_assert_uint_eq(amd_get(TARGET + 4) & (DQ7 | DQ5), DQ7 | DQ5);
	ck_assert_uint_eq(amd_toggling(TARGET + 4, DQ6), DQ6);
	amd_put(0x123, 0xF0);
	amd_require_array();
	ck_assert_uint_ne(amd_cells(TARGET + 4), 0);
	ck_assert_uint_ne(amd_cells(TARGET + 4), amd_original(TARGET + 4));
	amd_close();
}
END_TEST

START_TEST(seeded_times_lie_between)
{
	struct flash_config config = { .part = parts[_i], .timing = FLASH_SEEDED, .seed = 99 };
	u64 end;

	amd_open(&config);
	amd_start_program(TARGET, 0);
	end = flash_busy_until(amd_rig->bank);
	ck_assert_uint_ge(end, AMD_PROGRAM_US * 1000);
	ck_assert_uint_le(end, AMD_PROGRAM_MAX_US * 1000);
	ck_assert_uint_ne(end, AMD_PROGRAM_US * 1000);
	amd_close();
}
END_TEST

START_TEST(power_cut_in_a_program)
{
	struct flash_config config = { .part = parts[_i], .cut_at = 3 };
	u16 left;

	amd_open(&config);
	amd_start_program(TARGET, 0);
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert(!flash_has_power(amd_rig->bank));
	ck_assert_uint_eq(amd_get(TARGET), 0xFFFF);
	left = amd_cells(TARGET);
	ck_assert_int_eq(__builtin_popcount(amd_original(TARGET)) - __builtin_popcount(left), 3);
	flash_power_up(amd_rig->bank);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_require_array();
	amd_require_untouched_except(TARGET, 1);
	amd_close();
}
END_TEST

START_TEST(power_cycle_forgets_everything_volatile)
{
	static const u8 entries[] = { 0x90, 0x20, 0x88, 0x40, 0xC0, 0x50, 0xE0 };

	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		setup_each(_i);
		amd_command(entries[i]);
		amd_power_cycle();
		ck_assert(flash_is_array(amd_rig->bank));
		amd_start_program(TARGET, 0);
		amd_pass_us(AMD_PROGRAM_US);
		ck_assert_uint_eq(amd_get(TARGET), 0);
		amd_close();
	}
}
END_TEST

/* --- unlock bypass ---------------------------------------------------------------------------- */
START_TEST(unlock_bypass)
{
	setup_each(_i);
	amd_command(0x20);
	ck_assert(flash_is_array(amd_rig->bank));
	for (u32 i = 0; i < 3; i++) {
		amd_put(0x77, 0xA0);
		amd_put(TARGET + i, 0);
		ck_assert_uint_eq(amd_toggling(TARGET + i, DQ6), DQ6);
		amd_pass_us(AMD_PROGRAM_US);
		ck_assert_uint_eq(amd_get(TARGET + i), 0);
	}
	amd_start_erase(TARGET); /* not valid here: 80h, AAh, … are dropped */
	amd_command(0x90);
	amd_put(0x77, 0xF0); /* nor is this, and the 90h before wants 00h */
	amd_require_array();
	amd_put(0x77, 0xA0);
	amd_put(TARGET + 3, 0);
	amd_pass_us(AMD_PROGRAM_US);
	amd_require_untouched_except(TARGET, 4);
	ck_assert_uint_eq(amd_get(TARGET + 3), 0);

	amd_put(0x77, 0x90);
	amd_put(0x78, 0x00);
	amd_put(0x77, 0xA0);
	amd_put(TARGET + 4, 0);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_start_erase(amd_sector(6));
	ck_assert(!flash_is_array(amd_rig->bank));
	amd_close();
}
END_TEST

START_TEST(gls_has_no_bypass)
{
	amd_open_part(&amd_rig_gls);
	amd_command(0x20);
	amd_put(0x77, 0xA0);
	amd_put(TARGET, 0);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_close();
}
END_TEST

/* --- what the owner is told, two chips, other parts ------------------------------------------- */
START_TEST(owner_is_told_once_and_in_order)
{
	u64 end = AMD_PROGRAM_US * 1000;

	amd_open_part(&amd_rig_gln);
	amd_start_program(TARGET, 0x1985);
	for (u32 us = 0; us < AMD_PROGRAM_US + 10; us++)
		amd_pass_us(1);
	amd_require_event(0, AMD_COMMAND_EVENT, TARGET * 2, 0xA0, 0x1985, 0);
	amd_require_event(1, AMD_STATE_EVENT, KVL_FLASH_PROGRAM, 0, 0, 0);
	amd_require_event(2, AMD_MODE_EVENT, KVL_FLASH_READ_STATUS, 0, 0, 0);
	amd_require_event(3, AMD_MODE_EVENT, KVL_FLASH_READ_ARRAY, 0, 0, end);
	amd_require_event(4, AMD_STATE_EVENT, KVL_FLASH_IDLE, 0, 0, end);
	ck_assert_uint_eq(amd_rig->nevents, 5);
	amd_close();
}
END_TEST

/* Each of two chips has its own status and toggles; commands come to both. */
START_TEST(two_chips_side_by_side)
{
	struct flash_config config = { .part = &amd_rig_gln, .chips = 2 };
	u32 status;

	amd_open(&config);
	amd_put(0x555, 0); /* nothing */
	flash_write(amd_rig->bank, 0x555 * 4, 4, 0x00AA00AA, 0);
	flash_write(amd_rig->bank, 0x2AA * 4, 4, 0x00550055, 0);
	flash_write(amd_rig->bank, 0x555 * 4, 4, 0x00A000A0, 0);
	flash_write(amd_rig->bank, 0x4000, 4, 0x00000080, 0);
	status = (u32)flash_read(amd_rig->bank, 0x4000, 4, 1000);
	ck_assert_uint_eq(status & 0x00A000A0, 0x00800000);
	status ^= (u32)flash_read(amd_rig->bank, 0x4000, 4, 1000);
	ck_assert_uint_eq(status & 0x00400040, 0x00400040);
	ck_assert_uint_eq(flash_read(amd_rig->bank, 0x4000, 4, AMD_PROGRAM_US * 1000) & 0xFFFFFF7F,
			  0);

	/* to one alone */
	flash_write(amd_rig->bank, 0x555 * 4, 2, 0xAA, 1000000);
	flash_write(amd_rig->bank, 0x2AA * 4, 2, 0x55, 1000000);
	flash_write(amd_rig->bank, 0x555 * 4, 2, 0xA0, 1000000);
	amd_forget_events();
	flash_write(amd_rig->bank, 0x4000, 2, 0, 1000000);
	status = (u32)flash_read(amd_rig->bank, 0x5000, 4, 1000000);
	status ^= (u32)flash_read(amd_rig->bank, 0x5000, 4, 1000000);
	ck_assert_uint_eq(status & 0xFFFF0040, 0x40);
	ck_assert_uint_eq(amd_rig->event[0].partition, 0);
	amd_close();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_amd");
	TCase *tcase = tcase_create("cycles");
	const int each = 2 * (int)ARRAY_LEN(parts);

	tcase_set_timeout(tcase, 120); /* many small banks, on a slow machine, under ASan */
	tcase_add_loop_test(tcase, every_byte_in_every_state, 0, each);
	tcase_add_test(tcase, odd_addresses_and_upper_data_lines_do_not_count);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("program");
	tcase_add_loop_test(tcase, program_clears_bits_and_ends_by_itself, 0, each);
	tcase_add_loop_test(tcase, program_status, 0, each);
	tcase_add_loop_test(tcase, undefined_bits_vary, 0, each);
	tcase_add_loop_test(tcase, program_goes_step_by_step, 0, each);
	tcase_add_loop_test(tcase, ones_over_zeros_are_masked, 0, 2);
	tcase_add_test(tcase, ones_over_zeros_end_in_dq5);
	tcase_add_loop_test(tcase, busy_chip_takes_no_commands, 0, each);
	tcase_add_loop_test(tcase, failing_program_ends_in_dq5, 0, each);
	tcase_add_loop_test(tcase, seeded_times_lie_between, 0, each / 2);
	tcase_add_loop_test(tcase, power_cut_in_a_program, 0, each / 2);
	tcase_add_loop_test(tcase, power_cycle_forgets_everything_volatile, 0, each);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("bypass, owner");
	tcase_add_loop_test(tcase, unlock_bypass, 0, 2);
	tcase_add_loop_test(tcase, unlock_bypass, 4, 8);
	tcase_add_test(tcase, gls_has_no_bypass);
	tcase_add_test(tcase, owner_is_told_once_and_in_order);
	tcase_add_test(tcase, two_chips_side_by_side);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
