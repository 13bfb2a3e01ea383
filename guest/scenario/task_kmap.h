/* SPDX-License-Identifier: MIT */
/*
 * task-kmap: a pool of kernel addresses of each space's own beside those of all, and of each CPU
 * (seed rows B1, B2, B4, B6, B8-B13). Arms are schemes as those of kva (guest/mm/kva.h).
 */
#ifndef GUEST_SCENARIO_TASK_KMAP_H
#define GUEST_SCENARIO_TASK_KMAP_H

#include "guest/scenario/kva.h"

extern const struct arm task_kmap_arms[];
extern const struct scenario_param task_kmap_params[];
void task_kmap_run(const struct arm *arm);

#define ARM(name, ops, about) extern const struct kva_ops ops;
#define VARIES(count, when, why)
#include "guest/scenario/task_kmap.arms"
#undef ARM
#undef VARIES

/* --- the parts of a run besides those of kva: each reports its metrics and checks --- */
/* Threads of one space on all CPUs map in turn (task_kmap_threads.c). */
void task_kmap_threads(const struct kva_ops *ops, const struct kva_work *work);
/* What one space reaches of another's, from user and from kernel mode (task_kmap_spaces.c). */
void task_kmap_spaces(const struct kva_ops *ops, u32 slots);
/* User memory to and from pages that have no address, @copies each (task_kmap_copies.c). */
void task_kmap_copies(const struct kva_ops *ops, u32 slots, u32 copies);
/* How many pages are mapped in a space's own part of kernel space, at its CPUs' pairs and its
 * pool's first @slots. */
u32 task_kmap_leaves(struct mm *mm, u32 slots);
/* Processes that fork, execute, read a file, are swapped out and exit: with the addresses of @ops
 * for all that the kernel does to their pages (task_kmap_families.c). */
void task_kmap_families(const struct kva_ops *ops, u32 slots);
/* What must be refused by name, or what @what says, instead of all (task_kmap_provoke.c). False:
 * nothing. */
bool task_kmap_provoke(const struct kva_ops *ops, const char *what, u32 slots);

#endif
