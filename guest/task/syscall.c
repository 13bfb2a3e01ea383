/* SPDX-License-Identifier: MIT */
/* System calls. How they enter is the architecture's business. */
#include "guest/task/syscall.h"

#include "guest/kernel.h"
#include "guest/task/sched.h"

u64 (*syscall_report)(u64 value, u64 b);

u64 syscall_handle(u64 number, u64 a, u64 b)
{
	count(COUNT_SYSCALLS);
	switch (number) {
	case SYS_EXIT: task_exit(a);
	case SYS_YIELD: task_yield(); return 0;
	case SYS_REPORT: return syscall_report ? syscall_report(a, b) : 0;
	}
	return (u64)-1;
}
