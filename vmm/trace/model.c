/* SPDX-License-Identifier: MIT */
/*
 * The model as a whole: its life, its findings, and which event goes to whom. Tables are
 * model_tables.c's, spaces and roots model_spaces.c's, translations to the chip model_flash.c's,
 * shootdowns model_shootdowns.c's, waits model_waits.c's, stores that the VMM has seen model_stores.c's;
 * what is in guest memory is audit.c's.
 */
#include "vmm/trace/model_internal.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct model *model_create(const struct model_config *config)
{
	struct model *model = calloc(1, sizeof(*model));

	if (model)
		model->config = *config;
	return model;
}

void model_destroy(struct model *model)
{
	if (!model)
		return;
	model_tables_free(model);
	hash_free(&model->readers);
	hash_free(&model->spaces);
	free(model->wait);
	free(model);
}

/* Before its first root_load a CPU runs on init_mm's root, which the host gave it. */
static void cpu_starts(struct model *model, u32 cpu, u64 ticket)
{
	model->cpu[cpu].runs = true;
	model->cpu[cpu].flushed_space = model->cpu[cpu].flushed_all = ticket;
}

/* Events of a vCPU's own stream, for which it matters whose it is. */
static void record_of_cpu(struct model *model, u32 cpu, const struct kvl_record *record)
{
	model->cpu[cpu].just_loaded = record->id == KVL_EV_ROOT_LOAD;
	switch (record->id) {
	case KVL_EV_PT_SET: model_store_promised(model, cpu, record); break;
	case KVL_EV_ROOT_LOAD: model_root_load(model, cpu, record); break;
	case KVL_EV_TLB_FLUSH:
		model_cpu_flushes(model, cpu, record->h[0], record->a[0], record->ticket);
		break;
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
	if (stream_cpu < KVL_MAX_CPUS && !model->cpu[stream_cpu].runs)
		cpu_starts(model, stream_cpu, record->ticket);
	switch (record->id) {
	case KVL_EV_PT_SET: model_pt_set(model, record); break;
	case KVL_EV_PT_STORE: model_store(model, record); break;
	case KVL_EV_TABLE_ALLOC: model_table_alloc(model, record); break;
	case KVL_EV_TABLE_FREE: model_table_free(model, record); break;
	case KVL_EV_MM_CREATE: model_mm_create(model, record); break;
	case KVL_EV_MM_DESTROY: model_mm_destroy(model, record); break;
	case KVL_EV_FLASH_COMMAND: model_flash_command(model, record); break;
	case KVL_EV_FLASH_STATE: model_flash_state(model, record); break;
	case KVL_EV_FLASH_MODE: model_flash_mode(model, record); break;
	}
	if (stream_cpu < KVL_MAX_CPUS)
		record_of_cpu(model, stream_cpu, record);
}

void model_incomplete(struct model *model)
{
	model->incomplete = true;
}

void model_finish(struct model *model, bool clean)
{
	if (!clean || model->incomplete)
		return;
	model_waits_finish(model);
	model_stores_finish(model);
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

void model_add_finding(struct model *model, enum finding_kind kind, u64 ticket, const char *format,
		       ...)
{
	struct finding *finding;
	va_list args;

	model->nfindings++;
	/* The first of each kind always finds room, however many of another kind came before. */
	if (model->count[kind]++ && model->nkept >= FINDINGS_KEPT - FINDING_KINDS)
		return;
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
		[FINDING_ACCESSED] = "accessed-dirty",
		[FINDING_SHOOTDOWN] = "shootdown",
		[FINDING_OPEN_WAIT] = "open-wait",
		[FINDING_BAD_RECORD] = "bad-record",
	};

	return (u32)kind < FINDING_KINDS ? name[kind] : "unknown";
}

u64 model_finding_count(const struct model *model, enum finding_kind kind)
{
	return (u32)kind < FINDING_KINDS ? model->count[kind] : 0;
}
