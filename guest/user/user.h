/* SPDX-License-Identifier: MIT */
/*
 * User programs: functions in the section .user.text, which uses nothing outside itself. The kernel
 * copies the section into user pages and starts a task at the function's place in it.
 */
#ifndef GUEST_USER_H
#define GUEST_USER_H

#include "guest/mm/vm.h"

#define USER_TEXT __attribute__((section(".user.text"), noinline, used))
#define USER_TEXT_VA MiB(4)
#define USER_STACK_TOP_VA MiB(32)
#define USER_STACK_BYTES KiB(16)

/* A new space with the user programs' text and nothing else. */
struct mm *user_mm_create(void);

u64 user_address(void (*program)(u64)); /* where it begins in such a space */
bool user_is_text(u64 va);
u64 user_stack_top(u32 thread); /* of that one's USER_STACK_BYTES; there is room between two */

/* Starts @program (a USER_TEXT function) at CPL 3 on @cpu, with a stack of its own (by @thread). */
struct task *user_start(const char *name, u32 cpu, struct mm *mm, void (*program)(u64), u64 arg,
			u32 thread);
/* The same as a thread of @process, whose stack there is. */
struct task *user_run(const char *name, u32 cpu, struct mm *mm, struct process *process,
		      void (*program)(u64), u64 arg, u32 thread);

/* --- programs --- */
/* Reads the word at @address, reports it, goes on while the answer is not 0. */
void user_watch(u64 address);
/* Reports the word at @address, reads it at CPL 3 until it changes, reports the new one. */
void user_spin(u64 address);
/* Reports, and runs @loops loops of two instructions, as long as the answer is not 0. */
void user_loop(u64 loops);
/* Yields @times times, with something on its stack each time; ends with the number of times that
 * it was not there afterwards. */
void user_yield(u64 times);
/* Writes and reads back every page of [start, start + 16 pages), then ends with the number
 * wrong. */
void user_touch(u64 start);
/* Reads @address once, and writes it: for addresses that a user task must not reach. */
void user_read(u64 address);
void user_write(u64 address);

#endif
