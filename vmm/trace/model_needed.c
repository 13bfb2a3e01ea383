/* SPDX-License-Identifier: MIT */
/*
 * How many IPIs would have been enough. A CPU that could hold an entry when another CPU removed it
 * must have flushed it before that matters: before it uses the address for something else, or
 * before the chip that the entry led to is commanded. That is an interval of tickets for a CPU.
 * Flushes that nobody asked of it (root loads, its own work) are free; where none lies in an
 * interval, an IPI must. One IPI, which flushes everything, at the end of the first interval serves
 * all that are open then; so the least number for each CPU is found by taking the ends in their
 * order (interval stabbing), which is the order of the trace.
 *
 * Of each place the last two removals of different entries are remembered: one of them differs from
 * what is there. What no CPU would hold any more is forgotten now and then.
 */
#include "vmm/trace/model_internal.h"

#include <stdlib.h>

struct removal {
	u64 ticket, entry; /* ticket 0: none */
	u16 site;
	u32 flushed; /* bit per CPU that could not hold it, or has flushed it itself */
};

struct need {
	struct hash_node by_place;
	struct place place;
	struct removal last, before;
	struct removal exchanged; /* for more rights: it matters to nobody, but was there */
	struct removal chip;	  /* of a translation to it, since its last command */
	bool in_chip_list;
	struct need *chip_next;
};

static struct need *find(const struct model *model, struct place place)
{
	struct hash_node *node = hash_find(&model->needs, place_key(place));

	while (node && !place_is(((struct need *)node)->place, place))
		node = hash_again(node);
	return (struct need *)node;
}

/* Would @cpu still have it, had only flushes been made that are free or that we have counted? */
static bool would_hold(const struct model *model, u32 cpu, const struct removal *removal)
{
	const struct cpu_state *state = &model->cpu[cpu];
	u64 own = pte_global(removal->entry) ? state->own_all : state->own_space[state->tag];

	return removal->ticket > own && removal->ticket > state->stabbed &&
	       !(removal->flushed & 1u << cpu);
}

static bool matters_to_any(const struct model *model, const struct need *need)
{
	const struct removal *removal[] = { &need->last, &need->before, &need->exchanged,
					    &need->chip };

	if (need->place.space && !model_space(model, need->place.space))
		return need->in_chip_list;
	for (size_t i = 0; i < ARRAY_LEN(removal); i++)
		for (u32 rest = removal[i]->ticket ? model->running : 0; rest; rest &= rest - 1)
			if (would_hold(model, (u32)__builtin_ctz(rest), removal[i]))
				return true;
	return need->in_chip_list;
}

/* Twice what is left, so that each place pays for few looks. */
static void sweep(struct model *model)
{
	struct hash_node *node = hash_walk(&model->needs, NULL), *next;

	for (; node; node = next) {
		struct need *need = (struct need *)node;

		next = hash_walk(&model->needs, node);
		if (matters_to_any(model, need))
			continue;
		model->needs_at[need->place.level]--;
		hash_remove(&model->needs, node);
		free(need);
	}
	model->needs_sweep_at = 2 * model->needs.count + 1024;
}

static struct need *find_or_add(struct model *model, struct place place)
{
	struct need *need = find(model, place);

	if (need)
		return need;
	if (model->needs.count >= model->needs_sweep_at)
		sweep(model);
	need = model->needs.count < MAX_NEEDS ? calloc(1, sizeof(*need)) : NULL;
	if (!need || !hash_add(&model->needs, &need->by_place, place_key(place))) {
		free(need);
		model->needs_lost = true;
		return NULL;
	}
	need->place = place;
	model->needs_at[place.level]++;
	return need;
}

static void note_chip(struct model *model, struct need *need)
{
	need->chip = need->last;
	if (need->in_chip_list)
		return;
	need->in_chip_list = true;
	need->chip_next = model->chip_needs;
	model->chip_needs = need;
}

void model_needed_removed(struct model *model, const struct change *change, bool chip)
{
	u32 could = model_reach(model, change);
	struct need *need;

	if (change->cpu < KVL_MAX_CPUS)
		could &= ~(1u << change->cpu);
	need = could ? find_or_add(model, model_place(change)) : NULL;
	if (!need)
		return;
	if (need->last.entry != change->old)
		need->before = need->last;
	need->last = (struct removal){ change->ticket, change->old, change->site, ~could };
	if (chip)
		note_chip(model, need);
}

void model_needed_exchanged(struct model *model, const struct change *change)
{
	struct need *need =
		model_is_soft(model, change->va) ? find_or_add(model, model_place(change)) : NULL;

	if (need)
		need->exchanged = (struct removal){ change->ticket, change->old, change->site, 0 };
}

bool model_taken_since(const struct model *model, struct place place, u64 entry, u64 since,
		       struct change *change)
{
	const struct need *need = find(model, place);
	const struct removal *removal[3];

	if (!need)
		return false;
	removal[0] = &need->last;
	removal[1] = &need->before;
	removal[2] = &need->exchanged;
	for (size_t i = 0; i < ARRAY_LEN(removal); i++) {
		if (removal[i]->ticket <= since || removal[i]->entry != entry)
			continue;
		*change = (struct change){ .cpu = KVL_MAX_CPUS,
					   .site = removal[i]->site,
					   .level = place.level,
					   .mm = place.space,
					   .va = place.va,
					   .old = entry,
					   .ticket = removal[i]->ticket };
		return true;
	}
	return false;
}

/* --- flushes that nobody asked for ------------------------------------------------------------ */
/* What was reached through a table is more than the page. */
static void flush_place(struct model *model, u32 cpu, struct place place)
{
	struct need *need = find(model, place);
	u32 bit = 1u << cpu;

	if (!need)
		return;
	need->last.flushed |= pte_is_leaf(need->last.entry, place.level) ? bit : 0;
	need->before.flushed |= pte_is_leaf(need->before.entry, place.level) ? bit : 0;
	need->chip.flushed |= bit;
}

static void flush_page(struct model *model, u32 cpu, u64 va)
{
	u64 space = model->cpu[cpu].mm;

	for (u32 level = 1; level < PTE_LEVELS; level++) {
		u64 start = ALIGN_DOWN(va, pte_span(level));

		if (!model->needs_at[level])
			continue;
		flush_place(model, cpu, (struct place){ 0, start, level });
		if (space)
			flush_place(model, cpu, (struct place){ space, start, level });
	}
}

void model_needed_flush(struct model *model, u32 cpu, u32 scope, u64 va, u64 ticket)
{
	struct cpu_state *state = &model->cpu[cpu];

	if (scope == KVL_FLUSH_ALL) {
		state->own_all = ticket;
		for (u32 tag = 0; tag < KVL_TLB_TAGS; tag++)
			state->own_space[tag] = ticket;
	} else if (scope == KVL_FLUSH_SPACE) {
		state->own_space[state->tag] = ticket;
	} else if (scope == KVL_FLUSH_PAGE && model->needs.count) {
		flush_page(model, cpu, va);
	}
}

/* --- what it matters for ---------------------------------------------------------------------- */
static void stab(struct model *model, u32 cpu, u64 ticket)
{
	model->cpu[cpu].stabbed = ticket;
	model->oracle.ipis_needed++;
}

static bool matters(const struct model *model, const struct removal *removal, u32 level,
		    const struct use *use)
{
	struct translation through;

	if (!removal->ticket || !would_hold(model, use->cpu, removal))
		return false;
	through = model_entry_translate(model, removal->entry, level, use->va, removal->ticket);
	return model_use_differs(&through, use);
}

static bool place_matters(const struct model *model, struct place place, const struct use *use)
{
	const struct need *need = find(model, place);

	return need && (matters(model, &need->last, place.level, use) ||
			matters(model, &need->before, place.level, use));
}

void model_needed_use(struct model *model, const struct use *use)
{
	u64 space = model->cpu[use->cpu].mm;

	for (u32 level = 1; level <= PTE_LEVELS; level++) {
		u64 start = ALIGN_DOWN(use->va, pte_span(level));

		if (!model->needs_at[level])
			continue;
		if (place_matters(model, (struct place){ 0, start, level }, use) ||
		    (space && place_matters(model, (struct place){ space, start, level }, use)))
			stab(model, use->cpu, use->ticket);
	}
}

void model_needed_command(struct model *model, u64 ticket)
{
	for (struct need *need; (need = model->chip_needs);) {
		model->chip_needs = need->chip_next;
		need->in_chip_list = false;
		for (u32 rest = model->running; rest; rest &= rest - 1) {
			u32 cpu = (u32)__builtin_ctz(rest);

			if (would_hold(model, cpu, &need->chip))
				stab(model, cpu, ticket);
		}
		need->chip = (struct removal){ 0 };
	}
}
