/* SPDX-License-Identifier: MIT */
/*
 * Seed row W5: when a chip is commanded to program or erase, no CPU may still hold a translation to
 * it, and none may be made until it can be read again. Needs no event of use: a CPU may hold any
 * translation that was present while it ran a space that reaches it, until it flushes it.
 *
 * Present translations are followed here, those that were removed, and who may still hold them, in
 * model_stale.c.
 */
#include "vmm/trace/model_internal.h"

#include <stdio.h>
#include <stdlib.h>

typedef unsigned long long ull;

/* --- what is a reader ------------------------------------------------------------------------ */
bool model_is_reader(const struct model *model, u64 entry, u32 level)
{
	u64 start, end = model->config.flash.gpa + model->config.flash.bytes;

	if (!model->config.flash.bytes || !pte_present(entry) || !pte_is_leaf(entry, level) ||
	    pte_uncached(entry))
		return false;
	start = pte_gpa(entry, level);
	return start < end && start + pte_span(level) > model->config.flash.gpa;
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

static void add_reader(struct model *model, struct table *table, u32 index,
		       const struct change *change)
{
	u64 room = 4 * (model->config.flash.bytes / PAGE_BYTES + 1);
	struct reader *reader = NULL;

	room = room < MAX_READERS ? room : MAX_READERS;
	if (!table->reader)
		table->reader = calloc(PTE_ENTRIES, sizeof(struct reader *));
	if (table->reader && model->nreaders < room)
		reader = calloc(1, sizeof(*reader));
	if (!reader) {
		model_overflow(model, change->ticket, "mappings of the chip");
		return;
	}
	model->nreaders++;
	reader->va = change->va;
	reader->mm = table->mm;
	reader->set_ticket = change->ticket;
	reader->set_site = change->site;
	LIST_INSERT_HEAD(&model->untold, reader, others);
	table->reader[index] = reader;
}

struct reader *model_chip_unmapped(struct model *model, struct table *table, u32 index)
{
	struct reader *reader = table->reader ? table->reader[index] : NULL;

	if (!reader)
		return NULL;
	LIST_REMOVE(reader, others);
	model->nreaders--;
	table->reader[index] = NULL;
	return reader;
}

void model_chip_mapped(struct model *model, struct table *table, u32 index,
		       const struct change *change)
{
	if (!model_is_reader(model, change->new, table->level))
		return;
	if (!chip_is_array(model) || model->chip_session)
		model_add_finding(model, FINDING_CHIP_MAPPED, change->ticket,
				  "%s maps va %#llx to the chip (gpa %#llx) while %s",
				  model_site(model, change->site), (ull)change->va,
				  (ull)pte_gpa(change->new, table->level),
				  chip_is_array(model) ? "a session may command it"
						       : "the chip does not return its array");
	add_reader(model, table, index, change);
}

static void free_list(struct readers *readers)
{
	struct reader *reader;

	while ((reader = LIST_FIRST(readers))) {
		LIST_REMOVE(reader, others);
		free(reader);
	}
}

void model_readers_free(struct model *model)
{
	free_list(&model->told);
	free_list(&model->untold);
}

/* --- the chip --------------------------------------------------------------------------------- */
/* What nobody may reach the chip for: a command, or the guest's mark that some follow. */
struct order {
	u64 ticket;
	char text[64];
};

static void report_mapped(struct model *model, const struct order *order,
			  const struct reader *reader)
{
	struct finding *finding;

	finding = model_add_finding(model, FINDING_CHIP_COMMAND, order->ticket,
				    "%s: va %#llx of mm %llu is still mapped to the "
				    "chip (set by %s at ticket %llu)",
				    order->text, (ull)reader->va, (ull)reader->mm,
				    model_site(model, reader->set_site), (ull)reader->set_ticket);
	if (finding)
		finding->cause = reader->set_ticket;
}

static void report_holder(struct model *model, const struct order *order, const struct stale *stale,
			  u32 cpu)
{
	struct finding *finding;

	finding = model_add_finding(
		model, FINDING_CHIP_COMMAND, order->ticket,
		"%s: CPU %u %s va %#llx of mm %llu (set by %s at "
		"ticket %llu, removed by %s at ticket %llu, no flush of it on CPU %u "
		"since)",
		order->text, cpu, stale->soft ? "still holds" : "may still hold",
		(ull)stale->place.va, (ull)stale->mm, model_site(model, stale->set_site),
		(ull)stale->set_ticket, model_site(model, stale->removed_site),
		(ull)stale->removed_ticket, cpu);
	if (finding)
		finding->cause = stale->removed_ticket;
}

/* Not what is held under a tag that is not loaded: its flush comes with the load (tlb_tags.c of the
 * guest). */
static bool can_use(const struct model *model, const struct stale *stale, u32 cpu)
{
	return !stale->soft ||
	       model_soft_entry(model, cpu, stale->place.va, stale->place.level) == stale->entry;
}

/*
 * Each translation is told once, present or for each CPU that may hold it: a later command would
 * say the same again.
 */
static void report_stale(struct model *model, const struct order *order, struct stale *stale)
{
	model_chip_judged(stale);
	for (u32 cpus = stale->held; cpus; cpus &= cpus - 1)
		if (can_use(model, stale, (u32)__builtin_ctz(cpus)))
			report_holder(model, order, stale, (u32)__builtin_ctz(cpus));
}

static void report_reader(struct model *model, const struct order *order, struct reader *reader)
{
	LIST_REMOVE(reader, others);
	LIST_INSERT_HEAD(&model->told, reader, others);
	report_mapped(model, order, reader);
}

static void must_be_unreachable(struct model *model, const struct order *order)
{
	while (!LIST_EMPTY(&model->untold))
		report_reader(model, order, LIST_FIRST(&model->untold));
	while (!LIST_EMPTY(&model->chip_stales))
		report_stale(model, order, LIST_FIRST(&model->chip_stales));
	model_needed_command(model, order->ticket);
}

void model_flash_command(struct model *model, const struct kvl_record *record)
{
	struct chip_partition *partition = &model->partition[record->h[1] % MAX_PARTITIONS];
	struct order order = { .ticket = record->ticket };

	snprintf(order.text, sizeof(order.text), "command %#llx at gpa %#llx", (ull)record->a[1],
		 (ull)record->a[0]);
	must_be_unreachable(model, &order);
	/* Until the chip says what: something runs there. */
	if (!is_running(partition->state))
		partition->state = KVL_FLASH_PROGRAM;
}

/*
 * The guest's word that commands follow, and that no more do: with engine qemu, whose chip is not
 * ours, the only one.
 */
void model_flash_mark(struct model *model, const struct kvl_record *record)
{
	struct order order = { .ticket = record->ticket };

	if (record->h[0] == KVL_FLASH_ARRAY)
		model->chip_session = false;
	if (record->h[0] != KVL_FLASH_WRITING)
		return;
	model->chip_session = true;
	snprintf(order.text, sizeof(order.text), "session on the chip at gpa %#llx",
		 (ull)record->a[0]);
	must_be_unreachable(model, &order);
}

void model_flash_state(struct model *model, const struct kvl_record *record)
{
	model->partition[record->h[0] % MAX_PARTITIONS].state = (enum kvl_flash_state)record->a[1];
}

void model_flash_mode(struct model *model, const struct kvl_record *record)
{
	model->partition[record->h[0] % MAX_PARTITIONS].mode = (enum kvl_flash_mode)record->a[1];
}
