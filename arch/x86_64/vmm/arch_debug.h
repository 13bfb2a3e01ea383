/* SPDX-License-Identifier: MIT */
/* How many registers gdb is told of on x86-64, and how many bytes they are together. */
#ifndef KVL_ARCH_DEBUG_H
#define KVL_ARCH_DEBUG_H

/* General ones, rip, eflags, six selectors; x87; fs_base, gs_base; cr0, cr2, cr3, cr4, efer. */
#define GDB_REGISTERS (24 + 16 + 2 + 5)
#define GDB_REGISTER_BYTES (17 * 8 + 7 * 4 + 8 * 10 + 8 * 4 + 2 * 8 + 5 * 8)

/* INT3: KVM reports it with rip at it, at any CPL. */
#define ARCH_BREAK_BYTE 0xCC
/*
 * Where KVM does not: IN AL from a port whose number is the byte that follows, so that one byte is
 * enough. At CPL 0 alone: at CPL 3 the guest takes it for an error of the program.
 */
#define ARCH_PORT_BREAK_BYTE 0xE4

#endif
