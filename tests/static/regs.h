/* SPDX-License-Identifier: MIT */
/* What is known of the general registers along a straight line of instructions. */
#ifndef TEST_REGS_H
#define TEST_REGS_H

#include <capstone/capstone.h>

#include "devices/abi/types.h"

enum { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI, REGS = 16 };

/*
 * Two values are the same if their numbers are, and the bits in which they differ from what has
 * that number; of some bits it is known what they are.
 */
struct value {
	u32 number;
	u64 flipped;
	u64 known, bits; /* @bits where @known */
};

struct regs {
	struct value reg[REGS];
	struct value cr4; /* what is in CR4 */
	u32 numbers;	  /* given out */
};

#define NUMBER_OF_CR3 1 /* the value that has been read from CR3 */

/* Nothing is known. */
void regs_init(struct regs *regs);
/* After a call: of what the callee may change nothing is known. */
void regs_call(struct regs *regs);
/* After any other instruction. */
void regs_step(struct regs *regs, const cs_insn *insn);

/* The number of a register of 64 bits (REG_RAX, …); -1: it is none. */
int regs_index(x86_reg reg);

#endif
