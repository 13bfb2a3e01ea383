/* SPDX-License-Identifier: MIT */
/*
 * The user program of flash-xip, and what it and the scenario agree upon: which word lies where.
 *
 *   USER_TEXT_VA   page 0: the section of the user programs, which runs there
 *                  pages 1 …: a copy of it in each; the last word of a page is its own
 *   XIP_DATA_VA    pages of words
 */
#ifndef GUEST_USER_XIP_H
#define GUEST_USER_XIP_H

#include "guest/user/user.h"

#define XIP_DATA_VA MiB(8)
#define XIP_PAGE_WORDS (PAGE_BYTES / 8)
#define XIP_KNOWN_WORDS 8 /* of each page of data; the rest of it is erased */
#define XIP_FACTOR 0x9e3779b97f4a7c15ull

/* Word @i of the data area. */
static inline __attribute__((always_inline)) u64 xip_word(u64 i)
{
	return i % XIP_PAGE_WORDS < XIP_KNOWN_WORDS ? (i + 1) * XIP_FACTOR : ~0ull;
}

/*
 * @shape: pages of code | pages of data << 8 | rounds << 16. Each round calls the step of every
 * page of code, reads every word of data, and reports the last sum, and round << 32 | wrong words.
 */
void user_xip(u64 shape);
u64 user_xip_step(u64 sum, u64 page);
u64 user_xip_run(u64 sum, u64 pages);
u64 user_xip_look(u64 pages);

#endif
