/* SPDX-License-Identifier: MIT */
/*
 * One run, from configuration to result: builds the machine, watches it, takes it down, gathers
 * what is known. The calling thread drains the trace and watches the clock; vCPUs have their own.
 */
#define _XOPEN_SOURCE 700 /* nftw() */
#include "vmm/run.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmm/arch.h"
#include "vmm/boot.h"
#include "vmm/checkpoint.h"
#include "vmm/console.h"
#include "vmm/dump.h"
#include "vmm/engine.h"
#include "vmm/flashdev.h"
#include "vmm/gdb/server.h"
#include "vmm/image.h"
#include "vmm/judge.h"
#include "vmm/plan.h"
#include "vmm/results.h"
#include "vmm/segmentfile.h"

/* How often the rings are emptied while the guest runs; a full ring asks by itself. */
#define DRAIN_NS (3 * 1000 * 1000)

const char *const run_tier_names[] = { "ring", "trap", "off", "auto", NULL };
const char *const run_tlb_policy_names[] = { "fifo", "random", NULL };

const char *run_tlb_text(struct run_tlb tlb, char *text)
{
	snprintf(text, RUN_TLB_TEXT_BYTES, "hw");
	if (tlb.entries)
		snprintf(text, RUN_TLB_TEXT_BYTES, "soft,entries=%u,policy=%s%s", tlb.entries,
			 run_tlb_policy_names[tlb.policy], tlb.pcid ? ",pcid=on" : "");
	return text;
}

bool run_tlb_equal(const struct run_tlb *a, const struct run_tlb *b)
{
	return a->entries == b->entries && a->policy == b->policy && a->pcid == b->pcid;
}

struct run_tlb run_tlb(const struct run_config *config)
{
	return (struct run_tlb){ config->layout.soft_entries, config->tlb_policy,
				 config->tlb_pcid };
}

struct run {
	const struct run_config *config;
	struct run_result *result;
	struct vm vm;
	struct image image;
	struct model *model;
};

/* --- before ----------------------------------------------------------------------------------- */
static int open_record(struct run *run, struct err *err)
{
	struct vm *vm = &run->vm;
	struct model_config model = { .ncpus = vm->ncpus,
				      .site = run->image.site,
				      .nsites = run->image.nsites,
				      .trapped = vm->tier == TIER_TRAP,
				      .layout = vm->layout,
				      .soft_entries = vm->config->layout.soft_entries,
				      .pcid = vm->config->tlb_pcid };
	char tlb[RUN_TLB_TEXT_BYTES];
	struct trace_config trace = { .dir = run->config->trace_dir,
				      .ncpus = vm->ncpus,
				      .shared = vm->shared,
				      .lossy = run->config->lossy,
				      .site = run->image.site,
				      .nsites = run->image.nsites,
				      .scenario = run->config->scenario,
				      .arm = run->config->arm ? run->config->arm : "",
				      .host_class = vm->host_class,
				      .tier = run_tier_names[vm->tier],
				      .tlb = run_tlb_text(run_tlb(run->config), tlb),
				      .pcid = run->config->tlb_pcid,
				      .seed = run->config->seed,
				      .image_hash = image_embedded_hash(),
				      .layout = &run->config->layout,
				      .layout_name = run->config->layout_name,
				      .board = &run->config->board };
	char *symbols, *places;

	if (vm->tier == TIER_OFF)
		return 0;
	if (run->config->flash.file) {
		trace.flash_gpa = flashdev_gpa(run->config->flash.bank.part);
		trace.flash_bytes = flash_bank_bytes(&run->config->flash.bank);
	}
	model.flash = (struct kvl_flash_window){ trace.flash_gpa, trace.flash_bytes };
	run->model = model_create(&model);
	symbols = image_symbols_text(&run->image);
	places = image_places_text(&run->image);
	if (run->model && symbols && places) {
		trace.model = run->model;
		trace.symbols_text = symbols;
		trace.places_text = places;
		vm->trace = trace_open(&trace, err);
	} else {
		err_set(err, EXIT_HOST, "no memory for the trace");
	}
	free(symbols);
	free(places);
	return vm->trace ? 0 : -1;
}

/* The guest maps the whole bank, with a page behind it that stays empty. */
static int check_window(const struct run *run, struct err *err)
{
	u64 room = kvl_vmalloc_largest(&run->vm.layout);
	const struct flash_config *bank = &run->config->flash.bank;

	if (!run->config->flash.file || flash_bank_bytes(bank) + PAGE_BYTES <= room)
		return 0;
	return err_set(
		err, EXIT_USAGE,
		"%u x %s, %llu MiB, cannot be mapped in one piece: the largest of vmalloc has %llu MiB: give "
		"--vmalloc more",
		bank->chips ? bank->chips : 1, bank->part->name,
		(unsigned long long)(flash_bank_bytes(bank) >> 20),
		(unsigned long long)(room >> 20));
}

/* After all that can refuse the run before its machine is made. A file that is made here stays
 * even so, if the machine cannot be made or the guest refuses something. */
static int open_segment(struct run *run, struct err *err)
{
	struct vm *vm = &run->vm;
	u64 bytes = vm->layout.segment.bytes;

	if (!bytes)
		return 0;
	vm->segment_fd = segmentfile_open(&run->config->segment, bytes, &run->image, err);
	return vm->segment_fd < 0 ? -1 : segmentfile_check_alone(vm->segment_fd, run->config, err);
}

static int build(struct run *run, struct err *err)
{
	struct vm *vm = &run->vm;

	if (layout_plan(&run->config->layout, &run->config->board, &vm->layout, err) ||
	    check_window(run, err) || image_open_embedded(&run->image, vm->layout.page_offset, err))
		return -1;
	vm->ncpus = run->config->layout.ncpus;
	vm->image = &run->image;
	vm->engine = run->config->engine;
	if (vm->engine->open(vm, err) || open_segment(run, err) || vm->engine->create(vm, err))
		return -1;
	boot_shared(vm);
	/* The trace comes after all that a user may have got wrong, but before the first tables. */
	if (boot_contents(vm, err) || open_record(run, err))
		return -1;
	return boot_start(vm, err);
}

static int open_debugger(struct vm *vm, struct err *err)
{
	if (!vm->config->gdb)
		return 0;
	vm->gdb = gdb_open(vm, vm->config->gdb_fd, err);
	return vm->gdb ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

/* The guest never started: the directory that open_record() made says nothing. */
static void drop_record(struct run *run)
{
	if (run->vm.trace && run->config->trace_dir)
		nftw(run->config->trace_dir, remove_entry, 4, FTW_DEPTH | FTW_PHYS);
}

static void tear_down(struct run *run)
{
	struct vm *vm = &run->vm;

	if (vm->engine)
		vm->engine->stop(vm);
	if (vm->trace)
		trace_close(vm->trace);
	if (run->model)
		model_destroy(run->model);
	vm_destroy(vm);
	image_close(&run->image);
}

/* --- while it runs ---------------------------------------------------------------------------- */
static struct timespec after(struct timespec t, u64 ns)
{
	ns += (u64)t.tv_nsec;
	t.tv_sec += (time_t)(ns / 1000000000);
	t.tv_nsec = (long)(ns % 1000000000);
	return t;
}

static bool reached(const struct timespec *deadline)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > deadline->tv_sec ||
	       (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

/* A debugger may stop a CPU in the middle of anything, for as long as it likes. */
static bool stands(const struct vm *vm)
{
	return vm->gdb && gdb_in_control(vm->gdb);
}

/* Until the guest has ended, or for one interval of draining. True: it has ended. */
static bool wait_a_little(struct vm *vm)
{
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until = after(until, DRAIN_NS);
	pthread_mutex_lock(&vm->lock);
	if (!vm->end.ended && (vm->checkpoints_wanted == vm->checkpoints_done || stands(vm)))
		pthread_cond_timedwait(&vm->wake, &vm->lock, &until);
	ended = vm->end.ended;
	pthread_mutex_unlock(&vm->lock);
	return ended;
}

/* The vCPUs are stopped first: where they are is the most useful part of the reason. */
static void end_by_time(struct run *run)
{
	struct vm *vm = &run->vm;
	char where[1024] = "", one[192];
	struct arch_state state;

	vm->engine->stop(vm);
	for (u32 i = 0; i < vm->ncpus; i++) {
		size_t used = strlen(where);

		snprintf(one, sizeof(one), "a place that is not known");
		if (vm->engine->state(vm, i, &state))
			arch_where(&state, vm->image, one, sizeof(one));
		snprintf(where + used, sizeof(where) - used, "%s vCPU %u at %s", i ? "," : "", i,
			 one);
	}
	vm_end(vm, EXIT_TIMEOUT, true, 0, "time limit of %u s:%s", run->config->timeout_s, where);
}

/* At most one of each kind at a time. */
static void audit_if_asked(struct run *run)
{
	struct vm *vm = &run->vm;
	volatile int *asked = run->config->audit;

	if (stands(vm))
		return;
	if (checkpoint_is_wanted(vm))
		checkpoint_take(vm, run->model, "checkpoint");
	if (!asked || !*asked)
		return;
	*asked = 0;
	if (vm->trace && vm->engine->pause && !run->config->lossy)
		checkpoint_take(vm, run->model, "on demand");
	else
		vm_log(vm, LOG_WARN, "no audit now: %s",
		       !vm->trace	    ? "nothing is recorded"
		       : !vm->engine->pause ? "this engine cannot stop a guest for a moment"
					    : "with --lossy not everything is known");
}

static void watch(struct run *run)
{
	struct vm *vm = &run->vm;
	struct timespec deadline;
	struct err err;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline = after(deadline, (u64)run->config->timeout_s * 1000000000);
	while (!wait_a_little(vm)) {
		if (vm->trace && trace_drain(vm->trace, &err))
			vm_end(vm, err.status, false, 0, "%s", err.text);
		audit_if_asked(run);
		if (run->config->stop && *run->config->stop)
			vm_end(vm, EXIT_CHECK, false, 0, "interrupted");
		else if (run->config->timeout_s && reached(&deadline))
			end_by_time(run);
	}
}

/* --- after ------------------------------------------------------------------------------------ */
void run_result_host_count(struct run_result *result, const char *name, u64 value)
{
	struct run_value *count = &result->host_count[result->nhost_counts++];

	snprintf(count->name, sizeof(count->name), "%s", name);
	count->value = (s64)value;
}

static void gather_boot_ticks(struct run *run)
{
	struct run_result *result = run->result;
	struct run_value *metric = &result->metric[result->nmetrics];

	if (!run->vm.boot_ticks)
		return;
	snprintf(metric->name, sizeof(metric->name), "boot_ticks");
	metric->value = (s64)run->vm.boot_ticks;
	result->nmetrics++;
}

static void gather_host(struct run *run)
{
	const struct vm *vm = &run->vm;

	snprintf(run->result->host_class, sizeof(run->result->host_class), "%s", vm->host_class);
	snprintf(run->result->paging, sizeof(run->result->paging), "%s", vm->paging);
	run->result->tier = vm->tier;
	snprintf(run->result->ticks, sizeof(run->result->ticks), "%s", vm->ticks);
}

static void gather_findings(struct run *run)
{
	struct run_result *result = run->result;

	result->nfindings = model_findings(run->model);
	for (u32 i = 0; i < ARRAY_LEN(result->finding); i++) {
		const struct finding *finding = model_finding(run->model, i);

		if (!finding)
			break;
		result->finding[result->nfindings_kept++] = *finding;
	}
	for (u32 kind = 0; kind < FINDING_KINDS; kind++)
		result->finding_count[kind] =
			model_finding_count(run->model, (enum finding_kind)kind);
	result->unreported = result->finding_count[FINDING_UNREPORTED];
	result->oracle = model_oracle(run->model);
}

static void close_record(struct run *run)
{
	struct vm *vm = &run->vm;
	struct err err;

	if (!vm->trace)
		return;
	if (atomic_load(&vm->guest_done))
		trace_at_rest(vm->trace, vm->end.cpu);
	if (trace_finish(vm->trace, &err))
		judge_offer(run->result, err.status, err.text);
	model_finish(run->model, atomic_load(&vm->guest_done));
	if (!vm->audit_found) /* else it would find the same */
		vm->audited_entries = checkpoint_audit(vm, run->model);
	run->result->audited_entries = vm->audited_entries;
	run->result->audits = vm->audits + !vm->audit_found;
	trace_totals(vm->trace, &run->result->trace);
	gather_findings(run);
	judge_findings(run->result, run->config->lossy);
}

/* Power that goes ends the run before the guest can say how it went. True: it did. */
static bool was_cut(struct run *run)
{
	u64 wanted = run->config->flash.bank.cut_at, steps;
	char text[160];

	if (!wanted || !run->vm.flash || flashdev_was_cut(run->vm.flash, &steps))
		return wanted && run->vm.flash;
	snprintf(text, sizeof(text),
		 "--flash-cut %llu: the power was never cut, the chips took %llu steps in all",
		 (unsigned long long)wanted, (unsigned long long)steps);
	judge_offer(run->result, EXIT_CHECK, text);
	return false;
}

/* A fault that was asked for and never struck would make the run look as if it had been
 * survived. */
static void judge_faults(struct run *run)
{
	char text[160];
	const char *fault;
	u32 n;

	fault = run->vm.flash ? flashdev_missed_fault(run->vm.flash, &n) : NULL;
	if (!fault)
		return;
	snprintf(text, sizeof(text),
		 "--flash-fault %s=%u never struck: no chip came to that operation", fault, n);
	judge_offer(run->result, EXIT_CHECK, text);
}

/*
 * A page that is gone from the segment's file ends a run in words of the engine's or the guest's,
 * and neither is to blame. Where CPUs were says nothing then: no crash dump.
 */
static void blame_cut_segment(struct run *run)
{
	const struct run_segment *segment = &run->config->segment;
	struct vm *vm = &run->vm;
	char words[300];
	struct err err;

	if (judge_gravity(vm->end.status) < judge_gravity(EXIT_GUEST) ||
	    !segmentfile_was_cut(vm->segment_fd, segment, vm->layout.segment.bytes, &err))
		return;
	snprintf(words, sizeof(words), "%.299s", vm->end.reason);
	snprintf(vm->end.reason, sizeof(vm->end.reason), "%s (%s)", err.text, words);
	vm->end.status = err.status;
	vm->end.dump = false;
}

static void conclude(struct run *run)
{
	struct vm *vm = &run->vm;
	struct err err;

	blame_cut_segment(run);
	judge_offer(run->result, vm->end.status, vm->end.reason);
	close_record(run);
	console_flush(vm);	/* may wait for a slow reader: the trace is complete by then */
	gather_boot_ticks(run); /* first, so that it always has room */
	if (results_read(vm->shared, run->result, &err))
		judge_offer(run->result, err.status, err.text);
	if (!was_cut(run)) {
		judge_checks(run->result);
		judge_faults(run);
	}
	gather_host(run);
	vm->engine->gather(vm, run->result);
	if (vm->end.dump)
		run->result->report = dump_vm(vm);
}

int run_guest(const struct run_config *config, struct run_result *result, struct err *err)
{
	struct run run = { .config = config, .result = result };
	int ret;

	memset(result, 0, sizeof(*result));
	vm_init(&run.vm, config);
	ret = build(&run, err);
	if (!ret)
		ret = open_debugger(&run.vm, err);
	if (!ret)
		ret = config->engine->start(&run.vm, err);
	if (!ret) {
		watch(&run);
		config->engine->stop(&run.vm);
		if (run.vm.gdb)
			gdb_post_mortem(run.vm.gdb, config->stop);
		conclude(&run);
	} else {
		drop_record(&run);
	}
	gdb_close(run.vm.gdb, result->status);
	run.vm.gdb = NULL;
	tear_down(&run);
	return ret;
}

void run_result_free(struct run_result *result)
{
	free(result->report);
	result->report = NULL;
}
