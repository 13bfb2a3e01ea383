/* SPDX-License-Identifier: MIT */
/* Cells of a comparison's table. */
#ifndef KVL_CLI_COMPARE_CELL_H
#define KVL_CLI_COMPARE_CELL_H

#include "vmm/cli/compare.h"

enum row_kind { ROW_HEAD, ROW_COUNT, ROW_METRIC, ROW_COUNT_FACTOR, ROW_METRIC_FACTOR };

struct row {
	enum row_kind kind;
	const char *name;
};

/* Of the result's host: "class", "paging". NULL: it does not say. */
const char *compare_host_field(const struct column *column, const char *key);

/* What @column, a run that has a result, says of @row. "-": nothing. */
void compare_cell(const struct comparison *comparison, const struct column *column,
		  const struct row *row, char *cell, size_t bytes);

#endif
