/* SPDX-License-Identifier: MIT */
/*
 * The user program of scenario pfn, which runs where it lies in the segment, and what it and the
 * scenario agree upon: which pages of it are written, and with what.
 */
#ifndef GUEST_USER_SEGMENT_H
#define GUEST_USER_SEGMENT_H

#include "guest/user/user.h"

#define SEGMENT_DATA_VA MiB(64)
#define SEGMENT_PAGE_WORDS (PAGE_BYTES / 8)
#define SEGMENT_READ_WORD 1    /* of each page, is read */
#define SEGMENT_WRITTEN_WORD 2 /* of some */

#define SEGMENT_ALWAYS static inline __attribute__((always_inline))

/* Argument of user_segment(): @pages of data, of which @written of 1,000 are written, one behind
 * the other from the first on (@run) or as far apart as they can be; by task @number. */
SEGMENT_ALWAYS u64 segment_shape(u64 pages, u64 written, bool run, u64 number)
{
	return pages | written << 24 | (u64)run << 40 | number << 48;
}

SEGMENT_ALWAYS u64 segment_pages(u64 shape)
{
	return shape & 0xffffff;
}

SEGMENT_ALWAYS u64 segment_number(u64 shape)
{
	return shape >> 48;
}

/* Of the pages before @page, so many are written. */
SEGMENT_ALWAYS u64 segment_written_before(u64 shape, u64 page)
{
	u64 written = shape >> 24 & 0xffff, all = (segment_pages(shape) * written + 500) / 1000;

	if (shape >> 40 & 1)
		return page < all ? page : all;
	return (page * written + 500) / 1000;
}

SEGMENT_ALWAYS bool segment_is_written(u64 shape, u64 page)
{
	return segment_written_before(shape, page + 1) != segment_written_before(shape, page);
}

SEGMENT_ALWAYS u64 segment_stamp(u64 shape, u64 page)
{
	return (segment_number(shape) << 32 | (page + 1)) * 0x9e3779b97f4a7c15ull;
}

/* Reads a word of each page and reports their sum; writes; reads all again, and what it wrote. Ends
 * with the number of things that were wrong. */
void user_segment(u64 shape);
u64 user_segment_sum(u64 shape);
u64 user_segment_wrong(u64 shape);

#endif
