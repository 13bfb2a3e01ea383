/* SPDX-License-Identifier: MIT */
/*
 * A model of two CPUs, init_mm and a second space, for tests of what it says of flushes and uses.
 */
#ifndef KVL_TEST_MODEL_RIG_H
#define KVL_TEST_MODEL_RIG_H

#include "arch/x86_64/vmm/pte.h"
#include "vmm/trace/model.h"

#define RIG_FLASH 0xd0000000ull
#define KERNEL_VA 0xf0003000ull
#define USER_VA 0x00403000ull
#define KERNEL_TABLE 0x10000ull
#define USER_TABLE 0x11000ull
#define LARGE_TABLE 0x12000ull /* of level 2, for the kernel */
#define USER_LARGE_TABLE 0x15000ull
#define TO_TABLE(table) ((table) | PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED)
#define VMM 0xffffu

/* Leaves. */
#define RW (PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED | PTE_DIRTY)
#define RO (PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY)
#define A (0x100000ull | RW)
#define A_RO (0x100000ull | RO)
#define B (0x200000ull | RW)
#define LARGE_A (0x400000ull | RW | PTE_LARGE)

enum { MAP = 1, UNMAP, FLUSH }; /* sites */

extern struct model *model;
extern u64 ticket; /* of the last record */

/* The tables hang nowhere: enough for what goes by places. */
void model_setup(const struct model_config *config);
/* The chip at RIG_FLASH. */
void model_setup_chip(void);
/* Now the roots lead to the tables: both KERNEL_VA and USER_VA, the latter in space 1 alone. */
void hang_tables(void);
void model_setup_hung(void); /* without chip or soft TLB, the tables hung */
void model_teardown(void);

void record(u32 cpu, u16 id, u16 site, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4);
void load_root(u32 cpu, u64 mm);
/* By CPU 0. */
void set_at(u16 site, u64 va, u64 table, u16 level, u64 old, u64 new);
void set(u64 old, u64 new); /* the leaf of KERNEL_VA */
void use(u32 cpu, u64 va, bool write);
void read_it(u32 cpu); /* a word in the page of KERNEL_VA */
void flush(u32 cpu, u16 scope, u64 va);

/* @n findings, and all of them hold @part. */
void expect(u32 n, const char *part);
void expect_none(void);

#endif
