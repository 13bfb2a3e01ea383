/* SPDX-License-Identifier: MIT */
/*
 * Owns the system calls of processes: fork, exec, wait, memory, the file. Each is done in the task
 * that asks; what a program hands over is not believed.
 */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/mm/file.h"
#include "guest/task/process_inside.h"
#include "guest/task/syscall.h"
#include "guest/user/user.h"

#define REFUSED ((u64)-1)

/* --- fork ------------------------------------------------------------------------------------- */

struct child {
	struct process *process;
	u64 frame[ARCH_FRAME_BYTES / 8];
};

static void go_on_as_child(void *arg)
{
	struct child child = *(struct child *)arg;

	kfree(arg);
	current()->process = child.process;
	arch_resume_user(child.frame, 0);
}

/* NULL: out of memory. */
static struct mm *copy_space(struct process *parent)
{
	struct mm *mm = user_mm_create();
	bool copied;

	process_take_areas(parent);
	copied = cow_fork_all(current()->mm, mm);
	process_let_go_areas(parent);
	if (copied) {
		process_space_is_ready(parent->all, mm);
		return mm;
	}
	mm_get(mm);
	mm_put(mm);
	return NULL;
}

static u32 cpu_for(const struct process *child)
{
	return child->all->spread ? (child->number - 1) % boot_options.ncpus : cpu_id();
}

static u64 fork(struct process *parent, const void *frame)
{
	u64 start = ticks_now();
	struct processes *all = parent->all;
	struct mm *mm = copy_space(parent);
	struct process *process;
	struct child *child;
	u32 number;

	if (!mm)
		return REFUSED;
	process = process_new(all, parent, mm);
	process->stacks = parent->stacks;
	number = process->number;
	child = kalloc(sizeof(*child));
	child->process = process;
	memcpy(child->frame, frame, ARCH_FRAME_BYTES);
	process_runs(process, task_start("process", cpu_for(process), mm, go_on_as_child, child));
	process_count(&all->stats.forks, 1);
	process_count(&all->stats.fork_ticks, ticks_now() - start);
	return number;
}

/* --- exec ------------------------------------------------------------------------------------- */

/* The process has @mm from now on; returns what it had, of which it is a user no more. */
static struct mm *replace_space(struct process *process, struct mm *mm)
{
	struct processes *all = process->all;
	struct mm *old;

	mm_get(mm);
	spin_lock(&all->lock);
	old = process->mm;
	process->mm = mm;
	spin_unlock(&all->lock);
	process->stacks = 1;
	return old;
}

/* NULL: there are other threads. The old space is left to its last user. */
static struct mm *change_space(struct process *process)
{
	struct mm *mm = NULL, *old = NULL;

	process_take_areas(process); /* so none comes meanwhile */
	if (process->threads == 1) {
		mm = process_space(process->all);
		old = replace_space(process, mm);
	}
	process_let_go_areas(process);
	if (!mm)
		return NULL;
	mm_put(old);
	task_change_mm(mm);
	return mm;
}

static u64 exec(struct process *process, u64 program, u64 arg)
{
	u64 start = ticks_now();
	struct process_stats *stats = &process->all->stats;

	if (!user_is_text(program) || !change_space(process))
		return REFUSED;
	process_count(&stats->execs, 1);
	process_count(&stats->exec_ticks, ticks_now() - start);
	arch_enter_user(program, user_stack_top(0) - 8, arg);
}

/* --- wait ------------------------------------------------------------------------------------- */

static u64 wait_for(struct process *process, u64 number)
{
	struct process *child = process_claim(process->all, process, number);
	int code;

	if (!child)
		return REFUSED;
	code = process_join(child);
	process_count(&process->all->stats.waits, 1);
	return code;
}

/* --- memory ----------------------------------------------------------------------------------- */

/* While nobody makes or ends areas. */
static u64 lowest_room(const struct mm *mm, u64 bytes)
{
	u64 va = PROCESS_MAP_VA;

	for (const struct vma *vma = mm->vmas; vma; vma = vma->next)
		if (vma->end > va && vma->start < va + bytes)
			va = vma->end;
	return va;
}

static u64 map(struct process *process, u64 pages)
{
	struct processes *all = process->all;
	struct mm *mm = current()->mm;
	const struct vma *vma;
	u64 va;

	if (!pages || pages > PROCESS_MAP_PAGES)
		return REFUSED;
	process_take_areas(process);
	va = lowest_room(mm, pages * PAGE_BYTES);
	vma = cow_map(mm, va, pages * PAGE_BYTES, PROT_WRITE, &all->group);
	process_let_go_areas(process);
	process_count(&all->stats.maps, vma != NULL);
	return vma ? va : REFUSED;
}

static u64 unmap(struct process *process, u64 va)
{
	struct vma *vma;
	bool good;

	process_take_areas(process);
	vma = vma_find(current()->mm, va);
	good = vma && vma->start == va && va >= PROCESS_MAP_VA;
	if (good)
		vma_unmap(vma);
	process_let_go_areas(process);
	process_count(&process->all->stats.unmaps, good);
	return good ? 0 : REFUSED;
}

/* --- the file --------------------------------------------------------------------------------- */

/* The page keeps its address while the copy may fault, and so need another one. */
static u64 read(struct process *process, u64 page, u64 va)
{
	u64 start = ticks_now();
	struct processes *all = process->all;

	if (!all->file || page > ~0ull / PAGE_BYTES ||
	    !file_read(all->file, page * PAGE_BYTES, va, PAGE_BYTES))
		return REFUSED;
	process_count(&all->stats.reads, 1);
	process_count(&all->stats.read_ticks, ticks_now() - start);
	return 0;
}

/* --- all -------------------------------------------------------------------------------------- */

static u64 call(struct process *process, u64 number, u64 a, u64 b, const void *frame)
{
	switch (number) {
	case SYS_FORK: return fork(process, frame);
	case SYS_EXEC: return exec(process, a, b);
	case SYS_WAIT: return wait_for(process, a);
	case SYS_MAP: return map(process, a);
	case SYS_UNMAP: return unmap(process, a);
	case SYS_READ: return read(process, a, b);
	}
	return REFUSED;
}

u64 process_call(struct process *process, u64 number, u64 a, u64 b, const void *frame)
{
	u64 result = call(process, number, a, b, frame);

	process_count(&process->all->stats.refused, result == REFUSED);
	return result;
}
