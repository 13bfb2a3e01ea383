/* SPDX-License-Identifier: MIT */
/* The guest's console. One thread at a time. */
#ifndef KVL_CONSOLE_H
#define KVL_CONSOLE_H

#include "vmm/vm.h"

/* A byte that the guest has written. Lines are handed on when they are complete. */
void console_byte(struct vm *vm, u8 byte);
/* Hands on what there is of an unfinished line. After the last CPU has stopped. */
void console_flush(struct vm *vm);

#endif
