/* SPDX-License-Identifier: MIT */
/* System calls of user programs. Numbers are shared with guest/user/. */
#ifndef GUEST_SYSCALL_H
#define GUEST_SYSCALL_H

#include "devices/abi/types.h"

enum syscall {
	SYS_EXIT, /* (code) */
	SYS_YIELD,
	SYS_REPORT, /* (value, …): hands a value to the scenario, returns its answer */
};

u64 syscall_handle(u64 number, u64 a, u64 b);

/* What SYS_REPORT calls; set by the scenario. */
extern u64 (*syscall_report)(u64 value, u64 b);

/* Ends the current user task because of what it did. */
_Noreturn void task_kill(const char *why, u64 pc);

#endif
