/* SPDX-License-Identifier: MIT */
/*
 * The opcodes, as the manuals of both makers have them (Intel SDM vol. 2, AMD APM vol. 3). All
 * begin with 0F; prefixes (REX too) may stand before that and change operands only, so an opcode is
 * found without them.
 *
 * Not here: MOV to CR2 and CR8, SWAPGS, WBINVD, which leave translations alone; what switches to
 * other tables together with the machine (VM entries, RSM), which a guest kernel at CPL 0 cannot
 * do.
 */
#include "tests/static/flush_kinds.h"

#include <string.h>

/* A byte matches where it is equal in the bits of the mask. */
static const struct {
	enum flush_kind kind;
	const char *name;
	u8 n, byte[3], mask[3];
} opcodes[] = {
	/* ModRM: reg 7 with a memory operand, so each mod but 3 */
	{ FLUSH_INVLPG, "invlpg", 3, { 0x0f, 0x01, 0x38 }, { 0xff, 0xff, 0xf8 } },
	{ FLUSH_INVLPG, "invlpg", 3, { 0x0f, 0x01, 0x78 }, { 0xff, 0xff, 0xf8 } },
	{ FLUSH_INVLPG, "invlpg", 3, { 0x0f, 0x01, 0xb8 }, { 0xff, 0xff, 0xf8 } },
	{ FLUSH_INVEPT, "invept", 3, { 0x0f, 0x38, 0x80 }, { 0xff, 0xff, 0xff } },
	{ FLUSH_INVVPID, "invvpid", 3, { 0x0f, 0x38, 0x81 }, { 0xff, 0xff, 0xff } },
	{ FLUSH_INVPCID, "invpcid", 3, { 0x0f, 0x38, 0x82 }, { 0xff, 0xff, 0xff } },
	{ FLUSH_INVLPGA, "invlpga", 3, { 0x0f, 0x01, 0xdf }, { 0xff, 0xff, 0xff } },
	{ FLUSH_INVLPGB, "invlpgb", 3, { 0x0f, 0x01, 0xfe }, { 0xff, 0xff, 0xff } },
	/* ModRM: reg is the register's number; mod is ignored */
	{ FLUSH_MOV_CR0, "mov-cr0", 3, { 0x0f, 0x22, 0x00 }, { 0xff, 0xff, 0x38 } },
	{ FLUSH_MOV_CR3, "mov-cr3", 3, { 0x0f, 0x22, 0x18 }, { 0xff, 0xff, 0x38 } },
	{ FLUSH_MOV_CR4, "mov-cr4", 3, { 0x0f, 0x22, 0x20 }, { 0xff, 0xff, 0x38 } },
	{ FLUSH_WRMSR, "wrmsr", 2, { 0x0f, 0x30 }, { 0xff, 0xff } },
	{ FLUSH_WRMSR, "wrmsr", 3, { 0x0f, 0x01, 0xc6 }, { 0xff, 0xff, 0xff } }, /* WRMSRNS */
};

enum flush_kind flush_at(const u8 *bytes, u64 n)
{
	for (u32 i = 0; i < ARRAY_LEN(opcodes); i++) {
		u32 same = 0;

		while (same < opcodes[i].n && same < n &&
		       !((bytes[same] ^ opcodes[i].byte[same]) & opcodes[i].mask[same]))
			same++;
		if (same == opcodes[i].n)
			return opcodes[i].kind;
	}
	return FLUSH_NONE;
}

u32 flush_prefixes(const u8 *bytes, u64 n)
{
	static const u8 legacy[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26,
				     0x2e, 0x36, 0x3e, 0x64, 0x65 };
	u32 at = 0;

	while (at < n && (memchr(legacy, bytes[at], sizeof(legacy)) || (bytes[at] & 0xf0) == 0x40))
		at++;
	return at;
}

const char *flush_name(enum flush_kind kind)
{
	for (u32 i = 0; i < ARRAY_LEN(opcodes); i++)
		if (opcodes[i].kind == kind)
			return opcodes[i].name;
	return "none";
}

enum flush_kind flush_named(const char *name)
{
	for (u32 i = 0; i < ARRAY_LEN(opcodes); i++)
		if (!strcmp(opcodes[i].name, name))
			return opcodes[i].kind;
	return FLUSH_NONE;
}
