/* SPDX-License-Identifier: MIT */
/* What work took: counts of all CPUs, for parts that hold them against closed forms. */
#ifndef GUEST_SCENARIO_SPENT_H
#define GUEST_SCENARIO_SPENT_H

#include "guest/kernel.h"

struct spent {
	u64 entries, page_flushes, space_flushes, ipis;
};

static inline struct spent spent_until_now(void)
{
	return (struct spent){
		.entries = count_total(COUNT_PT_SET),
		.page_flushes = count_total(COUNT_FLUSH_PAGE),
		.space_flushes = count_total(COUNT_FLUSH_SPACE),
		.ipis = count_total(COUNT_IPIS),
	};
}

static inline struct spent spent_since(const struct spent *before)
{
	struct spent now = spent_until_now();

	return (struct spent){
		.entries = now.entries - before->entries,
		.page_flushes = now.page_flushes - before->page_flushes,
		.space_flushes = now.space_flushes - before->space_flushes,
		.ipis = now.ipis - before->ipis,
	};
}

#endif
