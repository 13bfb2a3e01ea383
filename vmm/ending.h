/* SPDX-License-Identifier: MIT */
/* How a guest ends by itself. */
#ifndef KVL_ENDING_H
#define KVL_ENDING_H

#include "vmm/vm.h"

/* @cpu has written @status to KVL_PORT_EXIT; nothing about it is believed. Ends the run. */
void guest_ends(struct vm *vm, u32 cpu, u64 status);

#endif
