/* SPDX-License-Identifier: MIT */
/* The host's clock, for durations. */
#ifndef KVL_CLOCK_H
#define KVL_CLOCK_H

#include <time.h>

#include "devices/abi/types.h"

/* Nanoseconds since some time in the past; never goes back. */
static inline u64 monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

#endif
