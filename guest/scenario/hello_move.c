/* SPDX-License-Identifier: MIT */
/*
 * hello's tasks that move: one on each CPU, with a space of its own or without, all go round all CPUs at once. What
 * each had on its stack it has still, and it runs where it asked to.
 */
#include "guest/mm/vm.h"
#include "guest/scenario/hello.h"

struct mover {
	u32 moves; /* after which it was where it wanted to be, with its stack as it was */
};

static void go_round(void *arg)
{
	struct mover *mover = arg;
	u32 first = cpu_id();
	volatile u32 told = first;

	for (u32 i = 1; i <= boot_options.ncpus; i++) {
		u32 next = (first + i) % boot_options.ncpus;

		task_move(next);
		mover->moves += cpu_id() == next && told == (first + i - 1) % boot_options.ncpus;
		told = next;
		task_yield();
	}
}

void hello_move(void)
{
	struct mover mover[KVL_MAX_CPUS] = { 0 };
	struct task *task[KVL_MAX_CPUS];
	struct mm *mm = mm_create();
	u32 moves = 0;

	mm_get(mm);
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		task[cpu] = task_start("mover", cpu, cpu % 2 ? mm : NULL, go_round, &mover[cpu]);
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		task_join(task[cpu]);
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		moves += mover[cpu].moves;
	check_equal("move.moves", moves, boot_options.ncpus * boot_options.ncpus);
	mm_put(mm);
}
