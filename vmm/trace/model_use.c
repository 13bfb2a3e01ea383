/* SPDX-License-Identifier: MIT */
/*
 * Uses of addresses. A use is stale if the CPU may hold a translation for the address that leads
 * elsewhere than the tables do, or that still lets it write where they do not. Most accesses report
 * nothing: a scheme is judged by what the code that relies on it reports.
 *
 * One story is told for each CPU and each pair of sites, who took the entry away and who uses it;
 * all uses are counted.
 */
#include "vmm/trace/model_internal.h"

#include <stdio.h>
#include <stdlib.h>

typedef unsigned long long ull;

bool model_use_differs(const struct translation *stale, const struct use *use)
{
	if (!stale->present)
		return stale->lost; /* of a table that is none any more: anything may stand there */
	return !use->now.present || stale->gpa != use->now.gpa ||
	       (use->write && stale->writable && !use->now.writable);
}

/* --- stories ---------------------------------------------------------------------------------- */
static bool is_new_story(struct model *model, const struct use *use, u16 removed_site)
{
	u64 key = removed_site | (u64)use->site << 16 | (u64)use->cpu << 32;
	struct hash_node *node = hash_find(&model->stories, key);

	if (node)
		return false;
	node = model->stories.count < MAX_STORIES ? calloc(1, sizeof(*node)) : NULL;
	if (!node || !hash_add(&model->stories, node, key))
		free(node);
	return true;
}

const char *model_lead_to(const struct translation *to, char *text, size_t room)
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

	if (!is_new_story(model, use, stale->removed_site))
		return;
	finding = model_add_finding(
		model, FINDING_STALE_USE, use->ticket,
		"CPU %u %s va %#llx (%s) and %s the entry that %s took away at ticket %llu (%s): no "
		"flush of it on CPU %u since; the tables lead to %s",
		use->cpu, use->write ? "writes" : "uses", (ull)use->va,
		model_site(model, use->site), stale->soft ? "holds" : "may hold",
		model_site(model, stale->removed_site), (ull)stale->removed_ticket,
		model_lead_to(through, before, sizeof(before)), use->cpu,
		model_lead_to(&use->now, now, sizeof(now)));
	if (finding)
		finding->cause = stale->removed_ticket;
}

/* --- what the processor may hold -------------------------------------------------------------- */
static bool judge_place(struct model *model, const struct use *use, struct place place, bool tell)
{
	bool found = false;

	for (struct stale *stale = model_stale_at(model, place, NULL); stale;
	     stale = model_stale_at(model, place, stale)) {
		struct translation through;

		if (!model_stale_holds(stale, use->cpu, use->va))
			continue;
		through = model_stale_translate(model, stale, use->va);
		if (!model_use_differs(&through, use))
			continue;
		found = true;
		if (tell)
			report(model, use, stale, &through);
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

/* --- what the guest's TLB holds --------------------------------------------------------------- */
/*
 * The change that it was taken away by; a change that the model could not follow is told as one of
 * nobody.
 */
static void report_soft(struct model *model, const struct use *use, u64 entry, u32 level,
			const struct translation *through)
{
	struct place place = { 0, ALIGN_DOWN(use->va, pte_span(level)), level };
	struct stale nobody = { .soft = true }, *stale = model_stale_at(model, place, NULL);

	if (!stale) {
		place.space = model->cpu[use->cpu].mm;
		stale = model_stale_at(model, place, NULL);
	}
	while (stale && (stale->entry != entry || !(stale->held & 1u << use->cpu)))
		stale = model_stale_at(model, place, stale);
	report(model, use, stale ? stale : &nobody, through);
}

static bool judge_soft(struct model *model, const struct use *use, bool tell)
{
	bool found = false;

	for (u32 level = 1; level < PTE_LEVELS; level++) {
		u64 entry = model_soft_entry(model, use->cpu, use->va, level);
		struct translation through = model_leaf(entry, level, use->va);

		if (!entry || !model_use_differs(&through, use))
			continue;
		found = true;
		if (tell)
			report_soft(model, use, entry, level, &through);
	}
	return found;
}

static bool holds_another(struct model *model, const struct use *use, bool tell)
{
	return model_is_soft(model, use->va) ? judge_soft(model, use, tell)
					     : judge_places(model, use, tell);
}

bool model_holds_another(struct model *model, u32 cpu, u64 va)
{
	struct use use = { .cpu = cpu, .va = va, .now = model_translate(model, cpu, va) };

	return holds_another(model, &use, false);
}

void model_judge_use(struct model *model, struct use *use)
{
	model_policy_use(model, use->cpu, use->va, use->ticket);
	use->now = model_translate(model, use->cpu, use->va);
	model_needed_use(model, use);
	model->oracle.stale_uses += holds_another(model, use, true);
}

void model_use(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct use use = { .cpu = cpu,
			   .va = record->a[0],
			   .write = record->h[0],
			   .site = record->site,
			   .ticket = record->ticket };

	model_judge_use(model, &use);
}
