/* SPDX-License-Identifier: MIT */
/*
 * hello's processes: a family (guest/user/family.h) that forks, executes, reads a file and waits,
 * its memory and the file in highmem; with a disk another task swaps pages out meanwhile. And one
 * whose threads share its memory.
 */
#include "guest/scenario/family_run.h"
#include "guest/scenario/hello.h"
#include "guest/scenario/kva.h"

enum { SLOTS = 32, SWAPS = 8 };

void hello_process(u32 forks)
{
	const struct family_run run = {
		.family = { .families = 1,
			    .memory = 2,
			    .forks = forks,
			    .batch = 2,
			    .reads = 1,
			    .maps = 2 },
		.spread = true,
		.swaps = SWAPS * forks,
		.team = 3,
	};

	kva_start(&kva_pkmap, SLOTS);
	family_run(&run);
	kva_stop();
}
