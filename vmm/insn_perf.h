/* SPDX-License-Identifier: MIT */
/*
 * Whether the processor's own counter can count a guest's instructions and nothing else: perf
 * events with exclude_host (perf_event_open(2)). Asked for probe; no figure of this version comes
 * from it.
 */
#ifndef KVL_INSN_PERF_H
#define KVL_INSN_PERF_H

#include "vmm/kvm.h"

/* EXIT_OK in @err: the counter has counted a loop in a guest, and only that. */
int insn_perf_try(const struct kvm_host *host, struct err *err);

/* Why perf_event_open() failed with @error; @paranoid: kernel.perf_event_paranoid, < -1:
 * unknown. */
int insn_perf_refused(int error, int paranoid, struct err *err);
/* Whether @counted can be the count of @executed instructions of the guest. */
int insn_perf_judge(u64 counted, u64 executed, struct err *err);

#endif
