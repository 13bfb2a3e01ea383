/* SPDX-License-Identifier: MIT */
/* The crash dump: what a person needs to see why a guest stopped. */
#ifndef KVL_DUMP_H
#define KVL_DUMP_H

#include "vmm/vm.h"

/*
 * Text of several lines about all vCPUs, the one that failed first. The vCPUs have stopped. The
 * caller frees it; NULL: no memory.
 */
char *dump_vm(struct vm *vm);

#endif
