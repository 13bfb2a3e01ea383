/* SPDX-License-Identifier: MIT */
/*
 * Seed row W5: when a chip is commanded to program or erase, no CPU may still hold a translation to
 * it, and none may be made until it can be read again. Needs no event of use: a CPU may hold any
 * translation that was present while it ran a space that reaches it, until it flushes it.
 *
 * The kernel's half (mm 0) is reached from every root, so by every CPU that runs; a user entry only
 * by CPUs that run its space. A flush counts from its ticket on, on the CPU in whose stream it is.
 */
#include "vmm/trace/model_internal.h"

#include <stdlib.h>

typedef unsigned long long ull;

/* --- what is a reader ------------------------------------------------------------------------ */
static bool is_reader(const struct model *model, u64 entry, u32 level)
{
	u64 start, end = model->config.flash.gpa + model->config.flash.bytes;

	if (!model->config.flash.bytes || !pte_present(entry) || !pte_is_leaf(entry, level) ||
	    pte_uncached(entry))
		return false;
	start = pte_gpa(entry, level);
	return start < end && start + pte_span(level) > model->config.flash.gpa;
}

static bool reaches(const struct model *model, u32 cpu, const struct reader *reader)
{
	const struct cpu_state *state = &model->cpu[cpu];

	return state->runs && (reader->mm == 0 || reader->mm == state->mm);
}

static bool is_present(const struct model *model, const struct reader *reader)
{
	return reader->list == &model->present;
}

/* Pages are aligned, so that the level fits into the low bits of an address. */
static u64 reader_key(u64 va, u32 level)
{
	return va | level;
}

/* --- lists ------------------------------------------------------------------------------------ */
static void list_add(struct reader **list, struct reader *reader)
{
	reader->list = list;
	reader->prev = NULL;
	reader->next = *list;
	if (*list)
		(*list)->prev = reader;
	*list = reader;
}

static void list_remove(struct reader *reader)
{
	if (reader->prev)
		reader->prev->next = reader->next;
	else
		*reader->list = reader->next;
	if (reader->next)
		reader->next->prev = reader->prev;
}

static void forget(struct model *model, struct reader *reader)
{
	list_remove(reader);
	hash_remove(&model->readers, &reader->by_va);
	free(reader);
}

/* --- entries set and removed ------------------------------------------------------------------ */
static bool chip_is_array(const struct model *model)
{
	for (u32 i = 0; i < MAX_PARTITIONS; i++)
		if (model->partition[i].mode != KVL_FLASH_READ_ARRAY ||
		    model->partition[i].state != KVL_FLASH_IDLE)
			return false;
	return true;
}

static void add_reader(struct model *model, struct table *table, u32 index, u64 va, u64 entry,
		       const struct kvl_record *record)
{
	u64 start = ALIGN_DOWN(va, pte_span(table->level));
	struct reader *reader = NULL;

	if (!table->reader)
		table->reader = calloc(PTE_ENTRIES, sizeof(struct reader *));
	if (table->reader && model->readers.count < MAX_READERS)
		reader = calloc(1, sizeof(*reader));
	if (!reader ||
	    !hash_add(&model->readers, &reader->by_va, reader_key(start, table->level))) {
		free(reader);
		model_overflow(model, record->ticket, "mappings of the chip");
		return;
	}
	reader->va = start;
	reader->entry = entry;
	reader->mm = table->mm;
	reader->table = table->by_gpa.key;
	reader->level = table->level;
	reader->set_ticket = record->ticket;
	reader->set_site = record->site;
	for (u32 cpu = 0; cpu < KVL_MAX_CPUS; cpu++)
		if (reaches(model, cpu, reader))
			reader->holders |= 1u << cpu;
	list_add(&model->present, reader);
	model->npresent_user += reader->mm != 0;
	table->reader[index] = reader;
}

/* Two stale translations of one page are one: the later removal is what a flush must follow. */
static void absorb_older(struct model *model, struct reader *reader)
{
	struct hash_node *node = hash_find(&model->readers, reader->by_va.key);

	while (node) {
		struct reader *other = (struct reader *)node;

		node = hash_again(node);
		if (other == reader || is_present(model, other) || other->mm != reader->mm ||
		    pte_global(other->entry) != pte_global(reader->entry))
			continue;
		reader->holders |= other->holders;
		forget(model, other);
	}
}

static void remove_reader(struct model *model, struct reader *reader,
			  const struct kvl_record *record)
{
	model->npresent_user -= reader->mm != 0;
	if (!reader->holders) {
		forget(model, reader);
		return;
	}
	reader->removed_ticket = record->ticket;
	reader->removed_site = record->site;
	list_remove(reader);
	list_add(&model->stale, reader);
	absorb_older(model, reader);
}

void model_entry_changes(struct model *model, struct table *table, u32 index, u64 va, u64 entry,
			 const struct kvl_record *record)
{
	if (table->reader && table->reader[index]) {
		remove_reader(model, table->reader[index], record);
		table->reader[index] = NULL;
	}
	if (!is_reader(model, entry, table->level))
		return;
	if (!chip_is_array(model))
		model_add_finding(
			model, FINDING_CHIP_MAPPED, record->ticket,
			"%s maps va %#llx to the chip (gpa %#llx) while the chip does not "
			"return its array",
			model_site(model, record->site), (ull)va,
			(ull)pte_gpa(entry, table->level));
	add_reader(model, table, index, va, entry, record);
}

/* --- CPUs -------------------------------------------------------------------------------------- */
/* @cpu has loaded a root: what is present and reachable from there it may hold from now on. */
void model_cpu_reaches(struct model *model, u32 cpu)
{
	for (struct reader *reader = model->present; reader; reader = reader->next)
		if (reaches(model, cpu, reader))
			reader->holders |= 1u << cpu;
}

/* A flush covers @reader: the CPU no longer holds it, unless it may walk to it again at once. */
static void drop(struct model *model, u32 cpu, struct reader *reader)
{
	if (is_present(model, reader)) {
		if (!reaches(model, cpu, reader))
			reader->holders &= ~(1u << cpu);
		return;
	}
	reader->holders &= ~(1u << cpu);
	if (!reader->holders)
		forget(model, reader);
}

static void flush_page(struct model *model, u32 cpu, u64 va)
{
	for (u32 level = 1; level < PTE_LEVELS; level++) {
		u64 start = ALIGN_DOWN(va, pte_span(level));
		struct hash_node *node = hash_find(&model->readers, reader_key(start, level));

		while (node) {
			struct hash_node *next = hash_again(node);

			drop(model, cpu, (struct reader *)node);
			node = next;
		}
	}
}

static bool covers(u32 scope, const struct reader *reader)
{
	return scope == KVL_FLUSH_ALL || (scope == KVL_FLUSH_SPACE && !pte_global(reader->entry));
}

static void flush_list(struct model *model, u32 cpu, u32 scope, struct reader *reader)
{
	while (reader) {
		struct reader *next = reader->next;

		if (covers(scope, reader))
			drop(model, cpu, reader);
		reader = next;
	}
}

void model_tlb_flush(struct model *model, u32 cpu, u32 scope, u64 va)
{
	if (!model->readers.count)
		return;
	if (scope == KVL_FLUSH_PAGE) {
		flush_page(model, cpu, va);
		return;
	}
	flush_list(model, cpu, scope, model->stale);
	if (model->npresent_user)
		flush_list(model, cpu, scope, model->present);
}

/* --- the chip ---------------------------------------------------------------------------------- */
/* Each translation is told once (for each CPU): a later command would say the same again. */
static void report_mapped(struct model *model, const struct kvl_record *command,
			  struct reader *reader)
{
	if (reader->told_mapped)
		return;
	reader->told_mapped = true;
	model_add_finding(model, FINDING_CHIP_COMMAND, command->ticket,
			  "command %#llx at gpa %#llx: va %#llx of mm %llu is still mapped to the "
			  "chip (set by %s at ticket %llu)",
			  (ull)command->a[1], (ull)command->a[0], (ull)reader->va, (ull)reader->mm,
			  model_site(model, reader->set_site), (ull)reader->set_ticket);
}

static void report_holder(struct model *model, const struct kvl_record *command,
			  const struct reader *reader, u32 cpu)
{
	model_add_finding(model, FINDING_CHIP_COMMAND, command->ticket,
			  "command %#llx at gpa %#llx: CPU %u may still hold va %#llx of mm %llu "
			  "(set by %s at ticket %llu, removed by %s at ticket %llu, no flush of it "
			  "on CPU %u since)",
			  (ull)command->a[1], (ull)command->a[0], cpu, (ull)reader->va,
			  (ull)reader->mm, model_site(model, reader->set_site),
			  (ull)reader->set_ticket, model_site(model, reader->removed_site),
			  (ull)reader->removed_ticket, cpu);
}

static void report_held(struct model *model, const struct kvl_record *command,
			struct reader *reader)
{
	u32 news = reader->holders & ~reader->told;

	reader->told |= news;
	for (u32 cpu = 0; cpu < KVL_MAX_CPUS; cpu++)
		if (news & (1u << cpu))
			report_holder(model, command, reader, cpu);
}

void model_flash_command(struct model *model, const struct kvl_record *record)
{
	for (struct reader *reader = model->present; reader; reader = reader->next)
		report_mapped(model, record, reader);
	for (struct reader *reader = model->stale; reader; reader = reader->next)
		report_held(model, record, reader);
	/* Until the chip says otherwise, reads return status. */
	model->partition[record->h[1] % MAX_PARTITIONS].mode = KVL_FLASH_READ_STATUS;
}

void model_flash_state(struct model *model, const struct kvl_record *record)
{
	model->partition[record->h[0] % MAX_PARTITIONS].state = (enum kvl_flash_state)record->a[1];
}

void model_flash_mode(struct model *model, const struct kvl_record *record)
{
	model->partition[record->h[0] % MAX_PARTITIONS].mode = (enum kvl_flash_mode)record->a[1];
}
