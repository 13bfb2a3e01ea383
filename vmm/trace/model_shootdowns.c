/* SPDX-License-Identifier: MIT */
/*
 * Shootdowns: a CPU that acknowledges one has flushed what was asked, in its own stream, between
 * the begin of the shootdown and the acknowledgement; and the end comes after all acknowledgements.
 * One shootdown for each initiating CPU at a time. Whether the right CPUs were asked is judged by
 * what depends on it (model_flash.c, model_use.c).
 */
#include "vmm/trace/model_internal.h"

typedef unsigned long long ull;

static void finding(struct model *model, const struct kvl_record *record, u32 cpu, const char *what)
{
	model_add_finding(model, FINDING_SHOOTDOWN, record->ticket, "CPU %u %s (%s)", cpu, what,
			  model_site(model, record->site));
}

/* The pages of [va, va + bytes); more than are followed one by one, if there are. */
static void set_pages(struct shootdown *shootdown)
{
	u64 inside = shootdown->va % PAGE_BYTES, bytes = shootdown->bytes;

	shootdown->first_page = shootdown->va / PAGE_BYTES;
	shootdown->npages = SHOOTDOWN_PAGES + 1;
	if (bytes <= SHOOTDOWN_PAGES * PAGE_BYTES)
		shootdown->npages = (u32)((inside + bytes + PAGE_BYTES - 1) / PAGE_BYTES);
}

void model_shootdown_begin(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct shootdown *shootdown = &model->shootdown[cpu];

	if (shootdown->open)
		finding(model, record, cpu, "begins a shootdown before its last one has ended");
	if (record->a[3] >> model->config.ncpus)
		finding(model, record, cpu, "asks CPUs that there are not to flush");
	*shootdown = (struct shootdown){ .open = true,
					 .number = record->a[4],
					 .va = record->a[0],
					 .bytes = record->a[1],
					 .cpus = (u32)record->a[3] };
	set_pages(shootdown);
	model->shooting |= 1u << cpu;
}

/* --- flushes --------------------------------------------------------------------------------- */
/* Does it take away anything of what is asked for? */
static bool covers(const struct shootdown *shootdown, u32 scope, u64 va)
{
	return scope != KVL_FLUSH_PAGE ||
	       va / PAGE_BYTES - shootdown->first_page < shootdown->npages;
}

static void flush_one(struct shootdown *shootdown, u32 cpu, u32 scope, u64 va)
{
	struct shootdown_answer *answer = &shootdown->answer[cpu];
	u64 page = va / PAGE_BYTES - shootdown->first_page;
	u64 bit = 1ull << page % 64;

	if (scope != KVL_FLUSH_PAGE) {
		answer->all = true;
	} else if (page < SHOOTDOWN_PAGES && !(answer->page[page / 64] & bit)) {
		answer->page[page / 64] |= bit;
		answer->npages++;
	}
}

/* The CPU's flush, for each shootdown that is open; false: none of them has asked for it. */
static bool answers(struct model *model, u32 cpu, u32 scope, u64 va, bool took)
{
	bool asked = false;

	for (u32 rest = model->shooting; rest; rest &= rest - 1) {
		struct shootdown *shootdown = &model->shootdown[__builtin_ctz(rest)];

		if (!covers(shootdown, scope, va))
			continue;
		flush_one(shootdown, cpu, scope, va);
		if (!(shootdown->cpus & ~shootdown->acked & 1u << cpu))
			continue;
		asked = true;
		shootdown->answer[cpu].took |= took;
	}
	return asked;
}

static bool took_anything(struct model *model, u32 cpu, u32 scope, u64 va, u64 ticket)
{
	struct cpu_state *state = &model->cpu[cpu];
	bool took = model_stale_flush(model, cpu, scope, va, ticket) || state->flush_took;

	state->flush_took = false;
	return took;
}

void model_flush(struct model *model, u32 cpu, const struct kvl_record *record)
{
	u32 scope = record->h[0];
	u64 va = record->a[0];
	bool took;

	if (scope < KVL_FLUSH_PAGE || scope > KVL_FLUSH_ALL) {
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "CPU %u flushes (%s): there is no scope %u", cpu,
				  model_site(model, record->site), scope);
		return;
	}
	took = took_anything(model, cpu, scope, va, record->ticket);
	model_soft_flushed(model, cpu, record, scope, va);
	model_count_flush(model, record->site, scope, took);
	if (!answers(model, cpu, scope, va, took))
		model_needed_flush(model, cpu, scope, va, record->ticket);
}

/*
 * With PCIDs what is held under other tags stays, and under this one, too, if the load says so: it
 * answers nobody. What is not soft the processor, which has no tags, drops all the same.
 */
static void tagged_root_flushes(struct model *model, u32 cpu, const struct kvl_record *record)
{
	if (model->config.soft_entries)
		took_anything(model, cpu, KVL_FLUSH_SPACE, 0, record->ticket);
	if (record->h[1])
		return;
	model_soft_flushed(model, cpu, record, KVL_FLUSH_SPACE, 0);
	model_needed_flush(model, cpu, KVL_FLUSH_SPACE, 0, record->ticket);
}

void model_root_flushes(struct model *model, u32 cpu, const struct kvl_record *record)
{
	bool took;

	if (model->config.pcid) {
		tagged_root_flushes(model, cpu, record);
		return;
	}
	took = took_anything(model, cpu, KVL_FLUSH_SPACE, 0, record->ticket);
	model_soft_flushed(model, cpu, record, KVL_FLUSH_SPACE, 0);
	answers(model, cpu, KVL_FLUSH_SPACE, 0, took);
	model_needed_flush(model, cpu, KVL_FLUSH_SPACE, 0, record->ticket);
	model_policy_root(model, cpu, record->ticket);
}

/* --- answers --------------------------------------------------------------------------------- */
static void check_flushed(struct model *model, u32 cpu, const struct shootdown *shootdown,
			  const struct kvl_record *record)
{
	const struct shootdown_answer *answer = &shootdown->answer[cpu];

	if (answer->all || answer->npages == shootdown->npages)
		return;
	model_add_finding(
		model, FINDING_SHOOTDOWN, record->ticket,
		"CPU %u acknowledges shootdown %llu of CPU %u (va %#llx, %#llx bytes, %s) "
		"without having flushed all of it since its begin",
		cpu, (ull)shootdown->number, record->h[0], (ull)shootdown->va,
		(ull)shootdown->bytes, model_site(model, record->site));
}

void model_ipi_ack(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct shootdown *shootdown = &model->shootdown[record->h[0] % KVL_MAX_CPUS];
	u32 bit = 1u << cpu;

	if (record->h[1])
		return; /* another kind of request */
	if (record->h[0] >= KVL_MAX_CPUS || !shootdown->open || shootdown->number != record->a[0] ||
	    !(shootdown->cpus & ~shootdown->acked & bit)) {
		finding(model, record, cpu, "acknowledges a shootdown that nobody asked of it");
		return;
	}
	check_flushed(model, cpu, shootdown, record);
	shootdown->acked |= bit;
	model_count_ipi(model, record->site, shootdown->answer[cpu].took);
}

void model_shootdown_end(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct shootdown *shootdown = &model->shootdown[cpu];
	u32 missing = shootdown->cpus & ~shootdown->acked;

	if (!shootdown->open || shootdown->number != record->a[0]) {
		finding(model, record, cpu, "ends a shootdown that it did not begin");
		return;
	}
	for (; missing; missing &= missing - 1)
		model_add_finding(model, FINDING_SHOOTDOWN, record->ticket,
				  "shootdown %llu of CPU %u (va %#llx, %#llx bytes, %s) ends, but "
				  "CPU %u has not acknowledged it",
				  (ull)shootdown->number, cpu, (ull)shootdown->va,
				  (ull)shootdown->bytes, model_site(model, record->site),
				  (u32)__builtin_ctz(missing));
	shootdown->open = false;
	model->shooting &= ~(1u << cpu);
}
