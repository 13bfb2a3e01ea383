/* SPDX-License-Identifier: MIT */
/*
 * Arm ukva: the proposal (Bligh 2002, its first use; seed rows B3, B5). A task's own tables stand
 * in its own kernel space, each at the same address in all spaces, so that no more addresses are
 * used up than one task's tables need, and a table is reached by them without a flush. Another
 * task's tables, a fork's child's among them, are mapped for each use as highpte does.
 */
#include "guest/mm/pt.h"
#include "guest/mm/ukva.h"
#include "guest/scenario/task_pt.h"

static void start(void)
{
	if (pt_directories_are_shared() && ukva_region()->start >= layout.page_offset)
		usage_failure("switch=entry: what is carved from the kernel's side hangs in "
			      "directories that each space needs for itself: switch=table, or "
			      "carve=user");
}

static u64 map(const struct table *table)
{
	u64 own = table_is_own(table) ? ukva_table_address(table) : 0;

	return own ? own : table_map_here(table->gpa);
}

static void unmap(u64 address)
{
	if (!is_ukva(address))
		table_unmap_here();
}

static u64 address_bytes(u64 tables)
{
	(void)tables;
	return ukva_region()->bytes + boot_options.ncpus * PAGE_BYTES;
}

/* Each table that is made is entered by one entry more; and the leaf tables of a GiB stand in a
 * table of ukva, which is made for them: by a walk, linked and entered. */
static void predict(const struct table_work *work, struct table_forms *forms)
{
	u64 windows = work->gibs, made = work->leaf_tables + work->directories + windows;

	table_forms_of_work(work, forms);
	forms->entries += windows + made;
	forms->uses_of_upper += 2 * windows;
	forms->uses_of_leaves += made;
}

const struct table_way task_pt_ukva FAULT_TABLE = {
	.highmem = 1,
	.start = start,
	.map = map,
	.unmap = unmap,
	.made = ukva_table_enter,
	.ends = ukva_tables_leave,
	.address_bytes = address_bytes,
	.in_ukva = true,
	.predict = predict,
};
