/* SPDX-License-Identifier: MIT */
/*
 * Owns processes: their spaces, threads, the list of them, their end. What they ask for is
 * process_call.c's.
 */
#include "guest/task/process.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/lib/draw.h"
#include "guest/mm/file_map.h"
#include "guest/task/process_inside.h"
#include "guest/trace.h"
#include "guest/user/user.h"

/* --- spaces ----------------------------------------------------------------------------------- */

static void map_memory(struct processes *all, struct mm *mm, u64 va, u64 bytes)
{
	if (!cow_map(mm, va, bytes, PROT_WRITE, &all->group))
		panic("no room", "%lx bytes at %lx in space %u", bytes, va, mm->id);
}

static void map_stack(struct processes *all, struct mm *mm, u32 thread)
{
	map_memory(all, mm, user_stack_top(thread) - USER_STACK_BYTES, USER_STACK_BYTES);
}

void process_space_is_ready(struct processes *all, struct mm *mm)
{
	if (all->segment &&
	    !file_map(all->segment, mm, PROCESS_SEGMENT_VA, PROT_WRITE, FILE_SHARED))
		panic("no room", "the segment in space %u", mm->id);
	if (all->born)
		all->born(mm);
}

struct mm *process_space(struct processes *all)
{
	struct mm *mm = user_mm_create();

	map_memory(all, mm, PROCESS_DATA_VA, all->data_pages * PAGE_BYTES);
	map_stack(all, mm, 0);
	process_space_is_ready(all, mm);
	return mm;
}

void process_take_areas(struct process *process)
{
	busy_take(&process->areas_busy, KVL_WAIT_TASK, process->number, SITE("process.areas"));
}

void process_let_go_areas(struct process *process)
{
	busy_let_go(&process->areas_busy);
}

/* --- threads ---------------------------------------------------------------------------------- */

struct process *process_new(struct processes *all, const struct process *parent, struct mm *mm)
{
	struct process *process = kalloc(sizeof(*process));

	process->all = all;
	process->number = __atomic_add_fetch(&all->births, 1, __ATOMIC_RELAXED);
	process->parent = parent ? parent->number : 0;
	process->threads = process->stacks = 1;
	process->mm = mm;
	mm_get(mm);
	spin_lock(&all->lock);
	process->next = all->first;
	all->first = process;
	spin_unlock(&all->lock);
	return process;
}

void process_runs(struct process *process, struct task *first)
{
	__atomic_store_n(&process->first, first, __ATOMIC_RELEASE);
}

struct process *process_start(struct processes *all, void (*program)(u64), u64 arg, u32 cpu)
{
	struct process *process = process_new(all, NULL, process_space(all));

	process_runs(process, user_run("process", cpu, process->mm, process, program, arg, 0));
	return process;
}

/* False: it is over. */
static bool add_thread(struct process *process)
{
	struct processes *all = process->all;
	bool runs;

	spin_lock(&all->lock);
	runs = process->mm;
	process->threads += runs;
	spin_unlock(&all->lock);
	return runs;
}

struct task *process_thread(struct process *process, void (*program)(u64), u64 arg, u32 cpu)
{
	struct task *task = NULL;

	process_take_areas(process); /* it executes no other program meanwhile */
	if (add_thread(process)) {
		u32 thread = process->stacks++;

		map_stack(process->all, process->mm, thread);
		process_count(&process->all->stats.threads, 1);
		task = user_run("thread", cpu, process->mm, process, program, arg, thread);
	}
	process_let_go_areas(process);
	return task;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Of one thread; the last one's takes the space away, which is returned. Behind the lock @process
 * may be gone. */
static struct mm *end_thread(struct process *process)
{
	struct processes *all = process->all;
	struct mm *mm = NULL;

	spin_lock(&all->lock);
	if (--process->threads == 0) {
		mm = process->mm;
		process->mm = NULL;
	}
	spin_unlock(&all->lock);
	return mm;
}

void process_exit(int code)
{
	struct process *process = current()->process;
	struct process_stats *stats = &process->all->stats;
	u64 start = ticks_now();
	struct mm *mm = end_thread(process);

	current()->process = NULL;
	if (mm)
		mm_put(mm);
	task_leave_mm();
	process_count(&stats->exits, mm != NULL);
	process_count(&stats->exit_ticks, ticks_now() - start);
	task_exit(code);
}

static bool is_over(struct process *process)
{
	struct processes *all = process->all;
	bool over;

	spin_lock(&all->lock);
	over = !process->threads;
	spin_unlock(&all->lock);
	return over;
}

static void take_out(struct process *process)
{
	struct processes *all = process->all;
	struct process **at = &all->first;

	spin_lock(&all->lock);
	while (*at != process)
		at = &(*at)->next;
	*at = process->next;
	spin_unlock(&all->lock);
}

int process_join(struct process *process)
{
	u16 site = SITE("process.join");
	int code = task_join(process->first);

	wait_begin(KVL_WAIT_TASK, process->number, site);
	while (!is_over(process))
		task_yield();
	wait_end(KVL_WAIT_TASK, process->number, site);
	take_out(process);
	kfree(process);
	return code;
}

struct process *process_claim(struct processes *all, const struct process *parent, u64 number)
{
	struct process *process;

	spin_lock(&all->lock);
	for (process = all->first; process; process = process->next)
		if (!process->claimed && __atomic_load_n(&process->first, __ATOMIC_ACQUIRE) &&
		    (!parent || (process->parent == parent->number && process->number == number)))
			break;
	if (process)
		process->claimed = true;
	spin_unlock(&all->lock);
	return process;
}

/* --- all -------------------------------------------------------------------------------------- */

void processes_begin(struct processes *all)
{
	all->lock.name = "processes";
}

void processes_end(struct processes *all)
{
	while (all->first) {
		struct process *process = process_claim(all, NULL, 0);

		if (process)
			process_join(process);
		else
			task_yield();
	}
}

/* --- others ----------------------------------------------------------------------------------- */

static struct process *nth_alive(struct process *process, u64 nth)
{
	for (; process; process = process->next)
		if (process->mm && nth-- == 0)
			break;
	return process;
}

struct mm *process_draw(struct processes *all, u64 drawn)
{
	struct mm *mm = NULL;
	u64 alive = 0;

	spin_lock(&all->lock);
	while (nth_alive(all->first, alive))
		alive++;
	if (alive) {
		mm = nth_alive(all->first, drawn % alive)->mm;
		mm_get(mm);
	}
	spin_unlock(&all->lock);
	return mm;
}

void process_swap_out(void *swapper)
{
	struct process_swapper *s = swapper;

	while (s->left && !s->over) {
		struct mm *mm = process_draw(s->all, draw_next(&s->draws));
		u64 page = draw_next(&s->draws) % (s->all->data_pages + 1);
		u64 data = PROCESS_DATA_VA + page * PAGE_BYTES;

		if (mm) {
			cow_swap_out(mm, page ? data - PAGE_BYTES : user_stack_top(0) - PAGE_BYTES,
				     PAGE_BYTES);
			mm_put(mm);
			s->left--;
		}
		task_yield();
	}
}
