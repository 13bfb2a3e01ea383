/* SPDX-License-Identifier: MIT */
/*
 * kva: schemes of dynamic kernel addresses side by side (seed rows T1-T5, T14-T16). What is an arm
 * here is one of highmem-io, too: struct kva_ops (guest/mm/kva.h), a file and a row each.
 */
#ifndef GUEST_SCENARIO_KVA_H
#define GUEST_SCENARIO_KVA_H

#include "guest/mm/kva.h"
#include "guest/mm/vm.h"
#include "guest/scenario/kva_order.h"
#include "guest/scenario/scenario.h"

extern const struct arm kva_arms[];
extern const struct scenario_param kva_params[];
void kva_run(const struct arm *arm);

/* Parameters of the window, and those that one arm has: rows of each scenario with these arms. */
/* clang-format off */
#define KVA_ARM_PARAMS \
	{ "global", "off|on", "off", "the window's entries are global: a load of a root leaves them" }, \
	{ "lazy", "pages", "8192*fls(CPUs)", "lazy-vunmap: that may be pending, at most slots-1" }, \
	{ "guard", "off|on", "off", "lazy-vunmap: an unmapped slot behind each address" }, \
	{ "pair", "shared|task", "shared", "per-map: two addresses for all, or of each task's own" }, \
	{ "share", "private|shared", "private", "sf-buf: flushed for the CPU that asks, or for all" }
/* Of work with reuse: rows of each scenario that does it. */
#define KVA_MIX_PARAMS \
	{ "rounds", "number", "4", "with reuse" }, \
	{ "gets", "number", "16", "of each worker in a round; a CPU has two" }, \
	{ "pages", "number", "128", "that are used in rounds" }, \
	{ "order", "uniform|zipf|loop", "uniform", "of pages in rounds" }, \
	{ "run", "number", "4", "reads at an address, at most" }, \
	{ "shared", "percent", "25", "of gets in rounds that are of pages of all CPUs" }, \
	{ "writes", "percent", "25", "after which the page is written" }, \
	{ "atomic", "percent", "10", "after which an interrupt handler uses another page" }, \
	{ "switches", "percent", "5", "after which a task with a space of its own runs" }, \
	{ "lazy_tlb", "on|off", "on", \
	  "kernel tasks run on the root that is loaded, or on init_mm's: more loads" }, \
	{ "migrate", "percent", "5", "after which the worker moves to another CPU" }, \
	{ "handover", "percent", "5", "after which a task of another CPU goes on" }
/* clang-format on */

#define ARM(name, ops, about) extern const struct kva_ops ops;
#define VARIES(count, when, why)
#include "guest/scenario/kva.arms"
#undef ARM
#undef VARIES

/* The scheme of an arm, by its parameters. */
static inline const struct kva_ops *kva_chosen(const struct arm *arm)
{
	const struct kva_ops *ops = arm->ops;

	return ops->choose ? ops->choose() : ops;
}

/* A space that lasts until kva_space_drop(), if one is @wanted; else NULL. */
struct mm *kva_space_make(bool wanted);
void kva_space_drop(struct mm *mm);

/* --- pages of a run: any number, of highmem where the machine has it; each says which it is --- */
struct kva_pages {
	u32 n;
	struct page **page;
};
void kva_pages_make(struct kva_pages *pages, u32 n);
void kva_pages_free(struct kva_pages *pages);
/* So many slots are held, or more, where a get of the scheme in use fails. */
u32 kva_room(void);
/* Slots that are held meanwhile, fewer than kva_room(): pages of their own, got before the work and
 * put after it. */
struct kva_holds {
	struct kva_pages pages;
	void **address;
};
void kva_hold(struct kva_holds *holds, u32 n);
void kva_release(struct kva_holds *holds);
/* Reads @page at @address: the word says that it is another one. The next word is 0 at first. */
bool kva_page_is_wrong(const struct page *page, const void *address);

bool kva_all_is_lowmem(void);
/* Skips the run if the machine's pages are not of the kind that the arm is for. */
void kva_check_memory(const struct arm *arm, const struct kva_ops *ops);

/* --- the parts of a run: each reports its metrics and checks --- */
/* Instructions or cycles of a get that finds an address and of one that does not (kva_costs.c). */
void kva_measure(const struct kva_ops *ops, u32 slots, u32 n);
/* Without reuse: counts against the scheme's closed forms (kva_forms.c). */
void kva_compare_forms(const struct kva_ops *ops, const struct kva_work *work);
/* Hits of gets in an order, @refs of them, against an exact LRU and a FIFO (kva_lru.c). */
void kva_compare_lru(const struct kva_ops *ops, u32 slots, u32 refs);
/* What CPUs still have of slots that got another page (kva_unseen.c). */
void kva_look_unseen(const struct kva_ops *ops, u32 gets);

/* Every slot is held, of @slots, 64 at most; nothing, where no get ever fails (kva_full.c). Then
 * who waits for one more: another task, which gets one; who holds them; an interrupt handler. */
enum kva_waits { KVA_ANOTHER_WAITS, KVA_HOLDER_WAITS, KVA_HANDLER_WAITS };
void kva_fill(const struct kva_ops *ops, u32 slots, enum kva_waits who);
/* Pages are freed that have an address, while others get theirs; by each CPU, so often
 * (kva_free.c). */
void kva_free_meanwhile(const struct kva_ops *ops, u32 rounds);

/* With reuse, by all CPUs (kva_mix.c). */
struct kva_mix {
	u32 rounds, gets; /* of each worker in a round */
	u32 slots, pages; /* of these each CPU has a part of its own */
	u32 pinned;	  /* slots that are held all the time */
	u32 run;	  /* reads at an address, at most */
	enum kva_order_kind order;
	/* Percent of gets that are of any page, not of the CPU's own; and in which this happens
	 * besides: */
	u32 shared;
	u32 handover; /* a task of another CPU goes on, and puts */
	u32 migrate;  /* the worker goes on on another CPU */
	u32 atomic;   /* an interrupt handler uses another page, here or on another CPU */
	u32 switches; /* another space runs on the CPU */
	u32 writes;
	bool threads; /* all workers have the same space, where they have one */
};
/* Reads all but what counts slots and threads. */
void kva_mix_params(struct kva_mix *mix, const struct kva_ops *ops);
void kva_mix_run(const struct kva_ops *ops, const struct kva_mix *mix, const struct kva_work *work);

/* An address goes to a CPU that knew it as another page's, and does not ask (kva_hand.c). */
void kva_raw_handover(const struct kva_ops *ops, u32 slots);

#endif
