/* SPDX-License-Identifier: MIT */
/* Short sessions of writing to a partition, for scenarios whose readers have the rest of the
 * chip. */
#ifndef GUEST_FLASH_SESSIONS_H
#define GUEST_FLASH_SESSIONS_H

#include "guest/flash/flash.h"

struct flash_sessions {
	struct flash_partition log;
	bool erases, programs; /* --set writer */
	u32 done, wrong;       /* sessions; of these, what was not read back */
	enum flash_error error;
};

static inline bool flash_sessions_wanted(const struct flash_sessions *s)
{
	return s->erases || s->programs;
}

/*
 * One more: erases the first block of the log, or programs zeros to a place of it; both in turns
 * where both are wanted. Nothing where none is, or after an error.
 */
void flash_session(struct flash_sessions *s);

#endif
