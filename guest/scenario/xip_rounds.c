/* SPDX-License-Identifier: MIT */
/* Owns how programs that run from flash and who writes to it meet. */
#include "guest/scenario/xip_rounds.h"

#include "guest/host.h"
#include "guest/task/syscall.h"
#include "guest/trace.h"

static struct xip_rounds *running; /* a system call has no other way to it */

static void wait_for_round(const struct xip_rounds *rounds, u32 round)
{
	wait_begin(KVL_WAIT_TASK, current()->id, SITE("xip.meet"));
	while (rounds->released < round)
		task_yield();
	wait_end(KVL_WAIT_TASK, current()->id, SITE("xip.meet"));
}

/* @b: round << 32 | words that were wrong. */
static u64 report(u64 sum, u64 b)
{
	struct xip_rounds *rounds = running;
	const struct xip_image *image = rounds->image;
	u32 round = b >> 32;

	__atomic_fetch_add(&rounds->sums_wrong, sum != xip_image_sum(image, round),
			   __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&rounds->words_wrong, b & 0xffffffff, __ATOMIC_SEQ_CST);
	if (rounds->from_chip)
		flash_words_read(image->pages * PAGE_BYTES / image->partition.bank_width);
	__atomic_fetch_add(&rounds->reports, 1, __ATOMIC_SEQ_CST);
	if (round < rounds->each)
		wait_for_round(rounds, round + 1);
	else
		task_yield();
	return 0;
}

void xip_rounds_begin(struct xip_rounds *rounds)
{
	running = rounds;
	syscall_report = report;
}

static bool one_has_ended(struct task *const *task, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (__atomic_load_n(&task[i]->state, __ATOMIC_ACQUIRE) == TASK_DEAD)
			return true;
	return false;
}

void xip_rounds_await(const struct xip_rounds *rounds, u32 round, struct task *const *task, u32 n)
{
	while (rounds->reports < n * round && !one_has_ended(task, n))
		task_yield();
}

void xip_rounds_release(struct xip_rounds *rounds, u32 round)
{
	rounds->released = round;
}
