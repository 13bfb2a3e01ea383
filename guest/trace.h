/* SPDX-License-Identifier: MIT */
/*
 * Reports events into this CPU's ring (devices/abi/trace_abi.h). SITE("who.why") names a place in
 * the code: a number that the host turns back into the name, and into file and line, with the
 * image's table of sites.
 */
#ifndef GUEST_TRACE_H
#define GUEST_TRACE_H

#include "devices/abi/trace_abi.h"
#include "guest/arch.h"

#define SITE_TEXT(number) #number
#define SITE_PLACE(file, line) file ":" SITE_TEXT(line)
#define SITE(what)                                                                  \
	({                                                                          \
		static const struct site site_here                                  \
			__attribute__((section(".sites"), used, aligned(1))) = {    \
				what, SITE_PLACE(__FILE_NAME__, __LINE__)           \
			};                                                          \
		(u16)((u64)((const char *)&site_here - (const char *)sites_start) / \
		      sizeof(site_here));                                           \
	})

/* True if events are wanted (every tier but off). */
extern bool trace_on;

/* The record's second word: what, where in the code, and the two small fields. */
static inline u64 trace_header(u16 id, u16 site, u16 h0, u16 h1)
{
	return id | (u64)site << 16 | (u64)h0 << 32 | (u64)h1 << 48;
}

void trace_record(u64 header, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4);

/*
 * An event that is done when it is reported. Call it with the lock held that orders the thing, just
 * before the thing takes effect. A full ring waits for the host.
 */
static inline void trace_event(u16 id, u16 site, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2, u64 a3,
			       u64 a4)
{
	trace_record(trace_header(id, site, h0, h1), a0, a1, a2, a3, a4);
}

/*
 * The pointer is about to be used here: the host judges whether this CPU may hold a stale
 * translation for it. Where most accesses need no report, those by which a scheme stands or falls
 * do (docs/adding-an-arm.md).
 */
static inline void trace_use(const volatile void *pointer, bool write, u16 site)
{
	trace_event(KVL_EV_USE, site, write, 0, (u64)pointer, 0, 0, 0, 0);
}

/*
 * The two halves of an event around a thing that must not go unreported: trace_begin() takes the
 * ticket, then the thing is done, then trace_commit(). A CPU that is stopped in between leaves a
 * pending record. Interrupts are off. False: nothing is recorded, nothing to commit.
 */
bool trace_begin(u64 header, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4);
void trace_commit(void);

void trace_init(void);

#endif
