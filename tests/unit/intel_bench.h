/* SPDX-License-Identifier: MIT */
/* Small chips of Intel's command sets for the bench of flash_states_rig.h, and where cycles go. */
#ifndef TEST_INTEL_BENCH_H
#define TEST_INTEL_BENCH_H

#include "tests/unit/flash_states_rig.h"
#include "tests/unit/intel_model.h"

/* In a chip without partitions all are in the one. */
enum place {
	HOME,	   /* start of partition 1 */
	NEXT,	   /* the word behind it */
	NEAR,	   /* same block: a protection register's place */
	LOCK_WORD, /* same block: that of the register that locks those */
	ASIDE,	   /* another block of the partition, blank */
	AWAY,	   /* another partition */
	SHUT,	   /* a locked block in a third */
	DOWN,	   /* one that is locked down, where there is that */
	LAST_FILL, /* of HOME's block: where a last buffer begins */
	PLACES,
};

extern u64 intel_place[PLACES];
extern const size_t intel_bench_rows;

void intel_bench_open(size_t row);

#endif
