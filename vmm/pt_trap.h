/* SPDX-License-Identifier: MIT */
/*
 * The trap tier: the page-table arena is a read-only memory slot, so every store to a page table
 * leaves the guest (KVM API section 4.35, KVM_MEM_READONLY) and is recorded and applied here. Only
 * where KVM walks the guest's tables in software: pt_trap_test.h finds out.
 */
#ifndef KVL_PT_TRAP_H
#define KVL_PT_TRAP_H

#include "devices/abi/types.h"
#include "vmm/err.h"

struct slots;
struct vm;

/* Claims the arena on the memory bus; its slot is there, read-only. */
int pt_trap_open(struct vm *vm, struct err *err);

/* Is @address in the arena, and the tier trap? */
bool pt_trap_takes(const struct vm *vm, u64 address);

/*
 * Makes KVM forget all that it has derived from guest page tables: a slot comes and goes that
 * nobody uses (KVM API section 8.35, KVM_X86_QUIRK_SLOT_ZAP_ALL). EXIT_HOST errors.
 */
int pt_trap_drop_shadows(struct slots *slots, struct err *err);

#endif
