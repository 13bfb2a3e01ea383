/* SPDX-License-Identifier: MIT */
/* The registers that gdb is told of, in the order of its packets: arch/<arch>/vmm/debug.c. */
#ifndef KVL_GDB_REGISTERS_H
#define KVL_GDB_REGISTERS_H

#include "arch_debug.h"
#include "devices/abi/types.h"

/* As the target description has them (the gdb manual's appendix G). */
struct gdb_register {
	const char *feature; /* NULL: that of the one before it */
	const char *name, *type;
	u32 bytes;
	bool unknown; /* gdb insists on it, but its value is not read */
};

extern const struct gdb_register gdb_register[GDB_REGISTERS];
extern const char gdb_architecture[];

/* Where register @n begins among all; for GDB_REGISTERS: where they end. */
static inline u32 gdb_register_offset(u32 n)
{
	u32 offset = 0;

	for (u32 i = 0; i < n; i++)
		offset += gdb_register[i].bytes;
	return offset;
}

#endif
