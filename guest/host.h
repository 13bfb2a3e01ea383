/* SPDX-License-Identifier: MIT */
/*
 * What the kernel asks of the host. Under KVM each of these is a port access that returns when it
 * is done (devices/abi/shared.h); where nothing answers the port (kvl_shared.answers is 0: QEMU)
 * the guest does without, as said at each.
 */
#ifndef GUEST_HOST_H
#define GUEST_HOST_H

#include "devices/abi/shared.h"

/* Does KVL_PORT_CALL answer? */
bool host_answers(void);

/* This CPU's ring is full: returns when the host has drained some of it, or sooner. Alone:
 * relaxes. */
void host_doorbell(void);
/* The host is told that the run has come to this point. Alone: the TSC is left in mark_ticks. */
void host_mark(u32 mark);

/*
 * The host stops all CPUs, compares the page tables with the trace, and ends the run if they
 * differ. Where it matters that they are right at that moment: the last audit is at the end of the
 * run anyway. Alone, or without a trace: nothing.
 */
void host_checkpoint(void);

/* Gives the processor away until this CPU's "go" is set, about a millisecond at most. Alone:
 * relaxes. */
void host_relax(void);
/* Ends @cpu's host_relax(); its "go" is set already. Alone: nothing, the other CPU looks. */
void host_wake(u32 cpu);

/* Instructions of this CPU, or TSC cycles, as the host can count. Costs one VM exit. Alone: TSC. */
u64 ticks_now(void);
/* ticks_now() counts instructions of this CPU's kernel and nothing else: equal work is equal
 * ticks. */
bool ticks_are_exact(void);

/*
 * Flash clock, ns. Alone it is virtual and goes forward only by flash_clock_until(): a chip that is
 * not the host's model does not follow it.
 */
u64 flash_clock_now(void);
void flash_clock_until(u64 ns);
/* Tells the clock that @words bus words were read from the array through a memory mapping. */
void flash_words_read(u64 words);

/* Ends the run; kvl_shared.reason says why. Exit statuses: docs/guest-abi.md. */
_Noreturn void host_exit(u8 status);

#endif
