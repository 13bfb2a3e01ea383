/* SPDX-License-Identifier: MIT */
/*
 * Dynamic kernel addresses (seed rows T1-T16): how the kernel gets at pages that have no direct
 * address. What gives them one is a scheme, struct kva_ops: an arm of the scenarios kva and
 * highmem-io, of which one is in use at a time. Schemes share nothing but the window, a region of
 * kernel space whose slots are a page each, and the clock below. Page faults need addresses, too:
 * ops are marked FAULT_TABLE.
 */
#ifndef GUEST_KVA_H
#define GUEST_KVA_H

#include "guest/kernel.h"
#include "guest/mm/page.h"
#include "guest/mm/tlb_tags.h"

/* Where an address may be used that a scheme gives for a page. */
enum kva_reach {
	KVA_ANYWHERE,	 /* on every CPU: it can be handed on as it is */
	KVA_WHERE_ASKED, /* on a CPU that has asked for it itself, by kva_get() or page_kva() */
	KVA_BY_TASK,	 /* by the task that got it, on its CPU; what is got last is put first */
};

/* Work in which every map is of a page that has no address yet: what closed forms are of. */
struct kva_work {
	u64 maps;    /* M, in all, each put at once */
	u32 cpus;    /* N */
	u32 slots;   /* P */
	u32 pinned;  /* S: slots that are held all the time; where spaces have their own, in each */
	u32 between; /* maps of a CPU from one switch of spaces to the next; 0: none are switched */
	bool threads; /* all CPUs have the same space loaded, and map in turn */
};

/* What it takes. Flushes are those that CPUs execute, ipis those that are sent. */
struct kva_forms {
	struct kva_bound {
		u64 low, high; /* equal: exact */
	} entries, page_flushes, space_flushes, ipis;
	bool no_ipis; /* whatever the work: of shared pages, too */
};

static inline struct kva_bound kva_exactly(u64 n)
{
	return (struct kva_bound){ n, n };
}

struct kva_ops {
	enum kva_reach reach;
	bool lowmem_only; /* runs where every page has a direct address, and nowhere else */
	u32 most_held;	  /* by one task; 0: as many as there are slots */
	u32 hit_ticks;	  /* no hit takes more instructions; 0: no promise */
	bool lru; /* the slot that gets another page is the one used longest ago that nobody holds */
	u32 slot_bytes;	     /* kept for each slot, in full bytes */
	u32 cpu_bytes;	     /* kept for each CPU */
	bool own_space;	     /* for tasks that have a space of their own, and no others */
	bool slots_each_cpu; /* each CPU has as many slots as kva_start() says */
	bool moves;	     /* KVA_BY_TASK, but on whatever CPU the task is; put in any order */
	/* What the parameters choose instead, of the row of an arm; NULL: this. */
	const struct kva_ops *(*choose)(void);
	/* The window is open, with nothing in it; parameters are read here. */
	void (*start)(void);
	/* No address is held; no entry of the window is left, and no CPU has a translation. */
	void (*stop)(void);
	/*
	 * The address of @page, which is no lowmem and not freed before it is put as often as it
	 * was got. NULL: every slot is held. May be called with interrupts off or a lock held.
	 */
	void *(*get)(struct page *page);
	void (*put)(struct page *page, void *address);
	/* Of a page that somebody holds, for the CPU that asks. NULL: the scheme cannot tell. */
	void *(*page_kva)(struct page *page);
	/*
	 * How often slots are held, by all: one is counted before another get can miss it, and
	 * put() ends with a full barrier (or a lock dropped), before who waits looks again. NULL:
	 * get() never fails.
	 */
	u64 (*held)(void);
	/* So many are held at least where get() fails; NULL: most_held, or as many as there are
	 * slots. */
	u32 (*room)(void);
	/* @page becomes free. Its kva was not 0; but its slot may get another page meanwhile, if
	 * the scheme lets one go without its page. NULL: the scheme leaves kva at 0. */
	void (*forget)(struct page *page);
	/* A task leaves its CPU, or comes back, and holds addresses. NULL: nothing is to do. */
	void (*switch_out)(struct task *task);
	void (*switch_in)(struct task *task);
	void (*predict)(const struct kva_work *work, struct kva_forms *forms);
};

/* --- the interface ---------------------------------------------------------------------------- */
/* One scheme, with @slots of the window, or as many for each CPU; a usage failure if the window
 * has less. */
void kva_start(const struct kva_ops *ops, u32 slots);
void kva_stop(void);

/* A lowmem page answers with its direct address, and costs nothing. Waits for a slot
 * (KVL_WAIT_KVA); a task that would wait for what waiting tasks hold is a named failure. */
void *kva_get(struct page *page);
/* The same without waiting. NULL: every slot is held. */
void *kva_try_get(struct page *page);
void kva_put(struct page *page, void *address);
/* The address on this CPU of a page that is held; not for schemes of KVA_BY_TASK and those
 * without. */
void *page_kva(struct page *page);
/*
 * An address that is held leaves a task, or the CPU with its task, and goes on elsewhere, where it
 * is put: kva_give() where it was; then, where it goes on, page_kva() unless it can be used
 * KVA_ANYWHERE, and kva_take(). So the record says who uses it, and a task that waits what it
 * holds. Not for schemes of KVA_BY_TASK.
 */
void kva_give(const struct page *page, void *address);
void kva_take(const struct page *page, void *address);
/* For page_free(): a page with an address ends. A named failure if somebody holds it, now or when
 * he puts it. */
void kva_forget(struct page *page);

extern const struct kva_ops *kva_ops; /* in use; NULL: none */

/* --- for the scheduler: @task, which holds addresses that go with it --- */
static inline void kva_switch_out(struct task *task)
{
	if (kva_ops->switch_out)
		kva_ops->switch_out(task);
}

static inline void kva_switch_in(struct task *task)
{
	if (kva_ops->switch_in)
		kva_ops->switch_in(task);
}

/* --- the window: for schemes ------------------------------------------------------------------ */
struct kva_window {
	u64 start;
	u32 slots;
	u64 *tables; /* gpa of the leaf table of each 2 MiB */
	bool global; /* its entries are, as --set global=on has it */
};
extern struct kva_window kva_window;

static inline u64 kva_slot_address(u32 slot)
{
	return kva_window.start + (u64)slot * PAGE_BYTES;
}
u32 kva_address_slot(const void *address);
/* Changes the slot's entry, which nobody else does meanwhile; the caller flushes. */
void kva_slot_set(u32 slot, struct page *page, u16 site);
void kva_slot_clear(u32 slot, u16 site);
/* Everywhere: one slot, or all of the window and so all else that is as global as that. */
void kva_flush_slot(u32 slot, u16 site);
void kva_flush_window(u16 site);

/*
 * --- the clock (Xen's TLB clock): a scheme advances it when a slot has got another page; each CPU
 * notes, when it flushes all of the window, what it was just before. What is newer than a CPU's
 * time that CPU may not have seen. ---
 */
struct kva_clock {
	volatile u32 now;
	volatile u32 flushed[KVL_MAX_CPUS];
};
extern struct kva_clock kva_clock;

/*
 * Around such a flush, on the CPU that does it. Interrupts are off meanwhile: a later flush, that a
 * request asks for, must not be followed by the note of this one.
 */
struct kva_flush {
	u32 began;
	unsigned long irq;
};

static inline struct kva_flush kva_flush_begins(void)
{
	unsigned long irq = arch_irq_save();

	return (struct kva_flush){ kva_clock.now, irq };
}

/* Does the load of a root take the window's translations, too? Not where there are PCIDs, nor if
 * they are global. */
static inline bool kva_switch_flushes(void)
{
	return tlb_switch_flushes() && !kva_window.global;
}

/* @window: it took the window's translations, too. */
static inline void kva_flush_ends(const struct kva_flush *flush, bool window)
{
	if (window)
		kva_clock.flushed[cpu_id()] = flush->began;
	arch_irq_restore(flush->irq);
}

/* As kva_flush_window(), on this CPU alone. */
void kva_flush_here(u16 site);

#endif
