/* SPDX-License-Identifier: MIT */
/* How fast this host runs a guest kernel's instructions. */
#ifndef KVL_RATE_H
#define KVL_RATE_H

#include "vmm/kvm.h"

/*
 * Runs a loop of two supervisor instructions in a machine of its own for about 20 ms or more and
 * gives instructions per second: about a million where KVM emulates supervisor code, a thousand
 * times more where the processor runs it.
 */
int rate_measure(const struct kvm_host *host, u64 *insn_per_s, struct err *err);

#endif
