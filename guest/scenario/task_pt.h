/* SPDX-License-Identifier: MIT */
/*
 * task-pt: page tables of tasks, and the addresses by which the kernel reaches them (seed rows B2,
 * B3, B5, B7, B10, B11, B13). The arms are ways to them (struct table_way): a file and a row each.
 */
#ifndef GUEST_SCENARIO_TASK_PT_H
#define GUEST_SCENARIO_TASK_PT_H

#include "guest/kernel.h"
#include "guest/mm/fault.h"
#include "guest/mm/table_way.h"
#include "guest/scenario/scenario.h"

extern const struct arm task_pt_arms[];
extern const struct scenario_param task_pt_params[];
void task_pt_run(const struct arm *arm);

#define ARM(name, ops, about) extern const struct table_way ops;
#define VARIES(count, when, why)
#include "guest/scenario/task_pt.arms"
#undef ARM
#undef VARIES

/* --- areas: their pages are all the same one, so what is counted in them is tables --- */
#define TASK_PT_VA MiB(64)
struct page *task_pt_page_make(void);
/* A space with such an area, which lasts until mm_put(). A usage failure if user space has no room
 * for so much. */
struct mm *task_pt_space(struct page *page, u64 bytes);

/* Has a space from birth a directory of user space, of one of @n GiB from @gib on? That in which
 * ukva hangs, if it is carved from there and the way needs it. */
bool task_pt_has_directory(const struct table_way *way, u64 gib, u64 n);

/* --- the parts of a run: each reports its metrics and checks --- */
/* Pages of a space that are touched first, and then taken away by a task of no space: counts
 * against the way's closed forms (task_pt_forms.c). Returns the ticks of the first thread's
 * touches. */
struct table_touches {
	u32 tables, pages; /* leaf tables; of each of them */
	u32 threads;	   /* on as many CPUs, each with tables of its own */
};
u64 task_pt_forms(const struct table_way *way, const struct table_touches *touches);
/* Two spaces: what stands at the addresses of their tables (task_pt_fixed.c). */
void task_pt_fixed(void);
/* Two tasks of two spaces take turns on a CPU, and change their tables each time: so often
 * (task_pt_switch.c). */
void task_pt_switch(u32 turns);
/* Processes that fork, execute, are swapped out and exit: how their tables were reached
 * (task_pt_processes.c). */
void task_pt_processes(const struct table_way *way);
/* @n spaces at once, with a page each: tables, and kernel space for them (task_pt_spaces.c). */
void task_pt_spaces(const struct table_way *way, u32 n);

#endif
