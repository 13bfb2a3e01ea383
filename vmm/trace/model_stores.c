/* SPDX-License-Identifier: MIT */
/*
 * The trap tier's rule: what the guest reports of its page tables (pt_set) and what it does to them
 * (pt_store, seen by the VMM at the exit) are the same, one to one and in the same order on each
 * CPU. The report comes first, and its CPU reports nothing else of tables until the store.
 */
#include "vmm/trace/model_internal.h"

typedef unsigned long long ull;

static void report_broken(struct model *model, u32 cpu)
{
	const struct promised_store *promised = &model->cpu[cpu].promised;

	model_add_finding(
		model, FINDING_BAD_RECORD, promised->ticket,
		"CPU %u reported at %s that entry %#llx becomes %#llx, and never stored it", cpu,
		model_site(model, promised->site), (ull)promised->gpa, (ull)promised->new);
}

void model_store_promised(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct promised_store *promised = &model->cpu[cpu].promised;

	if (!model->config.trapped)
		return;
	if (promised->open)
		report_broken(model, cpu);
	*promised = (struct promised_store){ .open = true,
					     .gpa = record->a[1] + record->h[0] * sizeof(u64),
					     .old = record->a[2],
					     .new = record->a[3],
					     .site = record->site,
					     .ticket = record->ticket };
}

void model_store(struct model *model, const struct kvl_record *record)
{
	u32 cpu = record->h[0] < KVL_MAX_CPUS ? record->h[0] : 0;
	struct promised_store *promised = &model->cpu[cpu].promised;
	u64 at = record->a[0], old = record->a[1], new = record->a[2], rip = record->a[3];

	if (promised->open && promised->gpa == at && promised->new == new && promised->old == old) {
		promised->open = false;
		return;
	}
	model_add_finding(
		model, FINDING_UNREPORTED, record->ticket,
		"CPU %u stores %#llx over %#llx at entry %#llx, before rip %#llx, and had not "
		"reported that: an unreported write",
		cpu, (ull) new, (ull)old, (ull)at, (ull)rip);
}

void model_stores_finish(struct model *model)
{
	for (u32 cpu = 0; cpu < KVL_MAX_CPUS; cpu++)
		if (model->cpu[cpu].promised.open)
			report_broken(model, cpu);
}
