/* SPDX-License-Identifier: MIT */
/* Work with reuse: what its parts share. kva_mix.c has the rounds, kva_use.c what a worker does
 * with a page. */
#ifndef GUEST_SCENARIO_KVA_MIX_H
#define GUEST_SCENARIO_KVA_MIX_H

#include "guest/scenario/kva.h"
#include "guest/scenario/kva_order.h"

#define KVA_WORKERS 2 /* on each CPU */

struct kva_worker {
	u32 home; /* CPU on which it begins each round; it prefers that one's part of the pages */
	struct mm *space;    /* kva_space_make() */
	u64 draws;	     /* guest/lib/draw.h */
	struct kva_place at; /* in its reference string */
	u64 gets, misses, reads, writes, wrong;
	u64 handovers, moves, switches, interrupts;
	u64 refused, refused_early; /* of the interrupts: no slot; though not all were held */
};

/* A run; there is one at a time. */
struct kva_run {
	const struct kva_ops *ops;
	const struct kva_mix *mix;
	struct kva_order order;
	struct kva_pages pages;
	volatile u32 puts;			 /* that have been made, by all */
	u32 *written;				 /* beside the pages: how often, by all */
	u64 installed_by_handlers[KVL_MAX_CPUS]; /* not by whom they interrupt */
	struct mm *visitor;			 /* the space of those who run between uses */
	struct kva_worker worker[KVA_WORKERS * KVL_MAX_CPUS];
};
extern struct kva_run kva_now;

/* Gets a page, uses it on whatever CPUs, puts it (kva_use.c). */
void kva_use(struct kva_worker *worker);
/* kva_put(); who gets nothing can tell whether somebody has put since (kva_use.c). */
void kva_put_counted(struct page *page, void *address);

/* --- handing on, for provocations too (kva_hand.c) --- */
/* The calling task gives @address away; a task of @cpu takes it, after page_kva() if @ask, reads,
 * puts it, and is waited for. Returns whether it read the word of another page. */
bool kva_hand_to(u32 cpu, bool ask, struct page *page, void *address);

#endif
