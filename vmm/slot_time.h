/* SPDX-License-Identifier: MIT */
/* How long KVM takes to take a memory slot away and to give it back. */
#ifndef KVL_SLOT_TIME_H
#define KVL_SLOT_TIME_H

#include "vmm/kvm.h"

struct slot_time {
	u64 idle_ns; /* both together, while no vCPU runs */
	u64 busy_ns; /* while one runs supervisor code */
};

/*
 * A read-only slot as a chip's array has it. @insn_per_s, roughly: so that the vCPU is done soon after
 * the last change.
 */
int slot_time_measure(const struct kvm_host *host, u64 insn_per_s, struct slot_time *time,
		      struct err *err);

#endif
