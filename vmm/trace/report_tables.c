/* SPDX-License-Identifier: MIT */
/*
 * Owns the page tables of the report and their walk. Events are untrusted: a walk goes down one
 * level with each table, only into tables of the space itself, and ends after so many of them.
 */
#include "vmm/trace/report_tables.h"

#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/vmm/pte.h"
#include "vmm/trace/hash.h"
#include "vmm/trace/report_text.h"

#define MOST_TABLES 65536u
#define MOST_SPACES 4096u
#define MOST_RUNS 8192u
#define MOST_VISITS (4 * MOST_TABLES)
#define WATCHED_PAGES (GiB(4) / PAGE_BYTES)

/* What makes two pages different to the eye; not accessed and dirty. */
#define SHOWN_BITS                                                                               \
	(PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_WRITE_THROUGH | PTE_UNCACHED | PTE_GLOBAL | \
	 PTE_NO_EXEC)

struct table {
	struct hash_node by_gpa; /* first: the hash frees it */
	u32 level;
	u64 mm;
	u64 entry[PTE_ENTRIES];
};

struct space {
	struct hash_node by_mm; /* first */
	u64 root;
};

struct report_tables {
	struct hash tables, spaces;
	u64 chip_gpa, chip_bytes;
	bool watched;
	u8 touched[WATCHED_PAGES]; /* enum report_touched, of all mappings of the page */
};

struct report_tables *report_tables_create(u64 chip_gpa, u64 chip_bytes)
{
	struct report_tables *tables = calloc(1, sizeof(*tables));

	if (!tables)
		return NULL;
	tables->chip_gpa = chip_gpa;
	tables->chip_bytes = chip_bytes;
	return tables;
}

void report_tables_destroy(struct report_tables *tables)
{
	if (!tables)
		return;
	hash_free(&tables->tables);
	hash_free(&tables->spaces);
	free(tables);
}

void report_tables_watch(struct report_tables *tables)
{
	tables->watched = true;
}

/* --- events ----------------------------------------------------------------------------------- */
/* Another one of this key, zeroed, instead of what there was; NULL: there are too many. */
static void *renew(struct hash *hash, u64 key, size_t bytes, u32 most)
{
	struct hash_node *node = hash_find(hash, key);

	if (node) {
		hash_remove(hash, node);
		free(node);
	}
	node = hash->count < most ? calloc(1, bytes) : NULL;
	if (node && hash_add(hash, node, key))
		return node;
	free(node);
	return NULL;
}

static void forget(struct hash *hash, u64 key)
{
	struct hash_node *node = hash_find(hash, key);

	if (!node)
		return;
	hash_remove(hash, node);
	free(node);
}

static void alloc_table(struct report_tables *tables, const struct kvl_record *record)
{
	struct table *table = renew(&tables->tables, record->a[0], sizeof(*table), MOST_TABLES);

	if (!table)
		return;
	table->level = record->h[1];
	table->mm = record->a[1];
}

static void create_space(struct report_tables *tables, const struct kvl_record *record)
{
	struct space *space = renew(&tables->spaces, record->a[0], sizeof(*space), MOST_SPACES);

	if (space)
		space->root = record->a[1];
}

static u8 kind_of(const struct report_tables *tables, u64 entry)
{
	bool chip = pte_gpa(entry, 1) - tables->chip_gpa < tables->chip_bytes;

	return (u8)(chip ? TOUCHED_CHIP : TOUCHED_MEMORY) |
	       (pte_uncached(entry) ? TOUCHED_UNCACHED : 0);
}

static void touch(struct report_tables *tables, const struct kvl_record *record)
{
	u64 page = record->a[0] / PAGE_BYTES, entry = record->a[3];

	if (tables->watched && record->h[1] == 1 && record->a[4] == 0 && pte_present(entry) &&
	    page < WATCHED_PAGES)
		tables->touched[page] |= kind_of(tables, entry);
}

static void set_entry(struct report_tables *tables, const struct kvl_record *record)
{
	struct table *table = (struct table *)hash_find(&tables->tables, record->a[1]);

	if (table && record->h[0] < PTE_ENTRIES)
		table->entry[record->h[0]] = record->a[3];
	touch(tables, record);
}

void report_tables_put(struct report_tables *tables, const struct kvl_record *record)
{
	switch (record->id) {
	case KVL_EV_TABLE_ALLOC: alloc_table(tables, record); break;
	case KVL_EV_TABLE_FREE: forget(&tables->tables, record->a[0]); break;
	case KVL_EV_MM_CREATE: create_space(tables, record); break;
	case KVL_EV_MM_DESTROY: forget(&tables->spaces, record->a[0]); break;
	case KVL_EV_PT_SET: set_entry(tables, record); break;
	}
}

/* --- the walk --------------------------------------------------------------------------------- */
struct walk {
	const struct report_tables *tables;
	FILE *out;
	u64 mm, end_va; /* leaves from end_va on are left out */
	u32 visits, runs;
	struct run {
		u64 va, bytes, gpa, entry, next_gpa;
		bool scattered;
	} run; /* bytes 0: none yet */
};

static void end_run(struct walk *walk)
{
	const struct run *run = &walk->run;

	if (!run->bytes)
		return;
	if (walk->runs++ < MOST_RUNS) {
		fprintf(walk->out, "%s[%llu,", walk->runs > 1 ? "," : "",
			(unsigned long long)walk->mm);
		report_hex(walk->out, run->va);
		fprintf(walk->out, ",%llu,", (unsigned long long)run->bytes);
		report_hex(walk->out, run->gpa);
		fputc(',', walk->out);
		report_hex(walk->out, run->entry);
		fprintf(walk->out, ",%d]", run->scattered);
	}
	walk->run.bytes = 0;
}

static void add_leaf(struct walk *walk, u64 va, u64 entry, u32 level)
{
	u64 bytes = pte_span(level), gpa = pte_gpa(entry, level), shown = entry & SHOWN_BITS;
	struct run *run = &walk->run;

	if (!run->bytes || run->va + run->bytes != va || run->entry != shown) {
		end_run(walk);
		*run = (struct run){ va, bytes, gpa, shown, gpa + bytes, false };
		return;
	}
	run->scattered = run->scattered || run->next_gpa != gpa;
	run->next_gpa = gpa + bytes;
	run->bytes += bytes;
}

static void walk_table(struct walk *walk, const struct table *table, u64 base)
{
	if (walk->visits++ >= MOST_VISITS)
		return;
	for (u32 i = 0; i < PTE_ENTRIES; i++) {
		u64 entry = table->entry[i], va = base + i * pte_span(table->level);
		const struct table *next;

		if (!pte_present(entry) || va >= walk->end_va)
			continue;
		if (pte_is_leaf(entry, table->level)) {
			add_leaf(walk, va, entry, table->level);
			continue;
		}
		next = (const struct table *)hash_find(&walk->tables->tables, pte_table_gpa(entry));
		if (next && next->level + 1 == table->level && next->mm == walk->mm)
			walk_table(walk, next, va);
	}
}

static void walk_space(struct walk *walk, const struct space *space, u64 kernel_start)
{
	const struct table *root =
		(const struct table *)hash_find(&walk->tables->tables, space->root);

	walk->mm = space->by_mm.key;
	walk->end_va = walk->mm && kernel_start ? kernel_start : UINT64_MAX;
	if (root && root->level == PTE_LEVELS)
		walk_table(walk, root, 0);
	end_run(walk);
}

void report_tables_write(const struct report_tables *tables, u64 kernel_start, FILE *out)
{
	struct walk walk = { .tables = tables, .out = out };
	const struct hash_node *node = NULL;

	fputs("{\"runs\":[", out);
	while ((node = hash_walk(&tables->spaces, node)))
		walk_space(&walk, (const struct space *)node, kernel_start);
	fprintf(out, "],\"cut\":%s}",
		walk.runs > MOST_RUNS || walk.visits > MOST_VISITS ? "true" : "false");
}

static u8 touched(const struct report_tables *tables, u64 page)
{
	return page < WATCHED_PAGES ? tables->touched[page] : 0;
}

void report_tables_touched(const struct report_tables *tables, FILE *out)
{
	const char *comma = "";
	u32 runs = 0;

	fputc('[', out);
	for (u64 page = 0, n; page < WATCHED_PAGES && runs < MOST_RUNS; page += n) {
		u8 kind = touched(tables, page);

		for (n = 1; kind && touched(tables, page + n) == kind;)
			n++;
		if (!kind)
			continue;
		fprintf(out, "%s[", comma);
		report_hex(out, page * PAGE_BYTES);
		fprintf(out, ",%llu,%u]", (unsigned long long)(n * PAGE_BYTES), kind);
		comma = ",";
		runs++;
	}
	fputc(']', out);
}
