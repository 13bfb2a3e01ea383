/* SPDX-License-Identifier: MIT */
/* A virtual machine without KVM: buses, ports, sinks and a shared region, and a kvm_run to fill. */
#ifndef KVL_TEST_VMM_RIG_H
#define KVL_TEST_VMM_RIG_H

#include <linux/kvm.h>

#include "tests/unit/suite.h"
#include "vmm/exit.h"
#include "vmm/vm.h"

#define RIG_RUN_BYTES 8192

struct vmm_rig {
	struct vm vm;
	struct run_config config;
	struct kvm_run *run; /* RIG_RUN_BYTES; data of port I/O at half of it */
	char console[4096];
	char log[4096]; /* last line */
	u32 nlog;	/* lines of level warning or worse */
};

/* Two CPUs, ports claimed. */
struct vmm_rig *vmm_rig_new(void);
void vmm_rig_free(struct vmm_rig *rig);

/* Port and memory exits as KVM would make them. */
enum exit_action rig_out(struct vmm_rig *rig, u32 cpu, u16 port, u32 bytes, u32 value);
u32 rig_in(struct vmm_rig *rig, u32 cpu, u16 port, u32 bytes);
enum exit_action rig_store(struct vmm_rig *rig, u32 cpu, u64 address, u32 bytes, u64 value);
u64 rig_load(struct vmm_rig *rig, u32 cpu, u64 address, u32 bytes);

/* A call of the guest: argument in the shared region, then the port; returns "ret". */
u64 rig_call(struct vmm_rig *rig, u32 cpu, u32 call, u64 arg);

#endif
