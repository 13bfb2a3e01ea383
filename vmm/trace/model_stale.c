/* SPDX-License-Identifier: MIT */
/*
 * Owns the stale translations: entries that the tables have no more, or allow less of, and which
 * CPUs may still hold them. A CPU may hold any entry that was present while it ran a space that
 * reaches it, until a flush that covers it; where the guest makes the TLB (model_soft.c) it holds
 * what it has filled and not evicted. While an entry is present a flush takes nothing away: the CPU
 * may walk to it again at once.
 *
 * A flush of everything walks back only to the CPU's last one: so no event costs more the more is
 * mapped, whatever a guest does. What nobody holds is forgotten at once, and of one place only the
 * last few are followed: whoever still holds an older one could reach, and so may hold, the later
 * ones, too, and one of those differs from what the tables say.
 */
#include "vmm/trace/model_internal.h"

#include <stdlib.h>

#define STALES_AT_A_PLACE 4u
#define SOFT_STALES_AT_A_PLACE \
	(KVL_MAX_CPUS + 1u) /* a CPU holds one, and one more is being added */

/* --- places ----------------------------------------------------------------------------------- */
/*
 * The kernel's half (mm 0) is reached from every root; a global leaf is used in any space, once it
 * is there.
 */
static u64 space_of(u64 mm, u64 entry, u32 level)
{
	return pte_is_leaf(entry, level) && pte_global(entry) ? 0 : mm;
}

struct place model_place(const struct change *change)
{
	return (struct place){ space_of(change->mm, change->old, change->level), change->va,
			       change->level };
}

/* Pages are aligned, so that the level fits into the low bits of an address. */
u64 place_key(struct place place)
{
	return (place.va | place.level) + place.space * 0x9e3779b97f4a7c15ull;
}

bool place_is(struct place a, struct place b)
{
	return a.space == b.space && a.va == b.va && a.level == b.level;
}

struct stale *model_stale_at(const struct model *model, struct place place, struct stale *after)
{
	struct hash_node *node = after ? hash_again(&after->by_place)
				       : hash_find(&model->stales, place_key(place));

	while (node && !place_is(((struct stale *)node)->place, place))
		node = hash_again(node);
	return (struct stale *)node;
}

/* --- what is left behind ---------------------------------------------------------------------- */
/* More rights, and nothing else: whoever holds the old entry faults and looks again. */
static bool only_allows_more(u64 old, u64 new)
{
	u64 rights = PTE_WRITABLE | PTE_USER, rest = ~(rights | PTE_NO_EXEC | PTE_SOFTWARE);

	return (old & rest) == (new &rest) && !(old & rights & ~new) && !(new & ~old &PTE_NO_EXEC);
}

bool model_leaves_stale(const struct change *change)
{
	return pte_present(change->old) && !only_allows_more(change->old, change->new);
}

u32 model_reach(const struct model *model, const struct change *change)
{
	u64 space = space_of(change->mm, change->old, change->level);
	u32 cpus = 0;

	for (u32 rest = model->running; rest; rest &= rest - 1) {
		u32 cpu = (u32)__builtin_ctz(rest);

		if (space == 0 || model->cpu[cpu].mm == space)
			cpus |= 1u << cpu;
	}
	return cpus;
}

/* Its own class of those that a load of CR3 takes away, or does not. */
static struct stales *class_of(struct model *model, const struct stale *stale)
{
	return &model->newest[pte_global(stale->entry) ? 1 : 0];
}

void model_chip_judged(struct stale *stale)
{
	if (stale->chip)
		LIST_REMOVE(stale, of_chip);
	stale->chip = false;
}

static void forget(struct model *model, struct stale *stale, u64 ticket)
{
	free(stale->pages);
	LIST_REMOVE(stale, by_age);
	model_chip_judged(stale);
	model_reuse_forget(model, stale, ticket);
	hash_remove(&model->stales, &stale->by_place);
	model->stales_at[stale->place.level]--;
	free(stale);
}

void model_stales_free(struct model *model)
{
	struct hash_node *node = NULL;

	while ((node = hash_walk(&model->stales, node)))
		free(((struct stale *)node)->pages);
	hash_free(&model->stales);
}

static struct stale *add(struct model *model, struct place place, const struct change *change)
{
	struct stale *stale = NULL;

	if (model->stales.count < MAX_STALES)
		stale = calloc(1, sizeof(*stale));
	if (!stale || !hash_add(&model->stales, &stale->by_place, place_key(place))) {
		free(stale);
		return NULL;
	}
	stale->place = place;
	stale->entry = change->old;
	stale->mm = change->mm;
	model->stales_at[place.level]++;
	LIST_INSERT_HEAD(class_of(model, stale), stale, by_age);
	return model_reuse_follow(model, stale) ? stale : NULL;
}

static void bound_place(struct model *model, struct place place, u64 ticket)
{
	u32 most = model_is_soft(model, place.va) ? SOFT_STALES_AT_A_PLACE : STALES_AT_A_PLACE;
	struct stale *stale = NULL, *oldest = NULL;
	u32 n = 0;

	while ((stale = model_stale_at(model, place, stale))) {
		if (!oldest || stale->removed_ticket < oldest->removed_ticket)
			oldest = stale;
		n++;
	}
	if (n > most)
		forget(model, oldest, ticket);
}

/* The same entry again, at the same place: one and the same for whoever still holds it. */
static struct stale *again(struct model *model, struct place place, const struct change *change)
{
	struct stale *stale = model_stale_at(model, place, NULL);

	while (stale && stale->entry != change->old)
		stale = model_stale_at(model, place, stale);
	if (stale) {
		LIST_REMOVE(stale, by_age);
		LIST_INSERT_HEAD(class_of(model, stale), stale, by_age);
		model_chip_judged(stale);
		model_reuse_again(model, stale, change->ticket);
		free(stale->pages);
		stale->pages = NULL;
	}
	return stale;
}

void model_keep_stale(struct model *model, const struct change *change, u32 held,
		      const struct reader *reader)
{
	struct place place = model_place(change);
	struct stale *stale = again(model, place, change);

	stale = stale ? stale : add(model, place, change);
	if (!stale) {
		model_overflow(model, change->ticket, "stale translations");
		return;
	}
	stale->held |= held;
	stale->soft = model_is_soft(model, change->va);
	stale->removed_ticket = change->ticket;
	stale->removed_site = change->site;
	stale->set_ticket = reader ? reader->set_ticket : 0;
	stale->set_site = reader ? reader->set_site : 0;
	stale->chip = reader;
	if (reader)
		LIST_INSERT_HEAD(&model->chip_stales, stale, of_chip);
	bound_place(model, place, change->ticket);
}

void model_left_behind(struct model *model, const struct change *change,
		       const struct reader *reader)
{
	u32 held = model_reach(model, change);

	if (model_is_soft(model, change->va))
		model_soft_left_behind(model, change, reader);
	else if (held)
		model_keep_stale(model, change, held, reader);
}

/* --- flushes ---------------------------------------------------------------------------------- */
void model_stale_drop(struct model *model, struct stale *stale, u32 cpus, u64 ticket)
{
	stale->held &= ~cpus;
	if (!stale->held)
		forget(model, stale, ticket);
}

/*
 * What was reached through a table that has been exchanged goes page by page: leaves that the CPU
 * has taken up stay when only another page is flushed. Of tables of higher levels no flush of a
 * page takes anything.
 */
static bool flush_page_of_table(struct model *model, u32 cpu, struct stale *stale, u64 va,
				u64 ticket)
{
	u32 page = pte_index(va, 1), bit = 1u << cpu;

	if (stale->place.level != 2)
		return false;
	if (!stale->pages)
		stale->pages = calloc(1, sizeof(*stale->pages));
	if (!stale->pages) {
		model_overflow(model, ticket, "flushes of stale tables");
		return false;
	}
	if (stale->pages->flushed[page] & bit)
		return false;
	stale->pages->flushed[page] |= (u16)bit;
	if (++stale->pages->count[cpu] == PTE_ENTRIES)
		model_stale_drop(model, stale, bit, ticket);
	return true;
}

static bool flush_place(struct model *model, u32 cpu, struct place place, u64 va, u64 ticket)
{
	struct stale *stale = model_stale_at(model, place, NULL), *next;
	bool took = false;

	for (; stale; stale = next) {
		next = model_stale_at(model, place, stale);
		if (stale->soft || !(stale->held & 1u << cpu))
			continue;
		if (pte_is_leaf(stale->entry, place.level)) {
			model_stale_drop(model, stale, 1u << cpu, ticket);
			took = true;
		} else {
			took |= flush_page_of_table(model, cpu, stale, va, ticket);
		}
	}
	return took;
}

bool model_stale_holds(const struct stale *stale, u32 cpu, u64 va)
{
	return (stale->held & 1u << cpu) &&
	       !(stale->pages && (stale->pages->flushed[pte_index(va, 1)] & 1u << cpu));
}

/* In the space that runs. */
static bool flush_page(struct model *model, u32 cpu, u64 va, u64 ticket)
{
	u64 space = model->cpu[cpu].mm;
	bool took = false;

	for (u32 level = 1; level <= PTE_LEVELS; level++) {
		u64 start = ALIGN_DOWN(va, pte_span(level));

		if (!model->stales_at[level])
			continue;
		took |= flush_place(model, cpu, (struct place){ 0, start, level }, va, ticket);
		if (space)
			took |= flush_place(model, cpu, (struct place){ space, start, level }, va,
					    ticket);
	}
	return took;
}

/* All that was removed since the CPU's last flush of that class, at @since. */
static bool flush_class(struct model *model, u32 cpu, u32 class, u64 since, u64 ticket)
{
	struct stale *stale = LIST_FIRST(&model->newest[class]), *older;
	bool took = false;

	for (; stale && stale->removed_ticket >= since; stale = older) {
		older = LIST_NEXT(stale, by_age);
		if (stale->soft || !(stale->held & 1u << cpu))
			continue;
		model_stale_drop(model, stale, 1u << cpu, ticket);
		took = true;
	}
	return took;
}

bool model_stale_flush(struct model *model, u32 cpu, u32 scope, u64 va, u64 ticket)
{
	struct cpu_state *state = &model->cpu[cpu];
	bool took = false;

	if (scope == KVL_FLUSH_PAGE)
		return model->stales.count && flush_page(model, cpu, va, ticket);
	if (scope == KVL_FLUSH_ALL) {
		took = flush_class(model, cpu, 1, state->flushed_all, ticket);
		state->flushed_all = ticket;
	}
	if (scope == KVL_FLUSH_ALL || scope == KVL_FLUSH_SPACE) {
		took |= flush_class(model, cpu, 0, state->flushed_space, ticket);
		state->flushed_space = ticket;
	}
	return took;
}

/* --- what it stands for ----------------------------------------------------------------------- */
struct translation model_stale_translate(const struct model *model, const struct stale *stale,
					 u64 va)
{
	return model_entry_translate(model, stale->entry, stale->place.level, va,
				     stale->removed_ticket);
}
