/* SPDX-License-Identifier: MIT */
/* A stopped CPU, whatever engine it ran on. */
#ifndef KVL_ARCH_STATE_H
#define KVL_ARCH_STATE_H

#include "devices/abi/types.h"

enum {
	STATE_RAX,
	STATE_RBX,
	STATE_RCX,
	STATE_RDX,
	STATE_RSI,
	STATE_RDI,
	STATE_RBP,
	STATE_RSP,
	STATE_R8,
	STATE_REGS = 16
};

struct arch_state {
	u64 reg[STATE_REGS];
	u64 rip, rflags;
	u64 cr0, cr2, cr3, cr4, efer;
	u64 cs_base;
	u16 cs, ss, tr; /* selectors */
	u8 cpl;
	bool code64, code32; /* neither: 16 bit */
};

#endif
