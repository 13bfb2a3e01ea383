/* SPDX-License-Identifier: MIT */
/*
 * Page tables, rebuilt from the events alone. A table is known from table_alloc (all its entries
 * are then zero) to table_free; each pt_set must find the value that the last one left. A table
 * translates one range of addresses, whoever links it: its base comes from the first entry that is
 * set in it or leads to it, and no later event can move it. What an entry means for the chip is
 * model_flash.c's, what a change leaves in the CPUs' TLBs model_stale.c's.
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
	table->ticket = record->ticket;
	table->placed = level == PTE_LEVELS; /* at 0: a root translates everything */
	model_table_reused(model, record);
}

static void free_table(struct model *model, struct table *table)
{
	hash_remove(&model->tables, &table->by_gpa);
	free(table->reader);
	free(table);
}

/* What becomes of the chip's readers, of the TLBs and of addresses in use. */
static void entry_changes(struct model *model, struct table *table, u32 index,
			  const struct change *change)
{
	struct reader *reader = model_chip_unmapped(model, table, index);

	/* Of a table that hangs nowhere any more what went with its last link is known already. */
	if (model_leaves_stale(change) && !table->unlinked) {
		model_left_behind(model, change, reader);
		model_needed_removed(model, change, reader);
		model_policy_removed(model, change);
	} else if (pte_present(change->old)) {
		model_needed_exchanged(model, change);
	}
	free(reader);
	model_policy_made(model, change);
	model_chip_mapped(model, table, index, change);
}

static u64 address_of(const struct table *table, u32 index)
{
	return table->base + index * pte_span(table->level);
}

/* What is still in a table goes with it. */
static void empty_table(struct model *model, u32 cpu, struct table *table,
			const struct kvl_record *record)
{
	struct change change = { .cpu = cpu,
				 .site = record->site,
				 .level = table->level,
				 .mm = table->mm,
				 .ticket = record->ticket };

	for (u32 i = 0; i < PTE_ENTRIES; i++) {
		if (!pte_present(table->entry[i]))
			continue;
		change.va = address_of(table, i);
		change.old = table->entry[i];
		entry_changes(model, table, i, &change);
	}
}

void model_table_free(struct model *model, u32 cpu, const struct kvl_record *record)
{
	struct table *table = model_table(model, record->a[0]);

	if (!table) {
		model_add_finding(
			model, FINDING_UNKNOWN_TABLE, record->ticket,
			"table_free of %#llx by %s: it was never allocated, or freed before",
			(ull)record->a[0], model_site(model, record->site));
		return;
	}
	/* A space that has ended takes its tables apart from below, and no CPU walks them. */
	if (table->links && model_space(model, table->mm))
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "table_free of %#llx by %s: %u entries still lead to it",
				  (ull)record->a[0], model_site(model, record->site), table->links);
	empty_table(model, cpu, table, record);
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
	if (table->mm != record->a[4])
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "pt_set by %s in table %#llx of mm %llu, said to be of mm %llu",
				  model_site(model, record->site), (ull)record->a[1],
				  (ull)table->mm, (ull)record->a[4]);
}

/* --- where tables are ------------------------------------------------------------------------ */
/* False: @table translates another range than the one that begins at @base. */
static bool place(struct table *table, u64 base)
{
	if (!table->placed) {
		table->base = base;
		table->placed = true;
	}
	return table->base == base;
}

static void place_by_entry(struct model *model, struct table *table,
			   const struct kvl_record *record)
{
	u64 bytes = pte_span(table->level) * PTE_ENTRIES;

	if (!place(table, ALIGN_DOWN(record->a[0], bytes)))
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "pt_set by %s of va %#llx in table %#llx, which translates "
				  "[%#llx, %#llx)",
				  model_site(model, record->site), (ull)record->a[0],
				  (ull)record->a[1], (ull)table->base, (ull)(table->base + bytes));
}

/* The table that @entry of @table leads to; NULL: none that is known. */
static struct table *table_below(const struct model *model, const struct table *table, u64 entry)
{
	if (!pte_present(entry) || pte_is_leaf(entry, table->level))
		return NULL;
	return model_table(model, pte_table_gpa(entry));
}

/* What may hang there: of the level below, at this address, of the same space or of init_mm. */
static bool fits(const struct table *table, const struct table *below, u64 va)
{
	return below->level == table->level - 1 && (!below->mm || below->mm == table->mm) &&
	       (!below->placed || below->base == va);
}

static void report_link(struct model *model, const struct table *below, u64 va,
			const struct kvl_record *record)
{
	u64 to = pte_table_gpa(record->a[3]);

	if (!below)
		model_add_finding(model, FINDING_UNKNOWN_TABLE, record->ticket,
				  "pt_set by %s: the entry for va %#llx leads to %#llx, no such "
				  "table was allocated",
				  model_site(model, record->site), (ull)va, (ull)to);
	else
		model_add_finding(
			model, FINDING_BAD_RECORD, record->ticket,
			"pt_set by %s: the entry for va %#llx (level %u, mm %llu) leads to "
			"table %#llx of level %u for va %#llx, mm %llu",
			model_site(model, record->site), (ull)va, record->h[1], (ull)record->a[4],
			(ull)to, below->level, (ull)below->base, (ull)below->mm);
}

/* Of a table that was freed while linked, and is another by now, the link is not counted off. */
static void unlink_table(struct model *model, const struct table *table, u64 entry, u64 va)
{
	struct table *below = table_below(model, table, entry);

	if (!below || !below->links || !fits(table, below, va))
		return;
	below->links--;
	below->unlinked = !below->links;
}

static void link_table(struct model *model, const struct table *table, u64 va,
		       const struct kvl_record *record)
{
	u64 entry = record->a[3];
	struct table *below = table_below(model, table, entry);

	if (!pte_present(entry) || pte_is_leaf(entry, table->level))
		return;
	if (!below || !fits(table, below, va)) {
		report_link(model, below, va, record);
		return;
	}
	place(below, va);
	below->links++;
	below->unlinked = false;
}

void model_pt_set(struct model *model, u32 cpu, const struct kvl_record *record)
{
	u32 index = record->h[0];
	u64 va = record->a[0], gpa = record->a[1], old = record->a[2], new = record->a[3];
	struct table *table = model_table(model, gpa);
	struct change change;

	if (!table || index >= PTE_ENTRIES) {
		model_add_finding(
			model, FINDING_UNKNOWN_TABLE, record->ticket,
			"pt_set by %s of entry %u in table %#llx (va %#llx, level %u): no "
			"such table was allocated",
			model_site(model, record->site), index, (ull)gpa, (ull)va, record->h[1]);
		return;
	}
	check_place(model, table, record);
	place_by_entry(model, table, record);
	va = address_of(table, index); /* whatever is claimed */
	if (table->entry[index] != old)
		model_add_finding(model, FINDING_OLD_VALUE, record->ticket,
				  "pt_set by %s of va %#llx (table %#llx, entry %u): old value is "
				  "%#llx, but the last one reported was %#llx",
				  model_site(model, record->site), (ull)va, (ull)gpa, index,
				  (ull)old, (ull)table->entry[index]);
	change = (struct change){ .cpu = cpu,
				  .site = record->site,
				  .level = table->level,
				  .mm = table->mm,
				  .va = va,
				  .old = table->entry[index],
				  .new = new,
				  .ticket = record->ticket };
	entry_changes(model, table, index, &change);
	unlink_table(model, table, table->entry[index], va);
	link_table(model, table, va, record);
	table->entry[index] = new;
	model_kva_changes(model, &change);
	if (cpu < KVL_MAX_CPUS)
		model->cpu[cpu].changing = change;
}

/* --- walks ------------------------------------------------------------------------------------ */
struct translation model_walk(const struct model *model, u64 gpa, u32 level, u64 va, u64 older)
{
	struct translation found = { .writable = true };

	for (; level; level--) {
		const struct table *table = model_table(model, gpa);

		if (!table || table->level != level || table->ticket >= older) {
			found.lost = true;
			return found;
		}
		found.entry = table->entry[pte_index(va, level)];
		found.level = level;
		found.writable = found.writable && found.entry & PTE_WRITABLE;
		if (!pte_present(found.entry))
			return found;
		if (pte_is_leaf(found.entry, level))
			break;
		gpa = pte_table_gpa(found.entry);
	}
	found.present = true;
	found.gpa = pte_gpa(found.entry, level) + va % pte_span(level);
	return found;
}

struct translation model_leaf(u64 entry, u32 level, u64 va)
{
	return (struct translation){ .present = pte_present(entry),
				     .writable = entry & PTE_WRITABLE,
				     .gpa = pte_gpa(entry, level) + va % pte_span(level),
				     .entry = entry,
				     .level = level };
}

struct translation model_entry_translate(const struct model *model, u64 entry, u32 level, u64 va,
					 u64 older)
{
	if (pte_is_leaf(entry, level))
		return model_leaf(entry, level, va);
	return model_walk(model, pte_table_gpa(entry), level - 1, va, older);
}

struct translation model_translate(const struct model *model, u32 cpu, u64 va)
{
	const struct space *kernel = model_space(model, 0);
	struct translation found =
		model_walk(model, model_cpu_root(model, cpu), PTE_LEVELS, va, UINT64_MAX);

	if (!found.present && !found.lost && kernel && model->cpu[cpu].mm)
		found = model_walk(model, kernel->root, PTE_LEVELS, va, UINT64_MAX);
	return found;
}
