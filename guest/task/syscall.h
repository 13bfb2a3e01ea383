/* SPDX-License-Identifier: MIT */
/* System calls of user programs. Numbers are shared with guest/user/. */
#ifndef GUEST_SYSCALL_H
#define GUEST_SYSCALL_H

#include "devices/abi/types.h"

enum syscall {
	SYS_EXIT, /* (code) */
	SYS_YIELD,
	SYS_REPORT, /* (value, …): hands a value to the scenario, returns its answer */
	/* Of threads of a process alone (process.h). ~0: it could not be done. */
	SYS_FORK,  /* the number of the child, which returns 0 */
	SYS_EXEC,  /* (program, arg): in a new space; returns only if it could not be done */
	SYS_WAIT,  /* (child): for its end, returns its exit code; a child is waited for once */
	SYS_MAP,   /* (pages): zeroed memory, returns where */
	SYS_UNMAP, /* (va), of SYS_MAP; no other thread touches it */
	SYS_READ,  /* (page, va): a page of the processes' file to there, returns 0 */
};

/* @frame: ARCH_FRAME_BYTES, the registers of the task that calls, for arch_resume_user(). */
u64 syscall_handle(u64 number, u64 a, u64 b, const void *frame);

/* What SYS_REPORT calls; set by the scenario. */
extern u64 (*syscall_report)(u64 value, u64 b);

/* Ends the current user task because of what it did. */
_Noreturn void task_kill(const char *why, u64 pc);

#endif
