/* SPDX-License-Identifier: MIT */
/* Families of processes (guest/user/family.h), for scenarios: how large, and what they must have
 * done in the end. */
#ifndef GUEST_SCENARIO_FAMILY_H
#define GUEST_SCENARIO_FAMILY_H

#include "guest/task/process.h"

struct family {
	u32 families;			       /* that began, each with a process that forks */
	u32 memory, forks, batch, reads, maps; /* of each: enum family_size */
};

/* The argument of user_family(). */
u64 family_argument(const struct family *family);

/* Writes the pages that errands read. False: out of memory, or the store failed. */
bool family_fill_file(struct file *file, u32 pages);

/*
 * All have ended, and nobody has run in their spaces but they: calls, faults, pages. @wrong: the
 * sum of the first ones' exit codes; @faults: COUNT_USER_FAULTS before they began; @swapped: pages
 * went out and came back meanwhile.
 */
void family_check(const struct processes *all, const struct family *family, u64 wrong, u64 faults,
		  bool swapped);
/* Mean ticks of forks, execs, exits and reads. */
void family_report(const struct processes *all);

#endif
