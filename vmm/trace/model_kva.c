/* SPDX-License-Identifier: MIT */
/*
 * Addresses in use, from kva_get to kva_put: as long as somebody has one, the tables lead where he
 * was told. Both ends are uses, too (model_use.c). A CPU may get one several times; another one may
 * put it.
 */
#include "vmm/trace/model_internal.h"

#include <stdlib.h>

typedef unsigned long long ull;

struct kva {
	struct hash_node by_page; /* key: number of the page */
	u64 va, gpa, ticket;	  /* ticket: of the last get */
	u32 cpu, count;
	u16 site;
	bool told; /* a finding has named that it was changed */
};

static void report(struct model *model, struct kva *kva, u16 site, u64 ticket, const char *what)
{
	struct translation now = model_translate(model, kva->cpu, kva->va);
	struct finding *finding;
	char text[48];

	if (kva->told)
		return;
	kva->told = true;
	finding = model_add_finding(
		model, FINDING_KVA, ticket,
		"va %#llx, which CPU %u has for gpa %#llx since ticket %llu (%s): %s (%s); the tables "
		"lead to %s",
		(ull)kva->va, kva->cpu, (ull)kva->gpa, (ull)kva->ticket,
		model_site(model, kva->site), what, model_site(model, site),
		model_lead_to(&now, text, sizeof(text)));
	if (finding)
		finding->cause = kva->ticket;
}

static struct kva *next_of_page(struct kva *kva)
{
	return (struct kva *)hash_again(&kva->by_page);
}

static struct kva *first_of_page(const struct model *model, u64 va)
{
	return (struct kva *)hash_find(&model->kvas, va / PAGE_BYTES);
}

static struct kva *get(struct model *model, u32 cpu, u64 va, u64 gpa)
{
	struct kva *kva = first_of_page(model, va);

	while (kva && (kva->cpu != cpu || kva->va != va || kva->gpa != gpa))
		kva = next_of_page(kva);
	if (kva)
		return kva;
	kva = model->kvas.count < MAX_KVAS ? calloc(1, sizeof(*kva)) : NULL;
	if (!kva || !hash_add(&model->kvas, &kva->by_page, va / PAGE_BYTES)) {
		free(kva);
		return NULL;
	}
	kva->va = va;
	kva->gpa = gpa;
	kva->cpu = cpu;
	return kva;
}

void model_kva_get(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct use use = {
		.cpu = cpu, .va = record->a[0], .site = record->site, .ticket = record->ticket
	};
	struct kva *kva = get(model, cpu, record->a[0], record->a[1]);

	if (!kva) {
		model_overflow(model, record->ticket, "addresses in use");
		return;
	}
	kva->count++;
	kva->ticket = record->ticket;
	kva->site = record->site;
	model_judge_use(model, &use);
	if (!use.now.present || use.now.gpa != kva->gpa)
		report(model, kva, record->site, record->ticket,
		       "that is not where the tables lead");
}

/* One that this CPU got, before one that it was handed. */
static struct kva *find(const struct model *model, u32 cpu, u64 va)
{
	struct kva *kva = first_of_page(model, va), *found = kva;

	for (; kva; kva = next_of_page(kva))
		if (kva->cpu == cpu)
			found = kva;
	return found;
}

void model_kva_put(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct use use = {
		.cpu = cpu, .va = record->a[0], .site = record->site, .ticket = record->ticket
	};
	struct kva *kva = find(model, cpu, record->a[0]);

	if (!kva) {
		model_add_finding(model, FINDING_KVA, record->ticket,
				  "CPU %u puts va %#llx (%s), which nobody has", cpu,
				  (ull)record->a[0], model_site(model, record->site));
		return;
	}
	model_judge_use(model, &use);
	if (--kva->count)
		return;
	hash_remove(&model->kvas, &kva->by_page);
	free(kva);
}

static void check(struct model *model, struct kva *kva, const struct change *change)
{
	struct translation now;

	if (kva->va - change->va >= pte_span(change->level))
		return;
	now = model_translate(model, kva->cpu, kva->va);
	if (!now.present || now.gpa != kva->gpa)
		report(model, kva, change->site, change->ticket,
		       "its entry is changed while it is in use");
}

/* Of a large entry's pages all that are in use are looked at: MAX_KVAS at most. */
void model_kva_changes(struct model *model, const struct change *change)
{
	struct hash_node *node = NULL;

	if (!model->kvas.count || !model_leaves_stale(change))
		return;
	if (change->level > 1) {
		while ((node = hash_walk(&model->kvas, node)))
			check(model, (struct kva *)node, change);
		return;
	}
	for (struct kva *kva = first_of_page(model, change->va); kva; kva = next_of_page(kva))
		check(model, kva, change);
}

void model_kvas_finish(struct model *model)
{
	struct hash_node *node = NULL;

	while ((node = hash_walk(&model->kvas, node))) {
		const struct kva *kva = (const struct kva *)node;

		model_add_finding(
			model, FINDING_KVA, kva->ticket,
			"va %#llx, which CPU %u has for gpa %#llx since ticket %llu (%s), was "
			"never put",
			(ull)kva->va, kva->cpu, (ull)kva->gpa, (ull)kva->ticket,
			model_site(model, kva->site));
	}
}
