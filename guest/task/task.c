/* SPDX-License-Identifier: MIT */
/*
 * Tasks: creation, a run queue per CPU (round robin, no preemption), switch, end. A task leaves its
 * CPU only where it says so itself. Kernel tasks have no space of their own and run on whatever
 * root is loaded, or on init_mm's (task_set_lazy_tlb()); a user task loads init_mm's root before it
 * ends or leaves, so no CPU keeps a dead space loaded.
 */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/mm/kva.h"
#include "guest/mm/mm_clock.h"
#include "guest/mm/tlb.h"
#include "guest/mm/tlb_tags.h"
#include "guest/mm/vm.h"
#include "guest/task/cross_call.h"
#include "guest/task/process.h"
#include "guest/task/sched.h"
#include "guest/task/syscall.h"
#include "guest/task/turnstile.h"
#include "guest/task/smp.h"
#include "guest/trace.h"

struct run_queue {
	struct spinlock lock;
	struct task *running;
	struct task *previous;	   /* that the last switch came from */
	struct task *first, *last; /* runnable, but not running */
	struct task *idle;
	struct mm *loaded; /* whose root the CPU runs */
};

static struct run_queue queues[KVL_MAX_CPUS];
static struct spinlock id_lock = SPINLOCK("task ids");
static u32 last_id;
static volatile u32 online; /* bit per CPU */
static bool lazy_tlb = true;

static struct run_queue *my_queue(void)
{
	return &queues[cpu_id()];
}

void task_set_cpu(struct task *task, u32 cpu)
{
	task->cpu = task->next_cpu = cpu;
	task->trace = &((struct kvl_shared *)KVL_SHARED_VA)->cpu[cpu];
}

u32 cpus_online(void)
{
	return online;
}

static bool cpu_is_online(u32 cpu)
{
	return cpu < KVL_MAX_CPUS && (online & 1u << cpu);
}

/* Behind the lock @task may run, and leave again. */
static void enqueue(struct task *task)
{
	u32 cpu = task->cpu;
	struct run_queue *queue = &queues[cpu];

	spin_lock(&queue->lock);
	task->next = NULL;
	if (queue->last)
		queue->last->next = task;
	else
		queue->first = task;
	queue->last = task;
	spin_unlock(&queue->lock);
	turnstile_add(cpu);
}

static struct task *dequeue(struct run_queue *queue)
{
	struct task *task;

	spin_lock(&queue->lock);
	task = queue->first;
	if (task) {
		queue->first = task->next;
		if (!queue->first)
			queue->last = NULL;
	}
	spin_unlock(&queue->lock);
	return task;
}

/*
 * Makes @mm the space this CPU runs. The CPU is in a space's mask from before its root is loaded
 * until after another one is. No flush comes between the choice of a tag and the load. Was no CPU
 * in the mask, and loads flush, then none held anything of the space just then (mm_clock.h).
 */
static void load_mm(struct run_queue *queue, struct mm *mm, u16 site)
{
	struct mm *old = queue->loaded;
	u32 bit = 1u << cpu_id();
	struct kva_flush flush;
	unsigned long irq;
	bool alone;
	u64 number;

	if (old == mm)
		return;
	irq = arch_irq_save();
	number = mm_clock_begins(mm);
	alone = !__atomic_fetch_or(&mm->cpus, bit, __ATOMIC_SEQ_CST);
	if (alone && tlb_switch_flushes())
		mm_clock_over(mm, number);
	flush = kva_flush_begins();
	tlb_cpu_load_root(mm->root_gpa, mm->id, tlb_tag_take(mm), site);
	kva_flush_ends(&flush, kva_switch_flushes());
	queue->loaded = mm;
	__atomic_fetch_and(&old->cpus, ~bit, __ATOMIC_SEQ_CST);
	arch_irq_restore(irq);
}

void task_set_lazy_tlb(bool lazy)
{
	lazy_tlb = lazy;
}

struct mm *mm_loaded(void)
{
	return my_queue()->loaded;
}

/* On the new stack: only now may the task that was left be freed, or run elsewhere. */
static void finish_switch(void)
{
	struct task *left = my_queue()->previous;
	bool moves = left->next_cpu != left->cpu;

	__atomic_store_n(&left->on_cpu, false, __ATOMIC_RELEASE);
	if (moves) {
		task_set_cpu(left, left->next_cpu);
		enqueue(left);
	}
}

static void switch_to(struct run_queue *queue, struct task *next)
{
	struct task *prev = queue->running;

	trace_event(KVL_EV_TASK_SWITCH, 0, 0, 0, prev->id, next->id, next->mm ? next->mm->id : 0, 0,
		    0);
	if (next->magic != TASK_MAGIC)
		panic("stack overrun", "task %u", next->id);
	if (prev->local_held && prev->next_cpu == prev->cpu)
		kva_switch_out(prev);
	if (next->mm || !lazy_tlb)
		load_mm(queue, next->mm ? next->mm : &init_mm, SITE("task.switch"));
	if (next->local_held)
		kva_switch_in(next);
	queue->running = next;
	queue->previous = prev;
	next->on_cpu = true;
	arch_task_runs(next);
	arch_switch(prev, next);
	finish_switch();
}

/* Picks the next runnable task of this CPU; @prev is queued again unless it is dead, idle or
 * leaves. */
static void schedule(void)
{
	unsigned long irq = arch_irq_save();
	struct run_queue *queue = my_queue();
	struct task *prev = queue->running, *next = dequeue(queue);
	bool stays = prev->state == TASK_RUNNABLE && prev->next_cpu == prev->cpu;

	if (!next && !stays)
		next = queue->idle;
	if (next && next != prev) {
		if (stays && prev != queue->idle)
			enqueue(prev);
		switch_to(queue, next);
	}
	arch_irq_restore(irq);
}

void task_yield(void)
{
	struct run_queue *queue = my_queue();

	if (in_atomic())
		panic("wait in atomic context", "task %s yields with %u locks held, interrupts %s",
		      current()->name, current()->locks, arch_irqs_on() ? "on" : "off");
	tlb_poll();
	cross_call_poll(); /* tasks that wait take the turn inside schedule() alone, interrupts off */
	arch_relax(); /* a yield is a spin's round: tasks of one CPU may all wait for another CPU */
	if (queue->first)
		schedule();
	else
		turnstile_yield();
}

void task_spin(void)
{
	if (cpus_online() & (cpus_online() - 1))
		turnstile_spin();
	else
		task_yield();
}

void task_move(u32 cpu)
{
	struct task *task = current();

	if (in_atomic())
		panic("wait in atomic context", "task %s moves with %u locks held, interrupts %s",
		      task->name, task->locks, arch_irqs_on() ? "on" : "off");
	if (!cpu_is_online(cpu) || (task->local_held && !kva_ops->moves) || !task->id)
		panic("bad task_move", "task %u (%s), with %u local addresses, to CPU %u", task->id,
		      task->name, task->local_held, cpu);
	if (cpu == task->cpu)
		return;
	if (task->local_held)
		kva_switch_out(task); /* while its root is loaded */
	if (task->mm)
		load_mm(my_queue(), &init_mm, SITE("task.move"));
	task->next_cpu = cpu;
	schedule();
}

void task_first(void *arg, void (*fn)(void *))
{
	finish_switch();
	arch_irq_enable();
	fn(arg);
	task_exit(0);
}

static struct task *task_create(const char *name, u32 cpu, struct mm *mm)
{
	struct task *task = kalloc_stack();

	memset(task, 0, sizeof(*task));
	spin_lock(&id_lock);
	task->id = ++last_id;
	spin_unlock(&id_lock);
	task_set_cpu(task, cpu);
	task->mm = mm;
	task->magic = TASK_MAGIC;
	str_copy(task->name, name, sizeof(task->name));
	return task;
}

struct task *task_start(const char *name, u32 cpu, struct mm *mm, void (*fn)(void *), void *arg)
{
	struct task *task;

	if (!cpu_is_online(cpu))
		panic("no such CPU", "task %s wants CPU %u", name, cpu);
	task = task_create(name, cpu, mm);
	if (mm)
		mm_get(mm);
	arch_task_prepare(task, fn, arg);
	enqueue(task);
	return task;
}

void task_change_mm(struct mm *mm)
{
	struct task *task = current();
	struct mm *old = task->mm;

	mm_get(mm);
	mm_leave(old);
	load_mm(my_queue(), mm, SITE("task.change_mm"));
	task->mm = mm;
	mm_put(old);
}

void task_leave_mm(void)
{
	struct task *task = current();
	struct mm *mm = task->mm;

	mm_leave(mm);
	load_mm(my_queue(), &init_mm, SITE("task.exit"));
	task->mm = NULL;
	mm_put(mm);
}

void task_exit(int code)
{
	struct task *task = current();

	if (task->locks)
		panic("lock held at exit", "task %s holds %u", task->name, task->locks);
	if (task->mm)
		task_leave_mm();
	task->exit_code = code;
	__atomic_store_n(&task->state, TASK_DEAD, __ATOMIC_RELEASE);
	schedule();
	panic("dead task", "task %s runs after its end", task->name);
}

void task_kill(const char *why, u64 pc)
{
	struct task *task = current();

	if (!task->mm)
		panic("kernel task killed", "%s: %s at %lx", task->name, why, pc);
	printk("task %u (%s) killed: %s at %lx\n", task->id, task->name, why, pc);
	if (task->process)
		process_exit(-1);
	task_exit(-1);
}

int task_join(struct task *task)
{
	u16 site = SITE("task.join");
	int code;

	wait_begin(KVL_WAIT_TASK, task->id, site);
	while (__atomic_load_n(&task->state, __ATOMIC_ACQUIRE) != TASK_DEAD ||
	       __atomic_load_n(&task->on_cpu, __ATOMIC_ACQUIRE))
		task_yield();
	wait_end(KVL_WAIT_TASK, task->id, site);
	code = task->exit_code;
	kfree(task);
	return code;
}

void task_on_each_cpu(const char *name, void (*fn)(void *), void *args, size_t bytes)
{
	struct task *task[KVL_MAX_CPUS];

	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		task[cpu] = task_start(name, cpu, NULL, fn, (u8 *)args + cpu * bytes);
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		task_join(task[cpu]);
}

/* The idle task of a CPU: its boot task, from here on. */
static _Noreturn void idle(void)
{
	struct run_queue *queue = my_queue();

	for (;;) {
		cross_call_poll(); /* one that came while interrupts were off */
		if (queue->first)
			schedule();
		else
			turnstile_idle();
	}
}

/* The task that runs on @stack since the CPU started. */
static struct task *adopt(void *stack, u32 cpu, const char *name)
{
	struct task *task = stack;

	memset(task, 0, sizeof(*task));
	task_set_cpu(task, cpu);
	task->magic = TASK_MAGIC;
	str_copy(task->name, name, sizeof(task->name));
	queues[cpu].lock.name = "run queue";
	queues[cpu].running = task;
	queues[cpu].loaded = &init_mm;
	return task;
}

void task_init_first_cpu(void *stack)
{
	adopt(stack, 0, "main");
	online = 1;
	init_mm.cpus = 1;
}

void cpus_start(u32 ncpus)
{
	for (u32 cpu = 1; cpu < ncpus; cpu++) {
		u8 *stack = kalloc_stack();

		queues[cpu].idle = adopt(stack, cpu, "idle");
		arch_cpu_start(cpu, stack + ARCH_STACK_BYTES);
		turnstile_add(cpu);
		while (!(__atomic_load_n(&online, __ATOMIC_ACQUIRE) & 1u << cpu))
			task_yield();
	}
}

void cpu_main(void)
{
	u32 cpu = cpu_id();

	arch_cpu_init(cpu);
	turnstile_enter();
	__atomic_fetch_or(&init_mm.cpus, 1u << cpu, __ATOMIC_SEQ_CST);
	tlb_start(cpu, init_mm.root_gpa, SITE("cpu.start"));
	__atomic_fetch_or(&online, 1u << cpu, __ATOMIC_RELEASE);
	arch_irq_enable();
	idle();
}
