/* SPDX-License-Identifier: MIT */
/* A page-table walk done by the host, for people: what each level says. */
#ifndef KVL_ARCH_VMM_WALK_H
#define KVL_ARCH_VMM_WALK_H

#include <stdio.h>

#include "arch/x86_64/vmm/pte.h"
#include "vmm/gmem.h"

struct walk_step {
	u32 level, index;
	u64 table, entry; /* guest-physical address of the table; what its entry holds */
};

enum walk_end {
	WALK_MAPPED, /* gpa is valid */
	WALK_NOT_PRESENT,
	WALK_NO_MEMORY, /* a table lies where no memory is */
};

struct walk {
	u32 nsteps;
	struct walk_step step[PTE_LEVELS];
	enum walk_end end;
	u64 gpa;
};

struct walk walk_tables(const struct gmem *mem, u64 root_gpa, u64 va);
void walk_print(FILE *out, const struct walk *walk);

/* Copies @bytes from virtual addresses; stops at the first one that is not mapped. Returns how
 * many. */
size_t walk_read(const struct gmem *mem, u64 root_gpa, u64 va, void *out, size_t bytes);

#endif
