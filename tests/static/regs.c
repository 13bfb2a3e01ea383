/* SPDX-License-Identifier: MIT */
/*
 * Follows values through registers: a copy has its original's number, a new value a new number.
 * What lies in memory is not known. Only the few instructions that pass arguments are understood;
 * after any other, nothing is known of any register, so what is claimed does not rest on a list of
 * what each instruction changes.
 */
#include "tests/static/regs.h"

#include <string.h>

#define LOW32 0xffffffffull

static const struct {
	x86_reg reg[4]; /* 64, 32, 16, 8 bits */
} names[REGS] = {
	{ { X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL } },
	{ { X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL } },
	{ { X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL } },
	{ { X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL } },
	{ { X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL } },
	{ { X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL } },
	{ { X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL } },
	{ { X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL } },
	{ { X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B } },
	{ { X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B } },
	{ { X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B } },
	{ { X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B } },
	{ { X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B } },
	{ { X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B } },
	{ { X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B } },
	{ { X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B } },
};

/* The register that holds @reg, and how wide @reg is; -1: it is none of these (AH, CR3, …). */
static int find(x86_reg reg, u32 *bits)
{
	for (int i = 0; i < REGS; i++)
		for (u32 width = 0; width < 4; width++)
			if (names[i].reg[width] == reg) {
				*bits = 64u >> width;
				return i;
			}
	return -1;
}

int regs_index(x86_reg reg)
{
	u32 bits;
	int index = find(reg, &bits);

	return index >= 0 && bits == 64 ? index : -1;
}

static struct value fresh(struct regs *regs)
{
	return (struct value){ .number = ++regs->numbers };
}

static void forget(struct regs *regs)
{
	for (u32 i = 0; i < REGS; i++)
		regs->reg[i] = fresh(regs);
	regs->cr4 = fresh(regs);
}

void regs_init(struct regs *regs)
{
	regs->numbers = NUMBER_OF_CR3;
	forget(regs);
}

/* System V ABI, x86-64: a callee keeps rbx, rsp, rbp, r12 to r15. */
void regs_call(struct regs *regs)
{
	static const u8 lost[] = { REG_RAX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, 8, 9, 10, 11 };

	for (u32 i = 0; i < ARRAY_LEN(lost); i++)
		regs->reg[lost[i]] = fresh(regs);
	regs->cr4 = fresh(regs);
}

/* The low @bits bits of what an operand is; the rest is zero. */
static struct value zero_extended(struct regs *regs, struct value from, u32 bits)
{
	u64 mask = (1ull << bits) - 1;
	struct value to = fresh(regs);

	to.known = from.known | ~mask;
	to.bits = from.bits & mask;
	return to;
}

static struct value operand(struct regs *regs, const cs_x86_op *op)
{
	struct value value = fresh(regs);
	u32 bits;
	int index;

	if (op->type == X86_OP_IMM) {
		value.known = ~0ull;
		value.bits = (u64)op->imm;
	}
	if (op->type != X86_OP_REG)
		return value;
	if (op->reg == X86_REG_CR3)
		value.number = NUMBER_OF_CR3;
	if (op->reg == X86_REG_CR4)
		return regs->cr4;
	index = find(op->reg, &bits);
	if (index < 0)
		return value;
	return bits == 64 ? regs->reg[index] : zero_extended(regs, regs->reg[index], bits);
}

/* 64 bits are stored, 32 bits clear the others, less leaves them. */
static void set(struct regs *regs, const cs_x86_op *op, struct value value)
{
	u32 bits;
	int index;

	if (op->type != X86_OP_REG)
		return;
	index = find(op->reg, &bits);
	if (op->reg == X86_REG_CR4)
		regs->cr4 = value;
	else if (index < 0)
		forget(regs);
	else if (bits == 64)
		regs->reg[index] = value;
	else if (bits == 32)
		regs->reg[index] = zero_extended(regs, value, 32);
	else
		regs->reg[index] = fresh(regs);
}

static struct value or (struct regs * regs, struct value a, struct value b)
{
	struct value to = fresh(regs);
	u64 ones = (a.known & a.bits) | (b.known & b.bits);

	to.known = ones | (a.known & b.known);
	to.bits = ones;
	return to;
}

/* Exclusive or: the same value, but for the bits of a constant. */
static struct value flip(struct regs *regs, struct value from, const cs_x86_op *op)
{
	if (op->type != X86_OP_IMM)
		return fresh(regs);
	from.flipped ^= (u64)op->imm;
	from.bits ^= (u64)op->imm & from.known;
	return from;
}

static struct value shl(struct regs *regs, struct value from, u32 by)
{
	struct value to = fresh(regs);

	to.known = from.known << by | ((1ull << by) - 1);
	to.bits = (from.bits & from.known) << by;
	return to;
}

/* Of a sum the low bits are known up to the first that is not known of both: no carry comes from
 * above. */
static struct value sum(struct regs *regs, struct value a, struct value b)
{
	u64 unknown = ~(a.known & b.known), lowest = unknown & -unknown;
	struct value to = fresh(regs);

	to.known = lowest ? lowest - 1 : ~0ull;
	to.bits = (a.bits + b.bits) & to.known;
	return to;
}

/* lea of base, index and displacement: how compilers add; nothing is known of any other. */
static struct value address(struct regs *regs, const cs_x86_op *op)
{
	int base = regs_index(op->mem.base), index = regs_index(op->mem.index);
	struct value displacement = fresh(regs);

	displacement.known = ~0ull;
	displacement.bits = (u64)op->mem.disp;
	if (base < 0 || (op->mem.index != X86_REG_INVALID && (index < 0 || op->mem.scale != 1)))
		return fresh(regs);
	if (index < 0)
		return sum(regs, regs->reg[base], displacement);
	return sum(regs, sum(regs, regs->reg[base], regs->reg[index]), displacement);
}

static bool same_register(const cs_x86_op *op)
{
	return op[0].type == X86_OP_REG && op[1].type == X86_OP_REG && op[0].reg == op[1].reg;
}

/* What an instruction of two operands leaves in its first. */
static struct value result(struct regs *regs, const cs_insn *insn)
{
	const cs_x86_op *op = insn->detail->x86.operands;
	struct value zero = { .number = ++regs->numbers, .known = ~0ull };

	switch (insn->id) {
	case X86_INS_MOV:
	case X86_INS_MOVABS:
	case X86_INS_MOVZX: return operand(regs, &op[1]);
	case X86_INS_XOR:
		return same_register(op) ? zero : flip(regs, operand(regs, &op[0]), &op[1]);
	case X86_INS_OR: return or (regs, operand(regs, &op[0]), operand(regs, &op[1]));
	case X86_INS_ADD: return sum(regs, operand(regs, &op[0]), operand(regs, &op[1]));
	case X86_INS_LEA: return address(regs, &op[1]);
	case X86_INS_SHL:
		if (op[1].type == X86_OP_IMM && op[1].imm > 0 && op[1].imm < op[0].size * 8)
			return shl(regs, operand(regs, &op[0]), (u32)op[1].imm);
		return fresh(regs);
	default: return fresh(regs);
	}
}

void regs_step(struct regs *regs, const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;

	switch (insn->id) {
	case X86_INS_MOV:
	case X86_INS_MOVABS:
	case X86_INS_MOVZX:
	case X86_INS_XOR:
	case X86_INS_OR:
	case X86_INS_AND:
	case X86_INS_ADD:
	case X86_INS_SUB:
	case X86_INS_SHL:
	case X86_INS_SHR:
	case X86_INS_LEA:
	case X86_INS_IMUL:
		if (x86->op_count >= 2)
			set(regs, &x86->operands[0], result(regs, insn));
		else
			forget(regs);
		break;
	case X86_INS_POP:
		regs->reg[REG_RSP] = fresh(regs);
		set(regs, &x86->operands[0], fresh(regs));
		break;
	case X86_INS_PUSH: regs->reg[REG_RSP] = fresh(regs); break;
	case X86_INS_NOP:
	case X86_INS_CMP:
	case X86_INS_TEST: break;
	default: forget(regs);
	}
}
