/* SPDX-License-Identifier: MIT */
/* The table of opcodes (tests/static/flush_kinds.c) against the disassembler, for all that it can
 * name. */
#include <capstone/capstone.h>
#include <string.h>

#include "tests/static/flush_kinds.h"
#include "tests/unit/suite.h"

/* What capstone calls a flush; what it does not know at all is nothing. */
static enum flush_kind kind_of(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;

	if (insn->id != X86_INS_MOV)
		return flush_named(insn->mnemonic);
	if (x86->operands[0].type != X86_OP_REG)
		return FLUSH_NONE;
	switch (x86->operands[0].reg) {
	case X86_REG_CR0: return FLUSH_MOV_CR0;
	case X86_REG_CR3: return FLUSH_MOV_CR3;
	case X86_REG_CR4: return FLUSH_MOV_CR4;
	default: return FLUSH_NONE;
	}
}

static void compare(csh handle, cs_insn *insn, const u8 *code, size_t n)
{
	u32 prefixes = flush_prefixes(code, n);
	enum flush_kind kind = flush_at(code + prefixes, n - prefixes);
	const u8 *at = code;
	u64 va = 0;

	if (!cs_disasm_iter(handle, &at, &n, &va, insn))
		return;
	ck_assert_msg(kind == kind_of(insn), "%02x %02x %02x %02x: %s, %s", code[0], code[1],
		      code[2], code[3], flush_name(kind), insn->mnemonic);
}

/* 0F a b, without a prefix and with some. */
START_TEST(every_opcode_of_two_and_three_bytes)
{
	static const u8 prefix[][2] = { { 0x90 }, { 0x66 }, { 0x48 }, { 0x41 }, { 0x66, 0x48 } };
	u32 nprefixes = _i == 0 ? 0 : _i == 4 ? 2 : 1;
	u8 code[16] = { 0 };
	cs_insn *insn;
	csh handle;

	ck_assert_int_eq(cs_open(CS_ARCH_X86, CS_MODE_64, &handle), CS_ERR_OK);
	cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
	insn = cs_malloc(handle);
	memcpy(code, prefix[_i], nprefixes);
	code[nprefixes] = 0x0f;
	for (u32 i = 0; i < 0x10000; i++) {
		code[nprefixes + 1] = (u8)(i >> 8);
		code[nprefixes + 2] = (u8)i;
		compare(handle, insn, code, sizeof(code));
	}
	cs_free(insn, 1);
	cs_close(&handle);
}
END_TEST

START_TEST(names_go_both_ways)
{
	for (enum flush_kind kind = FLUSH_INVLPG; kind <= FLUSH_WRMSR; kind++)
		ck_assert_int_eq(flush_named(flush_name(kind)), kind);
	ck_assert_int_eq(flush_named("none"), FLUSH_NONE);
	ck_assert_int_eq(flush_named("bits"), FLUSH_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flush kinds");
	TCase *tcase = tcase_create("flush kinds");

	tcase_add_loop_test(tcase, every_opcode_of_two_and_three_bytes, 0, 5);
	tcase_add_test(tcase, names_go_both_ways);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
