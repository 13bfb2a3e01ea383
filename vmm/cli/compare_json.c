/* SPDX-License-Identifier: MIT */
/* Owns the JSON object of a comparison (docs/comparing.md). */
#include "vmm/cli/compare.h"
#include "vmm/cli/json.h"

#define SCHEMA "kvalab-compare-1"

/* What cannot be made is NULL, and with it all that it is part of: json_pack() sees to that. */
static json_t *name_json(const char *name)
{
	return name ? json_string(name) : json_null();
}

static json_t *column_json(const struct column *column)
{
	static const char *const state[] = { [COLUMN_WAITS] = "not run",
					     [COLUMN_RAN] = "ran",
					     [COLUMN_SKIPPED] = "skipped",
					     [COLUMN_CANNOT] = "cannot",
					     [COLUMN_FAILED] = "failed" };

	char tlb[RUN_TLB_TEXT_BYTES];

	return json_pack("{s:s, s:o, s:i, s:s, s:s, s:i, s:o, s:o}", "host",
			 compare_host_name(column->host), "arm", name_json(column->arm), "cpus",
			 (int)column->cpus, "tlb", run_tlb_text(column->tlb, tlb), "state",
			 state[column->state], "status", (int)column->status, "reason",
			 json_text(column->reason), "result",
			 column->result ? json_incref(column->result) : json_null());
}

/* One for each column; null where it is of another arm, number of vCPUs or TLB, or lacks the
 * count. */
static json_t *values_json(const struct comparison *comparison, const struct difference *difference)
{
	const struct column *first = &comparison->column[difference->first];
	json_t *values = json_array();

	for (u32 i = 0; i < comparison->ncolumns; i++) {
		const struct column *column = &comparison->column[i];
		json_int_t value;
		bool there = compare_same_group(first, column) &&
			     compare_value(column, "counts", difference->count, &value);

		if (json_array_append_new(values, there ? json_integer(value) : json_null())) {
			json_decref(values);
			return NULL;
		}
	}
	return values;
}

static json_t *difference_json(const struct comparison *comparison,
			       const struct difference *difference)
{
	const struct column *first = &comparison->column[difference->first];

	char tlb[RUN_TLB_TEXT_BYTES];

	return json_pack("{s:s, s:o, s:i, s:s, s:o, s:o}", "count", difference->count, "arm",
			 name_json(first->arm), "cpus", (int)first->cpus, "tlb",
			 run_tlb_text(first->tlb, tlb), "why", name_json(difference->why), "values",
			 values_json(comparison, difference));
}

json_t *compare_json(const struct comparison *comparison)
{
	json_t *columns = json_array(), *differences = json_array();

	for (u32 i = 0; i < comparison->ncolumns; i++)
		if (json_array_append_new(columns, column_json(&comparison->column[i])))
			goto no_memory;
	for (u32 i = 0; i < comparison->ndifferences; i++)
		if (json_array_append_new(differences,
					  difference_json(comparison, &comparison->difference[i])))
			goto no_memory;
	return json_pack("{s:s, s:s, s:o, s:b, s:b, s:i, s:o, s:o}", "schema", SCHEMA, "scenario",
			 comparison->scenario->name, "base", name_json(comparison->options->base),
			 "judged", !comparison->unjudged && comparison->groups, "ticks_comparable",
			 compare_ticks(comparison), "status", (int)compare_status(comparison),
			 "columns", columns, "differences", differences);

no_memory:
	json_decref(columns);
	json_decref(differences);
	return NULL;
}
