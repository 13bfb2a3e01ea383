/* SPDX-License-Identifier: MIT */
/*
 * What is in a shared segment that kvalab made itself (--segment): first the guest's user programs,
 * the bytes of its image from user_text_start to user_text_end, with zeros up to the page's end;
 * then pages of words that say where they stand. So a guest can check all that it reads.
 */
#ifndef KVL_ABI_SEGMENT_H
#define KVL_ABI_SEGMENT_H

#include "types.h"

/* Where a scenario needs a segment and none was given. */
#define KVL_SEGMENT_DEFAULT MiB(1)

/* So many pages of words are behind the programs at least: with fewer a guest can show nothing. */
#define KVL_SEGMENT_LEAST_PAGES 16

/* Word @nth (0 to 511) of @page, counted from the segment's start, behind the programs. Not 0. */
static inline u64 kvl_segment_word(u64 page, u64 nth)
{
	return (page << 16 | (nth + 1)) * 0x9e3779b97f4a7c15ull;
}

#endif
