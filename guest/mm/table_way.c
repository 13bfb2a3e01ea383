/* SPDX-License-Identifier: MIT */
/* Owns which way to the tables of spaces is chosen, and how often it was gone. */
#include "guest/mm/table_way.h"

#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/mm/fault.h"
#include "guest/mm/pt.h"

const struct table_way *table_way;
void (*table_made)(const struct table *table);
void (*tables_end)(struct mm *mm);

static struct {
	u64 n[2][2]; /* own, leaf */
	u64 kernel;
} uses_of[KVL_MAX_CPUS];

static void no_spaces(void)
{
	if (mm_list_lock())
		panic("space in use", "another way to page tables, and there are spaces");
	mm_list_unlock();
}

void table_way_start(const struct table_way *way)
{
	bool highmem = layout.arena.start >= layout.lowmem_end_gpa;

	no_spaces();
	fault_table_check(way, "the arm's ops");
	if (way->highmem != highmem)
		panic("arena misplaced", "this way is for page tables in %s",
		      way->highmem ? "highmem" : "lowmem");
	for (u32 cpu = 0; cpu < KVL_MAX_CPUS; cpu++)
		memset(&uses_of[cpu], 0, sizeof(uses_of[cpu]));
	if (way->start)
		way->start();
	table_way = way;
	table_made = way->made;
	tables_end = way->ends;
}

void table_way_stop(void)
{
	no_spaces();
	if (table_way->stop)
		table_way->stop();
	table_way = NULL;
	table_made = NULL;
	tables_end = NULL;
}

u64 table_way_map(const struct table *table)
{
	uses_of[cpu_id()].n[table_is_own(table)][table->level == 1]++;
	return table_way->map(table);
}

void table_way_note_kernel(void)
{
	uses_of[cpu_id()].kernel++;
}

void table_way_uses(struct table_uses *uses)
{
	*uses = (struct table_uses){ 0 };
	for (u32 cpu = 0; cpu < KVL_MAX_CPUS; cpu++) {
		uses->own_leaves += uses_of[cpu].n[true][true];
		uses->own_upper += uses_of[cpu].n[true][false];
		uses->other_leaves += uses_of[cpu].n[false][true];
		uses->other_upper += uses_of[cpu].n[false][false];
		uses->kernel += uses_of[cpu].kernel;
	}
}

void table_forms_of_work(const struct table_work *work, struct table_forms *forms)
{
	u64 made = work->leaf_tables + work->directories;

	*forms = (struct table_forms){
		.uses_of_leaves = work->pages,
		.uses_of_upper = work->pages + made + 2 * work->directories,
		.entries = work->pages + made,
	};
}
