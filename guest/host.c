/* SPDX-License-Identifier: MIT */
/* Owns the calls to the host, and what the kernel does where there is nobody to call. */
#include "guest/host.h"

#include "guest/arch.h"
#include "guest/task/sched.h"
#include "guest/trace.h"

static struct kvl_shared *shared(void)
{
	return (struct kvl_shared *)KVL_SHARED_VA;
}

static struct kvl_cpu_shared *mine(void)
{
	return &shared()->cpu[cpu_id()];
}

bool host_answers(void)
{
	return shared()->answers;
}

static u64 call(u32 number, u64 arg)
{
	unsigned long irq = arch_irq_save();
	u64 ret;

	mine()->arg = arg;
	arch_call(number);
	ret = mine()->ret;
	arch_irq_restore(irq);
	return ret;
}

void host_doorbell(void)
{
	if (host_answers())
		arch_call(KVL_CALL_DOORBELL);
	else
		arch_relax();
}

void host_mark(u32 mark)
{
	trace_event(KVL_EV_MARK, 0, 0, 0, mark, 0, 0, 0, 0);
	if (host_answers())
		call(KVL_CALL_MARK, mark);
	else
		shared()->mark_ticks[mark] = arch_cycles();
}

void host_relax(void)
{
	if (host_answers())
		arch_call(KVL_CALL_RELAX);
	else
		arch_relax();
}

void host_wake(u32 cpu)
{
	if (host_answers())
		call(KVL_CALL_WAKE, cpu);
}

void host_checkpoint(void)
{
	if (host_answers())
		call(KVL_CALL_CHECKPOINT, 0);
}

u64 ticks_now(void)
{
	return host_answers() ? call(KVL_CALL_TICKS, 0) : arch_cycles();
}

bool ticks_are_exact(void)
{
	return shared()->exact_ticks;
}

/* --- flash clock ------------------------------------------------------------------------------ */
static u64 own_clock_ns;

u64 flash_clock_now(void)
{
	if (host_answers())
		return call(KVL_CALL_CLOCK_NOW, 0);
	return __atomic_load_n(&own_clock_ns, __ATOMIC_ACQUIRE);
}

static void own_clock_until(u64 ns)
{
	u64 now = __atomic_load_n(&own_clock_ns, __ATOMIC_ACQUIRE);

	while (now < ns && !__atomic_compare_exchange_n(&own_clock_ns, &now, ns, false,
							__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		;
}

void flash_clock_until(u64 ns)
{
	if (host_answers())
		call(KVL_CALL_CLOCK_UNTIL, ns);
	else
		own_clock_until(ns);
}

void flash_words_read(u64 words)
{
	if (host_answers())
		call(KVL_CALL_FLASH_WORDS, words);
}

/* --- the end ---------------------------------------------------------------------------------- */
void host_exit(u8 status)
{
	shared()->exit_cpu = cpu_id();
	if (!host_answers())
		arch_pause_machine();
	arch_exit(status);
}
