/* SPDX-License-Identifier: MIT */
/*
 * Page tables, rebuilt from the events alone. A table is known from table_alloc
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
