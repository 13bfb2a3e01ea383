/* SPDX-License-Identifier: MIT */
/*
 * Arm ukva: the proposal (Bligh 2002, its first use; seed rows B3, B5). A task's own tables stand
 * in its own kernel space, each at the same address in all spaces, so that no more addresses are
 * used up than one task's tables need, and a table is reached by them without a flush. Another
 * task's tables, a fork's child's among them, are mapped for each use as highpte does.
 */
#include "guest/mm/ukva.h"
#include "guest/scenario/task_pt.h"

static u64 own_address(const struct table *table)
{
	return table_is_own(table) ? ukva_table_address(table) : 0;
}

static u64 map(const struct table *table)
{
	u64 own = own_address(table);

	return own ? own : table_map_here(table->gpa);
}

static void unmap(const struct table *table)
{
	if (!own_address(table))
		table_unmap_here();
}

static u64 address_bytes(u64 tables)
{
	(void)tables;
	return layout.region[KVL_REGION_UKVA].bytes + boot_options.ncpus * PAGE_BYTES;
}

/* Each table that is made is entered by one entry more, of a table that a walk finds; and a
 * directory's leaf tables stand in a table of ukva, which is made, linked and entered like them. */
static void predict(const struct table_work *work, struct table_forms *forms)
{
	u64 windows = work->directories, made = work->leaf_tables + work->directories + windows;

	table_forms_of_work(work, forms);
	forms->entries += windows + made;
	forms->uses_of_upper += windows + (ARCH_PT_LEVELS - 1) * made;
	forms->uses_of_leaves += made;
}

const struct table_way task_pt_ukva FAULT_TABLE = {
	.highmem = true,
	.map = map,
	.unmap = unmap,
	.made = ukva_table_enter,
	.ends = ukva_tables_leave,
	.address_bytes = address_bytes,
	.more_tables = 2, /* of the window, and of the slots */
	.predict = predict,
};
