/* SPDX-License-Identifier: MIT */
/*
 * bench: what this host's events cost. A figure is the least time that one of BENCH_BATCHES batches
 * took, in TSC cycles, whatever guest.ticks counts; times are never checked, only that the events
 * did happen.
 */
#ifndef GUEST_BENCH_H
#define GUEST_BENCH_H

#include "guest/scenario/scenario.h"

#define BENCH_BATCHES 20 /* many short ones: a busy host leaves some alone */

extern const struct scenario_param bench_params[];
void bench_run(const struct arm *arm);

struct bench_batch {
	void (*prepare)(void *arg); /* before each batch, not measured; may be NULL */
	void (*batch)(void *arg);
};

/* Runs the batches; returns the cycles of the quickest: what disturbs one only adds. */
u64 bench_best(const struct bench_batch *batch, void *arg);

/* With one page at every address of the area: vma->private. */
extern const struct vma_ops bench_page_ops;

/* Kernel areas, with their look-up and in its way, in ticks (bench_fault.c). */
void bench_fault(void);
/* @n IPIs to CPU 1, at CPL 3 and at CPL 0 (bench_ipi.c). Needs two CPUs that run at the same
 * time. */
#define BENCH_MOST_IPIS 1000
void bench_ipi(u32 n);
/* The chip in its status mode (bench_flash.c). Needs a chip. */
void bench_flash(u64 rounds);

#endif
