/* SPDX-License-Identifier: MIT */
/*
 * The model as a whole: its life, its findings, and which event goes to whom. Tables are
 * model_tables.c's, spaces and roots model_spaces.c's, translations to the chip model_flash.c's,
 * stale ones model_stale.c's, their uses model_use.c's, frames that are reused model_reuse.c's,
 * soft TLBs model_soft.c's, shootdowns model_shootdowns.c's, how many IPIs would do
 * model_needed.c's, what another way of flushing would do model_policy.c's, waits model_waits.c's,
 * stores that the VMM has seen model_stores.c's; what is in guest memory is audit.c's.
 */
#include "vmm/trace/model_internal.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct model *model_create(const struct model_config *config)
{
	struct model *model = calloc(1, sizeof(*model));

	if (!model)
		return NULL;
	model->config = *config;
	model->by_site = calloc(config->nsites + 1, sizeof(*model->by_site));
	if (model->by_site)
		return model;
	free(model);
	return NULL;
}

void model_destroy(struct model *model)
{
	if (!model)
		return;
	model_tables_free(model);
	model_readers_free(model);
	model_stales_free(model);
	hash_free(&model->stale_frames);
	hash_free(&model->kvas);
	hash_free(&model->stories);
	hash_free(&model->needs);
	hash_free(&model->soft);
	hash_free(&model->policy_pages);
	hash_free(&model->spaces);
	free(model->by_site);
	free(model->wait);
	free(model);
}

/* Before its first root_load a CPU runs on init_mm's root, which the host gave it. */
static void cpu_starts(struct model *model, u32 cpu, u64 ticket)
{
	struct cpu_state *state = &model->cpu[cpu];

	model->running |= 1u << cpu;
	state->flushed_space = state->flushed_all = state->own_all = ticket;
	for (u32 tag = 0; tag < KVL_TLB_TAGS; tag++)
		state->own_space[tag] = ticket;
}

/* What another way of flushing takes the place of. */
static bool is_flushing(u16 id)
{
	return id == KVL_EV_TLB_FLUSH || id == KVL_EV_SHOOTDOWN_BEGIN ||
	       id == KVL_EV_SHOOTDOWN_END || id == KVL_EV_IPI_SEND || id == KVL_EV_IPI_ACK ||
	       id == KVL_EV_TLB_FILL || id == KVL_EV_TLB_EVICT;
}

/* Events of a vCPU's own stream, for which it matters whose it is. */
static void record_of_cpu(struct model *model, u32 cpu, const struct kvl_record *record)
{
	model->cpu[cpu].just_loaded = record->id == KVL_EV_ROOT_LOAD;
	if (record->id != KVL_EV_PT_SET)
		model->cpu[cpu].changing.ticket = 0;
	if (model->config.policy.kind != POLICY_NONE && is_flushing(record->id))
		return;
	switch (record->id) {
	case KVL_EV_PT_SET: model_store_promised(model, cpu, record); break;
	case KVL_EV_ROOT_LOAD: model_root_load(model, cpu, record); break;
	case KVL_EV_TLB_FLUSH: model_flush(model, cpu, record); break;
	case KVL_EV_TLB_FILL: model_tlb_fill(model, cpu, record); break;
	case KVL_EV_TLB_EVICT: model_tlb_evict(model, cpu, record); break;
	case KVL_EV_USE: model_use(model, cpu, record); break;
	case KVL_EV_KVA_GET: model_kva_get(model, cpu, record); break;
	case KVL_EV_KVA_PUT: model_kva_put(model, cpu, record); break;
	case KVL_EV_SHOOTDOWN_BEGIN: model_shootdown_begin(model, cpu, record); break;
	case KVL_EV_SHOOTDOWN_END: model_shootdown_end(model, cpu, record); break;
	case KVL_EV_IPI_ACK: model_ipi_ack(model, cpu, record); break;
	case KVL_EV_TASK_SWITCH: model_task_switch(model, cpu, record); break;
	case KVL_EV_FAULT_ENTER: model_fault_enter(model, cpu, record); break;
	case KVL_EV_WAIT_BEGIN: model_wait_begin(model, cpu, record); break;
	case KVL_EV_WAIT_END: model_wait_end(model, record); break;
	}
}

void model_record(struct model *model, u32 stream_cpu, const struct kvl_record *record)
{
	if (model->incomplete)
		return;
	model->last_ticket = record->ticket;
	if (stream_cpu < KVL_MAX_CPUS && !(model->running & 1u << stream_cpu))
		cpu_starts(model, stream_cpu, record->ticket);
	switch (record->id) {
	case KVL_EV_PT_SET: model_pt_set(model, stream_cpu, record); break;
	case KVL_EV_PT_STORE: model_store(model, record); break;
	case KVL_EV_TABLE_ALLOC: model_table_alloc(model, record); break;
	case KVL_EV_TABLE_FREE: model_table_free(model, stream_cpu, record); break;
	case KVL_EV_PAGE_ALLOC: model_page_alloc(model, record); break;
	case KVL_EV_MARK: model->booted |= record->a[0] == KVL_MARK_SCENARIO; break;
	case KVL_EV_MM_CREATE: model_mm_create(model, record); break;
	case KVL_EV_MM_DESTROY: model_mm_destroy(model, record); break;
	case KVL_EV_FLASH_COMMAND: model_flash_command(model, record); break;
	case KVL_EV_FLASH_MARK: model_flash_mark(model, record); break;
	case KVL_EV_FLASH_STATE: model_flash_state(model, record); break;
	case KVL_EV_FLASH_MODE: model_flash_mode(model, record); break;
	}
	if (stream_cpu >= KVL_MAX_CPUS)
		return;
	record_of_cpu(model, stream_cpu, record);
	model->cpu[stream_cpu].last_ticket = record->ticket;
}

void model_incomplete(struct model *model)
{
	model->incomplete = true;
}

void model_finish(struct model *model, bool clean)
{
	if (model->incomplete)
		return;
	model_reuse_finish(model, model->last_ticket);
	if (!clean)
		return;
	model_waits_finish(model);
	model_kvas_finish(model);
	model_stores_finish(model);
}

struct oracle model_oracle(const struct model *model)
{
	struct oracle oracle = model->oracle;

	for (u32 site = 0; site <= model->config.nsites; site++) {
		oracle.flushes += model->by_site[site].flushes;
		oracle.flushes_unneeded += model->by_site[site].flushes_unneeded;
		oracle.ipis += model->by_site[site].ipis;
		oracle.ipis_unneeded += model->by_site[site].ipis_unneeded;
	}
	oracle.exact = model->config.soft_entries;
	oracle.flash_violations =
		model->count[FINDING_CHIP_COMMAND] + model->count[FINDING_CHIP_MAPPED];
	oracle.complete = !model->incomplete;
	oracle.judged_to = model->last_ticket;
	oracle.needed_known = !model->needs_lost && !model->incomplete;
	return oracle;
}

static struct site_flushes *site_flushes(const struct model *model, u16 site)
{
	return &model->by_site[site < model->config.nsites ? site : 0];
}

struct site_flushes model_site_flushes(const struct model *model, u16 site)
{
	return *site_flushes(model, site);
}

void model_count_flush(struct model *model, u16 site, u32 scope, bool took)
{
	struct site_flushes *of_site = site_flushes(model, site);

	model->oracle.flushes_full += scope != KVL_FLUSH_PAGE;
	of_site->flushes++;
	of_site->flushes_unneeded += !took;
}

void model_count_ipi(struct model *model, u16 site, bool took)
{
	struct site_flushes *of_site = site_flushes(model, site);

	of_site->ipis++;
	of_site->ipis_unneeded += !took;
}

void model_overflow(struct model *model, u64 ticket, const char *what)
{
	model_add_finding(model, FINDING_BAD_RECORD, ticket,
			  "too many %s to follow: nothing behind this event is judged", what);
	model->incomplete = true;
}

const char *model_site(const struct model *model, u16 site)
{
	const char *name = site && site < model->config.nsites ? model->config.site[site] : NULL;

	return name && name[0] ? name : "-";
}

struct finding *model_add_finding(struct model *model, enum finding_kind kind, u64 ticket,
				  const char *format, ...)
{
	struct finding *finding;
	va_list args;

	model->nfindings++;
	/* The first of each kind always finds room, however many of another kind came before. */
	if (model->count[kind]++ && model->nkept >= FINDINGS_KEPT - FINDING_KINDS)
		return NULL;
	finding = &model->finding[model->nkept++];
	finding->kind = kind;
	finding->ticket = ticket;
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
	/* Names of sites come out of the guest's image. */
	for (char *c = finding->text; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	return finding;
}

u32 model_findings(const struct model *model)
{
	return model->nfindings > UINT32_MAX ? UINT32_MAX : (u32)model->nfindings;
}

const struct finding *model_finding(const struct model *model, u32 index)
{
	return index < model->nkept ? &model->finding[index] : NULL;
}

const char *finding_kind_name(enum finding_kind kind)
{
	static const char *const name[FINDING_KINDS] = {
		[FINDING_OLD_VALUE] = "old-value",
		[FINDING_UNKNOWN_TABLE] = "unknown-table",
		[FINDING_CHIP_COMMAND] = "chip-command",
		[FINDING_CHIP_MAPPED] = "chip-mapped",
		[FINDING_UNREPORTED] = "unreported-write",
		[FINDING_FOREIGN_TABLE] = "foreign-table",
		[FINDING_DIRECT_MAP] = "direct-map",
		[FINDING_HOLE] = "hole",
		[FINDING_ACCESSED] = "accessed-dirty",
		[FINDING_STALE_USE] = "stale-use",
		[FINDING_KVA] = "address-in-use",
		[FINDING_TLB] = "soft-tlb",
		[FINDING_SHOOTDOWN] = "shootdown",
		[FINDING_OPEN_WAIT] = "open-wait",
		[FINDING_ATOMIC_WAIT] = "atomic-wait",
		[FINDING_BAD_RECORD] = "bad-record",
	};

	return (u32)kind < FINDING_KINDS ? name[kind] : "unknown";
}

u64 model_finding_count(const struct model *model, enum finding_kind kind)
{
	return (u32)kind < FINDING_KINDS ? model->count[kind] : 0;
}
