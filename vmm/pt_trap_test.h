/* SPDX-License-Identifier: MIT */
/* Does the trap tier work on this host? A guest of five instructions tells. */
#ifndef KVL_PT_TRAP_TEST_H
#define KVL_PT_TRAP_TEST_H

#include "vmm/err.h"
#include "vmm/kvm.h"

/*
 * Lets a guest change an entry of page tables that lie in a read-only slot: the store, and nothing
 * else, must leave it, and what was then applied by the host must count; all within two seconds.
 * @host: opened by kvm_open(). -1: it does not work, and why (EXIT_HOST).
 */
int pt_trap_test(const struct kvm_host *host, struct err *err);

#endif
