/* SPDX-License-Identifier: MIT */
/* All instructions of an image, and where they go. */
#ifndef TEST_SWEEP_H
#define TEST_SWEEP_H

#include <capstone/capstone.h>

#include "tests/static/records.h"

/* From one symbol to the next. */
struct region {
	const char *name;
	u64 va, bytes;
	const u8 *data;
	u32 bits; /* 16, 32, 64; 0: data */
};

enum flow {
	FLOW_ON,   /* to the next instruction */
	FLOW_CALL, /* there too, later */
	FLOW_STOP, /* elsewhere, perhaps */
};

enum reference {
	REFERS_NOWHERE,
	REFERS_BRANCH,	/* a jump or call to @to */
	REFERS_ADDRESS, /* an operand at @to, relative to RIP */
};

struct insn {
	u64 va, to;
	const struct region *region;
	enum flush_kind kind;
	enum flow flow;
	enum reference refers;
	u8 bytes, prefixes;
	bool indirect; /* a jump to where no operand says */
	bool leader;   /* something may come here other than from the instruction before */
};

struct sweep {
	csh handle[3]; /* 16, 32, 64 bit */
	struct region *region;
	u32 nregions;
	struct insn *insn; /* ascending by address */
	u32 ninsns;
};

/* False: no memory, or no capstone. Bytes of code that are no instruction are a finding. */
bool sweep_open(struct sweep *sweep, const struct code *code, const struct records *records,
		struct findings *found);
void sweep_close(struct sweep *sweep);

/* What @va lies in; NULL: nothing. */
struct region *sweep_region_at(const struct sweep *sweep, u64 va);
struct insn *sweep_insn_at(const struct sweep *sweep, u64 va);

/* Decodes one again, with its operands, into @out (cs_malloc(), cs_free()). */
void sweep_decode(const struct sweep *sweep, const struct insn *insn, cs_insn *out);

csh sweep_handle(const struct sweep *sweep, u32 bits);

#endif
