/* SPDX-License-Identifier: MIT */
/*
 * The turnstile. Seeded: one CPU has the turn; at each sched_point() it draws, among the CPUs that
 * have something to do, who goes on. Everything that decides the draws (who takes part, the state
 * of the generator) is changed only by the CPU that has the turn, so the seed alone determines the
 * interleaving. Free: no turns, CPUs run as the host lets them.
 *
 * A CPU without the turn waits in the host (KVL_CALL_RELAX on its "go" word): on a two-core host
 * spinning would take the core from the CPU whose turn it is.
 */
#include "turnstile.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/tlb.h"
#include "guest/task/cross_call.h"
#include "guest/task/sched.h"

bool turnstile_on; /* seeded, and nothing has failed yet */
static u64 generator;
static u32 taking_part;	  /* bit per CPU */
static volatile u32 turn; /* CPU that has taken it up; NOBODY while it is on its way */

#define NOBODY (~0u)

static volatile u32 *go_word(u32 cpu)
{
	return &((struct kvl_shared *)KVL_SHARED_VA)->cpu[cpu].go;
}

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators"). */
static u32 draw_number(void)
{
	generator ^= generator >> 12;
	generator ^= generator << 25;
	generator ^= generator >> 27;
	return generator * 0x2545f4914f6cdd1dull >> 32;
}

static u32 draw(u32 mask)
{
	u32 n = 0, nth;

	for (u32 rest = mask; rest; rest &= rest - 1)
		n++;
	if (!n)
		panic("nothing to run", "every CPU is idle");
	for (nth = n == 1 ? 0 : draw_number() % n; nth; nth--)
		mask &= mask - 1;
	return __builtin_ctz(mask);
}

static void wait_for_turn(u32 me)
{
	while (!__atomic_load_n(go_word(me), __ATOMIC_ACQUIRE))
		host_relax();
	*go_word(me) = 0;
	turn = me; /* only now: an interrupt must not act on a turn that is not taken up yet */
	tlb_poll();
	cross_call_poll();
}

static void hand_over(u32 next)
{
	unsigned long irq = arch_irq_save();

	turn = NOBODY;
	__atomic_store_n(go_word(next), 1, __ATOMIC_RELEASE);
	host_wake(next);
	arch_irq_restore(irq);
}

static void give_turn(u32 next)
{
	u32 me = cpu_id();

	if (next != me) {
		hand_over(next);
		wait_for_turn(me);
	}
}

void turnstile_point(void)
{
	if (taking_part != 1u << cpu_id())
		give_turn(draw(taking_part));
}

void turnstile_spin(void)
{
	u32 others = taking_part & ~(1u << cpu_id());

	tlb_poll();
	if (!turnstile_on)
		arch_relax();
	else if (others)
		give_turn(draw(others));
	else
		panic("deadlock", "CPU %u waits and no other CPU has anything to do", cpu_id());
}

void turnstile_yield(void)
{
	u32 others = taking_part & ~(1u << cpu_id());

	if (!turnstile_on)
		host_relax();
	else if (others)
		give_turn(draw(others));
}

void turnstile_add(u32 cpu)
{
	if (turnstile_on)
		taking_part |= 1u << cpu;
}

void turnstile_idle(void)
{
	u32 me = cpu_id();

	if (!turnstile_on) {
		tlb_poll();
		host_relax();
		return;
	}
	taking_part &= ~(1u << me);
	hand_over(draw(taking_part));
	wait_for_turn(me);
}

void turnstile_enter(void)
{
	if (turnstile_on)
		wait_for_turn(cpu_id());
}

bool turnstile_mine(void)
{
	return !turnstile_on || turn == cpu_id();
}

void turnstile_stop(void)
{
	turnstile_on = false;
}

void turnstile_init(u64 seed, bool seeded)
{
	turnstile_on = seeded;
	generator = seed * 0x9e3779b97f4a7c15ull | 1;
	taking_part = 1;
	turn = 0;
}
