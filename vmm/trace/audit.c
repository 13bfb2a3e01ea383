/* SPDX-License-Identifier: MIT */
/*
 * The audit: are the tables in guest memory those that the trace tells of? All vCPUs are stopped.
 * Three passes: every table that the trace knows, entry by entry; every table in memory that the
 * roots lead to, those of the spaces and those on which CPUs run; and the direct map. Guest memory
 * is untrusted: tables may be anywhere and lead in circles, so the second pass visits each frame of
 * the arena once per level, and no other frame.
 */
#include "vmm/trace/model_internal.h"

#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

struct audit {
	struct model *model;
	const struct audit_config *config;
	u64 compared;
	u8 *visited; /* per frame of the arena: bit per level */
	u64 nframes;
};

static bool read_table(const struct audit *audit, u64 table, u64 *entry)
{
	return gmem_read(audit->config->mem, gpa(table), entry, PTE_ENTRIES * sizeof(u64));
}

static bool in_arena(const struct audit *audit, u64 table)
{
	u64 offset = table - audit->config->layout->arena.start;

	return table >= audit->config->layout->arena.start &&
	       offset < audit->config->layout->arena.bytes;
}

/* --- first pass: tables that the trace knows -------------------------------------------------- */
/* A CPU stopped between ticket and commit: its store has happened or not, both are right. */
static bool is_pending(const struct audit *audit, u64 table, u32 index, u64 value)
{
	for (u32 i = 0; i < audit->config->npending; i++) {
		const struct kvl_record *record = &audit->config->pending[i];

		if (record->id == KVL_EV_PT_SET && record->a[1] == table && record->h[0] == index &&
		    record->a[3] == value)
			return true;
	}
	return false;
}

static void compare_table(struct audit *audit, const struct table *table)
{
	u64 at = table->by_gpa.key, entry[PTE_ENTRIES];

	if (!read_table(audit, at, entry)) {
		model_add_finding(audit->model, FINDING_FOREIGN_TABLE, 0,
				  "the trace has a table at %#llx, where there is no memory",
				  (ull)at);
		return;
	}
	audit->compared += PTE_ENTRIES;
	if (!memcmp(entry, table->entry, sizeof(entry)))
		return;
	for (u32 i = 0; i < PTE_ENTRIES; i++)
		if (entry[i] != table->entry[i] && !is_pending(audit, at, i, entry[i]))
			model_add_finding(
				audit->model, FINDING_UNREPORTED, 0,
				"entry %u of the level-%u table %#llx (mm %llu) is %#llx, "
				"but the trace says %#llx: an unreported write",
				i, table->level, (ull)at, (ull)table->mm, (ull)entry[i],
				(ull)table->entry[i]);
}

static void compare_known(struct audit *audit)
{
	struct hash_node *node = NULL;

	while ((node = hash_walk(&audit->model->tables, node)))
		compare_table(audit, (struct table *)node);
}

/* --- second pass: tables that the roots lead to ----------------------------------------------- */
/* True the first time that the table is met at this level. */
static bool first_visit(struct audit *audit, u64 at, u32 level)
{
	u64 frame = (at - audit->config->layout->arena.start) / PAGE_BYTES;
	u8 bit = (u8)(1u << level);

	if (frame >= audit->nframes || (audit->visited[frame] & bit))
		return false;
	audit->visited[frame] |= bit;
	return true;
}

static void check_known(struct audit *audit, u64 at, u32 level, u64 from, u32 index)
{
	const struct table *table = model_table(audit->model, at);

	if (!table)
		model_add_finding(
			audit->model, FINDING_UNREPORTED, 0,
			"entry %u of table %#llx leads to %#llx, which the trace does not "
			"know as a table",
			index, (ull)from, (ull)at);
	else if (table->level != level)
		model_add_finding(audit->model, FINDING_UNREPORTED, 0,
				  "entry %u of table %#llx uses %#llx as a table of level %u; the "
				  "trace says level %u",
				  index, (ull)from, (ull)at, level, table->level);
}

/*
 * Without its accessed bit, or a leaf without its dirty bit: a processor would set it, behind the
 * trace's back, and where tables are read-only (pt_trap.h) it could not.
 */
static void check_bits(struct audit *audit, u64 at, u32 level, u32 index, u64 entry)
{
	u64 needed = PTE_ACCESSED | (pte_is_leaf(entry, level) ? PTE_DIRTY : 0);

	if (pte_present(entry) && (entry & needed) != needed)
		model_add_finding(audit->model, FINDING_ACCESSED, 0,
				  "entry %u of the level-%u table %#llx (%#llx) lacks its %s bit",
				  index, level, (ull)at, (ull)entry,
				  entry & PTE_ACCESSED ? "dirty" : "accessed");
}

/* A hole's frames belong to somebody else: no mapping leads there, whoever's it is. */
static void check_holes(struct audit *audit, u64 at, u32 level, u32 index, u64 entry)
{
	const struct kvl_layout *layout = audit->config->layout;
	u64 bytes = pte_span(level), start = ALIGN_DOWN(entry & PTE_FRAME, bytes);

	if (!pte_present(entry) || !pte_is_leaf(entry, level))
		return;
	for (u32 i = 0; i < layout->nholes; i++)
		if (start < layout->hole[i].start + layout->hole[i].bytes &&
		    layout->hole[i].start < start + bytes)
			model_add_finding(
				audit->model, FINDING_HOLE, 0,
				"entry %u of the level-%u table %#llx (%#llx) maps the hole at %#llx",
				index, level, (ull)at, (ull)entry, (ull)layout->hole[i].start);
}

/* Bounded: four levels deep, each (frame, level) once. */
static void follow_table(struct audit *audit, u64 at, u32 level)
{
	u64 entry[PTE_ENTRIES];

	if (!first_visit(audit, at, level) || !read_table(audit, at, entry))
		return;
	for (u32 i = 0; i < PTE_ENTRIES; i++) {
		u64 next = pte_table_gpa(entry[i]);

		check_bits(audit, at, level, i, entry[i]);
		check_holes(audit, at, level, i, entry[i]);
		if (!pte_present(entry[i]) || pte_is_leaf(entry[i], level))
			continue;
		if (!in_arena(audit, next)) {
			model_add_finding(audit->model, FINDING_FOREIGN_TABLE, 0,
					  "entry %u of the level-%u table %#llx (%#llx) leads to a "
					  "table outside the arena",
					  i, level, (ull)at, (ull)entry[i]);
			continue;
		}
		check_known(audit, next, level - 1, at, i);
		follow_table(audit, next, level - 1);
	}
}

static void follow_roots(struct audit *audit)
{
	struct hash_node *node = NULL;

	while ((node = hash_walk(&audit->model->spaces, node))) {
		u64 root = ((struct space *)node)->root;
		const struct table *table = model_table(audit->model, root);

		if (!in_arena(audit, root))
			model_add_finding(audit->model, FINDING_FOREIGN_TABLE, 0,
					  "the root %#llx of mm %llu lies outside the arena",
					  (ull)root, (ull)node->key);
		else if (!table || table->level != PTE_LEVELS)
			model_add_finding(audit->model, FINDING_UNKNOWN_TABLE, 0,
					  "the root %#llx of mm %llu was never allocated as a root",
					  (ull)root, (ull)node->key);
		follow_table(audit, root, PTE_LEVELS);
	}
}

/*
 * A CPU with a soft TLB walks that one's tables from its first report of a root on; the roots of
 * spaces it loads no more. The report comes before the load: it may have been stopped in between.
 */
static bool runs_soft(const struct audit *audit, const struct audit_cpu *running)
{
	const struct cpu_state *state = &audit->model->cpu[running->cpu];
	bool may_be_first = state->just_loaded && !state->loaded_before && !running->at_rest;

	if (running->root == running->soft_root)
		return state->loaded;
	return (!state->loaded || may_be_first) &&
	       running->root == model_cpu_root(audit->model, running->cpu);
}

/* The report of a load comes before the load: a CPU may have been stopped in between. */
static bool runs_as_told(const struct audit *audit, const struct audit_cpu *running)
{
	const struct cpu_state *state = &audit->model->cpu[running->cpu];

	if (running->soft_root)
		return runs_soft(audit, running);
	return running->root == model_cpu_root(audit->model, running->cpu) ||
	       (state->just_loaded && !running->at_rest && running->root == state->root_before);
}

static void not_as_told(const struct audit *audit, const struct audit_cpu *running)
{
	u64 told = running->soft_root ? running->soft_root
				      : model_cpu_root(audit->model, running->cpu);

	model_add_finding(audit->model, FINDING_UNREPORTED, 0,
			  "CPU %u runs on root %#llx, %s %#llx: an unreported root load",
			  running->cpu, (ull)running->root,
			  running->soft_root ? "its soft TLB's is" : "the trace says", (ull)told);
}

/*
 * A soft TLB is a cache of these tables, and may be stale: what it should hold is known otherwise.
 */
static void follow_running(struct audit *audit)
{
	for (u32 i = 0; i < audit->config->nrunning; i++) {
		const struct audit_cpu *running = &audit->config->running[i];
		bool told = runs_as_told(audit, running);

		if (!told)
			not_as_told(audit, running);
		else if (running->root == running->soft_root) {
			audit->compared +=
				model_audit_soft(audit->model, audit->config->mem, running);
			continue;
		}
		if (in_arena(audit, running->root))
			follow_table(audit, running->root, PTE_LEVELS);
		else
			model_add_finding(audit->model, FINDING_FOREIGN_TABLE, 0,
					  "CPU %u runs on root %#llx outside the arena",
					  running->cpu, (ull)running->root);
	}
}

/* --- third pass: the direct map --------------------------------------------------------------- */
struct leaf {
	u64 entry; /* 0: nothing is mapped */
	u64 start; /* first address that it, or the hole in the tables, covers */
	u64 bytes;
};

static struct leaf find_leaf(const struct audit *audit, u64 root, u64 va)
{
	u64 table = root, entry = 0;
	u32 level = PTE_LEVELS;

	for (;; level--) {
		u64 at = table + pte_index(va, level) * sizeof(u64);

		if (!in_arena(audit, table) ||
		    !gmem_read(audit->config->mem, gpa(at), &entry, sizeof(entry)))
			entry = 0;
		if (!pte_present(entry) || pte_is_leaf(entry, level))
			break;
		table = pte_table_gpa(entry);
	}
	return (struct leaf){ pte_present(entry) ? entry : 0, ALIGN_DOWN(va, pte_span(level)),
			      pte_span(level) };
}

static const struct kvl_piece *piece_at(const struct kvl_layout *layout, u64 va)
{
	for (u32 i = 0; i < layout->nlowmem; i++)
		if (va - layout->lowmem[i].va < layout->lowmem[i].bytes)
			return &layout->lowmem[i];
	return NULL;
}

/* All of it; in an intermixed layout also inside lowmem. */
static bool is_vmalloc(const struct kvl_layout *layout, const struct leaf *leaf)
{
	for (u32 i = 0; i < layout->nvmalloc; i++) {
		u64 offset = leaf->start - layout->vmalloc[i].start;

		if (offset < layout->vmalloc[i].bytes)
			return leaf->bytes <= layout->vmalloc[i].bytes - offset;
	}
	return false;
}

static void check_leaf(struct audit *audit, const struct leaf *leaf)
{
	const struct kvl_piece *piece = piece_at(audit->config->layout, leaf->start);
	u64 start = ALIGN_DOWN(leaf->entry & PTE_FRAME, leaf->bytes);
	u64 offset = piece ? leaf->start - piece->va : 0;

	if (!piece && is_vmalloc(audit->config->layout, leaf))
		return;
	if (!piece)
		model_add_finding(audit->model, FINDING_DIRECT_MAP, 0,
				  "the direct map's leaf at va %#llx maps [%#llx, %#llx), where no "
				  "RAM belongs",
				  (ull)leaf->start, (ull)start, (ull)(start + leaf->bytes));
	else if (start != piece->gpa + offset)
		model_add_finding(
			audit->model, FINDING_DIRECT_MAP, 0,
			"the direct map has gpa %#llx at va %#llx, where gpa %#llx belongs",
			(ull)start, (ull)leaf->start, (ull)(piece->gpa + offset));
	else if (leaf->bytes > piece->bytes - offset)
		model_add_finding(audit->model, FINDING_DIRECT_MAP, 0,
				  "the direct map's leaf at va %#llx maps [%#llx, %#llx), which is "
				  "not all usable RAM",
				  (ull)leaf->start, (ull)start, (ull)(start + leaf->bytes));
}

/* Nothing is mapped at [start, end): is there RAM that should be? */
static void check_unmapped(struct audit *audit, u64 start, u64 end)
{
	const struct kvl_layout *layout = audit->config->layout;

	for (u32 i = 0; i < layout->nlowmem; i++) {
		const struct kvl_piece *piece = &layout->lowmem[i];
		u64 from = piece->va > start ? piece->va : start;
		u64 to = piece->va + piece->bytes < end ? piece->va + piece->bytes : end;

		if (from < to)
			model_add_finding(
				audit->model, FINDING_DIRECT_MAP, 0,
				"usable RAM [%#llx, %#llx) is missing from the direct map",
				(ull)(from - piece->va + piece->gpa),
				(ull)(to - piece->va + piece->gpa));
	}
}

static void check_direct_map(struct audit *audit, u64 root)
{
	const struct kvl_range *lowmem = &audit->config->layout->region[KVL_REGION_LOWMEM];
	u64 end = lowmem->start + lowmem->bytes, unmapped = lowmem->start;

	for (u64 at = unmapped; at < end;) {
		struct leaf leaf = find_leaf(audit, root, at);

		if (leaf.entry) {
			check_unmapped(audit, unmapped, at);
			check_leaf(audit, &leaf);
		}
		at = leaf.start + leaf.bytes;
		if (leaf.entry)
			unmapped = at;
	}
	check_unmapped(audit, unmapped, end);
}

u64 model_audit(struct model *model, const struct audit_config *config)
{
	struct audit audit = { .model = model, .config = config };
	const struct space *kernel = model_space(model, 0);

	if (model->incomplete)
		return 0;
	audit.nframes = config->layout->arena.bytes / PAGE_BYTES;
	audit.visited = calloc(audit.nframes ? audit.nframes : 1, 1);
	if (!audit.visited) {
		model_add_finding(model, FINDING_UNREPORTED, 0,
				  "the audit did not take place: out of memory");
		return 0;
	}
	compare_known(&audit);
	follow_roots(&audit);
	follow_running(&audit);
	if (kernel && model->booted)
		check_direct_map(&audit, kernel->root);
	else if (!kernel)
		model_add_finding(model, FINDING_DIRECT_MAP, 0,
				  "there is no init_mm to audit: its direct map was not looked at");
	free(audit.visited);
	return audit.compared;
}
