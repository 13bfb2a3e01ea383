/* SPDX-License-Identifier: MIT */
/*
 * Programs that run from flash in rounds (guest/user/xip.h), and report after each. In the first
 * half they wait until the next one is released, so that sessions of writing can meet them.
 */
#ifndef GUEST_XIP_ROUNDS_H
#define GUEST_XIP_ROUNDS_H

#include "guest/scenario/flash_xip_image.h"
#include "guest/task/sched.h"

struct xip_rounds {
	const struct xip_image *image; /* that they run from, and read */
	u32 each;		       /* of each half */
	bool from_chip;		       /* words that they read are the chip's: its clock goes on */
	volatile u32 released;	       /* that may begin */
	/* what they reported */
	volatile u32 reports;
	volatile u64 sums_wrong, words_wrong;
};

/* Reports of programs that start from now on come here. */
void xip_rounds_begin(struct xip_rounds *rounds);
/* Until each of the @n has reported @round; or one has ended: who was killed does not come, then
 * nobody waits any more, and checks tell. */
void xip_rounds_await(const struct xip_rounds *rounds, u32 round, struct task *const *task, u32 n);
void xip_rounds_release(struct xip_rounds *rounds, u32 round); /* the next one may begin */

#endif
