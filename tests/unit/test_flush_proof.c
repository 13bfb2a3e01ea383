/* SPDX-License-Identifier: MIT */
/*
 * What is proved of a flush that stands where it is registered (tests/static/block.c): each way to
 * go wrong is assembled, and the proof must name it.
 */
#include <string.h>

#include "tests/unit/flush_rig.h"

START_TEST(a_reported_flush_is_proved)
{
	code_good_page();
	code_holds();
	ck_assert_ptr_nonnull(strstr(code_said(), "PASS: tlb_cpu_page: invlpg, rule page"));
}
END_TEST

START_TEST(flushed_before_the_report)
{
	REGISTER_PAGE;
	code_function("tlb_cpu_page");
	EMIT(PUSH_RBX, MOV_RBX_RDI, INVLPG_RBX, PAGE_FLUSH, MOV_RSI_RBX, ONE_PAGE);
	code_call(TEXT_VA);
	EMIT(POP_RBX_RET);
	code_fails("no report comes before it in its block");
}
END_TEST

START_TEST(only_one_register_is_an_address)
{
	static const u8 invlpg[][9] = {
		{ 0x0f, 0x01, 0x7b, 0x08, 0x90, 0x90, 0x90, 0x90, 0x90 }, /* 8(%rbx) */
		{ 0x0f, 0x01, 0xbb, 0, 0x10, 0, 0, 0x90, 0x90 },	  /* 0x1000(%rbx) */
		{ 0x0f, 0x01, 0x3c, 0x03, 0x90, 0x90, 0x90, 0x90, 0x90 }, /* (%rbx,%rax) */
		{ 0x64, 0x0f, 0x01, 0x3b, 0x90, 0x90, 0x90, 0x90, 0x90 }, /* %fs:(%rbx) */
		{ 0x67, 0x0f, 0x01, 0x3b, 0x90, 0x90, 0x90, 0x90, 0x90 }, /* (%ebx) */
		{ 0x0f, 0x01, 0x3d, 0, 0, 0, 0x70, 0x90, 0x90 },	  /* …(%rip) */
		{ 0x0f, 0x01, 0x3c, 0x25, 0, 0, 0, 0, 0x90 },		  /* 0 */
	};

	code_begin_page();
	code_call(TEXT_VA);
	code_emit(invlpg[_i], sizeof(invlpg[_i]));
	EMIT(POP_RBX_RET);
	code_fails("its address is not in one register");
}
END_TEST

/* What becomes of the address between the report and the flush. */
START_TEST(another_address_is_found)
{
	static const u8 change[][7] = {
		{ 0x48, 0x89, 0xeb, 0x90, 0x90, 0x90, 0x90 }, /* mov %rbp, %rbx */
		{ 0x48, 0x83, 0xc3, 0x01, 0x90, 0x90, 0x90 }, /* add $1, %rbx */
		{ 0x89, 0xdb, 0x90, 0x90, 0x90, 0x90, 0x90 }, /* mov %ebx, %ebx */
		{ 0x66, 0x89, 0xc3, 0x90, 0x90, 0x90, 0x90 }, /* mov %ax, %bx */
		{ 0xb7, 0x01, 0x90, 0x90, 0x90, 0x90, 0x90 }, /* mov $1, %bh */
		{ 0x48, 0x8b, 0x5d, 0xf8, 0x90, 0x90, 0x90 }, /* mov -8(%rbp), %rbx */
		{ 0x5b, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90 }, /* pop %rbx */
		{ 0x48, 0x93, 0x90, 0x90, 0x90, 0x90, 0x90 }, /* xchg %rax, %rbx */
		{ 0x48, 0xff, 0xc3, 0x90, 0x90, 0x90, 0x90 }, /* inc %rbx */
		{ 0x48, 0x0f, 0xc1, 0xd8, 0x90, 0x90, 0x90 }, /* xadd %rbx, %rax */
		{ 0x0f, 0xa2, 0x90, 0x90, 0x90, 0x90, 0x90 }, /* cpuid */
	};

	code_begin_page();
	code_call(TEXT_VA);
	code_emit(change[_i], sizeof(change[_i]));
	EMIT(INVLPG_RBX, POP_RBX_RET);
	code_fails("its address is not the one that was reported");
}
END_TEST

/* The stack's address is reported, and has moved by the time of invlpg (%rsp). */
START_TEST(the_stack_pointer_moves)
{
	REGISTER_PAGE;
	code_function("tlb_cpu_page");
	EMIT(PUSH_RBX, 0x48, 0x89, 0xe6, PAGE_FLUSH, ONE_PAGE);
	code_call(TEXT_VA);
	EMIT(0x59, 0x0f, 0x01, 0x3c, 0x24, 0xc3); /* pop %rcx; invlpg (%rsp); ret */
	code_fails("its address is not the one that was reported");
}
END_TEST

/* invlpg (%rdi), (%rsi): what the callee may have changed */
START_TEST(a_register_that_a_call_changes)
{
	code_begin_page();
	code_call(TEXT_VA);
	EMIT(0x0f, 0x01, _i ? 0x3f : 0x3e, POP_RBX_RET);
	code_fails("its address is not the one that was reported");
}
END_TEST

/* As compilers keep it elsewhere: rbx to r12 to rbx */
START_TEST(a_copy_is_the_same_address)
{
	code_begin_page();
	EMIT(0x49, 0x89, 0xdc);
	code_call(TEXT_VA);
	EMIT(0x41, 0x0f, 0x01, 0x3c, 0x24, POP_RBX_RET);
	code_holds();
	ck_assert_ptr_nonnull(strstr(code_said(), "PASS: 0 opcodes of flushes lie inside"));
}
END_TEST

/* A way around the report: over it by jz or loop, from elsewhere, by a pointer, by an address. */
START_TEST(reported_on_one_path_only)
{
	u64 flush;

	code_begin_page();
	if (_i == 0)
		EMIT(0x74, 5);
	else if (_i == 1)
		EMIT(0xe2, 5);
	code_call(TEXT_VA);
	flush = code_here();
	EMIT(INVLPG_RBX, POP_RBX_RET);
	code_function("other");
	if (_i == 2)
		code_jump(flush);
	else if (_i == 3)
		code_pointer(flush);
	else if (_i == 4)
		EMIT(0x48, 0x8d, 0x05, (u8)(flush - code_here() - 7), 0xff, 0xff, 0xff);
	EMIT(0xc3);
	code_fails("no report comes before it in its block");
}
END_TEST

/* jmp *%rax, somewhere in the function */
START_TEST(a_switch_may_lead_anywhere)
{
	code_good_page();
	EMIT(0xff, 0xe0);
	code_fails("its function has an indirect jump");
}
END_TEST

/* jz behind the report: it may have been reported and is not executed */
START_TEST(executed_on_one_path_only)
{
	code_begin_page();
	code_call(TEXT_VA);
	EMIT(0x74, 3, INVLPG_RBX, POP_RBX_RET);
	code_fails("no report comes before it in its block");
}
END_TEST

START_TEST(the_report_must_be_the_last_call)
{
	u64 other;

	code_function("other");
	other = code_here();
	EMIT(0xc3);
	code_begin_page();
	if (_i == 0)
		code_call(TEXT_VA);
	if (_i <= 1)
		code_call(other);
	else
		EMIT(0xff, 0xd0); /* call *%rax */
	EMIT(INVLPG_RBX, POP_RBX_RET);
	code_fails("no report comes before it in its block");
}
END_TEST

START_TEST(one_report_is_for_one_flush)
{
	code_record("tlb_cpu_page invlpg 2 page for a test");
	code_function("tlb_cpu_page");
	EMIT(PUSH_RBX, MOV_RBX_RDI, PAGE_FLUSH, MOV_RSI_RBX, ONE_PAGE);
	code_call(TEXT_VA);
	EMIT(INVLPG_RBX, INVLPG_RBX, POP_RBX_RET);
	code_fails("no report comes before it in its block");
}
END_TEST

START_TEST(the_report_must_be_of_this)
{
	static const struct {
		u8 header[10], edx[5];
		const char *text;
	} of[] = {
		{ { HEADER(6, 1) }, { ONE_PAGE }, "not a flush of a page" },
		{ { SPACE_FLUSH }, { ONE_PAGE }, "not a flush of a page" },
		{ { PAGE_FLUSH }, { MOV_EDX(0, 0x20) }, "not of one page" },
		/* mov %rbp, %rdi: nobody knows what */
		{ { 0x48, 0x89, 0xef, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90 },
		  { ONE_PAGE },
		  "not a flush of a page" },
	};

	REGISTER_PAGE;
	code_function("tlb_cpu_page");
	EMIT(PUSH_RBX, MOV_RBX_RDI, MOV_RSI_RBX);
	code_emit(of[_i].header, sizeof(of[_i].header));
	code_emit(of[_i].edx, sizeof(of[_i].edx));
	code_call(TEXT_VA);
	EMIT(INVLPG_RBX, POP_RBX_RET);
	code_fails(of[_i].text);
}
END_TEST

/* As clang makes the header: mov %edx, %eax; shl $16, %rax; movabs …, %rdi; or %rax, %rdi */
START_TEST(a_header_is_put_together)
{
	REGISTER_PAGE;
	code_function("tlb_cpu_page");
	EMIT(PUSH_RBX, MOV_RBX_RDI, 0x89, 0xd0);
	EMIT(0x48, 0xc1, 0xe0, _i ? 8 : 16);
	EMIT(PAGE_FLUSH, 0x48, 0x09, 0xc7, ONE_PAGE, MOV_RSI_RBX);
	code_call(TEXT_VA);
	EMIT(INVLPG_RBX, POP_RBX_RET);
	if (_i)
		code_fails("not a flush of a page"); /* the site reaches into the event */
	else
		code_holds();
}
END_TEST

START_TEST(a_space_is_flushed_by_the_root_that_is_loaded)
{
	code_record("tlb_cpu_space mov-cr3 1 space for a test");
	code_function("tlb_cpu_space");
	EMIT(PUSH_RBX, MOV_RBX_RDI, SPACE_FLUSH);
	code_call(TEXT_VA);
	if (_i != 1)
		EMIT(MOV_RAX_CR3);
	if (_i == 2)
		EMIT(0x48, 0x83, 0xc8, 0x01); /* or $1, %rax */
	EMIT(MOV_CR3_RAX, POP_RBX_RET);
	if (_i)
		code_fails("it loads another root than was loaded");
	else
		code_holds();
}
END_TEST

#define LOADS_RAX                             \
	{                                     \
		MOV_CR4_RAX, 0x90, 0x90, 0x90 \
	}
#define LOADS_RCX                             \
	{                                     \
		MOV_CR4_RCX, 0x90, 0x90, 0x90 \
	}

/* PGE off and on: of the second step what is loaded, of the first what is flipped. */
START_TEST(everything_is_flushed_by_pge_off_and_on)
{
	static const struct {
		u8 flip[7], last[6];
		const char *text;
	} of[] = {
		{ { XOR_RCX(0x80, 0) }, LOADS_RAX, NULL },
		{ { XOR_RCX(0x80, 0) }, LOADS_RCX, "may not change PGE" },
		{ { XOR_RCX(0x80, 0) }, { MOV_RAX_CR4, MOV_CR4_RAX }, "may not change PGE" },
		{ { XOR_RCX(0, 1) }, LOADS_RAX, "may not change PGE" },
		{ { XOR_RCX(0x80, 2) }, LOADS_RAX, "more in CR4" },
		/* xor $-128, %rcx; or $128, %rcx; xor %rdx, %rcx; nothing */
		{ { 0x48, 0x83, 0xf1, 0x80, 0x90, 0x90, 0x90 }, LOADS_RAX, "more in CR4" },
		{ { 0x48, 0x81, 0xc9, 0x80, 0, 0, 0 }, LOADS_RAX, "may not change PGE" },
		{ { 0x48, 0x31, 0xd1, 0x90, 0x90, 0x90, 0x90 }, LOADS_RAX, "may not change PGE" },
		{ { 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90 }, LOADS_RAX, "may not change PGE" },
	};

	code_record("tlb_cpu_all mov-cr4 2 all for a test");
	code_function("tlb_cpu_all");
	EMIT(PUSH_RBX, ALL_FLUSH);
	code_call(TEXT_VA);
	EMIT(MOV_RAX_CR4, MOV_RCX_RAX);
	code_emit(of[_i].flip, sizeof(of[_i].flip));
	EMIT(MOV_CR4_RCX);
	code_emit(of[_i].last, sizeof(of[_i].last));
	EMIT(POP_RBX_RET);
	if (of[_i].text)
		code_fails(of[_i].text);
	else
		code_holds();
}
END_TEST

/* No report, one of something else, CR4 read before the call of it. */
START_TEST(everything_is_flushed_after_its_report)
{
	static const char *const text[] = { "no report comes before it in its block",
					    "not a flush of everything", "may not change PGE" };

	code_record("tlb_cpu_all mov-cr4 1 all for a test");
	code_function("tlb_cpu_all");
	EMIT(PUSH_RBX);
	if (_i == 1)
		EMIT(SPACE_FLUSH);
	else
		EMIT(ALL_FLUSH);
	if (_i == 2)
		EMIT(MOV_RAX_CR4, MOV_RCX_RAX, XOR_RCX(0x80, 0), 0x48, 0x89, 0xcb);
	if (_i)
		code_call(TEXT_VA);
	if (_i == 2)
		EMIT(0x48, 0x89, 0xd9); /* mov %rbx, %rcx */
	else
		EMIT(MOV_RAX_CR4, MOV_RCX_RAX, XOR_RCX(0x80, 0));
	EMIT(MOV_CR4_RCX, POP_RBX_RET);
	code_fails(text[_i]);
}
END_TEST

/* At a CPU's start: nothing is reported yet, and PGE alone may change. */
START_TEST(pge_alone_is_changed_without_a_report)
{
	code_record("tlb_cpu_init mov-cr4 1 pge for a test");
	code_function("tlb_cpu_init");
	EMIT(MOV_RAX_CR4, MOV_RCX_RAX, XOR_RCX(_i ? 0 : 0x80, 0), MOV_CR4_RCX, 0xc3);
	if (_i)
		code_fails("may not change PGE");
	else
		code_holds();
}
END_TEST

START_TEST(a_root_is_the_one_that_was_reported)
{
	static const char *const text[] = { NULL, "its root is not the one that was reported",
					    "not the load of a root" };

	code_record("tlb_cpu_load_root mov-cr3 1 root for a test");
	code_function("tlb_cpu_load_root");
	EMIT(PUSH_RBX, MOV_RBX_RDI);
	if (_i == 2)
		EMIT(SPACE_FLUSH);
	else
		EMIT(ROOT_LOAD);
	EMIT(MOV_RDX_RBX);
	code_call(TEXT_VA);
	if (_i == 1)
		EMIT(MOV_CR3_RAX);
	else
		EMIT(MOV_CR3_RBX);
	EMIT(POP_RBX_RET);
	if (_i)
		code_fails(text[_i]);
	else
		code_holds();
}
END_TEST

/* Whatever level, reason and site: mov %edx, %eax; shl $32, %rax; movabs …, %rdi; or %rax, %rdi */
START_TEST(an_eviction_is_of_the_address_that_was_reported)
{
	static const char *const text[] = { NULL, "its address is not the one that was reported",
					    "is not an eviction", "no report comes before it" };

	code_record("tlb_cpu_evict invlpg 1 evict for a test");
	code_function("tlb_cpu_evict");
	EMIT(PUSH_RBX, MOV_RBX_RDI, MOV_RSI_RBX, 0x89, 0xd0, 0x48, 0xc1, 0xe0, 32);
	if (_i == 2)
		EMIT(PAGE_FLUSH);
	else
		EMIT(EVICT);
	EMIT(0x48, 0x09, 0xc7);
	if (_i != 3)
		code_call(TEXT_VA);
	if (_i == 1)
		EMIT(0x48, 0x89, 0xeb); /* mov %rbp, %rbx */
	EMIT(INVLPG_RBX, POP_RBX_RET);
	if (_i)
		code_fails(text[_i]);
	else
		code_holds();
}
END_TEST

/* As clang makes it: the fields are added up. mov %edx, %eax; shl $32, %rax; mov %r8d, %ecx; shl,
 * %rcx */
START_TEST(a_header_is_added_up)
{
	static const struct {
		u8 shift, lea[5];
		bool good;
	} of[] = {
		{ 48, { 0x48, 0x8d, 0x3c, 0x08, 0x90 }, true },	 /* lea (%rax,%rcx), %rdi */
		{ 16, { 0x48, 0x8d, 0x7c, 0x08, 0x00 }, true },	 /* 0(%rax,%rcx) */
		{ 15, { 0x48, 0x8d, 0x3c, 0x08, 0x90 }, false }, /* reaches into the event */
		{ 48, { 0x48, 0x8d, 0x7c, 0x08, 0x01 }, false }, /* 1(%rax,%rcx) */
		{ 48, { 0x48, 0x8d, 0x3c, 0x48, 0x90 }, false }, /* (%rax,%rcx,2) */
		{ 48, { 0x67, 0x48, 0x8d, 0x3c, 0x08 }, false }, /* (%eax,%ecx) */
		{ 48, { 0x48, 0x8d, 0x3c, 0x0b, 0x90 }, false }, /* (%rbx,%rcx) */
	};

	code_record("tlb_cpu_evict invlpg 1 evict for a test");
	code_function("tlb_cpu_evict");
	EMIT(PUSH_RBX, MOV_RBX_RDI, MOV_RSI_RBX, 0x89, 0xd0, 0x48, 0xc1, 0xe0, 32);
	EMIT(0x44, 0x89, 0xc1, 0x48, 0xc1, 0xe1, of[_i].shift);
	code_emit(of[_i].lea, sizeof(of[_i].lea));
	EMIT(0x48, 0x83, 0xc7, 25); /* add $25, %rdi */
	code_call(TEXT_VA);
	EMIT(INVLPG_RBX, POP_RBX_RET);
	if (of[_i].good)
		code_holds();
	else
		code_fails("is not an eviction");
}
END_TEST

START_TEST(a_private_root_comes_after_a_report_of_another)
{
	static const char *const text[] = { NULL, "no report comes before it",
					    "not the load of a root" };

	code_record("tlb_cpu_load_private mov-cr3 1 private for a test");
	code_function("tlb_cpu_load_private");
	EMIT(PUSH_RBX, MOV_RBX_RDI);
	if (_i == 2)
		EMIT(SPACE_FLUSH);
	else
		EMIT(ROOT_LOAD);
	if (_i != 1)
		code_call(TEXT_VA);
	EMIT(MOV_CR3_RBX, POP_RBX_RET);
	if (_i)
		code_fails(text[_i]);
	else
		code_holds();
}
END_TEST

START_TEST(only_fs_base_may_be_written)
{
	static const struct {
		u8 ecx[6];
		bool good;
	} of[] = {
		{ { 0xb9, 0x00, 0x01, 0x00, 0xc0, 0x90 }, true },
		{ { 0xb9, 0x80, 0x00, 0x00, 0xc0, 0x90 }, false }, /* EFER */
		{ { 0x89, 0xf9, 0x90, 0x90, 0x90, 0x90 }, false }, /* mov %edi, %ecx */
		{ { 0x81, 0xc9, 0x00, 0x01, 0x00, 0xc0 }, false }, /* or $0xc0000100, %ecx */
		{ { 0xb1, 0x00, 0x90, 0x90, 0x90, 0x90 }, false }, /* mov $0, %cl */
	};

	code_record("arch_cpu_init wrmsr 1 fs-base for a test");
	code_function("arch_cpu_init");
	code_emit(of[_i].ecx, sizeof(of[_i].ecx));
	EMIT(WRMSR, 0xc3);
	if (of[_i].good)
		code_holds();
	else
		code_fails("it may write another MSR than FS base");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flush proof");
	TCase *tcase = tcase_create("flush proof");

	tcase_add_checked_fixture(tcase, code_new, NULL);
	tcase_add_test(tcase, a_reported_flush_is_proved);
	tcase_add_test(tcase, flushed_before_the_report);
	tcase_add_loop_test(tcase, only_one_register_is_an_address, 0, 7);
	tcase_add_loop_test(tcase, another_address_is_found, 0, 11);
	tcase_add_test(tcase, the_stack_pointer_moves);
	tcase_add_loop_test(tcase, a_register_that_a_call_changes, 0, 2);
	tcase_add_test(tcase, a_copy_is_the_same_address);
	tcase_add_loop_test(tcase, reported_on_one_path_only, 0, 5);
	tcase_add_test(tcase, a_switch_may_lead_anywhere);
	tcase_add_test(tcase, executed_on_one_path_only);
	tcase_add_loop_test(tcase, the_report_must_be_the_last_call, 0, 3);
	tcase_add_test(tcase, one_report_is_for_one_flush);
	tcase_add_loop_test(tcase, the_report_must_be_of_this, 0, 4);
	tcase_add_loop_test(tcase, a_header_is_put_together, 0, 2);
	tcase_add_loop_test(tcase, a_space_is_flushed_by_the_root_that_is_loaded, 0, 3);
	tcase_add_loop_test(tcase, everything_is_flushed_by_pge_off_and_on, 0, 9);
	tcase_add_loop_test(tcase, everything_is_flushed_after_its_report, 0, 3);
	tcase_add_loop_test(tcase, pge_alone_is_changed_without_a_report, 0, 2);
	tcase_add_loop_test(tcase, a_root_is_the_one_that_was_reported, 0, 3);
	tcase_add_loop_test(tcase, an_eviction_is_of_the_address_that_was_reported, 0, 4);
	tcase_add_loop_test(tcase, a_header_is_added_up, 0, 7);
	tcase_add_loop_test(tcase, a_private_root_comes_after_a_report_of_another, 0, 3);
	tcase_add_loop_test(tcase, only_fs_base_may_be_written, 0, 5);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
