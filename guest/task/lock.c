/* SPDX-License-Identifier: MIT */
/* Spinlocks, things with one user at a time, and named waits. Interrupts are off while a spinlock
 * is held. */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/task/sched.h"
#include "guest/task/turnstile.h"
#include "guest/trace.h"

void spin_lock(struct spinlock *lock)
{
	u32 me = cpu_id() + 1, free = 0;
	unsigned long irq;

	sched_point();
	irq = arch_irq_save();
	if (lock->owner == me)
		panic("deadlock", "CPU %u takes lock %s twice", cpu_id(), lock->name);
	while (!__atomic_compare_exchange_n(&lock->owner, &free, me, false, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED)) {
		turnstile_spin();
		free = 0;
	}
	lock->irq_state = irq;
	current()->locks++;
}

void spin_unlock(struct spinlock *lock)
{
	unsigned long irq = lock->irq_state;

	spin_assert_held(lock);
	current()->locks--;
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELEASE);
	arch_irq_restore(irq);
}

void spin_not_held(const struct spinlock *lock)
{
	panic("lock not held", "%s on CPU %u", lock->name, cpu_id());
}

bool in_atomic(void)
{
	return current()->locks || !arch_irqs_on();
}

void wait_begin(u32 what, u64 object, u16 site)
{
	trace_event(KVL_EV_WAIT_BEGIN, site, what, arch_irqs_on(), object, current()->locks,
		    current()->id, 0, 0);
	if (in_atomic())
		panic("wait in atomic context",
		      "task %s waits (kind %u, object %lx) with %u locks held, "
		      "interrupts %s",
		      current()->name, what, object, current()->locks,
		      arch_irqs_on() ? "on" : "off");
	if (current()->fault_depth)
		count(COUNT_FAULT_WAITS);
}

void wait_end(u32 what, u64 object, u16 site)
{
	trace_event(KVL_EV_WAIT_END, site, what, 0, object, 0, current()->id, 0, 0);
}

bool busy_try(bool *busy)
{
	sched_point();
	return !__atomic_exchange_n(busy, true, __ATOMIC_ACQUIRE);
}

void busy_take(bool *busy, u32 what, u64 object, u16 site)
{
	if (busy_try(busy))
		return;
	wait_begin(what, object, site);
	while (!busy_try(busy))
		task_yield();
	wait_end(what, object, site);
}

void busy_let_go(bool *busy)
{
	__atomic_store_n(busy, false, __ATOMIC_RELEASE);
}
