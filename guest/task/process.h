/* SPDX-License-Identifier: MIT */
/*
 * Processes: a space and the tasks at CPL 3 that run in it, its threads. Programs are those of
 * guest/user/; they fork, execute one another, wait, map memory and read a file by system calls
 * (syscall.h). Stacks and data are anonymous memory that forks (mm/cow.h), so a child begins with
 * them, and others may swap them out meanwhile.
 */
#ifndef GUEST_PROCESS_H
#define GUEST_PROCESS_H

#include "guest/mm/cow.h"

struct file;
struct process;

/* --- where things are in a space; text and stacks: user/user.h --- */
#define PROCESS_DATA_VA MiB(8)
#define PROCESS_SEGMENT_VA MiB(16)
#define PROCESS_MAP_VA MiB(64) /* what SYS_MAP makes is here or behind, as low as there is room */
#define PROCESS_MAP_PAGES 1024 /* at most, of one SYS_MAP */

struct process_stats {
	u64 forks, execs, exits, threads, waits, reads, maps, unmaps; /* that were done */
	u64 refused;						      /* system calls */
	/* What all of them took (ticks_now()), where nobody else runs on that CPU meanwhile: a fork
	 * until the child may run, an exec until the program begins, an exit until the space, if it
	 * was its last user's, is gone. */
	u64 fork_ticks, exec_ticks, exit_ticks, read_ticks;
};

/* Processes that have things in common. The caller fills in what comes first, the rest is 0. */
struct processes {
	struct cow_group group; /* with its frames: stacks, data and maps are of these */
	u32 data_pages;		/* of each */
	struct file *file;	/* for SYS_READ; NULL: none */
	struct file *segment;	/* all map it, shared; NULL: none */
	bool spread; /* children run on all CPUs in turn, by the order of birth; else with their parent */
	void (*born)(struct mm *mm); /* of each new space, before it runs; NULL: nothing */
	struct process_stats stats;  /* from here on process.c's */
	u32 births;
	struct spinlock lock;
	struct process *first; /* of all that have not been waited for */
};

void processes_begin(struct processes *all);
/* Waits for those that nobody waits for; all others have been. */
void processes_end(struct processes *all);

/* Runs @program(@arg) (a USER_TEXT function) in a process of its own on @cpu. process_join() ends
 * it. */
struct process *process_start(struct processes *all, void (*program)(u64), u64 arg, u32 cpu);
/*
 * Another thread of it, with a stack of its own, on @cpu. The process lasts as long as one of them
 * runs; its threads execute no other program meanwhile. task_join() waits for this one. NULL: the
 * process is over.
 */
struct task *process_thread(struct process *process, void (*program)(u64), u64 arg, u32 cpu);
/* Waits until all of its threads have ended, returns the first one's exit code, -1 if it was
 * killed. */
int process_join(struct process *process);

/* --- others, who look into the memory of processes --- */
/* The space of one that is not over, which @drawn says; the caller becomes a user of it
 * (mm_get()). NULL: there is none. */
struct mm *process_draw(struct processes *all, u64 drawn);

struct process_swapper {
	struct processes *all;
	u64 draws;	    /* draw_stream() */
	u32 left;	    /* pages that are to be tried */
	volatile bool over; /* no more, and nobody runs any more */
};
/* A kernel task, given a struct process_swapper: takes out pages of data and first stacks, drawn
 * ones of drawn processes. */
void process_swap_out(void *swapper);

/* --- for traps --- */
u64 process_call(struct process *process, u64 number, u64 a, u64 b, const void *frame);
/* Of the thread that calls. */
_Noreturn void process_exit(int code);

#endif
