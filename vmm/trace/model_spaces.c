/* SPDX-License-Identifier: MIT */
/*
 * Address spaces, and which CPU runs on whose root. A root load that nobody reports would make all
 * that follows be judged for the wrong space, so what depends on it must agree with it: the task
 * that runs, the space that ends, and CR3 at the end (audit.c).
 */
#include "vmm/trace/model_internal.h"

#include <stdlib.h>

typedef unsigned long long ull;

struct space *model_space(const struct model *model, u64 id)
{
	return (struct space *)hash_find(&model->spaces, id);
}

void model_mm_create(struct model *model, const struct kvl_record *record)
{
	struct space *space;

	if (model_space(model, record->a[0])) {
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "mm_create of %llu by %s: there is one of that number",
				  (ull)record->a[0], model_site(model, record->site));
		return;
	}
	space = model->spaces.count < MAX_SPACES ? calloc(1, sizeof(*space)) : NULL;
	if (!space || !hash_add(&model->spaces, &space->by_id, record->a[0])) {
		free(space);
		model_overflow(model, record->ticket, "address spaces");
		return;
	}
	space->root = record->a[1];
}

static void check_unused(struct model *model, const struct kvl_record *record)
{
	for (u32 cpu = 0; cpu < KVL_MAX_CPUS; cpu++)
		if ((model->running & 1u << cpu) && model->cpu[cpu].mm == record->a[0])
			model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
					  "mm_destroy of %llu by %s: CPU %u still runs on its root",
					  (ull)record->a[0], model_site(model, record->site), cpu);
}

void model_mm_destroy(struct model *model, const struct kvl_record *record)
{
	struct space *space = model_space(model, record->a[0]);

	if (!space || !record->a[0]) {
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "mm_destroy of %llu by %s: %s", (ull)record->a[0],
				  model_site(model, record->site),
				  space ? "init_mm never ends" : "there is none of that number");
		return;
	}
	check_unused(model, record);
	hash_remove(&model->spaces, &space->by_id);
	free(space);
}

/* --- roots ----------------------------------------------------------------------------------- */
static void check_root(struct model *model, u32 cpu, const struct kvl_record *record)
{
	const struct table *table = model_table(model, record->a[1]);
	const struct space *space = model_space(model, record->a[0]);

	if (!table || table->level != PTE_LEVELS)
		model_add_finding(model, FINDING_UNKNOWN_TABLE, record->ticket,
				  "CPU %u loads root %#llx of mm %llu (%s): no such table was "
				  "allocated as a root",
				  cpu, (ull)record->a[1], (ull)record->a[0],
				  model_site(model, record->site));
	else if (!space || space->root != record->a[1] || table->mm != record->a[0])
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "CPU %u loads root %#llx (%s), which is not the root of mm %llu",
				  cpu, (ull)record->a[1], model_site(model, record->site),
				  (ull)record->a[0]);
}

/* Before its first root_load a CPU runs on init_mm's root, which the host gave it. */
u64 model_cpu_root(const struct model *model, u32 cpu)
{
	const struct space *kernel = model_space(model, 0);

	if (model->cpu[cpu].loaded)
		return model->cpu[cpu].root;
	return kernel ? kernel->root : 0;
}

/* @cpu's tag from here on; one that cannot be counts as 0. */
static u32 tag_of(struct model *model, u32 cpu, const struct kvl_record *record)
{
	u32 tag = record->h[0];

	if (tag < KVL_TLB_TAGS && (model->config.pcid || !(tag || record->h[1])))
		return tag;
	model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
			  "CPU %u loads a root (%s) under tag %u, keeping %u: its TLB cannot", cpu,
			  model_site(model, record->site), tag, record->h[1]);
	return 0;
}

/*
 * The load of a root drops what is not global (with PCIDs: what of that is its tag's, or nothing)
 * and gives access to what the root holds.
 */
void model_root_load(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct cpu_state *state = &model->cpu[cpu];

	check_root(model, cpu, record);
	state->root_before = model_cpu_root(model, cpu);
	state->root = record->a[1];
	state->loaded_before = state->loaded;
	state->loaded = true;
	state->mm = record->a[0];
	state->tag = tag_of(model, cpu, record);
	if (state->owed_mm == state->mm)
		state->owed_mm = 0;
	model_root_flushes(model, cpu, record);
}

/* --- tasks ----------------------------------------------------------------------------------- */
/* A task of a space is about to run, or has run: its root must be loaded by now. */
static void check_owed(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct cpu_state *state = &model->cpu[cpu];

	if (state->owed_mm)
		model_add_finding(model, FINDING_UNREPORTED, record->ticket,
				  "CPU %u ran task %llu of mm %llu, but the last root that it "
				  "reported is that of mm %llu: an unreported root load",
				  cpu, (ull)state->task, (ull)state->owed_mm, (ull)state->mm);
	state->owed_mm = 0;
}

/* A kernel task (mm 0) stays on the root that is loaded; a task of a space needs its own. */
void model_task_switch(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct cpu_state *state = &model->cpu[cpu];

	check_owed(model, cpu, record);
	state->task = record->a[1];
	if (record->a[2] != state->mm)
		state->owed_mm = record->a[2];
}

void model_fault_enter(struct model *model, u32 cpu, const struct kvl_record *record)
{
	if (record->h[0]) /* user mode */
		check_owed(model, cpu, record);
}
