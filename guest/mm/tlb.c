/* SPDX-License-Identifier: MIT */
/*
 * Flushes that reach every CPU that may hold a translation: local, by shootdown for the others. One
 * request at a time; the initiator waits until every target has acknowledged. The mask of targets
 * is read after the entries were changed, so a CPU that comes later finds the new ones.
 */
#include "guest/mm/tlb.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/kva.h"
#include "guest/mm/mm_clock.h"
#include "guest/mm/tlb_soft.h"
#include "guest/mm/tlb_tags.h"
#include "guest/mm/vm.h"
#include "guest/task/turnstile.h"
#include "guest/trace.h"

/* Above this many pages one flush of everything is cheaper (Linux x86:
 * tlb_single_page_flush_ceiling). */
#define PAGE_CEILING 33

static struct {
	struct spinlock lock;
	u32 id, from_cpu, mm;
	u32 flush; /* its number, of that space's: tlb_tags.c */
	u64 va, bytes;
	u16 site;
	volatile u32 pending; /* bit per CPU that has not acknowledged */
	volatile u32 at_work; /* bit per CPU that is acting on it: it may lose its turn meanwhile */
} request = { .lock = SPINLOCK("shootdown") };

void tlb_start(u32 cpu, u64 root_gpa, u16 site)
{
	if (boot_options.request.soft_entries)
		tlb_soft_start(cpu, root_gpa, site);
	else
		trace_event(KVL_EV_ROOT_LOAD, site, 0, 0, init_mm.id, root_gpa, 0, 0, 0);
}

/* Of the kernel's, global ones too, if it has any; for a space's sake, what a load of its root
 * takes. */
static void flush_all_here(u32 mm, u16 site)
{
	struct kva_flush flush;

	if (mm == init_mm.id) {
		kva_flush_here(site);
		return;
	}
	flush = kva_flush_begins();
	tlb_cpu_space(mm, site);
	kva_flush_ends(&flush, kva_switch_flushes());
}

static void flush_here(u64 va, u64 bytes, u32 mm, u32 flush, u16 site)
{
	u64 end = va + bytes;

	sched_point();
	if (bytes > PAGE_CEILING * PAGE_BYTES)
		flush_all_here(mm, site);
	else
		for (; va < end; va += PAGE_BYTES)
			tlb_cpu_page(va, mm, site);
	tlb_tag_flushed(mm, flush);
}

bool tlb_requested(u32 cpu)
{
	return __atomic_load_n(&request.pending, __ATOMIC_ACQUIRE) & 1u << cpu;
}

/* The request does not change before this CPU has acknowledged it. */
static void act_on_request(u32 me)
{
	__atomic_fetch_or(&request.at_work, me, __ATOMIC_RELAXED);
	flush_here(request.va, request.bytes, request.mm, request.flush, request.site);
	sched_point();
	trace_event(KVL_EV_IPI_ACK, request.site, request.from_cpu, 0, request.id, 0, 0, 0, 0);
	__atomic_fetch_and(&request.at_work, ~me, __ATOMIC_RELAXED);
	__atomic_fetch_and(&request.pending, ~me, __ATOMIC_RELEASE);
}

void tlb_poll(void)
{
	u32 me = 1u << cpu_id();
	unsigned long irq;

	if (!tlb_requested(cpu_id()) || (request.at_work & me))
		return;
	irq = arch_irq_save();
	if (tlb_requested(cpu_id()) && !(request.at_work & me))
		act_on_request(me);
	arch_irq_restore(irq);
}

void tlb_ipi_handler(void)
{
	if (turnstile_mine())
		tlb_poll();
}

static void send(u32 targets)
{
	for (u32 rest = targets; rest; rest &= rest - 1) {
		u32 cpu = __builtin_ctz(rest);

		turnstile_add(cpu);
		count(COUNT_IPIS);
		trace_event(KVL_EV_IPI_SEND, request.site, cpu, 0, request.id, 0, 0, 0, 0);
		arch_ipi_send(cpu);
	}
}

static void shoot(u32 targets, u32 mm, u32 flush, u64 va, u64 bytes, u16 site)
{
	static u32 last_id;

	spin_lock(&request.lock);
	request.id = ++last_id;
	request.from_cpu = cpu_id();
	request.mm = mm;
	request.flush = flush;
	request.va = va;
	request.bytes = bytes;
	request.site = site;
	count(COUNT_SHOOTDOWNS);
	trace_event(KVL_EV_SHOOTDOWN_BEGIN, site, 0, 0, va, bytes, mm, targets, request.id);
	__atomic_store_n(&request.pending, targets, __ATOMIC_RELEASE);
	send(targets);
	while (__atomic_load_n(&request.pending, __ATOMIC_ACQUIRE))
		turnstile_spin();
	trace_event(KVL_EV_SHOOTDOWN_END, site, 0, 0, request.id, 0, 0, 0, 0);
	spin_unlock(&request.lock);
}

/* CPUs that have to flush. What the last task of a space takes away on its way out it uses no more:
 * the load of another root, which comes next, is the flush. */
static u32 targets_of(const struct mm *mm)
{
	if (mm == &init_mm)
		return cpus_online();
	return mm->leaver == current() ? 0 : mm->cpus;
}

void tlb_flush_range(struct mm *mm, u64 va, u64 bytes, u16 site)
{
	u32 flush = __atomic_add_fetch(&mm->flushes, 1, __ATOMIC_SEQ_CST);
	u32 targets, me = 1u << cpu_id();

	targets = targets_of(mm);
	if (targets & me)
		flush_here(va, bytes, mm->id, flush, site);
	targets &= ~me;
	if (targets)
		shoot(targets, mm->id, flush, va, bytes, site);
}

void tlb_flush_space(struct mm *mm, u16 site)
{
	u64 number = mm_clock_begins(mm);

	tlb_flush_range(mm, 0, GiB(4), site);
	mm_clock_over(mm, number);
}
