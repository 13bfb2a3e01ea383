/* SPDX-License-Identifier: MIT */
/* highmem-io's processes: what their words say, and who looks into them; inside the part
 * highmem_io_memory*.c. */
#ifndef GUEST_SCENARIO_HIGHMEM_IO_MEMORY_H
#define GUEST_SCENARIO_HIGHMEM_IO_MEMORY_H

#include "guest/scenario/highmem_io.h"

#define IO_MEMORY_VA MiB(16)

/*
 * A word has one writer in its process: a thread, or the task that traces (the last one). Its stamp
 * says who wrote it, and how often it was written there or in an ancestor.
 */
struct io_processes;

struct io_thread {
	struct io_process *process;
	u32 nth;
	u64 draws;
	struct task *task;
};

struct io_process {
	struct io_processes *all;
	u32 number;
	struct mm *mm; /* under the lock of all; NULL: it has not begun, or is over */
	struct vma *vma;
	struct io_word *word;
	struct io_thread thread[IO_MOST_THREADS];
	volatile bool started;
};

struct io_processes {
	const struct io_memory *sizes;
	struct spinlock lock;
	struct cow_group group;
	u64 touches, wrong, failed;
	u32 n; /* in the end; each has its child sizes->processes behind it */
	struct io_process *process;
	volatile bool over;
};

/* Word @nth of @page, in @mm, which the process has or had: by the task's own address, or else as a
 * debugger does. What is wrong is counted. */
void io_word_read(struct io_process *process, struct mm *mm, u32 page, u32 nth);
void io_word_write(struct io_process *process, struct mm *mm, u32 page, u32 nth);

/* --- others: highmem_io_others.c --- */
void io_swap_out(void *processes); /* tasks */
void io_trace(void *processes);
/* Checks and metrics; @made: entries of the window meanwhile. */
struct io_share io_memory_report(const struct io_processes *all, u64 made, u64 bounces);

#endif
