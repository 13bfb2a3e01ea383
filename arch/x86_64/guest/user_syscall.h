/* SPDX-License-Identifier: MIT */
/* How a user program calls the kernel: UD2, number in rax, arguments in rdi and rsi. */
#ifndef X86_USER_SYSCALL_H
#define X86_USER_SYSCALL_H

#include "guest/task/syscall.h"

static inline __attribute__((always_inline)) u64 user_syscall(u64 number, u64 a, u64 b)
{
	asm volatile("ud2" : "+a"(number) : "D"(a), "S"(b) : "memory");
	return number;
}

#endif
