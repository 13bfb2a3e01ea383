/* SPDX-License-Identifier: MIT */
/*
 * What if: the changes and uses of a trace under another way of flushing. The trace's own flushes,
 * shootdowns and acknowledgements count for nothing then (the loads of roots do: they belong to the
 * work), and flushes are made here by the rule. docs/trace-format.md says what each rule does and
 * where it comes from.
 *
 * A rule is for pages of the kernel's dynamic regions, as the schemes are from which the rules
 * come. All else is flushed at once, on every CPU that reaches it.
 */
#include "vmm/trace/model_internal.h"

#include <stdlib.h>

struct policy_page {
	struct hash_node by_page;
	u32 users;     /* mask: bit per CPU for which the mapping is valid */
	u32 installer; /* seq: who has made the entry */
	u64 installed; /* ticket */
	bool global;   /* seq: the entry */
};

/* Where mappings come and go: vmalloc, wherever it lies, and the windows. */
static bool is_dynamic(const struct kvl_layout *layout, u64 va)
{
	return kvl_in_ranges(layout->vmalloc, layout->nvmalloc, va) ||
	       (va >= layout->region[KVL_REGION_KVA].start &&
		va < layout->region[KVL_REGION_FIXMAP].start);
}

static bool is_policed(const struct model *model, u64 mm, u64 va, u32 level)
{
	return mm == 0 && level == 1 && is_dynamic(&model->config.layout, va);
}

static struct policy_page *page_of(struct model *model, u64 va, u64 ticket)
{
	struct policy_page *page =
		(struct policy_page *)hash_find(&model->policy_pages, va / PAGE_BYTES);

	if (page)
		return page;
	page = model->policy_pages.count < MAX_POLICY_PAGES ? calloc(1, sizeof(*page)) : NULL;
	if (page && hash_add(&model->policy_pages, &page->by_page, va / PAGE_BYTES)) {
		page->installer = KVL_MAX_CPUS;
		return page;
	}
	free(page);
	model_overflow(model, ticket, "pages of a policy");
	return NULL;
}

/* --- flushes ---------------------------------------------------------------------------------- */
static void flush_one(struct model *model, u32 cpu, u32 scope, u64 va, u64 ticket)
{
	bool took = model_stale_flush(model, cpu, scope, va, ticket);

	model_count_flush(model, 0, scope, took);
	model->cpu[cpu].flush_took = took;
	if (scope != KVL_FLUSH_PAGE)
		model->cpu[cpu].full_flush = ticket;
}

static void flush_cpus(struct model *model, u32 cpus, u32 by, u32 scope, u64 va, u64 ticket)
{
	for (; cpus; cpus &= cpus - 1) {
		u32 cpu = (u32)__builtin_ctz(cpus);

		flush_one(model, cpu, scope, va, ticket);
		if (cpu == by)
			continue;
		model_count_ipi(model, 0, model->cpu[cpu].flush_took);
	}
}

/* One instruction that all of @cpus obey (AMD INVLPGB, Arm TLBI …IS): nobody is interrupted. */
static void broadcast(struct model *model, u32 cpus, u64 va, u64 ticket)
{
	bool took = false;

	if (!cpus)
		return;
	for (; cpus; cpus &= cpus - 1)
		took |= model_stale_flush(model, (u32)__builtin_ctz(cpus), KVL_FLUSH_PAGE, va,
					  ticket);
	model_count_flush(model, 0, KVL_FLUSH_PAGE, took);
}

static void flush_round(struct model *model, u32 by, u64 ticket)
{
	flush_cpus(model, model->running, by, KVL_FLUSH_ALL, 0, ticket);
	model->policy_entries = model->policy_bytes = 0;
}

/* --- entries ---------------------------------------------------------------------------------- */
static void gather(struct model *model, const struct change *change)
{
	const struct flush_policy *policy = &model->config.policy;

	model->policy_entries++;
	model->policy_bytes += pte_span(change->level);
	if (policy->kind == POLICY_BATCH ? model->policy_entries >= policy->amount
					 : model->policy_bytes >= policy->amount)
		flush_round(model, change->cpu, change->ticket);
}

/* sf_buf's mask (FreeBSD): who has used it since it was made, besides who takes it away. */
static void flush_users(struct model *model, const struct change *change)
{
	struct policy_page *page = page_of(model, change->va, change->ticket);

	if (!page)
		return;
	page->users |= 1u << change->cpu;
	flush_cpus(model, page->users & model->running, change->cpu, KVL_FLUSH_PAGE, change->va,
		   change->ticket);
	page->users = 0;
}

void model_policy_removed(struct model *model, const struct change *change)
{
	enum policy_kind kind = model->config.policy.kind;

	if (kind == POLICY_NONE || change->cpu >= KVL_MAX_CPUS)
		return;
	if (kind == POLICY_BROADCAST)
		broadcast(model, model_reach(model, change), change->va, change->ticket);
	else if (kind == POLICY_EAGER || !is_policed(model, change->mm, change->va, change->level))
		flush_cpus(model, model_reach(model, change), change->cpu, KVL_FLUSH_PAGE,
			   change->va, change->ticket);
	else if (kind == POLICY_MASK)
		flush_users(model, change);
	else if (kind == POLICY_SEQ)
		flush_one(model, change->cpu, KVL_FLUSH_PAGE, change->va, change->ticket);
	else
		gather(model, change);
}

/* More rights leave it the entry that it was. */
void model_policy_made(struct model *model, const struct change *change)
{
	enum policy_kind kind = model->config.policy.kind;
	struct policy_page *page;

	if ((kind != POLICY_MASK && kind != POLICY_SEQ) || change->cpu >= KVL_MAX_CPUS ||
	    !pte_present(change->new) ||
	    !is_policed(model, change->mm, change->va, change->level) ||
	    (pte_present(change->old) && !model_leaves_stale(change)))
		return;
	page = page_of(model, change->va, change->ticket);
	if (!page)
		return;
	page->installer = change->cpu;
	page->installed = change->ticket;
	page->global = pte_global(change->new);
	page->users = 1u << change->cpu;
}

void model_policy_root(struct model *model, u32 cpu, u64 ticket)
{
	model->cpu[cpu].root_flush = ticket;
}

/* --- uses ------------------------------------------------------------------------------------- */
/* The CPU's last full flush; the load of a root leaves a global entry. */
static u64 flushed(const struct model *model, u32 cpu, const struct policy_page *page)
{
	const struct cpu_state *state = &model->cpu[cpu];

	return !page->global && state->root_flush > state->full_flush ? state->root_flush
								      : state->full_flush;
}

/*
 * Seed row T15: a hit on a CPU whose last full flush is older than the entry, which another one has
 * made.
 */
static void resolve_conflict(struct model *model, u32 cpu, const struct policy_page *page, u64 va,
			     u64 ticket)
{
	if (page->installer == cpu || page->installer == KVL_MAX_CPUS ||
	    flushed(model, cpu, page) > page->installed)
		return;
	model->oracle.conflicts++;
	model->oracle.conflicts_true += model_holds_another(model, cpu, va);
	flush_round(model, cpu, ticket);
}

void model_policy_use(struct model *model, u32 cpu, u64 va, u64 ticket)
{
	struct policy_page *page =
		(struct policy_page *)hash_find(&model->policy_pages, va / PAGE_BYTES);

	if (!page)
		return;
	if (model->config.policy.kind == POLICY_SEQ) {
		resolve_conflict(model, cpu, page, va, ticket);
	} else if (!(page->users & 1u << cpu)) {
		flush_one(model, cpu, KVL_FLUSH_PAGE, va, ticket);
		page->users |= 1u << cpu;
	}
}
