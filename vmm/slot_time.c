/* SPDX-License-Identifier: MIT */
/* Owns the measurement of what each change of a chip's mode costs the host, or would cost it. */
#define _GNU_SOURCE /* memfd_create() */
#include "vmm/slot_time.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/clock.h"
#include "vmm/loop_vm.h"

#define SLOT_BYTES MiB(4)
#define CHANGES 50
#define RUNS_PER_S 50 /* so often does the vCPU look whether it shall go on */

struct runner {
	struct loop_vm *loop;
	u32 rounds;
	atomic_bool runs, stop; /* it has run once, and goes on; it shall not */
	int ret;
	struct err err;
};

static void *run_loop(void *arg)
{
	struct runner *runner = arg;
	u64 ns;

	while (!runner->ret && !atomic_load(&runner->stop)) {
		runner->ret = loop_vm_run(runner->loop, runner->rounds, &ns, &runner->err);
		atomic_store(&runner->runs, true);
	}
	return NULL;
}

/* What is measured: it hides the array once and shows it again. */
struct way {
	int (*once)(const struct way *way, struct err *err);
	struct slots *slots;
	void *array;
	int fd; /* of the array's memory */
};

static int change_slot(const struct way *way, struct err *err)
{
	int slot =
		slots_add(way->slots, "array", LOOP_VM_FREE_GPA, SLOT_BYTES, way->array, true, err);

	return slot < 0 ? -1 : slots_remove(way->slots, slot, err);
}

/* The slot is there all the time; what a chip in another mode would show lies behind it for a
 * while. */
static int remap(const struct way *way, struct err *err)
{
	if (mmap(way->array, SLOT_BYTES, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ||
	    mmap(way->array, SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, way->fd,
		 0) == MAP_FAILED)
		return err_errno(err, EXIT_HOST, "no other memory behind a slot");
	return 0;
}

static int compare(const void *a, const void *b)
{
	u64 left = *(const u64 *)a, right = *(const u64 *)b;

	return left < right ? -1 : left > right;
}

/*
 * The median: the mean is that of a few for which KVM had to wait, the quickest found a vCPU that
 * did not run at all.
 */
static int time_way(const struct way *way, u64 *median_ns, struct err *err)
{
	u64 ns[CHANGES];

	for (u32 i = 0; i < CHANGES; i++) {
		u64 start = monotonic_ns();

		if (way->once(way, err))
			return -1;
		ns[i] = monotonic_ns() - start;
	}
	qsort(ns, CHANGES, sizeof(ns[0]), compare);
	*median_ns = ns[CHANGES / 2];
	return 0;
}

static int time_busy(struct loop_vm *loop, const struct way *way, u64 insn_per_s, u64 *ns,
		     struct err *err)
{
	u64 rounds = insn_per_s / 2 / RUNS_PER_S + 1;
	struct runner runner = { .loop = loop };
	pthread_t thread;
	int ret;

	runner.rounds = rounds < LOOP_VM_MOST_ROUNDS ? (u32)rounds : LOOP_VM_MOST_ROUNDS;
	if (pthread_create(&thread, NULL, run_loop, &runner))
		return err_set(err, EXIT_HOST, "no thread for a vCPU");
	while (!atomic_load(&runner.runs))
		sched_yield();
	ret = time_way(way, ns, err);
	atomic_store(&runner.stop, true);
	pthread_join(thread, NULL);
	if (!ret && runner.ret)
		*err = runner.err;
	return ret || runner.ret ? -1 : 0;
}

static int time_both(struct loop_vm *loop, const struct way *way, u64 insn_per_s,
		     struct slot_time *time, struct err *err)
{
	if (time_way(way, &time->idle_ns, err))
		return -1;
	return time_busy(loop, way, insn_per_s, &time->busy_ns, err);
}

static int measure(struct loop_vm *loop, struct way *way, u64 insn_per_s, struct slot_times *times,
		   struct err *err)
{
	int slot;

	way->once = change_slot;
	if (time_both(loop, way, insn_per_s, &times->change, err))
		return -1;
	slot = slots_add(way->slots, "array", LOOP_VM_FREE_GPA, SLOT_BYTES, way->array, true, err);
	if (slot < 0)
		return -1;
	way->once = remap;
	if (time_both(loop, way, insn_per_s, &times->remap, err))
		return -1;
	return slots_remove(way->slots, slot, err);
}

int slot_time_measure(const struct kvm_host *host, u64 insn_per_s, struct slot_times *times,
		      struct err *err)
{
	struct loop_vm loop;
	struct way way = { .slots = &loop.slots, .fd = memfd_create("array", MFD_CLOEXEC) };
	int ret;

	if (way.fd < 0 || ftruncate(way.fd, SLOT_BYTES)) {
		ret = err_errno(err, EXIT_HOST, "no memory for a slot");
		goto out_close;
	}
	way.array = mmap(NULL, SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, way.fd, 0);
	if (way.array == MAP_FAILED) {
		ret = err_errno(err, EXIT_HOST, "no memory for a slot");
		goto out_close;
	}
	ret = loop_vm_open(&loop, host, err);
	if (!ret)
		ret = measure(&loop, &way, insn_per_s, times, err);
	loop_vm_close(&loop);
	munmap(way.array, SLOT_BYTES);
out_close:
	if (way.fd >= 0)
		close(way.fd);
	return ret;
}
