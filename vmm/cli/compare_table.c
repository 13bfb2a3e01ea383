/* SPDX-License-Identifier: MIT */
/*
 * Owns the table of a comparison: counts and metrics side by side. What differs between hosts is
 * decided in compare_judge.c, and said in words in compare_words.c; what stands in a cell:
 * compare_cell.c.
 */
#include <stdlib.h>
#include <string.h>

#include "vmm/cli/compare_cell.h"

#define LINE_COLUMNS 100
#define MARK_COLUMNS 2
#define INDENT 2
#define MAX_ROWS 512

struct table {
	FILE *out;
	const struct comparison *comparison;
	const struct column *shown[COMPARE_MAX_COLUMNS]; /* those that have a result */
	u32 nshown, width[COMPARE_MAX_COLUMNS], label_width;
	u32 nrows, more_rows; /* more: for which there was no room */
	struct row row[MAX_ROWS];
};

static const char *head_names[] = { "host", "class", "paging", "arm", "vCPUs", "tlb", "exit" };

static void cell_text(const struct table *table, const struct column *column, const struct row *row,
		      char *cell, size_t bytes)
{
	compare_cell(table->comparison, column, row, cell, bytes);
}

/* --- rows ------------------------------------------------------------------------------------- */
static bool is_ticks(const char *name)
{
	size_t n = strlen(name), suffix = strlen("_ticks");

	return n >= suffix && strcmp(name + n - suffix, "_ticks") == 0;
}

static void add_row(struct table *table, enum row_kind kind, const char *name)
{
	for (u32 i = 0; i < table->nrows; i++)
		if (table->row[i].kind == kind && strcmp(table->row[i].name, name) == 0)
			return;
	if (table->nrows < MAX_ROWS)
		table->row[table->nrows++] = (struct row){ kind, name };
	else
		table->more_rows++;
}

static void add_values(struct table *table, enum row_kind kind, const char *key, bool ticks)
{
	for (u32 i = 0; i < table->nshown; i++) {
		json_t *values = json_object_get(table->shown[i]->result, key), *value;
		const char *name;

		json_object_foreach(values, name, value)
		{
			if (ticks || !is_ticks(name))
				add_row(table, kind, name);
		}
	}
}

static bool is_factor(const struct row *row)
{
	return row->kind == ROW_COUNT_FACTOR || row->kind == ROW_METRIC_FACTOR;
}

/* The same as the base in every run that has one: said above already. */
static bool is_plain_factor(const struct table *table, const struct row *row)
{
	char cell[64];

	for (u32 i = 0; i < table->nshown; i++) {
		cell_text(table, table->shown[i], row, cell, sizeof(cell));
		if (strcmp(cell, "1.00") != 0 && strcmp(cell, "-") != 0)
			return false;
	}
	return is_factor(row);
}

/* Zero, or not there, in every run: such rows are named in one line. */
static bool is_zero(const struct table *table, const struct row *row)
{
	char cell[64];

	for (u32 i = 0; i < table->nshown; i++) {
		cell_text(table, table->shown[i], row, cell, sizeof(cell));
		if (strcmp(cell, "0") != 0 && strcmp(cell, "-") != 0)
			return false;
	}
	return row->kind != ROW_HEAD && !is_factor(row);
}

static bool is_left_out(const struct table *table, const struct row *row)
{
	return is_zero(table, row) || is_plain_factor(table, row);
}

/* Is it about a run that stands in these columns? */
static bool concerns(const struct table *table, const struct difference *difference, u32 from,
		     u32 to)
{
	const struct column *first = &table->comparison->column[difference->first];

	for (u32 i = from; i < to; i++)
		if (compare_same_group(first, table->shown[i]))
			return true;
	return false;
}

/* "!" undeclared, "~" declared, "*" differs otherwise, in the columns that stand side by side. */
static char mark(const struct table *table, const struct row *row, u32 from, u32 to)
{
	const struct comparison *comparison = table->comparison;
	char first[64], cell[64], found = ' ';

	for (u32 i = 0; row->kind == ROW_COUNT && i < comparison->ndifferences; i++) {
		const struct difference *difference = &comparison->difference[i];

		if (strcmp(difference->count, row->name) == 0 && found != '!' &&
		    concerns(table, difference, from, to))
			found = difference->why ? '~' : '!';
	}
	if (row->kind == ROW_HEAD || is_factor(row) || found != ' ')
		return found;
	cell_text(table, table->shown[from], row, first, sizeof(first));
	for (u32 i = from + 1; i < to; i++) {
		cell_text(table, table->shown[i], row, cell, sizeof(cell));
		if (strcmp(cell, first) != 0)
			return '*';
	}
	return ' ';
}

/* --- lines ------------------------------------------------------------------------------------ */
static void measure(struct table *table)
{
	char cell[64];

	for (u32 r = 0; r < table->nrows; r++) {
		u32 n = (u32)strlen(table->row[r].name);

		if (is_left_out(table, &table->row[r]))
			continue;
		table->label_width = n > table->label_width ? n : table->label_width;
		for (u32 i = 0; i < table->nshown; i++) {
			cell_text(table, table->shown[i], &table->row[r], cell, sizeof(cell));
			n = (u32)strlen(cell);
			table->width[i] = n > table->width[i] ? n : table->width[i];
		}
	}
}

static void print_row(const struct table *table, const struct row *row, u32 from, u32 to)
{
	char cell[64];

	fprintf(table->out, "%c %-*s", mark(table, row, from, to), (int)table->label_width,
		row->name);
	for (u32 i = from; i < to; i++) {
		cell_text(table, table->shown[i], row, cell, sizeof(cell));
		fprintf(table->out, "  %*s", (int)table->width[i], cell);
	}
	fprintf(table->out, "\n");
}

/* As many runs as a line holds, at least one. */
static u32 line_end(const struct table *table, u32 from)
{
	u32 used = MARK_COLUMNS + table->label_width, to = from;

	while (to < table->nshown) {
		used += 2 + table->width[to];
		if (to > from && used > LINE_COLUMNS)
			break;
		to++;
	}
	return to;
}

/* The next begin a table below; runs that are judged by each other stay together if they can. */
static u32 block_end(const struct table *table, u32 from)
{
	u32 most = line_end(table, from), to = most;

	while (to > from && to < table->nshown &&
	       compare_same_group(table->shown[to - 1], table->shown[to]))
		to--;
	return to > from ? to : most;
}

/* Factors of counts and of metrics stand below one heading. */
static void print_heading(const struct table *table, enum row_kind last, enum row_kind kind)
{
	if (kind == ROW_COUNT || kind == ROW_METRIC)
		fprintf(table->out, "%s\n", kind == ROW_COUNT ? "counts" : "metrics");
	else if (last != ROW_COUNT_FACTOR)
		fprintf(table->out, "times that of arm %s\n", table->comparison->options->base);
}

static void print_block(const struct table *table, u32 from, u32 to)
{
	enum row_kind last = ROW_HEAD;

	for (u32 r = 0; r < table->nrows; r++) {
		const struct row *row = &table->row[r];

		if (is_left_out(table, row))
			continue;
		if (row->kind != last)
			print_heading(table, last, row->kind);
		last = row->kind;
		print_row(table, row, from, to);
	}
}

/* True if there are any; so below. */
static bool print_zeroes(const struct table *table)
{
	u32 used = 0;

	for (u32 r = 0; r < table->nrows; r++) {
		const char *name = table->row[r].name;

		if (!is_zero(table, &table->row[r]))
			continue;
		if (!used)
			used = (u32)fprintf(table->out, "0 in all runs:");
		if (used + 1 + strlen(name) > LINE_COLUMNS)
			used = (u32)fprintf(table->out, "\n%*s", INDENT, "");
		used += (u32)fprintf(table->out, " %s", name);
	}
	if (used)
		fprintf(table->out, "\n");
	return used;
}

static void note_marks(const struct table *table, u32 from, u32 to, bool seen[128])
{
	for (u32 r = 0; r < table->nrows; r++)
		seen[(u8)mark(table, &table->row[r], from, to)] = true;
}

static bool print_legend(FILE *out, const bool seen[128])
{
	if (seen['!'])
		fprintf(out, "! differs between hosts, and nothing declares it\n");
	if (seen['~'])
		fprintf(out, "~ differs between hosts, as declared\n");
	if (seen['*'])
		fprintf(out, "* differs, and is not judged: another arm, number of vCPUs or "
			     "TLB, or no count\n");
	return seen['!'] || seen['~'] || seen['*'];
}

/* --- the table -------------------------------------------------------------------------------- */
/* A row that says something. */
static bool has_head(const struct comparison *comparison, const char *name)
{
	if (strcmp(name, "arm") == 0)
		return comparison->scenario->narms;
	return strcmp(name, "tlb") != 0 || comparison->options->ntlbs > 1 ||
	       comparison->options->tlbs[0].entries;
}

static void print_table(struct table *table)
{
	bool seen[128] = { false }, more;

	for (size_t i = 0; i < ARRAY_LEN(head_names); i++)
		if (has_head(table->comparison, head_names[i]))
			add_row(table, ROW_HEAD, head_names[i]);
	add_values(table, ROW_COUNT, "counts", true);
	add_values(table, ROW_METRIC, "metrics", compare_ticks(table->comparison));
	if (table->comparison->options->base) {
		add_values(table, ROW_COUNT_FACTOR, "counts", true);
		add_values(table, ROW_METRIC_FACTOR, "metrics", compare_ticks(table->comparison));
	}
	measure(table);
	for (u32 from = 0, to; from < table->nshown; from = to) {
		to = block_end(table, from);
		print_block(table, from, to);
		note_marks(table, from, to, seen);
		fprintf(table->out, "\n");
	}
	if (table->more_rows)
		fprintf(table->out, "more than %u rows: the object (--json) has the others\n",
			MAX_ROWS);
	more = print_zeroes(table);
	if (print_legend(table->out, seen) || more)
		fprintf(table->out, "\n");
}

void compare_print_table(FILE *out, const struct comparison *comparison)
{
	struct table table = { .out = out, .comparison = comparison };

	for (u32 i = 0; i < comparison->ncolumns; i++)
		if (comparison->column[i].state == COLUMN_RAN)
			table.shown[table.nshown++] = &comparison->column[i];
	if (table.nshown)
		print_table(&table);
}
