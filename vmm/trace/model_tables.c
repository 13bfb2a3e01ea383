/* SPDX-License-Identifier: MIT */
/*
 * Page tables and address spaces, rebuilt from the events alone. A table is known from table_alloc
 * (all its entries are then zero) to table_free; each pt_set must find the value that the last one
 * left. What an entry means for the chip is model_flash.c's.
 */
#include "vmm/trace/model_internal.h"

#include <stdlib.h>

typedef unsigned long long ull;

struct table *model_table(const struct model *model, u64 gpa)
{
	return (struct table *)hash_find(&model->tables, gpa);
}

struct space *model_space(const struct model *model, u64 id)
{
	return (struct space *)hash_find(&model->spaces, id);
}

/* --- tables --------------------------------------------------------------------------------- */
void model_table_alloc(struct model *model, const struct kvl_record *record)
{
	u64 gpa = record->a[0];
	u32 level = record->h[1];
	struct table *table;

	if (level < 1 || level > PTE_LEVELS || gpa % PAGE_BYTES) {
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "table_alloc of %#llx, level %u by %s: no table can be that",
				  (ull)gpa, level, model_site(model, record->site));
		return;
	}
	if (model_table(model, gpa)) {
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "table_alloc of %#llx by %s: it is in use as a table already",
				  (ull)gpa, model_site(model, record->site));
		return;
	}
	table = model->tables.count < MAX_TABLES ? calloc(1, sizeof(*table)) : NULL;
	if (!table || !hash_add(&model->tables, &table->by_gpa, gpa)) {
		free(table);
		model_overflow(model, record->ticket, "page tables");
		return;
	}
	table->level = level;
	table->mm = record->a[1];
}

static void free_table(struct model *model, struct table *table)
{
	hash_remove(&model->tables, &table->by_gpa);
	free(table->reader);
	free(table);
}

void model_table_free(struct model *model, const struct kvl_record *record)
{
	struct table *table = model_table(model, record->a[0]);

	if (!table) {
		model_add_finding(
			model, FINDING_UNKNOWN_TABLE, record->ticket,
			"table_free of %#llx by %s: it was never allocated, or freed before",
			(ull)record->a[0], model_site(model, record->site));
		return;
	}
	/* Readers that are still in it go with it. */
	for (u32 i = 0; table->reader && i < PTE_ENTRIES; i++)
		if (table->reader[i])
			model_entry_changes(model, table, i, table->reader[i]->va, 0, record);
	free_table(model, table);
}

void model_tables_free(struct model *model)
{
	struct hash_node *node;

	for (node = hash_walk(&model->tables, NULL); node; node = hash_walk(&model->tables, node))
		free(((struct table *)node)->reader);
	hash_free(&model->tables);
}

/* --- entries --------------------------------------------------------------------------------- */
static void check_place(struct model *model, const struct table *table,
			const struct kvl_record *record)
{
	u32 index = record->h[0], level = record->h[1];
	u64 va = record->a[0];

	if (level != table->level)
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "pt_set by %s: level %u in table %#llx, which has level %u",
				  model_site(model, record->site), level, (ull)record->a[1],
				  table->level);
	else if (pte_index(va, level) != index)
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "pt_set by %s: va %#llx has entry %u at level %u, not %u",
				  model_site(model, record->site), (ull)va, pte_index(va, level),
				  level, index);
}

void model_pt_set(struct model *model, const struct kvl_record *record)
{
	u32 index = record->h[0];
	u64 va = record->a[0], gpa = record->a[1], old = record->a[2], new = record->a[3];
	struct table *table = model_table(model, gpa);

	if (!table || index >= PTE_ENTRIES) {
		model_add_finding(
			model, FINDING_UNKNOWN_TABLE, record->ticket,
			"pt_set by %s of entry %u in table %#llx (va %#llx, level %u): no "
			"such table was allocated",
			model_site(model, record->site), index, (ull)gpa, (ull)va, record->h[1]);
		return;
	}
	check_place(model, table, record);
	if (table->entry[index] != old)
		model_add_finding(model, FINDING_OLD_VALUE, record->ticket,
				  "pt_set by %s of va %#llx (table %#llx, entry %u): old value is "
				  "%#llx, but the last one reported was %#llx",
				  model_site(model, record->site), (ull)va, (ull)gpa, index,
				  (ull)old, (ull)table->entry[index]);
	model_entry_changes(model, table, index, va, new, record);
	table->entry[index] = new;
}

/* --- spaces ---------------------------------------------------------------------------------- */
void model_mm_create(struct model *model, const struct kvl_record *record)
{
	struct space *space;

	if (model_space(model, record->a[0])) {
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "mm_create of %llu by %s: there is one of that number",
				  (ull)record->a[0], model_site(model, record->site));
		return;
	}
	space = model->spaces.count < MAX_SPACES ? calloc(1, sizeof(*space)) : NULL;
	if (!space || !hash_add(&model->spaces, &space->by_id, record->a[0])) {
		free(space);
		model_overflow(model, record->ticket, "address spaces");
		return;
	}
	space->root = record->a[1];
}

void model_mm_destroy(struct model *model, const struct kvl_record *record)
{
	struct space *space = model_space(model, record->a[0]);

	if (!space) {
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "mm_destroy of %llu by %s: there is none of that number",
				  (ull)record->a[0], model_site(model, record->site));
		return;
	}
	hash_remove(&model->spaces, &space->by_id);
	free(space);
}

static void check_root(struct model *model, u32 cpu, const struct kvl_record *record)
{
	const struct table *table = model_table(model, record->a[1]);
	const struct space *space = model_space(model, record->a[0]);

	if (!table || table->level != PTE_LEVELS)
		model_add_finding(model, FINDING_UNKNOWN_TABLE, record->ticket,
				  "CPU %u loads root %#llx of mm %llu (%s): no such table was "
				  "allocated as a root",
				  cpu, (ull)record->a[1], (ull)record->a[0],
				  model_site(model, record->site));
	else if (!space || space->root != record->a[1])
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "CPU %u loads root %#llx (%s), which is not the root of mm %llu",
				  cpu, (ull)record->a[1], model_site(model, record->site),
				  (ull)record->a[0]);
}

/* The load of a root drops what is not global (no PCID) and gives access to what the root holds. */
void model_root_load(struct model *model, u32 cpu, const struct kvl_record *record)
{
	check_root(model, cpu, record);
	model->cpu[cpu].mm = record->a[0];
	model_tlb_flush(model, cpu, KVL_FLUSH_SPACE, 0);
	model_cpu_reaches(model, cpu);
}
