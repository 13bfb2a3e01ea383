/* SPDX-License-Identifier: MIT */
/*
 * Owns what stands in a cell of a comparison's table: what a run says of itself, counted, or is as
 * a multiple of the base arm's (--base). Which rows there are, and how wide: compare_table.c.
 */
#include "vmm/cli/compare_cell.h"

#include <string.h>

const char *compare_host_field(const struct column *column, const char *key)
{
	const json_t *host = json_object_get(column->result, "host");

	return json_string_value(json_object_get(host, key));
}

/* Narrow: "soft 64 fifo pcid" */
static void tlb_cell(const struct column *column, char *cell, size_t bytes)
{
	const struct run_tlb *tlb = &column->tlb;

	snprintf(cell, bytes, "hw");
	if (tlb->entries)
		snprintf(cell, bytes, "soft %u %s%s", tlb->entries,
			 run_tlb_policy_names[tlb->policy], tlb->pcid ? " pcid" : "");
}

static void head_cell(const struct column *column, const char *name, char *cell, size_t bytes)
{
	if (strcmp(name, "host") == 0)
		snprintf(cell, bytes, "%s", compare_host_name(column->host));
	else if (strcmp(name, "arm") == 0)
		snprintf(cell, bytes, "%s", column->arm ? column->arm : "-");
	else if (strcmp(name, "vCPUs") == 0)
		snprintf(cell, bytes, "%u", column->cpus);
	else if (strcmp(name, "tlb") == 0)
		tlb_cell(column, cell, bytes);
	else if (strcmp(name, "exit") == 0)
		snprintf(cell, bytes, "%d", (int)column->status);
	else
		snprintf(cell, bytes, "%s", compare_host_field(column, name));
}

/*
 * The run that @column is held against: of the base arm, on the same host, with as many vCPUs, TLB.
 * One that did not end well stopped somewhere: its counts are no unit for others.
 */
static const struct column *base_of(const struct comparison *comparison,
				    const struct column *column)
{
	for (u32 i = 0; i < comparison->ncolumns; i++) {
		const struct column *base = &comparison->column[i];

		if (base->state == COLUMN_RAN && base->status == EXIT_OK &&
		    base->host == column->host && base->cpus == column->cpus &&
		    run_tlb_equal(&base->tlb, &column->tlb) &&
		    strcmp(base->arm, comparison->options->base) == 0)
			return base;
	}
	return NULL;
}

/* "-": one of both is not there, or the base has not ended well, or is 0 and has no multiples. */
static void factor_cell(const struct comparison *comparison, const struct column *column,
			const struct row *row, char *cell, size_t bytes)
{
	const char *kind = row->kind == ROW_COUNT_FACTOR ? "counts" : "metrics";
	const struct column *base = base_of(comparison, column);
	json_int_t value, unit;

	snprintf(cell, bytes, "-");
	if (base && compare_value(column, kind, row->name, &value) &&
	    compare_value(base, kind, row->name, &unit) && unit)
		snprintf(cell, bytes, "%.2f", (double)value / (double)unit);
}

void compare_cell(const struct comparison *comparison, const struct column *column,
		  const struct row *row, char *cell, size_t bytes)
{
	json_int_t value;

	if (row->kind == ROW_HEAD)
		head_cell(column, row->name, cell, bytes);
	else if (row->kind == ROW_COUNT_FACTOR || row->kind == ROW_METRIC_FACTOR)
		factor_cell(comparison, column, row, cell, bytes);
	else if (compare_value(column, row->kind == ROW_COUNT ? "counts" : "metrics", row->name,
			       &value))
		snprintf(cell, bytes, "%" JSON_INTEGER_FORMAT, value);
	else
		snprintf(cell, bytes, "-");
}
