/* SPDX-License-Identifier: MIT */
/*
 * How many IPIs would have been enough. A CPU that could hold an entry when another CPU removed it must have
 * flushed it before that matters: before it uses the address for something else, or before the chip that the entry led
 * to is commanded. That is an interval of tickets for a CPU. Flushes that nobody asked of it (root loads, its own
 * work) are free; where none lies in an interval, an IPI must. One IPI, which flushes everything, at the end of
 * the first interval serves all that are open then; so the least number for each CPU is found by taking the ends in
 * their order (interval stabbing), which is the order of the trace.
 *
 * Of each place the last two removals of different entries are remembered: one of them differs from what is there.
 */
#include "vmm/trace/model_internal.h"

#include <stdlib.h>

struct removal {
	u64 ticket, entry;
	u16 site;
	u32 flushed; /* bit per CPU that could not hold it, or has flushed it itself */
};

struct need {
	struct hash_node by_place;
	struct place place;
	struct removal last, before;
	bool chip; /* in model->chip_needs: no command since its removal */
	struct need *chip_next;
};

static struct need *find(const struct model *model, struct place place)
{
	struct hash_node *node = hash_find(&model->needs, place_key(place));

	while (node && !place_is(((struct need *)node)->place, place))
		node = hash_again(node);
	return (struct need *)node;
}

static struct need *add(struct model *model, struct place place)
{
	struct need *need = model->needs.count < MAX_NEEDS ? calloc(1, sizeof(*need)) : NULL;

	if (!need || !hash_add(&model->needs, &need->by_place, place_key(place))) {
		free(need);
		return NULL;
	}
	need->place = place;
	model->needs_at[place.level]++;
	return need;
}

void model_needed_removed(struct model *model, const struct change *change, bool chip)
{
	u32 could = model_reach(model, change);
	struct place place = model_place(change);
	struct need *need;

	if (change->cpu < KVL_MAX_CPUS)
		could &= ~(1u << change->cpu);
	if (!could)
		return;
	need = find(model, place);
	need = need ? need : add(model, place);
	if (!need) {
		model->needs_lost = true;
		return;
	}
	if (need->last.entry != change->old)
		need->before = need->last;
	need->last = (struct removal){ change->ticket, change->old, change->site, ~could };
	if (chip && !need->chip) {
		need->chip_next = model->chip_needs;
		model->chip_needs = need;
		need->chip = true;
	}
}

bool model_taken_since(const struct model *model, struct place place, u64 entry, u64 since,
		       struct change *change)
{
	const struct need *need = find(model, place);
	const struct removal *removal = NULL;

	if (need && need->last.ticket > since && need->last.entry == entry)
		removal = &need->last;
	else if (need && need->before.ticket > since && need->before.entry == entry)
		removal = &need->before;
	if (removal)
		*change = (struct change){ .cpu = KVL_MAX_CPUS,
					   .site = removal->site,
					   .level = place.level,
					   .mm = place.space,
					   .va = place.va,
					   .old = entry,
					   .ticket = removal->ticket };
	return removal;
}

/* --- flushes that nobody asked for -------------------------------------------------------------- */
static void flush_page(struct model *model, u32 cpu, u64 va)
{
	const u64 spaces[] = { 0, model->cpu[cpu].mm };

	for (u32 level = 1; level <= PTE_LEVELS; level++) {
		struct place place = { 0, ALIGN_DOWN(va, pte_span(level)), level };

		if (!model->needs_at[level])
			continue;
		for (u32 i = 0; i < 1 + (spaces[1] != 0); i++) {
			struct need *need;

			place.space = spaces[i];
			need = find(model, place);
			if (!need)
				continue;
			need->last.flushed |= 1u << cpu;
			need->before.flushed |= 1u << cpu;
		}
	}
}

void model_needed_flush(struct model *model, u32 cpu, u32 scope, u64 va, u64 ticket)
{
	struct cpu_state *state = &model->cpu[cpu];

	if (scope == KVL_FLUSH_ALL)
		state->own_all = ticket;
	if (scope == KVL_FLUSH_ALL || scope == KVL_FLUSH_SPACE)
		state->own_space = ticket;
	else if (scope == KVL_FLUSH_PAGE && model->needs.count)
		flush_page(model, cpu, va);
}

/* --- what it matters for ------------------------------------------------------------------------ */
/* Would @cpu still have it, had only flushes been made that are free or that we have counted? */
static bool would_hold(const struct model *model, u32 cpu, const struct removal *removal)
{
	const struct cpu_state *state = &model->cpu[cpu];
	u64 own = pte_global(removal->entry) ? state->own_all : state->own_space;

	return removal->ticket > own && removal->ticket > state->stabbed &&
	       !(removal->flushed & 1u << cpu);
}

static void stab(struct model *model, u32 cpu, u64 ticket)
{
	model->cpu[cpu].stabbed = ticket;
	model->oracle.ipis_needed++;
}

static bool leads_elsewhere(const struct removal *removal, const struct need *need, u64 va,
			    const struct translation *now)
{
	u32 level = need->place.level;

	if (!pte_is_leaf(removal->entry, level))
		return true; /* another table, or none, stands there now */
	return !now->present || pte_gpa(removal->entry, level) + va % pte_span(level) != now->gpa ||
	       ((removal->entry & PTE_WRITABLE) && !now->writable);
}

static bool matters(const struct model *model, u32 cpu, struct place place, u64 va,
		    const struct translation *now)
{
	const struct need *need = find(model, place);

	if (!need)
		return false;
	return (would_hold(model, cpu, &need->last) &&
		leads_elsewhere(&need->last, need, va, now)) ||
	       (would_hold(model, cpu, &need->before) &&
		leads_elsewhere(&need->before, need, va, now));
}

void model_needed_use(struct model *model, u32 cpu, u64 va, const struct translation *now,
		      u64 ticket)
{
	u64 space = model->cpu[cpu].mm;

	for (u32 level = 1; level <= PTE_LEVELS; level++) {
		u64 start = ALIGN_DOWN(va, pte_span(level));

		if (!model->needs_at[level])
			continue;
		if (matters(model, cpu, (struct place){ 0, start, level }, va, now) ||
		    (space && matters(model, cpu, (struct place){ space, start, level }, va, now)))
			stab(model, cpu, ticket);
	}
}

void model_needed_command(struct model *model, u64 ticket)
{
	for (struct need *need; (need = model->chip_needs);) {
		model->chip_needs = need->chip_next;
		need->chip = false;
		for (u32 rest = model->running; rest; rest &= rest - 1) {
			u32 cpu = (u32)__builtin_ctz(rest);

			if (would_hold(model, cpu, &need->last))
				stab(model, cpu, ticket);
		}
	}
}
