/* SPDX-License-Identifier: MIT */
/*
 * Seed row W5: when a chip is commanded to program or erase, no CPU may still hold a translation to
 * it, and none may be made until it can be read again. Needs no event of use: a CPU may hold any
 * translation that was present while it ran a space that reaches it, until it flushes it.
 *
 * The kernel's half (mm 0) is reached from every root, so by every CPU that runs; a user entry only
 * by CPUs that run its space. A flush counts from its ticket on, on the CPU in whose stream it is.
 *
 * Who holds what is worked out when it is asked for, from the ticket of each CPU's last flush: so no
 * event costs more the more is mapped, whatever a guest does.
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

static bool is_present(const struct reader *reader)
{
	return !reader->removed_ticket;
}

/*
 * May @cpu hold @reader, which was removed? If it has not flushed since; then it has not loaded a root
 * either, so that the space it runs now is the one that it ran at the removal.
 */
static bool holds(const struct model *model, u32 cpu, const struct reader *reader)
{
	const struct cpu_state *state = &model->cpu[cpu];
	u64 flushed = pte_global(reader->entry) ? state->flushed_all : state->flushed_space;

	return state->runs && !(reader->dropped & 1u << cpu) && flushed < reader->removed_ticket &&
	       (reader->space == 0 || reader->space == state->mm);
}

static bool is_held(const struct model *model, const struct reader *reader)
{
	for (u32 cpu = 0; cpu < KVL_MAX_CPUS; cpu++)
		if (holds(model, cpu, reader))
			return true;
	return false;
}

/* Pages are aligned, so that the level fits into the low bits of an address. */
static u64 reader_key(u64 space, u64 va, u32 level)
{
	return (va | level) + space * 0x9e3779b97f4a7c15ull;
}

/* --- lists ------------------------------------------------------------------------------------ */
static void list_add(struct model *model, struct reader *reader, bool told)
{
	struct reader **list = told ? &model->told : &model->untold;

	reader->told = told;
	reader->prev = NULL;
	reader->next = *list;
	if (*list)
		(*list)->prev = reader;
	*list = reader;
}

static void list_remove(struct model *model, struct reader *reader)
{
	if (reader->prev)
		reader->prev->next = reader->next;
	else
		*(reader->told ? &model->told : &model->untold) = reader->next;
	if (reader->next)
		reader->next->prev = reader->prev;
}

static void forget(struct model *model, struct reader *reader)
{
	list_remove(model, reader);
	hash_remove(&model->readers, &reader->by_place);
	free(reader);
}

static void sweep_list(struct model *model, struct reader *reader)
{
	while (reader) {
		struct reader *next = reader->next;

		if (!is_present(reader) && !is_held(model, reader))
			forget(model, reader);
		reader = next;
	}
}

/* Flushes free nothing themselves. Twice what is left, so that each reader pays for few looks. */
static void sweep(struct model *model)
{
	sweep_list(model, model->untold);
	sweep_list(model, model->told);
	model->sweep_at = 2 * model->readers.count + 1024;
}

/* So long as sweeping helps: a sweep makes room for many more, or none is made. */
static bool has_room(struct model *model)
{
	u64 room = 4 * (model->config.flash.bytes / PAGE_BYTES + 1);

	room = room < MAX_READERS ? room : MAX_READERS;
	if (model->readers.count >= model->sweep_at)
		sweep(model);
	if (model->readers.count < room)
		return true;
	sweep(model);
	return model->readers.count < room - room / 8;
}

/* --- entries set and removed ------------------------------------------------------------------ */
/* A suspended operation lets the rest of the chip be read; its resumption is a command again. */
static bool is_running(enum kvl_flash_state state)
{
	return state != KVL_FLASH_IDLE && state != KVL_FLASH_PROGRAM_SUSPENDED &&
	       state != KVL_FLASH_ERASE_SUSPENDED;
}

static bool chip_is_array(const struct model *model)
{
	for (u32 i = 0; i < MAX_PARTITIONS; i++)
		if (model->partition[i].mode != KVL_FLASH_READ_ARRAY ||
		    is_running(model->partition[i].state))
			return false;
	return true;
}

static void add_reader(struct model *model, struct table *table, u32 index, u64 va, u64 entry,
		       const struct kvl_record *record)
{
	u64 start = ALIGN_DOWN(va, pte_span(table->level));
	/* A global one is used in any space, once it is there. */
	u64 space = pte_global(entry) ? 0 : table->mm;
	struct reader *reader = NULL;

	if (!table->reader)
		table->reader = calloc(PTE_ENTRIES, sizeof(struct reader *));
	if (table->reader && has_room(model))
		reader = calloc(1, sizeof(*reader));
	if (!reader ||
	    !hash_add(&model->readers, &reader->by_place, reader_key(space, start, table->level))) {
		free(reader);
		model_overflow(model, record->ticket, "mappings of the chip");
		return;
	}
	reader->va = start;
	reader->entry = entry;
	reader->mm = table->mm;
	reader->space = space;
	reader->level = table->level;
	reader->set_ticket = record->ticket;
	reader->set_site = record->site;
	list_add(model, reader, false);
	table->reader[index] = reader;
}

/*
 * Of two removed translations of one page only the later counts: whoever still holds the older one
 * could reach, and so may hold, the later one, too.
 */
static void forget_older(struct model *model, const struct reader *reader)
{
	struct hash_node *node = hash_find(&model->readers, reader->by_place.key);

	while (node) {
		struct reader *other = (struct reader *)node;

		node = hash_again(node);
		if (other != reader && !is_present(other) && other->space == reader->space &&
		    pte_global(other->entry) == pte_global(reader->entry))
			forget(model, other);
	}
}

static void remove_reader(struct model *model, struct reader *reader,
			  const struct kvl_record *record)
{
	reader->removed_ticket = record->ticket;
	reader->removed_site = record->site;
	forget_older(model, reader);
	list_remove(model, reader);
	list_add(model, reader, false);
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

/* --- flushes --------------------------------------------------------------------------------- */
/* While an entry is present a flush takes nothing away: the CPU may walk to it again at once. */
static void flush_place(struct model *model, u32 cpu, u64 space, u64 va, u32 level)
{
	u64 start = ALIGN_DOWN(va, pte_span(level));
	struct hash_node *node = hash_find(&model->readers, reader_key(space, start, level));

	for (; node; node = hash_again(node)) {
		struct reader *reader = (struct reader *)node;

		if (!is_present(reader))
			reader->dropped |= 1u << cpu;
	}
}

static void flush_page(struct model *model, u32 cpu, u64 va)
{
	u64 space = model->cpu[cpu].mm;

	for (u32 level = 1; level < PTE_LEVELS; level++) {
		flush_place(model, cpu, 0, va, level);
		if (space)
			flush_place(model, cpu, space, va, level);
	}
}

void model_tlb_flush(struct model *model, u32 cpu, u32 scope, u64 va, u64 ticket)
{
	if (scope == KVL_FLUSH_ALL)
		model->cpu[cpu].flushed_all = ticket;
	if (scope == KVL_FLUSH_ALL || scope == KVL_FLUSH_SPACE)
		model->cpu[cpu].flushed_space = ticket;
	else if (scope == KVL_FLUSH_PAGE && model->readers.count)
		flush_page(model, cpu, va);
}

/* --- the chip ---------------------------------------------------------------------------------- */
static void report_mapped(struct model *model, const struct kvl_record *command,
			  const struct reader *reader)
{
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

/*
 * Each translation is told once, present or for each CPU that may hold it: a later command would say
 * the same again.
 */
static void report_reader(struct model *model, const struct kvl_record *command,
			  struct reader *reader)
{
	bool held = false;

	list_remove(model, reader);
	list_add(model, reader, true);
	if (is_present(reader)) {
		report_mapped(model, command, reader);
		return;
	}
	for (u32 cpu = 0; cpu < KVL_MAX_CPUS; cpu++)
		if (holds(model, cpu, reader)) {
			report_holder(model, command, reader, cpu);
			held = true;
		}
	if (!held)
		forget(model, reader);
}

void model_flash_command(struct model *model, const struct kvl_record *record)
{
	struct chip_partition *partition = &model->partition[record->h[1] % MAX_PARTITIONS];

	while (model->untold)
		report_reader(model, record, model->untold);
	/* Until the chip says what: something runs there. */
	if (!is_running(partition->state))
		partition->state = KVL_FLASH_PROGRAM;
}

void model_flash_state(struct model *model, const struct kvl_record *record)
{
	model->partition[record->h[0] % MAX_PARTITIONS].state = (enum kvl_flash_state)record->a[1];
}

void model_flash_mode(struct model *model, const struct kvl_record *record)
{
	model->partition[record->h[0] % MAX_PARTITIONS].mode = (enum kvl_flash_mode)record->a[1];
}
