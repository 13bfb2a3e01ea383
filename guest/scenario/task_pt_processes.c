/* SPDX-License-Identifier: MIT */
/*
 * Owns the processes of task-pt (rows B5, B13): the loop of fork, exec and exit. Their pages have
 * direct addresses, so what differs from arm to arm is tables. How many flushes it took to reach
 * those follows from whose they were; init_mm's take one each where the arena is in highmem.
 */
#include "guest/scenario/family_run.h"
#include "guest/scenario/task_pt.h"

/* Flushes of pages that are not for tables: as many in all arms. */
static void report(const struct table_way *way, const struct table_uses *before, u64 flushes)
{
	struct table_uses uses;
	u64 own, other, kernel, for_tables;

	table_way_uses(&uses);
	own = uses.own_leaves + uses.own_upper - before->own_leaves - before->own_upper;
	other = uses.other_leaves + uses.other_upper - before->other_leaves - before->other_upper;
	kernel = uses.kernel - before->kernel;
	for_tables = !way->highmem || way->pool_slots ? 0 : way->in_ukva ? other : own + other;
	metric("own_uses", own);
	metric("own_leaf_uses", uses.own_leaves - before->own_leaves);
	metric("other_uses", other);
	metric("other_leaf_uses", uses.other_leaves - before->other_leaves);
	metric("kernel_uses", kernel);
	metric("table_flushes", for_tables + kernel);
	metric("other_flushes", flushes - for_tables - kernel);
}

void task_pt_processes(const struct table_way *way)
{
	struct family_run run = family_run_read();
	u64 flushes = count_total(COUNT_FLUSH_PAGE);
	struct table_uses before;

	run.lowmem = true;
	table_way_uses(&before);
	family_run(&run);
	report(way, &before, count_total(COUNT_FLUSH_PAGE) - flushes);
}
