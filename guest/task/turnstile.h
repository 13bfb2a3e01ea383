/* SPDX-License-Identifier: MIT */
/* The turnstile behind sched_point(): for the code of guest/task and for spins. */
#ifndef GUEST_TURNSTILE_H
#define GUEST_TURNSTILE_H

#include "devices/abi/types.h"

void turnstile_init(u64 seed, bool seeded);
/* A CPU that starts waits here for its first turn (seeded). */
void turnstile_enter(void);
/* CPU @cpu has something to do: it takes part in the draws. Called by the CPU whose turn it is. */
void turnstile_add(u32 cpu);
/* This CPU has nothing to do: waits until it has been added again and drawn (seeded), or a little
 * while (free). */
void turnstile_idle(void);
/* One round of a spin: gives the turn to somebody else (seeded) or relaxes (free). */
void turnstile_spin(void);
/* A task of this CPU waits and no other can run here: gives the turn to another CPU, if there is
 * one (seeded), or lets the host run something else (free). */
void turnstile_yield(void);
/* True if this CPU may act: its turn, or no turns are taken. */
bool turnstile_mine(void);
/* No more turns: the run has failed, only the failing CPU goes on. */
void turnstile_stop(void);

#endif
