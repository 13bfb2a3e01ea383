/* SPDX-License-Identifier: MIT */
/* Start of CPUs, and what boot and trap code need of tasks. */
#ifndef GUEST_SMP_H
#define GUEST_SMP_H

#include "devices/abi/types.h"

struct mm;

/* Makes the code that runs now, on @stack (ARCH_STACK_BYTES, aligned), the first CPU's main
 * task. */
void task_init_first_cpu(void *stack);
/* Starts CPUs 1 … ncpus-1; returns when all of them take part. */
void cpus_start(u32 ncpus);
/* Entry of a further CPU, on the stack of its idle task. */
_Noreturn void cpu_main(void);
/* First C code of a new task, on its own stack, interrupts off. */
_Noreturn void task_first(void *arg, void (*fn)(void *));

/* The space whose root this CPU runs: the task's own, or what a kernel task found loaded. */
struct mm *mm_loaded(void);

#endif
