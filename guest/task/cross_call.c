/* SPDX-License-Identifier: MIT */
/*
 * Owns the calls that CPUs have for one another, and when the interrupt for them comes.
 *
 * A host delivers interrupts when it likes (docs/hosts.md). So under the seeded schedule the caller
 * only leaves the call. The CPU that is called sends itself the interrupt, and waits for it, where
 * it takes up its turn with interrupts on, yields or is idle: in the midst of whatever it did then,
 * and always at the same point of the run. Under the free schedule the caller sends it.
 */
#include "guest/task/cross_call.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/task/sched.h"
#include "guest/task/turnstile.h"

/* On the caller's stack, which waits until it is done. */
struct call {
	void (*fn)(void *);
	void *arg;
	struct call *next;
	volatile bool done;
};

static struct {
	struct call *pending; /* the newest first */
	volatile bool taken;  /* an interrupt has come since this CPU last sent itself one */
} cpus[KVL_MAX_CPUS];

static struct call *pending_on(u32 cpu)
{
	return __atomic_load_n(&cpus[cpu].pending, __ATOMIC_ACQUIRE);
}

static void add(u32 cpu, struct call *call)
{
	call->next = pending_on(cpu);
	while (!__atomic_compare_exchange_n(&cpus[cpu].pending, &call->next, call, false,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

void cross_call_handler(void)
{
	u32 me = cpu_id();
	struct call *next, *call = __atomic_exchange_n(&cpus[me].pending, NULL, __ATOMIC_ACQUIRE);

	cpus[me].taken = true;
	for (; call; call = next) {
		next = call->next;
		call->fn(call->arg);
		__atomic_store_n(&call->done, true, __ATOMIC_RELEASE); /* and gone */
	}
}

/* Who is called meanwhile, by a CPU that got the turn in a handler, is interrupted once more. */
void cross_call_poll(void)
{
	u32 me = cpu_id();
	unsigned long irq;

	if (!pending_on(me) || !arch_irqs_on())
		return;
	irq = arch_irq_save();
	while (pending_on(me)) {
		cpus[me].taken = false;
		arch_call_send(me);
		while (!cpus[me].taken)
			arch_irq_window();
	}
	arch_irq_restore(irq);
}

static void send(u32 cpu)
{
	unsigned long irq = arch_irq_save();

	turnstile_add(cpu);
	if (!turnstile_on)
		arch_call_send(cpu);
	arch_irq_restore(irq);
}

void cross_call(u32 cpu, void (*fn)(void *), void *arg)
{
	struct call call = { .fn = fn, .arg = arg };

	if (in_atomic())
		panic("wait in atomic context",
		      "task %s calls CPU %u with %u locks held, interrupts %s", current()->name,
		      cpu, current()->locks, arch_irqs_on() ? "on" : "off");
	add(cpu, &call);
	if (cpu == cpu_id())
		cross_call_poll();
	else
		send(cpu);
	while (!__atomic_load_n(&call.done, __ATOMIC_ACQUIRE))
		turnstile_spin();
}
