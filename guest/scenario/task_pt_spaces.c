/* SPDX-License-Identifier: MIT */
/*
 * Owns the sweep over spaces (row B3): how many tables they have, and how much kernel space it takes
 * to reach these. Nobody runs in them: a space is what a task's tables hang in.
 */
#include "guest/scenario/task_pt.h"

#include "guest/mm/pt.h"
#include "guest/trace.h"

static struct mm *make_space(struct page *page)
{
	struct mm *mm = mm_create();

	mm_get(mm);
	task_pt_area(mm, page, PAGE_BYTES);
	pt_map_new(mm, TASK_PT_VA, page_gpa(page), PROT_USER, SITE("task_pt.space"));
	return mm;
}

/* The root and one below, a directory of user space and a leaf table; one of the kernel's, if it is
 * not init_mm's. */
static u64 tables_of_a_space(const struct table_way *way)
{
	return 4 + !pt_directories_are_shared() + way->more_tables;
}

void task_pt_spaces(const struct table_way *way, u32 n)
{
	struct mm **mm = lowmem_array(n, sizeof(struct mm *));
	struct page *page = task_pt_page_make();
	u64 before = pt_tables_in_use(), tables;

	for (u32 i = 0; i < n; i++)
		mm[i] = make_space(page);
	tables = pt_tables_in_use() - before;
	check_equal("spaces.tables", tables, n * tables_of_a_space(way));
	metric("tables", tables);
	metric("table_bytes", tables * PAGE_BYTES);
	metric("table_address_bytes", way->address_bytes(tables));
	for (u32 i = 0; i < n; i++) {
		pt_unmap(mm[i], TASK_PT_VA, PAGE_BYTES, SITE("task_pt.space"));
		mm_put(mm[i]);
	}
	check_equal("spaces.tables_left", pt_tables_in_use() - before, 0);
	page_free(page);
	lowmem_array_free(mm);
}
