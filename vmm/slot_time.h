/* SPDX-License-Identifier: MIT */
/*
 * How long it takes to hide a chip's array from a guest and to show it again, in the two ways there
 * are: the memory slot goes and comes, or it stays and the host maps other memory behind it.
 */
#ifndef KVL_SLOT_TIME_H
#define KVL_SLOT_TIME_H

#include "vmm/kvm.h"

struct slot_time {
	u64 idle_ns; /* away and back together, while no vCPU runs */
	u64 busy_ns; /* while one runs supervisor code */
};

struct slot_times {
	struct slot_time change, remap;
};

/*
 * A read-only slot as a chip's array has it. @insn_per_s, roughly: so that the vCPU is done soon
 * after the last change.
 */
int slot_time_measure(const struct kvm_host *host, u64 insn_per_s, struct slot_times *times,
		      struct err *err);

#endif
