/* SPDX-License-Identifier: MIT */
/*
 * Audits: at checkpoints of the guest (KVL_CALL_CHECKPOINT), when somebody asks (run_config.audit),
 * and at the end. What an audit looks at: trace/audit.c; here is when it may, with all vCPUs
 * stopped and the trace complete up to that moment.
 */
#ifndef KVL_CHECKPOINT_H
#define KVL_CHECKPOINT_H

#include "vmm/vm.h"

/* On the thread of vCPU @cpu, which counts as stopped meanwhile: returns when the audit is over. */
void checkpoint_ask(struct vm *vm, u32 cpu);
/* Does a vCPU wait for one? */
bool checkpoint_is_wanted(struct vm *vm);

/*
 * Stops the vCPUs, audits, lets them go on. @why: for the log ("checkpoint"). A finding ends the
 * run. Engines that cannot stop a guest for a moment have none (struct engine, pause).
 */
void checkpoint_take(struct vm *vm, struct model *model, const char *why);

/* The audit itself: all vCPUs are stopped. Returns the number of entries compared. */
u64 checkpoint_audit(struct vm *vm, struct model *model);

#endif
