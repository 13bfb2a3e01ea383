/* SPDX-License-Identifier: MIT */
/* Which instructions drop translations, or change how they are made or looked up. */
#ifndef TEST_FLUSH_KINDS_H
#define TEST_FLUSH_KINDS_H

#include "devices/abi/types.h"

enum flush_kind {
	FLUSH_NONE,
	FLUSH_INVLPG,
	FLUSH_INVPCID,
	FLUSH_INVEPT,
	FLUSH_INVVPID,
	FLUSH_INVLPGA,
	FLUSH_INVLPGB,
	FLUSH_MOV_CR0,
	FLUSH_MOV_CR3,
	FLUSH_MOV_CR4,
	FLUSH_WRMSR,
};

/* The kind whose opcode begins at the first of @n bytes; prefixes come before an opcode. */
enum flush_kind flush_at(const u8 *bytes, u64 n);
/* How many of the @n bytes of a 64-bit instruction are prefixes. */
u32 flush_prefixes(const u8 *bytes, u64 n);

const char *flush_name(enum flush_kind kind);
enum flush_kind flush_named(const char *name); /* FLUSH_NONE: no such */

#endif
