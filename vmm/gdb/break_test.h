/* SPDX-License-Identifier: MIT */
/* Whether this host's KVM takes breakpoint instructions out of the guest. */
#ifndef KVL_GDB_BREAK_TEST_H
#define KVL_GDB_BREAK_TEST_H

#include "vmm/kvm.h"

/* By running one, in a machine of its own. -1: it does not; EXIT_HOST, with what happens
 * instead. */
int gdb_break_test(const struct kvm_host *host, struct err *err);

#endif
