/* SPDX-License-Identifier: MIT */
/* The target description: gdb_register[] as XML (the gdb manual's appendix G). */
#ifndef KVL_GDB_DESCRIPTION_H
#define KVL_GDB_DESCRIPTION_H

#include <stddef.h>

#define GDB_DESCRIPTION_MAX 8192

/* Returns its length. */
size_t gdb_describe_registers(char text[GDB_DESCRIPTION_MAX]);

#endif
