/* SPDX-License-Identifier: MIT */
/*
 * Owns what a worker does with one page: it gets an address, reads and writes there, and what the
 * seed draws besides happens while it holds it: an interrupt handler uses another page, another
 * space runs on the CPU, the worker moves to another CPU, or hands the address on.
 */
#include "guest/lib/draw.h"
#include "guest/scenario/kva_mix.h"
#include "guest/task/cross_call.h"

static bool chance(struct kva_worker *w, u32 percent)
{
	return draw_next(&w->draws) % 100 < percent;
}

/* What is used on @cpu. */
static u32 choose(struct kva_worker *w, u32 cpu)
{
	bool shared = chance(w, kva_now.mix->shared);
	u32 own = kva_now.pages.n / boot_options.ncpus, n = shared ? kva_now.pages.n : own;

	return (shared ? 0 : cpu * own) +
	       kva_order_next(&kva_now.order, &w->at, n, draw_next(&w->draws));
}

static u32 other_cpu(struct kva_worker *w)
{
	u32 further = 1 + draw_next(&w->draws) % (boot_options.ncpus - 1);

	return (cpu_id() + further) % boot_options.ncpus;
}

static u64 installs_here(void)
{
	return counters[cpu_id()][COUNT_KVA_INSTALLS] - kva_now.installed_by_handlers[cpu_id()];
}

/* What a get counts while it waits others may have set: but then it found no address. */
static void *note(struct kva_worker *w, void *address, u64 installs)
{
	w->gets++;
	w->misses += installs_here() != installs;
	return address;
}

static void read(struct kva_worker *w, const struct page *page, const void *address)
{
	w->wrong += kva_page_is_wrong(page, address);
	w->reads++;
}

/* All writers of a page add one to a word; what went elsewhere is missing here and too much
 * there. */
static void write(struct kva_worker *w, u32 index, void *address)
{
	__atomic_fetch_add((u64 *)address + 1, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&kva_now.written[index], 1, __ATOMIC_SEQ_CST);
	w->writes++;
}

void kva_put_counted(struct page *page, void *address)
{
	kva_put(page, address);
	__atomic_fetch_add(&kva_now.puts, 1, __ATOMIC_SEQ_CST);
}

/* --- what happens meanwhile ------------------------------------------------------------------- */

static void note_refusal(struct kva_worker *w)
{
	const struct kva_ops *ops = kva_now.ops;
	u32 puts = kva_now.puts;

	w->refused++;
	/* Somebody may put while what is held is counted; under the free schedule, even before. */
	if (!ops->held || (boot_options.seeded && ops->held() < kva_room() && kva_now.puts == puts))
		w->refused_early++;
}

struct interrupt {
	struct kva_worker *worker; /* for whom it is; it waits */
	struct page *page;
};

/* A handler needs another page: it cannot wait. */
static void handle(void *arg)
{
	struct kva_worker *w = ((struct interrupt *)arg)->worker;
	struct page *page = ((struct interrupt *)arg)->page;
	u64 installs = installs_here();
	void *address = kva_try_get(page);

	w->interrupts++;
	if (address) {
		read(w, page, note(w, address, installs));
		kva_put_counted(page, address);
	} else {
		note_refusal(w);
	}
	kva_now.installed_by_handlers[cpu_id()] += installs_here() - installs;
}

/*
 * On this CPU, or on any other in the midst of what it does; which may be a kernel task's work, for
 * which a scheme of the task's own space has nothing.
 */
static void interrupt(struct kva_worker *w)
{
	u64 drawn = draw_next(&w->draws);
	u32 cpu = kva_now.ops->own_space ? cpu_id() : drawn % boot_options.ncpus;
	struct interrupt interrupt = { w, kva_now.pages.page[choose(w, cpu)] };

	cross_call(cpu, handle, &interrupt);
}

static void be_there(void *unused)
{
	(void)unused;
	task_yield();
}

/* Other tasks of this CPU run, and one that has a space. */
static void switch_away(struct kva_worker *w)
{
	w->switches++;
	task_join(task_start("visitor", cpu_id(), kva_now.visitor, be_there, NULL));
}

static bool asks(void)
{
	return kva_now.ops->reach == KVA_WHERE_ASKED;
}

static void *move(struct kva_worker *w, struct page *page, void *address)
{
	w->moves++;
	if (kva_now.ops->moves) {
		task_move(other_cpu(w));
		return address;
	}
	kva_give(page, address);
	task_move(other_cpu(w));
	if (asks())
		address = page_kva(page);
	kva_take(page, address);
	return address;
}

static void hand_on(struct kva_worker *w, struct page *page, void *address)
{
	w->handovers++;
	w->reads++;
	w->wrong += kva_hand_to(other_cpu(w), asks(), page, address);
}

void kva_use(struct kva_worker *w)
{
	const struct kva_mix *mix = kva_now.mix;
	u32 index = choose(w, w->home);
	struct page *page = kva_now.pages.page[index];
	u64 installs = installs_here();
	void *address = note(w, kva_get(page), installs);

	for (u64 left = draw_next(&w->draws) % mix->run; left; left--) {
		read(w, page, address);
		sched_point();
	}
	if (chance(w, mix->atomic))
		interrupt(w);
	if (chance(w, mix->switches))
		switch_away(w);
	if (chance(w, mix->migrate))
		address = move(w, page, address);
	if (chance(w, mix->writes))
		write(w, index, address);
	read(w, page, address);
	if (chance(w, mix->handover))
		hand_on(w, page, address);
	else
		kva_put_counted(page, address);
}
