/* SPDX-License-Identifier: MIT */
/*
 * hello's tasks that move: one on each CPU, with a space of its own or without, all go round all
 * CPUs at once. What each had on its stack it has still, and it runs where it asked to. And whose
 * root a kernel task runs on.
 */
#include "guest/mm/vm.h"
#include "guest/task/smp.h"
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

struct stay {
	volatile bool there, go;
};

static void stay(void *arg)
{
	struct stay *told = arg;

	told->there = true;
	while (!told->go)
		task_yield();
}

/* After a task of a space, which stays: on that space's root if it is lazy, else on init_mm's. */
static void run_behind_a_space(void)
{
	bool lazy = !param_choice("lazy_tlb", "on", "off");
	struct mm *mm = mm_create();
	struct stay told = { false, false };
	u32 id = mm->id;
	struct task *task = task_start("stay", cpu_id(), mm, stay, &told);

	while (!told.there)
		task_yield();
	check_equal("lazy_tlb.kernel_task_on", mm_loaded()->id, lazy ? id : init_mm.id);
	told.go = true;
	task_join(task);
	check_equal("lazy_tlb.on_at_the_end", mm_loaded()->id, init_mm.id);
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
	run_behind_a_space();
}
