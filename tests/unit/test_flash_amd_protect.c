/* SPDX-License-Identifier: MIT */
/* What protects the cells of AMD's parts: sector protection bits, lock register, secured region. */
#include <check.h>

#include "tests/unit/amd_rig.h"
#include "tests/unit/suite.h"

static const struct flash_part *const parts[] = { &amd_rig_gln, &amd_rig_gls, &amd_rig_lv,
						  &amd_rig_dl };

#define TARGET 0x1842 /* in sector 1 */

static bool is_gls(void)
{
	return amd_rig->config.part == &amd_rig_gls;
}

/* GL-N x16 and x8, GL-S. */
static void setup(int i)
{
	if (i == 1)
		amd_open_x8(&amd_rig_gln);
	else
		amd_open_part(i ? &amd_rig_gls : &amd_rig_gln);
}

#define SETUPS 3

static void leave(void)
{
	amd_put(0x77, 0x90);
	amd_put(0x78, 0x00);
}

static void write_register(u32 word, u16 data)
{
	amd_put(0x77, 0xA0);
	amd_put(word, data);
}

static u32 program_refused_us(void)
{
	return is_gls() ? 20 : 1;
}

static u32 erase_refused_us(void)
{
	return amd_rig->config.part->erase_window_us + (is_gls() ? 20 : 100);
}

static void require_errors(u8 errors)
{
	if (is_gls())
		ck_assert_uint_eq(amd_status_register_now(), 0x80 | errors);
}

/* --- protected sectors ------------------------------------------------------------------------ */
/* Persistent bits may be there on any part: programmers set them with high voltages. */
START_TEST(program_of_a_protected_sector)
{
	amd_open_part(parts[_i]);
	amd_rig->nv[0]->block[1].locked = 1;
	amd_start_program(TARGET, 0);
	ck_assert_uint_eq(amd_get(TARGET) & (DQ7 | DQ5), DQ7);
	ck_assert_uint_eq(amd_toggling(TARGET, DQ6), DQ6);
	amd_rig->ns += program_refused_us() * 1000 - 1;
	ck_assert_uint_eq(amd_toggling(TARGET, DQ6), DQ6);
	amd_rig->ns += 1;
	amd_require_array();
	amd_require_untouched_except(0, 0);
	require_errors(0x12);
	require_errors(0x12); /* until they are cleared … */
	ck_assert_uint_eq(amd_rig->event[0].kind,
			  AMD_STATE_EVENT); /* no command: nothing changes */
	amd_put(0x555, 0x71);
	require_errors(0);
	amd_start_program(TARGET, 0);
	amd_pass_us(program_refused_us());
	require_errors(0x12);
	amd_start_program(amd_sector(2), 0);
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_get(amd_sector(2)), 0);
	require_errors(0); /* … or a program goes well */
	amd_close();
}
END_TEST

START_TEST(buffer_of_a_protected_sector)
{
	amd_open_part(_i ? &amd_rig_gls : &amd_rig_gln);
	amd_rig->nv[0]->block[1].locked = 1;
	amd_load_begin(TARGET, 1);
	amd_put(TARGET, 0);
	amd_load_confirm(TARGET);
	ck_assert_uint_eq(amd_toggling(TARGET, DQ6), DQ6);
	amd_pass_us(program_refused_us());
	amd_require_array();
	amd_require_untouched_except(0, 0);
	require_errors(0x12);
	amd_put(0, 0xF0); /* clears too */
	require_errors(0);
	amd_close();
}
END_TEST

START_TEST(erase_of_protected_sectors_only)
{
	amd_open_part(parts[_i]);
	amd_rig->nv[0]->block[1].locked = 1;
	amd_rig->nv[0]->block[2].locked = 1;
	amd_start_erase(amd_sector(1));
	amd_put(amd_sector(2), 0x30);
	ck_assert_uint_eq(amd_get(amd_sector(1)) & (DQ7 | DQ5), 0);
	amd_pass_us(erase_refused_us() - 1);
	ck_assert_uint_eq(amd_toggling(amd_sector(1), DQ6), DQ6);
	amd_pass_us(1);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_require_array();
	amd_require_untouched_except(0, 0);
	require_errors(0x22);
	ck_assert_uint_eq(flash_steps(amd_rig->bank), 0);
	amd_close();
}
END_TEST

START_TEST(protected_sectors_are_passed_over)
{
	static const struct flash_part *const windowed[] = { &amd_rig_gln, &amd_rig_lv,
							     &amd_rig_dl };

	for (u32 order = 0; order < 2; order++) {
		amd_open_part(windowed[_i]);
		amd_rig->nv[0]->block[1].locked = 1;
		amd_start_erase(amd_sector(order ? 1 : 2));
		amd_pass_us(40);
		amd_put(amd_sector(order ? 2 : 1), 0x30);
		ck_assert_uint_eq(amd_toggling(amd_sector(2), DQ6 | DQ2), DQ6 | DQ2);
		amd_pass_us(AMD_WINDOW_US + AMD_ERASE_US - 1);
		ck_assert(!flash_is_array(amd_rig->bank));
		amd_pass_us(1);
		ck_assert(flash_is_array(amd_rig->bank));
		amd_require_array();
		amd_require_untouched_except(amd_sector(2), 0x1000);
		amd_require_erased(amd_sector(2), 0x1000);
		amd_close();
	}
}
END_TEST

START_TEST(chip_erase_passes_protected_sectors_over)
{
	amd_open_part(parts[_i]);
	amd_rig->nv[0]->block[0].locked = 1;
	amd_rig->nv[0]->block[6].locked = 1;
	amd_command(0x80);
	amd_command(0x10);
	amd_pass_us(5 * AMD_ERASE_US - 1);
	ck_assert(!flash_is_array(amd_rig->bank));
	amd_pass_us(1);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_require_untouched_except(amd_sector(1), amd_sector(6) - amd_sector(1));
	amd_require_erased(amd_sector(1), amd_sector(6) - amd_sector(1));
	require_errors(0);
	amd_close();

	amd_open_part(parts[_i]);
	for (u32 i = 0; i < 7; i++)
		amd_rig->nv[0]->block[i].locked = 1;
	amd_command(0x80);
	amd_command(0x10);
	ck_assert_uint_eq(amd_toggling(0, DQ6), DQ6);
	amd_pass_us(is_gls() ? 20 : 150);
	amd_require_array();
	amd_require_untouched_except(0, 0);
	require_errors(0x22);
	amd_close();
}
END_TEST

START_TEST(autoselect_shows_protection)
{
	amd_open_part(parts[_i]);
	amd_rig->nv[0]->block[1].locked = 1;
	for (u32 i = 0; i < 4; i++) { /* of the lower bank, where there are banks */
		amd_unlock();
		amd_put(amd_sector(i) + 0x555, 0x90);
		ck_assert_uint_eq(amd_get(amd_sector(i) + 2), i == 1);
		amd_put(0, 0xF0);
	}
	amd_close();
}
END_TEST

/* --- dynamic bits ----------------------------------------------------------------------------- */
START_TEST(dynamic_bits)
{
	setup(_i);
	amd_command(0xE0);
	ck_assert(!flash_is_array(amd_rig->bank));
	ck_assert_uint_eq(amd_get(amd_sector(1) + 4) & 1, 1);
	write_register(amd_sector(1), 0x00);
	write_register(amd_sector(2), 0x00);
	write_register(amd_sector(2), 0x01);
	for (u32 i = 0; i < 7; i++)
		ck_assert_uint_eq(amd_get(amd_sector(i) + 4) & 1, i != 1);
	leave();
	ck_assert(flash_is_array(amd_rig->bank));
	amd_load_begin(amd_sector(1), 1);
	amd_put(amd_sector(1), 0);
	amd_load_confirm(amd_sector(1));
	amd_pass_us(program_refused_us());
	amd_require_array();
	amd_require_untouched_except(0, 0);

	amd_power_cycle(); /* volatile */
	amd_load_begin(amd_sector(1), 1);
	amd_put(amd_sector(1), 0);
	amd_load_confirm(amd_sector(1));
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_get(amd_sector(1)), 0);
	amd_close();
}
END_TEST

START_TEST(gls_dynamic_bits_while_an_erase_rests)
{
	amd_open_part(_i ? &amd_rig_gls : &amd_rig_gln);
	amd_start_erase(amd_sector(6));
	amd_put(amd_sector(6), 0xB0);
	amd_pass_us(AMD_SUSPEND_ERASE_US);
	amd_command(0xE0);
	write_register(amd_sector(1), 0x00);
	leave();
	amd_start_program(amd_sector(1), 0);
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_get(amd_sector(1)), _i ? amd_original(amd_sector(1)) : 0);
	amd_close();
}
END_TEST

/* --- persistent bits -------------------------------------------------------------------------- */
START_TEST(persistent_bits)
{
	setup(_i);
	amd_command(0xC0);
	for (u32 i = 1; i < 7; i += 2) {
		write_register(amd_sector(i) + 8, 0x00);
		ck_assert_uint_eq(amd_toggling(amd_sector(i) + 8, DQ6), DQ6);
		ck_assert_uint_eq(amd_get(amd_sector(i) + 8) & DQ7, DQ7);
		amd_pass_us(AMD_PROGRAM_US);
	}
	for (u32 i = 0; i < 7; i++)
		ck_assert_uint_eq(amd_get(amd_sector(i)) & 1, i % 2 == 0);
	leave();
	amd_power_cycle(); /* they stay */
	for (u32 i = 0; i < 7; i++)
		ck_assert_uint_eq(amd_rig->nv[0]->block[i].locked, i % 2);
	amd_start_erase(amd_sector(1));
	amd_pass_us(erase_refused_us());
	amd_require_array();
	amd_require_untouched_except(0, 0);

	amd_command(0xC0); /* cleared all together */
	amd_put(0x77, 0x80);
	amd_put(0x00, 0x30);
	ck_assert_uint_eq(amd_toggling(3, DQ6), DQ6);
	amd_pass_us(AMD_ERASE_US);
	for (u32 i = 0; i < 7; i++)
		ck_assert_uint_eq(amd_get(amd_sector(i)) & 1, 1);
	leave();
	amd_require_array();
	amd_require_untouched_except(0, 0);
	amd_close();
}
END_TEST

START_TEST(ppb_lock_freezes_persistent_bits)
{
	setup(_i);
	amd_command(0xC0);
	write_register(amd_sector(2), 0x00);
	amd_pass_us(AMD_PROGRAM_US);
	leave();
	amd_command(0x50);
	ck_assert_uint_eq(amd_get(0) & 1, 1);
	write_register(0x123, 0x00);
	ck_assert_uint_eq(amd_get(0) & 1, 0);
	write_register(0x123, 0x01); /* not to be cleared */
	ck_assert_uint_eq(amd_get(0) & 1, 0);
	leave();
	amd_command(0xC0);
	write_register(amd_sector(1), 0x00);
	amd_pass_us(AMD_PROGRAM_US);
	amd_put(0x77, 0x80);
	amd_put(0x00, 0x30);
	ck_assert_uint_eq(amd_toggling(0, DQ6), DQ6);
	amd_pass_us(100);
	ck_assert_uint_eq(amd_get(amd_sector(1)) & 1, 1);
	ck_assert_uint_eq(amd_get(amd_sector(2)) & 1, 0);
	leave();

	amd_power_cycle();
	amd_command(0x50);
	ck_assert_uint_eq(amd_get(0) & 1, 1);
	amd_close();
}
END_TEST

/* --- lock register ---------------------------------------------------------------------------- */
START_TEST(lock_register)
{
	setup(_i);
	amd_command(0x40);
	ck_assert_uint_eq(amd_get(0) & 0xFF, 0xFF);
	write_register(0, 0xFFF9); /* both modes: aborted */
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_get(0) & 0xFF, 0xFF);
	write_register(0, 0x0005); /* bits that nobody knows are left alone */
	ck_assert_uint_eq(amd_toggling(0, DQ6), DQ6);
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_get(0) & 0xFF, 0xFD);
	write_register(0, 0xFFFB); /* the other mode now */
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_get(0) & 0xFF, 0xFD);
	leave();
	amd_power_cycle();
	ck_assert_uint_eq(amd_rig->nv[0]->lock_register, 0xFFFD);
	amd_close();
}
END_TEST

/* There is no command to unlock with a password. */
START_TEST(password_mode_freezes_from_power_up_on)
{
	amd_open_part(&amd_rig_gln);
	amd_command(0x40);
	write_register(0, 0xFFFB);
	amd_pass_us(AMD_PROGRAM_US);
	leave();
	amd_command(0x60);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_power_cycle();
	amd_command(0x50);
	ck_assert_uint_eq(amd_get(0) & 1, 0);
	amd_close();
}
END_TEST

/* --- sets of registers ------------------------------------------------------------------------ */
/* Other writes are ignored, and but for GL-S's reset the set stays. */
START_TEST(only_the_exit_leaves_a_set_of_registers)
{
	static const u8 entries[] = { 0x40, 0xC0, 0x50, 0xE0 };
	static const u8 bytes[] = { 0x00, 0x30, 0xAA, 0x98, 0xB0, 0xFF };

	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		setup(_i);
		amd_command(entries[i]);
		for (size_t j = 0; j < ARRAY_LEN(bytes); j++)
			amd_put(amd_at(0x555), bytes[j]);
		amd_start_program(TARGET, 0); /* of a bit: the register's own business */
		amd_pass_us(AMD_PROGRAM_US);
		amd_require_untouched_except(0, 0);
		ck_assert(!flash_is_array(amd_rig->bank));
		amd_put(0, 0x90);
		amd_put(0, 0x01); /* not 00h */
		ck_assert(!flash_is_array(amd_rig->bank));
		amd_put(0, 0xF0);
		ck_assert(flash_is_array(amd_rig->bank) == is_gls());
		leave();
		amd_require_array();
		amd_close();
	}
}
END_TEST

START_TEST(older_parts_have_no_registers)
{
	static const u8 entries[] = { 0x40, 0xC0, 0x50, 0xE0, 0x60, 0x88 };

	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		amd_open_part(_i ? &amd_rig_dl : &amd_rig_lv);
		amd_command(entries[i]);
		ck_assert(flash_is_array(amd_rig->bank));
		amd_close();
	}
}
END_TEST

/* --- secured region --------------------------------------------------------------------------- */
START_TEST(secured_region)
{
	u32 words;

	setup(_i);
	words = amd_rig->config.part->secured_bytes / flash_bus_bytes(&amd_rig->config);
	amd_command(0x88);
	ck_assert(!flash_is_array(amd_rig->bank));
	for (u32 i = 0; i < words; i++)
		ck_assert_uint_eq((amd_get(i) | 0xFF00), 0xFFFF);
	ck_assert_uint_eq(amd_get(amd_sector(1)), amd_original(amd_sector(1)));
	amd_start_program(3, 0x1234);
	ck_assert_uint_eq(amd_toggling(3, DQ6), DQ6);
	amd_put(3, 0xB0); /* is not suspended */
	amd_pass_us(AMD_PROGRAM_US);
	amd_load_begin(words - 2, 2);
	amd_put(words - 2, 0x56);
	amd_put(words - 1, 0x78);
	amd_load_confirm(0);
	amd_pass_us(AMD_BUFFER_US);
	ck_assert_uint_eq(amd_get(3) & 0xFF, 0x34);
	ck_assert_uint_eq(amd_get(words - 1) & 0xFF, 0x78);
	amd_start_erase(0);		 /* not here */
	amd_start_program(words + 1, 0); /* nor that */
	amd_pass_us(AMD_PROGRAM_US);
	for (u32 i = amd_rig->config.part->secured_bytes / 2; i < FLASH_OTP_WORDS; i++)
		ck_assert_uint_eq(amd_rig->nv[0]->otp[i], 0xFFFF);
	ck_assert_uint_eq(amd_get(3) & 0xFF, 0x34);

	amd_put(0, 0x98);
	amd_command(0x90);
	amd_put(0, 0x55); /* not 00h: stays */
	ck_assert_uint_eq(amd_get(3) & 0xFF, 0x34);
	amd_command(0x90);
	amd_put(0, 0x00);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_require_array();
	amd_require_untouched_except(0, 0);
	amd_power_cycle();
	amd_command(0x88);
	ck_assert_uint_eq(amd_get(3) & 0xFF, 0x34);
	ck_assert_uint_eq(amd_get(words - 2) & 0xFF, 0x56);
	amd_close();
}
END_TEST

/* 001-98285: SSR Entry has a sector address. */
START_TEST(gls_region_lies_in_the_sector_addressed)
{
	amd_open_part(&amd_rig_gls);
	amd_unlock();
	amd_put(amd_sector(5) + 0x555, 0x88);
	ck_assert_uint_eq(amd_get(amd_sector(5) + 2), 0xFFFF);
	ck_assert_uint_eq(amd_get(2), amd_original(2));
	amd_start_program(amd_sector(5) + 2, 0x1111);
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_rig->nv[0]->otp[2], 0x1111);
	amd_put(0, 0xF0); /* "Software Reset / ASO Exit" */
	amd_require_array();
	amd_close();
}
END_TEST

START_TEST(locked_region_is_not_programmed)
{
	setup(_i);
	amd_command(0x40);
	write_register(0, 0xFFFE);
	amd_pass_us(AMD_PROGRAM_US);
	leave();
	amd_command(0x88);
	amd_start_program(3, 0x0000);
	ck_assert_uint_eq(amd_toggling(3, DQ6), DQ6);
	amd_pass_us(program_refused_us());
	ck_assert_uint_eq(amd_get(3) & 0xFF, 0xFF);
	amd_close();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_amd_protect");
	TCase *tcase = tcase_create("sectors");
	const int nparts = (int)ARRAY_LEN(parts);

	tcase_add_loop_test(tcase, program_of_a_protected_sector, 0, nparts);
	tcase_add_loop_test(tcase, buffer_of_a_protected_sector, 0, 2);
	tcase_add_loop_test(tcase, erase_of_protected_sectors_only, 0, nparts);
	tcase_add_loop_test(tcase, protected_sectors_are_passed_over, 0, 3);
	tcase_add_loop_test(tcase, chip_erase_passes_protected_sectors_over, 0, nparts);
	tcase_add_loop_test(tcase, autoselect_shows_protection, 0, nparts);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("registers");
	tcase_add_loop_test(tcase, dynamic_bits, 0, SETUPS);
	tcase_add_loop_test(tcase, gls_dynamic_bits_while_an_erase_rests, 0, 2);
	tcase_add_loop_test(tcase, persistent_bits, 0, SETUPS);
	tcase_add_loop_test(tcase, ppb_lock_freezes_persistent_bits, 0, SETUPS);
	tcase_add_loop_test(tcase, lock_register, 0, SETUPS);
	tcase_add_test(tcase, password_mode_freezes_from_power_up_on);
	tcase_add_loop_test(tcase, only_the_exit_leaves_a_set_of_registers, 0, SETUPS);
	tcase_add_loop_test(tcase, older_parts_have_no_registers, 0, 2);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("secured region");
	tcase_add_loop_test(tcase, secured_region, 0, SETUPS);
	tcase_add_test(tcase, gls_region_lies_in_the_sector_addressed);
	tcase_add_loop_test(tcase, locked_region_is_not_programmed, 0, SETUPS);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
