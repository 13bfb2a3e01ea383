/* SPDX-License-Identifier: MIT */
/* System calls. How they enter is the architecture's business. */
#include "guest/task/syscall.h"

#include "guest/kernel.h"
#include "guest/task/process.h"
#include "guest/task/sched.h"

u64 (*syscall_report)(u64 value, u64 b);

static _Noreturn void end(const struct process *process, int code)
{
	if (process)
		process_exit(code);
	task_exit(code);
}

u64 syscall_handle(u64 number, u64 a, u64 b, const void *frame)
{
	struct process *process = current()->process;

	count(COUNT_SYSCALLS);
	switch (number) {
	case SYS_EXIT: end(process, a);
	case SYS_YIELD: task_yield(); return 0;
	case SYS_REPORT: return syscall_report ? syscall_report(a, b) : 0;
	}
	return process ? process_call(process, number, a, b, frame) : (u64)-1;
}
