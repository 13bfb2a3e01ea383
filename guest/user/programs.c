/* SPDX-License-Identifier: MIT */
/* The user programs. Each runs at CPL 3, from a copy: no calls but system calls, no data. */
#include "guest/user/user.h"

#include "user_syscall.h"

USER_TEXT void user_watch(u64 address)
{
	while (user_syscall(SYS_REPORT, *(volatile u64 *)address, 0))
		;
	user_syscall(SYS_EXIT, 0, 0);
}

USER_TEXT void user_touch(u64 start)
{
	u64 wrong = 0;

	for (u64 va = start; va < start + 16 * PAGE_BYTES; va += PAGE_BYTES)
		*(volatile u64 *)va = va;
	for (u64 va = start; va < start + 16 * PAGE_BYTES; va += PAGE_BYTES)
		wrong += *(volatile u64 *)va != va;
	user_syscall(SYS_EXIT, wrong, 0);
}

USER_TEXT void user_read(u64 address)
{
	user_syscall(SYS_EXIT, *(volatile u64 *)address, 0);
}
