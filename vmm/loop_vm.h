/* SPDX-License-Identifier: MIT */
/*
 * A virtual machine with one vCPU and one page of code that counts down and leaves: the smallest in
 * which a host can be measured from outside. The code itself: arch/.
 */
#ifndef KVL_LOOP_VM_H
#define KVL_LOOP_VM_H

#include "vmm/kvm.h"
#include "vmm/slots.h"

struct kvm_run;

struct loop_vm {
	int vm_fd, vcpu_fd;
	u8 *page;
	struct kvm_run *run;
	u32 run_bytes;
	struct slots slots; /* others may add theirs, from LOOP_VM_FREE_GPA on */
};

#define LOOP_VM_CODE_GPA 0x1000
#define LOOP_VM_FREE_GPA MiB(2)
#define LOOP_VM_MOST_ROUNDS 1000000000u

/* Needs a host that kvm_open() has opened. EXIT_HOST errors; loop_vm_close() is for both cases. */
int loop_vm_open(struct loop_vm *loop, const struct kvm_host *host, struct err *err);
/* Runs 2 * @rounds supervisor instructions; @ns: how long that took. */
int loop_vm_run(struct loop_vm *loop, u32 rounds, u64 *ns, struct err *err);
void loop_vm_close(struct loop_vm *loop);

#endif
