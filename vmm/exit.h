/* SPDX-License-Identifier: MIT */
/*
 * What an exit from the guest means: a function of the machine, the vCPU and the kvm_run structure
 * that KVM filled (or a test made up).
 */
#ifndef KVL_EXIT_H
#define KVL_EXIT_H

#include "vmm/vm.h"

enum exit_action {
	EXIT_ACTION_CONTINUE, /* enter the guest again */
	EXIT_ACTION_STOP,     /* leave; vm->end says why */
};

/* Handles one exit. Fills in what the guest reads; ends the run where there is no way on. */
enum exit_action exit_dispatch(struct vm *vm, u32 cpu, struct kvm_run *run);

/* "KVM_EXIT_MMIO"; "unknown exit reason" for a number that this program does not know. */
const char *exit_name(u32 reason);

/* Whence an instruction at guest-physical @at would have come, if no memory slot shows it. */
const char *exit_fetch_place(struct vm *vm, u64 at);

/* Claims the ports of platform.h: console, exit status, calls (ports.c). */
int ports_claim(struct vm *vm, struct err *err);
/* Makes a touch of one of @vm->layout's holes end the run. */
int holes_claim(struct vm *vm, struct err *err);
/* The same of a store to @vm->layout's segment. */
int segment_claim(struct vm *vm, struct err *err);

#endif
