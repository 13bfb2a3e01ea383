/* SPDX-License-Identifier: MIT */
/*
 * Where flushes may stand (tests/static/proof.c): each place where none may be gets one, and the
 * proof must name it. Then the image of this build.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/flush_rig.h"
#include "vmm/image.h"

/* Prefixes change nothing of what it is: REX.W, operand size, REX.B */
START_TEST(in_another_function_it_is_found)
{
	static const u8 prefixed[][4] = {
		{ 0x90, INVLPG_RBX },
		{ 0x48, INVLPG_RBX },
		{ 0x66, INVLPG_RBX },
		{ 0x41, INVLPG_RBX },
	};

	code_good_page();
	code_function("other");
	code_emit(prefixed[_i], sizeof(prefixed[_i]));
	EMIT(0xc3);
	code_fails("FAIL: other+0x");
	code_fails("invlpg, which is not registered there");
}
END_TEST

START_TEST(each_other_instruction_is_found)
{
	static const struct {
		u8 bytes[5];
		const char *name;
	} of[] = {
		{ { 0x66, 0x0f, 0x38, 0x82, 0x07 }, "invpcid" },
		{ { 0x66, 0x0f, 0x38, 0x80, 0x07 }, "invept" },
		{ { 0x66, 0x0f, 0x38, 0x81, 0x07 }, "invvpid" },
		{ { 0x0f, 0x01, 0xdf, 0x90, 0x90 }, "invlpga" },
		{ { 0x0f, 0x22, 0xc0, 0x90, 0x90 }, "mov-cr0" },
		{ { 0x0f, 0x22, 0xd8, 0x90, 0x90 }, "mov-cr3" },
		{ { 0x0f, 0x22, 0xe0, 0x90, 0x90 }, "mov-cr4" },
		{ { 0x41, 0x0f, 0x22, 0xd8, 0x90 }, "mov-cr3" },
		{ { 0x0f, 0x30, 0x90, 0x90, 0x90 }, "wrmsr" },
	};
	char text[64];

	code_function("other");
	code_emit(of[_i].bytes, sizeof(of[_i].bytes));
	snprintf(text, sizeof(text), "%s, which is not registered there", of[_i].name);
	code_fails(text);
}
END_TEST

/* mov $0x3b010f, %eax: as long as nothing goes into its midst it is no flush. */
START_TEST(hidden_in_another_instruction_it_is_told)
{
	u64 at;

	code_good_page();
	code_function("other");
	at = code_here();
	EMIT(0xb8, INVLPG_RBX, 0, 0xc3);
	code_holds();
	ck_assert_ptr_nonnull(
		strstr(code_said(), "other+0x0 has the opcode of invlpg in its byte 1"));
	if (_i == 0) {
		code_jump(at + 1);
		code_fails("leads to other+0x1, where no instruction begins");
	} else if (_i == 1) {
		code_pointer(at + 1);
		code_fails("a pointer leads to other+0x1, where no instruction begins");
	} else {
		/* lea …(%rip), %rax */
		EMIT(0x48, 0x8d, 0x05, (u8)(at + 1 - code_here() - 7), 0xff, 0xff, 0xff);
		code_fails("leads to other+0x1, where no instruction begins");
	}
}
END_TEST

/* mov $0x0f, %al; xor %al, %al */
START_TEST(over_the_border_of_two_instructions)
{
	code_function("other");
	EMIT(0xb0, 0x0f, 0x30, 0xc0, 0xc3);
	code_holds();
	ck_assert_ptr_nonnull(
		strstr(code_said(), "other+0x0 has the opcode of wrmsr in its byte 1"));
}
END_TEST

START_TEST(data_amid_code_may_hold_none)
{
	code_good_page();
	code_object("table");
	EMIT(1, 2, 3, 4);
	code_holds();
	if (_i == 0) {
		EMIT(WRMSR);
		code_fails("table+0x4: the opcode of wrmsr in data");
	} else {
		u64 table = code_here() - 4;

		code_function("other");
		code_jump(table);
		code_fails("leads to table+0x0");
	}
}
END_TEST

START_TEST(all_code_must_be_understood)
{
	code_function("other");
	EMIT(0x90);
	if (_i == 0)
		EMIT(0x06); /* not in 64-bit mode */
	else
		EMIT(0xb8, 1); /* the next symbol comes too early */
	code_function("next");
	EMIT(0, 0, 0, 0xc3);
	code_fails("other+0x1: no instruction begins here");
}
END_TEST

START_TEST(what_is_erased_behind_a_function)
{
	code_function("other");
	EMIT(0xc3, 0xff, 0xff, 0xff);
	if (_i == 1)
		EMIT(0x0f, 0x00); /* no filler: something is behind it */
	code_function("next");
	EMIT(0xc3);
	if (_i == 0)
		code_holds();
	else
		code_fails("other+0x1: no instruction begins here");
}
END_TEST

START_TEST(registered_and_not_there)
{
	static const u8 flushes[][6] = {
		{ 0x90, 0x90, 0x90, 0x90, 0x90, 0x90 },
		{ INVLPG_RBX, INVLPG_RBX },
	};

	code_begin_page();
	code_call(TEXT_VA);
	code_emit(flushes[_i], sizeof(flushes[_i]));
	EMIT(POP_RBX_RET);
	code_fails(_i ? "invlpg is there 2 times, not 1" : "invlpg is there 0 times, not 1");
}
END_TEST

/* mov %eax, %cr4 in 32-bit code, inc %eax, which is a prefix elsewhere; in 64-bit code never */
START_TEST(what_runs_at_boot)
{
	u64 start = code_here();

	if (_i != 1)
		code_record("start bits 32 boot for a test");
	code_record("start mov-cr4 1 boot for a test");
	code_function("start");
	EMIT(0x0f, 0x22, 0xe0);
	if (_i != 1)
		EMIT(0x40);
	EMIT(0xc3);
	code_function("later");
	if (_i == 2)
		code_call(start);
	EMIT(0xc3);
	if (_i == 0)
		code_holds();
	else
		code_fails(_i == 1 ? "it stands in 64-bit code" : "leads to start+0x0");
}
END_TEST

START_TEST(a_record_is_understood_or_refused)
{
	static const char *const bad[][2] = {
		{ "other invlpg 1 page", "is not FUNCTION INSTRUCTION" },
		{ "other", "is not FUNCTION INSTRUCTION" },
		{ "other invlpg one page why", "is not FUNCTION INSTRUCTION" },
		{ "other invplg 1 page why", "names no instruction" },
		{ "other invlpg 0 page why", "has a number that cannot be" },
		{ "other bits 64 boot why", "has a number that cannot be" },
		{ "other invlpg 1 pages why", "has a rule that is not" },
		{ "other wrmsr 1 page why", "has a rule that is not" },
		{ "other invlpg 1 space why", "has a rule that is not" },
		{ "other invlpg 1 page why", "has a rule that is not" }, /* no tlb_cpu_*() */
		{ "tlb_cpu_nobody invlpg 1 page why", "names no function" },
		{ "tlb_cpu_twice invlpg 1 page why", "names two functions" },
	};

	code_function("other");
	EMIT(0xc3);
	code_function("tlb_cpu_twice");
	EMIT(0xc3);
	code_function("tlb_cpu_twice");
	EMIT(0xc3);
	code_holds();
	code_record(bad[_i][0]);
	code_fails(bad[_i][1]);
}
END_TEST

START_TEST(a_record_is_there_once)
{
	REGISTER_PAGE;
	code_good_page();
	code_fails("is there twice");
}
END_TEST

/* The whole of it, and each beginning of it: those are refused, not read beyond. */
START_TEST(the_guest_image)
{
	u64 bytes = (u64)(kvl_guest_image_end - kvl_guest_image_start);

	code_prove_elf(kvl_guest_image_start, bytes);
	ck_assert_msg(!code_failed(), "%s", code_complaint());
	for (u64 n = 0; n < bytes; n += n < 128 ? 1 : 4099) {
		u8 *part = malloc(n + 1);

		memcpy(part, kvl_guest_image_start, n);
		code_prove_elf(part, n);
		free(part);
		ck_assert_uint_gt(code_failed(), 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flush places");
	TCase *tcase = tcase_create("flush places");

	tcase_add_checked_fixture(tcase, code_new, NULL);
	tcase_add_loop_test(tcase, in_another_function_it_is_found, 0, 4);
	tcase_add_loop_test(tcase, each_other_instruction_is_found, 0, 9);
	tcase_add_loop_test(tcase, hidden_in_another_instruction_it_is_told, 0, 3);
	tcase_add_test(tcase, over_the_border_of_two_instructions);
	tcase_add_loop_test(tcase, data_amid_code_may_hold_none, 0, 2);
	tcase_add_loop_test(tcase, all_code_must_be_understood, 0, 2);
	tcase_add_loop_test(tcase, what_is_erased_behind_a_function, 0, 2);
	tcase_add_loop_test(tcase, registered_and_not_there, 0, 2);
	tcase_add_loop_test(tcase, what_runs_at_boot, 0, 3);
	tcase_add_loop_test(tcase, a_record_is_understood_or_refused, 0, 12);
	tcase_add_test(tcase, a_record_is_there_once);
	tcase_add_test(tcase, the_guest_image);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
