/* SPDX-License-Identifier: MIT */
/*
 * Tasks, the turnstile, locks and waiting.
 *
 * Concurrency is a seeded choice. Under --schedule seeded one CPU runs at a time; at every
 * sched_point() (which pt_set, flushes, locks, chip commands and waits call) the turnstile draws
 * who goes on. So the same seed gives the same interleaving. Under free, sched_point() does
 * nothing.
 */
#ifndef GUEST_SCHED_H
#define GUEST_SCHED_H

#include "devices/abi/shared.h"
#include "guest/arch.h"

struct flash_waits;
struct mm;
struct page;
struct process;

enum task_state {
	TASK_RUNNABLE,
	TASK_DEAD,
};

#define TASK_NAME_BYTES 16
#define TASK_LOCAL_KVAS 4

/* At the bottom of its kernel stack; the stack grows down towards it. */
struct task {
	u64 stack_pointer;	      /* while it does not run; arch_switch() */
	struct kvl_cpu_shared *trace; /* its CPU's ring */
	u32 id;
	u32 cpu;      /* runs there; task_set_cpu() */
	u32 next_cpu; /* and there when it is switched to again: another one only in task_move() */
	enum task_state state;
	bool on_cpu;	   /* its stack is in use */
	u32 locks;	   /* spinlocks held: > 0 or interrupts off = atomic, must not wait */
	struct mm *mm;	   /* own address space; NULL: kernel task, runs on whatever is loaded */
	struct task *next; /* run queue */
	u32 fault_depth;   /* page faults being handled */
	bool may_fail;	   /* inside store_nofault() */
	int exit_code;
	struct process *process; /* whose thread it is; NULL: none's (process.h) */
	u32 chips_held; /* for reading, for longer than a copy: it must not write to them */
	u32 kva_held;	/* addresses that kva_get() or kva_take() gave it, and it has still */
	u32 local_held; /* addresses that go with the task from switch to switch, and their pages */
	struct page *local[TASK_LOCAL_KVAS];
	bool in_driver; /* runs inside the flash driver with the chip in command mode */
	struct flash_waits *flash_waits; /* account of its waits for a chip; NULL: none kept */
	char name[TASK_NAME_BYTES];
	u64 magic; /* last: stack overflow is noticed here */
};

#define TASK_MAGIC 0x6b7374616b746f6eull

static inline struct task *current(void)
{
	return arch_current();
}

static inline u32 cpu_id(void)
{
	return current()->cpu;
}

/* Says on which CPU @task runs, while it does not. */
void task_set_cpu(struct task *task, u32 cpu);

u32 cpus_online(void);

/*
 * Starts a kernel task on @cpu. @mm NULL: lazy, runs on whatever root is loaded. The task ends when
 * fn returns (exit code 0) or calls task_exit().
 */
struct task *task_start(const char *name, u32 cpu, struct mm *mm, void (*fn)(void *), void *arg);
/* @fn on every CPU at once, by kernel tasks, each with its own of @args, which are @bytes each.
 * Waits for all. */
void task_on_each_cpu(const char *name, void (*fn)(void *), void *args, size_t bytes);
_Noreturn void task_exit(int code);
/* The task that calls, which has a space, goes on in @mm; or in none, as a kernel task does. It
 * becomes a user of that, and is none of its former one any more. */
void task_change_mm(struct mm *mm);
void task_leave_mm(void);
/* Waits until @task has ended, frees it, returns its exit code. */
int task_join(struct task *task);
/*
 * The task that calls goes on on @cpu, behind the tasks that are there: its stack is free for that
 * when another task runs here. Not with a lock held or interrupts off, nor with addresses that are
 * this CPU's (KVA_BY_TASK); nor do those tasks move that CPUs began with.
 */
void task_move(u32 cpu);

/*
 * Lazy (as at the start): a kernel task runs on the root that it finds loaded. Otherwise each
 * switch to one loads init_mm's, so that a CPU that runs kernel tasks is in no space's mask. For
 * all CPUs, from their next switch on.
 */
void task_set_lazy_tlb(bool lazy);

/* Lets other tasks of this CPU, or other CPUs, run. Every loop that waits calls it. */
void task_yield(void);

/*
 * The same for a wait for a task of another CPU that must not leave the guest: an exit may flush
 * more than was asked for (in the box each one flushes everything).
 */
void task_spin(void);

/* True if this CPU must not wait: interrupts off, or a spinlock held. */
bool in_atomic(void);

extern bool turnstile_on; /* there are turns to give */
void turnstile_point(void);

static inline void sched_point(void)
{
	if (turnstile_on)
		turnstile_point();
}

/* --- locks: interrupts stay off while one is held --- */
struct spinlock {
	volatile u32 owner; /* CPU number + 1; 0: free */
	const char *name;
	unsigned long irq_state;
};

#define SPINLOCK(lock_name)       \
	{                         \
		.name = lock_name \
	}

void spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
_Noreturn void spin_not_held(const struct spinlock *lock);

/* Stops the run (named failure) if this CPU does not hold it. */
static inline void spin_assert_held(const struct spinlock *lock)
{
	if (lock->owner != cpu_id() + 1)
		spin_not_held(lock);
}

/* --- a thing that has one user at a time, who may wait meanwhile; all others wait for him --- */
bool busy_try(bool *busy); /* false: it has a user */
/* Waits for it under the name of @what and @object (wait_begin()). */
void busy_take(bool *busy, u32 what, u64 object, u16 site);
void busy_let_go(bool *busy);

/* --- waiting --- */
/*
 * wait_begin() names what is waited for (enum kvl_wait; object: an address or number that tells
 * which). It is a named failure ("wait in atomic context") where waiting is forbidden (W17).
 * Then loop: while (!condition) task_yield(); and wait_end().
 */
void wait_begin(u32 what, u64 object, u16 site);
void wait_end(u32 what, u64 object, u16 site);

#endif
