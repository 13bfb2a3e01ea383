/* SPDX-License-Identifier: MIT */
/*
 * Cross calls: a function that runs in an interrupt handler, on this CPU or another one, on the
 * stack of whatever task the interrupt finds there.
 */
#ifndef GUEST_CROSS_CALL_H
#define GUEST_CROSS_CALL_H

#include "devices/abi/types.h"

/*
 * Runs fn(@arg) in a handler of @cpu, which is online, and returns when it is over. The handler
 * must not wait: in_atomic() is true there, and a wait is the named failure "wait in atomic
 * context". So is a call from such a context, as the caller waits.
 */
void cross_call(u32 cpu, void (*fn)(void *), void *arg);

/* --- for traps and the turnstile --- */
/* The interrupt. */
void cross_call_handler(void);
/* This CPU has the turn: if it has been called, and interrupts are on, the interrupt comes here. */
void cross_call_poll(void);

#endif
