/* SPDX-License-Identifier: MIT */
/*
 * The user program of pfn's part in flash, and what it and the scenario agree upon. It runs where
 * it lies in flash, as that of xip.h does; but its data is private, and it writes some pages of it:
 * one more each round, from the first on.
 */
#ifndef GUEST_USER_XIP_OWN_H
#define GUEST_USER_XIP_OWN_H

#include "guest/user/xip.h"

#define XIP_OWN_ALWAYS static inline __attribute__((always_inline))

/* Of the argument of user_xip_own(); each at most 255. */
enum xip_own_size {
	XIP_OWN_CODE, /* pages of code beside its own */
	XIP_OWN_PAGES,
	XIP_OWN_ROUNDS,
	XIP_OWN_MOST,	/* pages that it writes, of those */
	XIP_OWN_NUMBER, /* of the space */
};

XIP_OWN_ALWAYS u64 xip_own_shape(enum xip_own_size size, u64 n)
{
	return n << 8 * size;
}

XIP_OWN_ALWAYS u64 xip_own_size(u64 shape, enum xip_own_size size)
{
	return shape >> 8 * size & 0xff;
}

/* So many pages have been written after @rounds of them. */
XIP_OWN_ALWAYS u64 xip_own_written(u64 shape, u64 rounds)
{
	u64 most = xip_own_size(shape, XIP_OWN_MOST);

	return rounds < most ? rounds : most;
}

/* Word @i of the data after @rounds: of a page that was written the first word is the space's own,
 * and of this round. */
XIP_OWN_ALWAYS u64 xip_own_word(u64 shape, u64 rounds, u64 i)
{
	if (i % XIP_PAGE_WORDS || i / XIP_PAGE_WORDS >= xip_own_written(shape, rounds))
		return xip_word(i);
	return (xip_own_size(shape, XIP_OWN_NUMBER) << 32 | rounds << 16 | (i + 1)) * ~XIP_FACTOR;
}

/*
 * Each round runs the step of every page of code, compares every word of data with what it should
 * be, writes, and reports the last sum, and round << 32 | wrong words. Ends with the words that
 * were wrong behind the last one.
 */
void user_xip_own(u64 shape);
u64 user_xip_own_wrong(u64 shape, u64 rounds);
void user_xip_own_write(u64 shape, u64 rounds);

#endif
