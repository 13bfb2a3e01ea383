/* SPDX-License-Identifier: MIT */
/*
 * Uses of addresses: single ones (use), and from kva_get to kva_put. A use is stale if the CPU may hold a
 * translation for the address that leads elsewhere than the tables do, or that still lets it write where they do
 * not. Most accesses report nothing: a scheme is judged by what the code that relies on it reports.
 */
#include "vmm/trace/model_internal.h"

#include <stdio.h>
#include <stdlib.h>

typedef unsigned long long ull;

/* --- stale uses -------------------------------------------------------------------------------- */
struct use {
	u32 cpu;
	u64 va;
	bool write;
	u16 site;
	u64 ticket;
	struct translation now; /* what the tables say */
};

static bool differs(const struct translation *stale, const struct use *use)
{
	if (!stale->present)
		return stale->lost; /* of a table that is none any more: anything may stand there */
	return !use->now.present || stale->gpa != use->now.gpa ||
	       (use->write && stale->writable && !use->now.writable);
}

static const char *lead_to(const struct translation *to, char *text, size_t room)
{
	if (to->present)
		snprintf(text, room, "gpa %#llx, %s", (ull)to->gpa,
			 to->writable ? "writable" : "read-only");
	else
		snprintf(text, room, "%s", to->lost ? "a table that was freed" : "nothing");
	return text;
}

static void report(struct model *model, const struct use *use, const struct stale *stale,
		   const struct translation *through)
{
	char before[48], now[48];
	struct finding *finding;

	finding = model_add_finding(
		model, FINDING_STALE_USE, use->ticket,
		"CPU %u %s va %#llx (%s) and %s the entry that %s took away at ticket %llu "
		"(%s): no flush of it on CPU %u since; the tables lead to %s",
		use->cpu, use->write ? "writes" : "uses", (ull)use->va,
		model_site(model, use->site), stale->soft ? "holds" : "may hold",
		model_site(model, stale->removed_site), (ull)stale->removed_ticket,
		lead_to(through, before, sizeof(before)), use->cpu,
		lead_to(&use->now, now, sizeof(now)));
	if (finding)
		finding->cause = stale->removed_ticket;
}

/* True: a stale translation of @place answers the use. Each is told once for each CPU, if @tell. */
static bool judge_place(struct model *model, const struct use *use, struct place place, bool tell)
{
	u32 bit = 1u << use->cpu;
	bool found = false;

	for (struct stale *stale = model_stale_at(model, place, NULL); stale;
	     stale = model_stale_at(model, place, stale)) {
		struct translation through;

		if (!(stale->held & bit))
			continue;
		through = model_stale_translate(model, stale, use->va);
		if (!differs(&through, use))
			continue;
		found = true;
		if (!tell || (stale->told & bit))
			continue;
		report(model, use, stale, &through);
		stale->told |= bit;
	}
	return found;
}

static bool judge_places(struct model *model, const struct use *use, bool tell)
{
	u64 space = model->cpu[use->cpu].mm;
	bool found = false;

	for (u32 level = 1; level <= PTE_LEVELS; level++) {
		u64 start = ALIGN_DOWN(use->va, pte_span(level));

		if (!model->stales_at[level])
			continue;
		found |= judge_place(model, use, (struct place){ 0, start, level }, tell);
		if (space)
			found |= judge_place(model, use, (struct place){ space, start, level },
					     tell);
	}
	return found;
}

bool model_holds_another(struct model *model, u32 cpu, u64 va)
{
	struct use use = { .cpu = cpu, .va = va, .now = model_translate(model, cpu, va) };

	return judge_places(model, &use, false);
}

static void judge(struct model *model, struct use *use)
{
	model_policy_use(model, use->cpu, use->va, use->ticket);
	use->now = model_translate(model, use->cpu, use->va);
	model_needed_use(model, use->cpu, use->va, &use->now, use->ticket);
	model->oracle.stale_uses += judge_places(model, use, true);
}

void model_use(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct use use = { .cpu = cpu,
			   .va = record->a[0],
			   .write = record->h[0],
			   .site = record->site,
			   .ticket = record->ticket };

	judge(model, &use);
}

/* --- from kva_get to kva_put -------------------------------------------------------------------- */
static void report_kva(struct model *model, const struct kva *kva, u16 site, u64 ticket,
		       const char *what)
{
	struct finding *finding;

	finding = model_add_finding(
		model, FINDING_KVA, ticket,
		"va %#llx, which CPU %u has for gpa %#llx since ticket %llu (%s): %s (%s)",
		(ull)kva->va, kva->cpu, (ull)kva->gpa, (ull)kva->ticket,
		model_site(model, kva->site), what, model_site(model, site));
	if (finding)
		finding->cause = kva->ticket;
}

void model_kva_get(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct use use = { cpu, record->a[0], false, record->site, record->ticket, { 0 } };
	struct kva *kva = model->kvas.count < MAX_KVAS ? calloc(1, sizeof(*kva)) : NULL;

	if (!kva || !hash_add(&model->kvas, &kva->by_page, record->a[0] / PAGE_BYTES)) {
		free(kva);
		model_overflow(model, record->ticket, "addresses in use");
		return;
	}
	kva->va = record->a[0];
	kva->gpa = record->a[1];
	kva->ticket = record->ticket;
	kva->cpu = cpu;
	kva->site = record->site;
	judge(model, &use);
	if (!use.now.present || use.now.gpa != kva->gpa)
		report_kva(model, kva, record->site, record->ticket,
			   "the tables do not lead there");
}

/* One that this CPU got, before one that it was handed. */
static struct kva *find_kva(const struct model *model, u32 cpu, u64 va)
{
	struct hash_node *node = hash_find(&model->kvas, va / PAGE_BYTES);
	struct kva *found = (struct kva *)node;

	for (; node; node = hash_again(node))
		if (((struct kva *)node)->cpu == cpu)
			found = (struct kva *)node;
	return found;
}

void model_kva_put(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct use use = { cpu, record->a[0], false, record->site, record->ticket, { 0 } };
	struct kva *kva = find_kva(model, cpu, record->a[0]);

	if (!kva) {
		model_add_finding(model, FINDING_KVA, record->ticket,
				  "CPU %u puts va %#llx (%s), which nobody has", cpu,
				  (ull)record->a[0], model_site(model, record->site));
		return;
	}
	judge(model, &use);
	hash_remove(&model->kvas, &kva->by_page);
	free(kva);
}

static void check_kva(struct model *model, const struct kva *kva, const struct change *change)
{
	struct translation now = model_translate(model, kva->cpu, kva->va);

	if (kva->va - change->va < pte_span(change->level) && (!now.present || now.gpa != kva->gpa))
		report_kva(model, kva, change->site, change->ticket,
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
			check_kva(model, (struct kva *)node, change);
		return;
	}
	node = hash_find(&model->kvas, change->va / PAGE_BYTES);
	for (; node; node = hash_again(node))
		check_kva(model, (struct kva *)node, change);
}
