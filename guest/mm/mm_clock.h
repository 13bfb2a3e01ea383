/* SPDX-License-Identifier: MIT */
/*
 * The clock of a space: flushes of all of it, wherever it may be cached, are numbered when they
 * begin, and it is known which of those that are over began last. What was unmapped before one
 * began no CPU can reach behind it.
 *
 * Such a flush is tlb_flush_space(), or a moment at which no CPU had the space loaded, where loads
 * of roots flush: what a CPU held of it went when it loaded another root, and who loads it again
 * begins with nothing.
 */
#ifndef GUEST_MM_CLOCK_H
#define GUEST_MM_CLOCK_H

#include "guest/mm/vm.h"

/* Returns its number. */
static inline u64 mm_clock_begins(struct mm *mm)
{
	return __atomic_add_fetch(&mm->clock.begun, 1, __ATOMIC_SEQ_CST);
}

static inline void mm_clock_over(struct mm *mm, u64 number)
{
	u64 last = mm->clock.over;

	while (last < number && !__atomic_compare_exchange_n(&mm->clock.over, &last, number, false,
							     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

/* The first flush to begin from now on: the stamp of what has been unmapped before. */
static inline u64 mm_clock_next(const struct mm *mm)
{
	return __atomic_load_n(&mm->clock.begun, __ATOMIC_SEQ_CST) + 1;
}

/* Has that flush been, or one after it? So of stamp 0, of what was never mapped. */
static inline bool mm_clock_has_passed(const struct mm *mm, u64 stamp)
{
	return __atomic_load_n(&mm->clock.over, __ATOMIC_SEQ_CST) >= stamp;
}

#endif
