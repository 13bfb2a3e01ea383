/* SPDX-License-Identifier: MIT */
/* Inside processes: for process.c and process_call.c. */
#ifndef GUEST_PROCESS_INSIDE_H
#define GUEST_PROCESS_INSIDE_H

#include "guest/task/process.h"

struct process {
	struct processes *all;
	u32 number, parent; /* 0: the kernel started it */
	bool claimed;	    /* somebody waits for it */
	bool areas_busy;    /* somebody makes, ends or forks areas */
	u32 threads;	    /* that have not ended; this, and mm, under the lock of all */
	u32 stacks;	    /* that there are in its space */
	struct mm *mm;	    /* of which it is a user; NULL: it is over */
	struct task *first; /* thread; NULL: it has not been started yet */
	struct process *next;
};

/* Adds to one of the figures of all. */
static inline void process_count(u64 *figure, u64 n)
{
	__atomic_fetch_add(figure, n, __ATOMIC_RELAXED);
}

/* A space for a program that begins. */
struct mm *process_space(struct processes *all);
/* Maps what all share, and shows the space to who wants to see it. */
void process_space_is_ready(struct processes *all, struct mm *mm);

/* A process with @mm and no thread yet. */
struct process *process_new(struct processes *all, const struct process *parent, struct mm *mm);
/* Its first thread has been started: others can wait for it. */
void process_runs(struct process *process, struct task *first);

/* One that somebody may wait for, and nobody does yet: @number of the children of @parent; or any
 * (NULL). The caller process_join()s it. NULL: there is none. */
struct process *process_claim(struct processes *all, const struct process *parent, u64 number);

/* One user of its areas at a time. Waits. */
void process_take_areas(struct process *process);
void process_let_go_areas(struct process *process);

#endif
