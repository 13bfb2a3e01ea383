/* SPDX-License-Identifier: MIT */
/*
 * Owns when an audit takes place, and what it is told of the machine. A CPU that is stopped between
 * the ticket of a record and its commit holds back all later records of the others, so that the
 * model is behind the memory that it is compared with: then the guest goes on for a moment, and is
 * stopped again.
 */
#include "vmm/checkpoint.h"

#include <time.h>

#include "vmm/arch.h"
#include "vmm/clock.h"
#include "vmm/engine.h"
#include "vmm/trace/model.h"
#include "vmm/trace/trace.h"

#define LIMIT_NS 1000000000ull
#define BETWEEN_TRIES_NS (1000 * 1000)

/* --- the audit -------------------------------------------------------------------------------- */
/* Where the stopped CPUs run. The one whose write ended the run is past all that it reported. */
static u32 find_running(struct vm *vm, struct audit_cpu *running)
{
	bool done = atomic_load(&vm->guest_done);
	u32 entries = vm->config->layout.soft_entries;
	struct arch_state state;
	u32 n = 0;

	for (u32 i = 0; i < vm->ncpus; i++) {
		running[n] = (struct audit_cpu){ .cpu = i, .at_rest = done && vm->end.cpu == i };
		if (entries)
			running[n].soft_root = kvl_soft_gpa(&vm->layout, entries, i);
		n += vm->engine->state(vm, i, &state) && arch_root(&state, &running[n].root);
	}
	return n;
}

u64 checkpoint_audit(struct vm *vm, struct model *model)
{
	struct kvl_record pending[KVL_MAX_CPUS];
	struct audit_cpu running[KVL_MAX_CPUS];
	u32 npending = 0, nrunning = find_running(vm, running);

	for (u32 i = 0; i < vm->ncpus; i++)
		npending += trace_pending(vm->trace, i, &pending[npending]);
	return model_audit(model, &(struct audit_config){ .mem = &vm->mem,
							  .layout = &vm->layout,
							  .running = running,
							  .nrunning = nrunning,
							  .pending = pending,
							  .npending = npending });
}

/* --- a checkpoint ----------------------------------------------------------------------------- */
void checkpoint_ask(struct vm *vm, u32 cpu)
{
	u64 mine;

	if (!vm->trace)
		return;
	pthread_mutex_lock(&vm->lock);
	mine = ++vm->checkpoints_wanted;
	pthread_cond_broadcast(&vm->wake);
	atomic_store(&vm->cpu[cpu].paused, true);
	while ((vm->checkpoints_done < mine || atomic_load(&vm->pausing)) && !vm->end.ended &&
	       !atomic_load(&vm->stopping))
		pthread_cond_wait(&vm->resumed, &vm->lock);
	atomic_store(&vm->cpu[cpu].paused, false);
	pthread_mutex_unlock(&vm->lock);
}

bool checkpoint_is_wanted(struct vm *vm)
{
	bool wanted;

	pthread_mutex_lock(&vm->lock);
	wanted = vm->checkpoints_wanted != vm->checkpoints_done;
	pthread_mutex_unlock(&vm->lock);
	return wanted;
}

static void release(struct vm *vm, u64 upto)
{
	pthread_mutex_lock(&vm->lock);
	vm->checkpoints_done = upto;
	pthread_cond_broadcast(&vm->resumed);
	pthread_mutex_unlock(&vm->lock);
}

static u64 wanted_so_far(struct vm *vm)
{
	u64 wanted;

	pthread_mutex_lock(&vm->lock);
	wanted = vm->checkpoints_wanted;
	pthread_mutex_unlock(&vm->lock);
	return wanted;
}

/* With the vCPUs stopped. False: not at this moment. */
static bool try_audit(struct vm *vm, struct model *model, const char *why)
{
	struct err err;
	u32 before;

	if (trace_drain(vm->trace, &err)) {
		vm_end(vm, err.status, false, 0, "%s", err.text);
		return true;
	}
	if (!trace_is_whole(vm->trace))
		return false;
	before = model_findings(model);
	vm->audited_entries = checkpoint_audit(vm, model);
	vm->audits++;
	if (model_findings(model) == before) {
		vm_log(vm, LOG_INFO, "audit (%s): %llu entries are as the trace says", why,
		       (unsigned long long)vm->audited_entries);
		return true;
	}
	/* How grave it is its kind says: judge.c. */
	vm->audit_found = true;
	vm_end(vm, EXIT_CHECK, false, 0, "audit (%s): the page tables are not as they should be",
	       why);
	return true;
}

void checkpoint_take(struct vm *vm, struct model *model, const char *why)
{
	const struct timespec pause = { .tv_nsec = BETWEEN_TRIES_NS };
	u64 upto = wanted_so_far(vm);
	u64 limit = monotonic_ns() + LIMIT_NS;
	bool done = vm->config->lossy; /* what is dropped the model does not know */

	while (!done && !vm_ended(vm) && monotonic_ns() < limit) {
		done = vm->engine->pause(vm) && try_audit(vm, model, why);
		vm->engine->resume(vm);
		if (!done)
			nanosleep(&pause, NULL);
	}
	if (!done && !vm_ended(vm))
		vm_log(vm, LOG_WARN,
		       "audit (%s): not made: within a second there was no moment in which all "
		       "vCPUs stood still and no record was under way",
		       why);
	release(vm, upto);
}
