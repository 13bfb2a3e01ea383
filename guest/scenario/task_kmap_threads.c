/* SPDX-License-Identifier: MIT */
/*
 * Owns threads of one space (seed row B11): one on each CPU, all there at once, which map in turn.
 * So each flush of the space has all CPUs to reach, and how many flushes there are is exact.
 */
#include "guest/arch.h"
#include "guest/scenario/kva_forms.h"
#include "guest/scenario/task_kmap.h"

static struct {
	const struct kva_ops *ops;
	const struct kva_work *work;
	struct kva_pages pages;
	volatile u32 there;
	volatile bool go;
	volatile u64 turn; /* how many maps there have been */
	struct spent spent;
	u64 wrong;
} now;

static bool is_my_turn(u64 turn)
{
	return now.go && turn % now.work->cpus == cpu_id();
}

static void map_in_turn(void *unused)
{
	u64 turn;

	(void)unused;
	__atomic_fetch_add(&now.there, 1, __ATOMIC_SEQ_CST);
	while ((turn = now.turn) < now.work->maps) {
		if (!is_my_turn(turn)) {
			task_yield();
			continue;
		}
		now.wrong += kva_map_once(now.pages.page[turn % now.pages.n]);
		__atomic_store_n(&now.turn, turn + 1, __ATOMIC_SEQ_CST);
	}
}

/* The first thread; it counts from when the others are there until all maps have been. */
static void lead(void *unused)
{
	struct spent before;
	struct task *task[KVL_MAX_CPUS];

	kva_settle(now.ops, &now.pages);
	for (u32 cpu = 1; cpu < now.work->cpus; cpu++)
		task[cpu] = task_start("thread", cpu, current()->mm, map_in_turn, NULL);
	while (now.there + 1 < now.work->cpus)
		task_yield();
	before = spent_until_now();
	now.go = true;
	map_in_turn(unused);
	now.spent = spent_since(&before);
	for (u32 cpu = 1; cpu < now.work->cpus; cpu++)
		task_join(task[cpu]);
}

void task_kmap_threads(const struct kva_ops *ops, const struct kva_work *work)
{
	now = (typeof(now)){ .ops = ops, .work = work };
	kva_pages_make(&now.pages, work->slots + 1);
	kva_start(ops, work->slots);
	task_join(task_start("thread", 0, mm_create(), lead, NULL));
	kva_stop();
	kva_check_forms(ops, work, &now.spent, now.wrong);
	kva_pages_free(&now.pages);
}
