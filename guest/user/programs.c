/* SPDX-License-Identifier: MIT */
/*
 * The user programs. Each runs at CPL 3, from a copy: no calls but system calls, no data. Each
 * touches its stack, so that the pages it touches do not depend on the compiler.
 */
#include "guest/arch.h"
#include "guest/task/syscall.h"
#include "guest/user/user.h"

USER_TEXT void user_watch(u64 address)
{
	volatile u64 on_stack = address;

	while (arch_user_syscall(SYS_REPORT, *(volatile u64 *)on_stack, 0))
		;
	arch_user_syscall(SYS_EXIT, 0, 0);
}

USER_TEXT void user_spin(u64 address)
{
	volatile u64 first = *(volatile u64 *)address;

	arch_user_syscall(SYS_REPORT, first, 0);
	while (*(volatile u64 *)address == first)
		;
	arch_user_syscall(SYS_REPORT, *(volatile u64 *)address, 0);
	arch_user_syscall(SYS_EXIT, 0, 0);
}

USER_TEXT void user_loop(u64 loops)
{
	volatile u64 on_stack = loops;

	while (arch_user_syscall(SYS_REPORT, 0, 0))
		arch_loop(on_stack);
	arch_user_syscall(SYS_EXIT, 0, 0);
}

USER_TEXT void user_yield(u64 times)
{
	volatile u64 wrong = 0, on_stack;

	for (u64 i = 0; i < times; i++) {
		on_stack = i;
		arch_user_syscall(SYS_YIELD, 0, 0);
		wrong = wrong + (on_stack != i);
	}
	arch_user_syscall(SYS_EXIT, wrong, 0);
}

USER_TEXT void user_touch(u64 start)
{
	volatile u64 wrong = 0;

	for (u64 va = start; va < start + 16 * PAGE_BYTES; va += PAGE_BYTES)
		*(volatile u64 *)va = va;
	for (u64 va = start; va < start + 16 * PAGE_BYTES; va += PAGE_BYTES)
		wrong = wrong + (*(volatile u64 *)va != va);
	arch_user_syscall(SYS_EXIT, wrong, 0);
}

USER_TEXT void user_read(u64 address)
{
	volatile u64 on_stack = address;

	arch_user_syscall(SYS_EXIT, *(volatile u64 *)on_stack, 0);
}

USER_TEXT void user_write(u64 address)
{
	volatile u64 on_stack = address;

	*(volatile u64 *)on_stack = address;
	arch_user_syscall(SYS_EXIT, 0, 0);
}
