/* SPDX-License-Identifier: MIT */
/*
 * Where the guest makes the TLB itself (--tlb soft), what a CPU holds is known: what it has filled
 * and not evicted. Judged here: that a fill takes up what the tables hold, that there is never more
 * than fits, and that nothing outlives a flush that covers it.
 *
 * With PCIDs it is held under a tag, and used while that is loaded, or always if it is global.
 */
#include "vmm/trace/model_internal.h"

#include <stdlib.h>

typedef unsigned long long ull;

struct soft_entry {
	struct hash_node by_place; /* key: soft_key() */
	u32 cpu, level, tag;
	u64 va, entry, mm;
};

#define GLOBAL_TAG KVL_TLB_TAGS

bool model_is_soft(const struct model *model, u64 va)
{
	return model->config.soft_entries && kvl_is_soft(&model->config.layout, va);
}

static u64 soft_key(u32 cpu, u32 tag, u64 va, u32 level)
{
	return (va | level) + (cpu * (KVL_TLB_TAGS + 1ull) + tag) * 0x9e3779b97f4a7c15ull;
}

static struct soft_entry *find_under(const struct model *model, u32 cpu, u32 tag, u64 va, u32 level)
{
	u64 start = ALIGN_DOWN(va, pte_span(level));
	struct hash_node *node = hash_find(&model->soft, soft_key(cpu, tag, start, level));

	for (; node; node = hash_again(node)) {
		struct soft_entry *entry = (struct soft_entry *)node;

		if (entry->cpu == cpu && entry->tag == tag && entry->va == start &&
		    entry->level == level)
			return entry;
	}
	return NULL;
}

/* What the CPU can use. */
static struct soft_entry *find(const struct model *model, u32 cpu, u64 va, u32 level)
{
	struct soft_entry *entry = find_under(model, cpu, model->cpu[cpu].tag, va, level);

	return entry ? entry : find_under(model, cpu, GLOBAL_TAG, va, level);
}

u64 model_soft_entry(const struct model *model, u32 cpu, u64 va, u32 level)
{
	const struct soft_entry *entry = find(model, cpu, va, level);

	return entry ? entry->entry : 0;
}

u32 model_soft_usable(const struct model *model, u32 cpu)
{
	const struct cpu_state *state = &model->cpu[cpu];

	return state->soft_under[state->tag] + state->soft_under[GLOBAL_TAG];
}

bool model_soft_holds(const struct model *model, u32 cpu, u64 va, u64 entry, u32 level)
{
	for (u32 tag = 0; tag <= GLOBAL_TAG; tag++) {
		const struct soft_entry *held = find_under(model, cpu, tag, va, level);

		if (held && held->entry == entry)
			return true;
	}
	return false;
}

/*
 * It still holds the leaf @entry; @change took away what led there, or made something else of it.
 */
static void keep(struct model *model, const struct soft_entry *entry, const struct change *change,
		 const struct reader *reader)
{
	struct change held = *change;

	held.level = entry->level;
	held.va = entry->va;
	held.old = entry->entry;
	if (model_leaves_stale(&held))
		model_keep_stale(model, &held, 1u << entry->cpu, reader);
}

/* Was it taken up by way of the tables of @change? */
static bool is_reached(const struct soft_entry *entry, const struct change *change)
{
	return !change->mm || entry->mm == change->mm || pte_global(entry->entry);
}

/* Of an upper entry that goes, whatever is held below it; another one may lead to the same. */
static void keep_below(struct model *model, const struct change *change)
{
	struct hash_node *node = NULL;

	while ((node = hash_walk(&model->soft, node))) {
		const struct soft_entry *entry = (const struct soft_entry *)node;
		struct change gone = *change;

		if (entry->va - change->va >= pte_span(change->level) || !is_reached(entry, change))
			continue;
		gone.new = 0;
		if (pte_present(change->new))
			gone.new = model_entry_translate(model, change->new, change->level,
							 entry->va, UINT64_MAX)
					   .entry;
		keep(model, entry, &gone, NULL);
	}
}

static void keep_leaf(struct model *model, u32 cpu, const struct change *change,
		      const struct reader *reader)
{
	for (u32 tag = 0; tag <= GLOBAL_TAG; tag++) {
		const struct soft_entry *entry =
			find_under(model, cpu, tag, change->va, change->level);

		if (entry && is_reached(entry, change))
			keep(model, entry, change, reader);
	}
}

void model_soft_left_behind(struct model *model, const struct change *change,
			    const struct reader *reader)
{
	if (!pte_is_leaf(change->old, change->level)) {
		keep_below(model, change);
		return;
	}
	for (u32 rest = model->running; rest; rest &= rest - 1)
		keep_leaf(model, (u32)__builtin_ctz(rest), change, reader);
}

static void finding(struct model *model, u32 cpu, const struct kvl_record *record, const char *what)
{
	model_add_finding(model, FINDING_TLB, record->ticket,
			  "CPU %u: its soft TLB %s (va %#llx, level %u, entry %#llx)", cpu, what,
			  (ull)record->a[0], record->h[0], (ull)record->a[1]);
}

/* --- fills ------------------------------------------------------------------------------------ */
/*
 * The report of a change comes before the store: until the CPU that makes it reports anything else,
 * another one may still find the old entry.
 */
static bool is_being_stored(const struct model *model, const struct kvl_record *fill,
			    struct change *change)
{
	for (u32 cpu = 0; cpu < KVL_MAX_CPUS; cpu++) {
		*change = model->cpu[cpu].changing;
		if (change->ticket && fill->a[0] - change->va < pte_span(change->level) &&
		    (change->level > fill->h[0] || change->old == fill->a[1]))
			return true;
	}
	return false;
}

/*
 * The report of a fill comes after the look into the tables, but no other report of its CPU does in
 * between.
 */
static bool went_after_the_look(const struct model *model, u32 cpu, const struct kvl_record *fill,
				struct change *change)
{
	u64 since = model->cpu[cpu].last_ticket;
	struct place place = { 0, fill->a[0], fill->h[0] };

	if (model_taken_since(model, place, fill->a[1], since, change))
		return true;
	place.space = model->cpu[cpu].mm;
	return place.space && model_taken_since(model, place, fill->a[1], since, change);
}

/*
 * What is taken up just when it goes is stale from the start (of a table that goes: not followed).
 */
static void check_tables(struct model *model, u32 cpu, const struct kvl_record *fill)
{
	struct translation now = model_translate(model, cpu, fill->a[0]);
	struct change change;

	if (now.present && now.entry == fill->a[1] && now.level == fill->h[0])
		return;
	if (!is_being_stored(model, fill, &change) &&
	    !went_after_the_look(model, cpu, fill, &change))
		finding(model, cpu, fill, "takes up what the tables do not hold");
	else if (change.level == fill->h[0])
		model_keep_stale(model, &change, 1u << cpu, NULL);
}

static bool add(struct model *model, u32 cpu, const struct kvl_record *fill)
{
	struct cpu_state *state = &model->cpu[cpu];
	u32 level = fill->h[0], tag = pte_global(fill->a[1]) ? GLOBAL_TAG : state->tag;
	struct soft_entry *entry = NULL;

	if (model->soft.count < KVL_MAX_CPUS * MAX_SOFT)
		entry = calloc(1, sizeof(*entry));
	if (!entry ||
	    !hash_add(&model->soft, &entry->by_place, soft_key(cpu, tag, fill->a[0], level))) {
		free(entry);
		return false;
	}
	entry->cpu = cpu;
	entry->tag = tag;
	entry->level = level;
	entry->va = fill->a[0];
	entry->entry = fill->a[1];
	entry->mm = state->mm;
	state->soft_entries++;
	state->soft_under[tag]++;
	return true;
}

void model_tlb_fill(struct model *model, u32 cpu, const struct kvl_record *record)
{
	u32 level = record->h[0];

	if (!level || level >= PTE_LEVELS || record->a[0] % pte_span(level) ||
	    !model_is_soft(model, record->a[0])) {
		finding(model, cpu, record, "takes up what is not its own");
		return;
	}
	if (record->a[3] != model->cpu[cpu].tag) {
		finding(model, cpu, record, "takes up under a tag that is not loaded");
		return;
	}
	if (find(model, cpu, record->a[0], level)) {
		finding(model, cpu, record, "has that already");
		return;
	}
	if (model->cpu[cpu].soft_entries >= model->config.soft_entries)
		finding(model, cpu, record, "holds more than it has room for");
	check_tables(model, cpu, record);
	if (!add(model, cpu, record))
		model_overflow(model, record->ticket, "entries of soft TLBs");
}

/* --- evictions -------------------------------------------------------------------------------- */
static void drop_stale(struct model *model, u32 cpu, u64 space, const struct kvl_record *record)
{
	struct place place = { space, record->a[0], record->h[0] };
	struct stale *stale = model_stale_at(model, place, NULL), *next;

	for (; stale; stale = next) {
		next = model_stale_at(model, place, stale);
		if (!stale->soft || !(stale->held & 1u << cpu) ||
		    model_soft_holds(model, cpu, place.va, stale->entry, place.level))
			continue;
		model_stale_drop(model, stale, 1u << cpu, record->ticket);
		model->cpu[cpu].flush_took = record->h[1] == KVL_EVICT_FLUSH ||
					     record->h[1] == KVL_EVICT_SWITCH;
	}
}

void model_tlb_evict(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct cpu_state *state = &model->cpu[cpu];
	u32 tag = pte_global(record->a[1]) ? GLOBAL_TAG : (u32)record->a[3];
	struct soft_entry *entry;
	u64 mm;

	if (!record->h[0] || record->h[0] >= PTE_LEVELS || record->a[3] >= KVL_TLB_TAGS) {
		finding(model, cpu, record, "evicts what it cannot have");
		return;
	}
	entry = find_under(model, cpu, tag, record->a[0], record->h[0]);
	if (!entry || entry->va != record->a[0] || entry->entry != record->a[1]) {
		finding(model, cpu, record, "evicts what it does not have");
		return;
	}
	state->soft_entries--;
	state->soft_under[tag]--;
	mm = entry->mm;
	hash_remove(&model->soft, &entry->by_place);
	free(entry);
	drop_stale(model, cpu, 0, record);
	if (mm)
		drop_stale(model, cpu, mm, record);
}

/* A flush has been reported, and what it covers was evicted before. */
void model_soft_flushed(struct model *model, u32 cpu, const struct kvl_record *record, u32 scope,
			u64 va)
{
	const struct cpu_state *state = &model->cpu[cpu];
	u32 left = scope == KVL_FLUSH_ALL ? state->soft_entries : state->soft_under[state->tag];

	if (!model->config.soft_entries)
		return;
	if (scope == KVL_FLUSH_PAGE) {
		left = 0;
		for (u32 level = 1; level < PTE_LEVELS; level++)
			left += find(model, cpu, va, level) != NULL;
	}
	if (left)
		model_add_finding(model, FINDING_TLB, record->ticket,
				  "CPU %u: %u entries of its soft TLB outlive a flush that covers "
				  "them (va %#llx, %s)",
				  cpu, left, (ull)va, model_site(model, record->site));
}
