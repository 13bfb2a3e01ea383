/* SPDX-License-Identifier: MIT */
/* When audits of a running guest take place: with an engine that only counts. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm/checkpoint.h"
#include "vmm/engine.h"
#include "vmm/kick.h"
#include "vmm_rig.h"

static struct vmm_rig *rig;
static struct model *model;
static u32 npauses, nresumes;

static bool stands; /* what a pause comes to */

static bool count_pause(struct vm *vm)
{
	(void)vm;
	ck_assert_uint_eq(npauses++, nresumes);
	return stands;
}

static void count_resume(struct vm *vm)
{
	(void)vm;
	ck_assert_uint_eq(++nresumes, npauses);
}

static bool no_state(struct vm *vm, u32 cpu, struct arch_state *state)
{
	(void)vm, (void)cpu, (void)state;
	return false;
}

static void nothing(struct vm *vm)
{
	(void)vm;
}

static const struct engine counting = { .name = "counting",
					.pause = count_pause,
					.resume = count_resume,
					.state = no_state,
					.destroy = nothing };

static void setup(void)
{
	struct model_config models = { .ncpus = 2 };
	struct trace_config trace = { .ncpus = 2 };
	struct err err;

	rig = vmm_rig_new();
	npauses = nresumes = 0;
	stands = true;
	model = model_create(&models);
	trace.model = model;
	trace.shared = aligned_alloc(PAGE_BYTES, MiB(2));
	memset(trace.shared, 0, MiB(2));
	free(rig->vm.shared);
	rig->vm.shared = trace.shared;
	rig->vm.trace = trace_open(&trace, &err);
	ck_assert_ptr_nonnull(rig->vm.trace);
	rig->vm.engine = &counting;
}

static void teardown(void)
{
	trace_close(rig->vm.trace);
	vmm_rig_free(rig);
	model_destroy(model);
}

/* Without tables there is no direct map. */
START_TEST(a_finding_ends_the_run)
{
	checkpoint_take(&rig->vm, model, "checkpoint");
	ck_assert_uint_eq(npauses, 1);
	ck_assert(vm_ended(&rig->vm));
	ck_assert_int_eq(rig->vm.end.status, EXIT_CHECK); /* the finding's kind says more */
	ck_assert(rig->vm.audit_found);
	ck_assert_uint_eq(rig->vm.audits, 1);
	ck_assert_uint_eq(model_finding_count(model, FINDING_DIRECT_MAP), 1);
}
END_TEST

/* A CPU stands between its ticket and its record, for ever. */
START_TEST(no_audit_while_a_record_is_under_way)
{
	vm_shared(&rig->vm)->ticket++;
	checkpoint_take(&rig->vm, model, "on demand");
	ck_assert_uint_gt(npauses, 10);
	ck_assert(!vm_ended(&rig->vm));
	ck_assert_uint_eq(rig->vm.audits, 0);
	ck_assert_msg(strstr(rig->log, "audit (on demand): not made"), "%s", rig->log);
}
END_TEST

/* A vCPU whose thread waits for something outside: the others go on after a while. */
START_TEST(no_audit_while_a_cpu_does_not_stand)
{
	stands = false;
	checkpoint_take(&rig->vm, model, "checkpoint");
	ck_assert_uint_gt(npauses, 1);
	ck_assert_uint_eq(nresumes, npauses);
	ck_assert_uint_eq(rig->vm.audits, 0);
	ck_assert_msg(strstr(rig->log, "not made"), "%s", rig->log);
}
END_TEST

START_TEST(what_may_be_dropped_is_not_audited)
{
	rig->config.lossy = true;
	checkpoint_take(&rig->vm, model, "checkpoint");
	ck_assert_uint_eq(npauses, 0);
	ck_assert_uint_eq(rig->nlog, 0);
}
END_TEST

/* --- standing still --------------------------------------------------------------------------- */
static atomic_uint ticks;
static atomic_bool enough;

/* As a vCPU's thread: work, and a look whether it shall stand. */
static void *tick(void *arg)
{
	struct vcpu *vcpu = arg;

	while (!atomic_load(&enough)) {
		vcpu_give_way(vcpu);
		atomic_fetch_add(&ticks, 1);
	}
	atomic_store(&vcpu->left, true);
	return NULL;
}

/* One pause right after the other: a thread that has not woken from the first is not taken for one
 * that stands. */
START_TEST(paused_cpus_do_nothing)
{
	struct vcpu *vcpu = &rig->vm.cpu[0];

	kick_prepare();
	atomic_store(&ticks, 0);
	atomic_store(&enough, false);
	vcpu->run = rig->run;
	ck_assert_int_eq(pthread_create(&vcpu->thread, NULL, tick, vcpu), 0);
	vcpu->running = true;
	for (u32 i = 0; i < 500; i++) {
		u32 before;

		ck_assert(vcpus_pause(&rig->vm));
		before = atomic_load(&ticks);
		for (u32 n = 0; n < 20; n++)
			sched_yield();
		ck_assert_uint_eq(atomic_load(&ticks), before);
		vcpus_resume(&rig->vm);
		while (i % 10 == 0 &&
		       atomic_load(&ticks) == before) /* now and then it gets to work */
			sched_yield();
	}
	atomic_store(&enough, true);
	pthread_join(vcpu->thread, NULL);
	vcpu->running = false;
	vcpu->run = NULL;
}
END_TEST

/* --- who asks --------------------------------------------------------------------------------- */
static void *vcpu(void *arg)
{
	(void)arg;
	rig_call(rig, 1, KVL_CALL_CHECKPOINT, 0);
	return NULL;
}

/* It stands still meanwhile, so nobody has to stop it. */
START_TEST(who_asks_waits_for_it)
{
	pthread_t thread;

	ck_assert(!checkpoint_is_wanted(&rig->vm));
	ck_assert_int_eq(pthread_create(&thread, NULL, vcpu, NULL), 0);
	while (!checkpoint_is_wanted(&rig->vm))
		sched_yield();
	while (!atomic_load(&rig->vm.cpu[1].paused))
		sched_yield();
	checkpoint_take(&rig->vm, model, "checkpoint");
	pthread_join(thread, NULL);
	ck_assert(!checkpoint_is_wanted(&rig->vm));
	ck_assert(!atomic_load(&rig->vm.cpu[1].paused));
}
END_TEST

/* A run that ends does not wait for audits. */
START_TEST(an_end_lets_them_go)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, vcpu, NULL), 0);
	while (!checkpoint_is_wanted(&rig->vm))
		sched_yield();
	vm_end(&rig->vm, EXIT_CHECK, false, 0, "over");
	pthread_join(thread, NULL);
	ck_assert_uint_eq(npauses, 0);
}
END_TEST

START_TEST(nothing_is_recorded)
{
	struct trace *trace = rig->vm.trace;

	rig->vm.trace = NULL;
	checkpoint_ask(&rig->vm, 0);
	ck_assert(!checkpoint_is_wanted(&rig->vm));
	rig->vm.trace = trace;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("checkpoint");
	TCase *tcase = tcase_create("checkpoint");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_finding_ends_the_run);
	tcase_add_test(tcase, no_audit_while_a_record_is_under_way);
	tcase_add_test(tcase, no_audit_while_a_cpu_does_not_stand);
	tcase_add_test(tcase, what_may_be_dropped_is_not_audited);
	tcase_add_test(tcase, paused_cpus_do_nothing);
	tcase_add_test(tcase, who_asks_waits_for_it);
	tcase_add_test(tcase, an_end_lets_them_go);
	tcase_add_test(tcase, nothing_is_recorded);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
