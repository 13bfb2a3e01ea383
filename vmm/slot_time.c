/* SPDX-License-Identifier: MIT */
/* Owns the measurement of slot changes: what each change of a chip's mode costs the host. */
#include "vmm/slot_time.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

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

static int change(struct slots *slots, void *array, struct err *err)
{
	int slot = slots_add(slots, "array", LOOP_VM_FREE_GPA, SLOT_BYTES, array, true, err);

	return slot < 0 ? -1 : slots_remove(slots, slot, err);
}

static int compare(const void *a, const void *b)
{
	u64 left = *(const u64 *)a, right = *(const u64 *)b;

	return left < right ? -1 : left > right;
}

/*
 * The median: the mean is that of a few for which KVM had to wait, the quickest found a vCPU that did
 * not run at all.
 */
static int time_changes(struct slots *slots, void *array, u64 *median_ns, struct err *err)
{
	u64 ns[CHANGES];

	for (u32 i = 0; i < CHANGES; i++) {
		u64 start = monotonic_ns();

		if (change(slots, array, err))
			return -1;
		ns[i] = monotonic_ns() - start;
	}
	qsort(ns, CHANGES, sizeof(ns[0]), compare);
	*median_ns = ns[CHANGES / 2];
	return 0;
}

static int time_busy(struct loop_vm *loop, void *array, u64 insn_per_s, u64 *ns, struct err *err)
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
	ret = time_changes(&loop->slots, array, ns, err);
	atomic_store(&runner.stop, true);
	pthread_join(thread, NULL);
	if (!ret && runner.ret)
		*err = runner.err;
	return ret || runner.ret ? -1 : 0;
}

int slot_time_measure(const struct kvm_host *host, u64 insn_per_s, struct slot_time *time,
		      struct err *err)
{
	struct loop_vm loop;
	void *array =
		mmap(NULL, SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	if (array == MAP_FAILED)
		return err_errno(err, EXIT_HOST, "no memory for a slot");
	ret = loop_vm_open(&loop, host, err);
	if (!ret)
		ret = time_changes(&loop.slots, array, &time->idle_ns, err);
	if (!ret)
		ret = time_busy(&loop, array, insn_per_s, &time->busy_ns, err);
	loop_vm_close(&loop);
	munmap(array, SLOT_BYTES);
	return ret;
}
