/* SPDX-License-Identifier: MIT */
/* How many registers gdb is told of on x86-64, and how many bytes they are together. */
#ifndef KVL_ARCH_DEBUG_H
#define KVL_ARCH_DEBUG_H

/* General ones, rip, eflags, six selectors; x87; fs_base, gs_base; cr0, cr2, cr3, cr4, efer. */
#define GDB_REGISTERS (24 + 16 + 2 + 5)
#define GDB_REGISTER_BYTES (17 * 8 + 7 * 4 + 8 * 10 + 8 * 4 + 2 * 8 + 5 * 8)

/* INT3: a byte, and reported with rip at it. */
#define ARCH_BREAK_BYTE 0xCC

#endif
