/* SPDX-License-Identifier: MIT */
/*
 * Processes of a family: a parent forks children, which execute errands. What they and who started
 * them agree upon: which word lies where, and whose it is.
 */
#ifndef GUEST_USER_FAMILY_H
#define GUEST_USER_FAMILY_H

#include "guest/user/user.h"

/* Of the argument of user_family(). Each at most 255, batch at most FAMILY_MOST_BATCH, memory at
 * least 1. */
enum family_size {
	FAMILY_MEMORY, /* pages of data that each process uses */
	FAMILY_FORKS,
	FAMILY_BATCH, /* children at a time */
	FAMILY_READS, /* pages of the file that each errand reads, from the first on */
	FAMILY_MAPS,  /* of a page, by each errand */
};
#define FAMILY_MOST_BATCH 8
#define FAMILY_WRONG_SHIFT 48 /* above: what a child found wrong before it executes its errand */

#define FAMILY_ALWAYS static inline __attribute__((always_inline))

FAMILY_ALWAYS u64 family_shape(enum family_size size, u64 n)
{
	return n << 8 * size;
}

FAMILY_ALWAYS u64 family_size(u64 shape, enum family_size size)
{
	return shape >> 8 * size & 0xff;
}

/* --- words --- */
#define FAMILY_PAGE_WORDS (PAGE_BYTES / 8)
#define FAMILY_STRIDE 33 /* of a page of data every such word is used */
#define FAMILY_MARK \
	(FAMILY_PAGE_WORDS - 1) /* word of the first page: how many children there are */

enum family_who {
	FAMILY_FILE,
	FAMILY_ERRAND,
	FAMILY_PARENT,
	FAMILY_CHILD, /* the first; and those behind */
};

FAMILY_ALWAYS u64 family_word(u64 who, u64 page, u64 nth)
{
	return (who << 32 | page << 16 | (nth + 1)) * 0x9e3779b97f4a7c15ull;
}

/*
 * Writes its data, forks, notes behind each fork in its data how many children there are; waits for
 * them; then its data must be as it was. Ends with the number of things that were wrong, children's
 * too.
 */
void user_family(u64 shape);
/* A child, that is the @nth: has what the parent had when it was born, writes its own, and executes
 * the errand. */
_Noreturn void user_family_child(u64 shape, u64 nth);
/* Its data is zero; it writes all of that, reads the file into it, maps pages and unmaps them, and
 * adds 1 to the first word of the segment. Ends with the number of things wrong. */
void user_errand(u64 shape);

/*
 * A thread of @team (members | times << 16): adds 1 to the first word of the data as often as it
 * says, and waits until all members have.
 */
void user_team(u64 team);

/* --- what they are made of --- */
void user_family_write(u64 who, u64 pages);
u64 user_family_wrong(u64 who, u64 pages); /* who: FAMILY_ZERO: they are zero */
u64 user_family_read(u64 pages);
u64 user_family_map(u64 times);
u64 user_family_add(void);
#define FAMILY_ZERO (~0ull)

#endif
