/* SPDX-License-Identifier: MIT */
/*
 * Owns the comparison of two result objects (docs/scenarios.md). Files may hold anything: names and
 * values are shown as printable ASCII, and cut.
 */
#include "vmm/cli/result_diff.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEMA "kvalab-result-1"
#define MOST_BYTES MiB(16)
#define NOTHING "-"

struct row {
	const char *section;
	char name[64];
	char value[2][32];
};

struct table {
	struct row *row;
	u32 rows;
	bool no_memory;
};

/* --- files ------------------------------------------------------------------------------------ */
static FILE *open_result(const char *path, struct err *err)
{
	/* O_NONBLOCK: a FIFO must be refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat info;
	FILE *file = NULL;

	if (fd < 0) {
		err_errno(err, EXIT_USAGE, "%s cannot be opened", path);
		return NULL;
	}
	if (fstat(fd, &info) || !S_ISREG(info.st_mode) || (u64)info.st_size > MOST_BYTES)
		err_set(err, EXIT_USAGE, "%s is no result: not a regular file of at most 16M",
			path);
	else if (!(file = fdopen(fd, "r")))
		err_errno(err, EXIT_HOST, "%s", path);
	if (!file)
		close(fd);
	return file;
}

static json_t *load(const char *path, struct err *err)
{
	FILE *file = open_result(path, err);
	const char *schema;
	json_error_t why;
	json_t *root;

	if (!file)
		return NULL;
	root = json_loadf(file, JSON_REJECT_DUPLICATES, &why);
	fclose(file);
	if (!root) {
		err_set(err, EXIT_VMM, "%s is damaged, or no JSON: line %d: %s", path, why.line,
			why.text);
		return NULL;
	}
	schema = json_string_value(json_object_get(root, "schema"));
	if (schema && !strcmp(schema, SCHEMA))
		return root;
	err_set(err, EXIT_USAGE, "%s is no result of kvalab run --json: its schema is not " SCHEMA,
		path);
	json_decref(root);
	return NULL;
}

/* --- rows ------------------------------------------------------------------------------------- */
static void copy_printable(char *to, size_t bytes, const char *from)
{
	snprintf(to, bytes, "%s", from);
	for (; *to; to++)
		if (!isprint((unsigned char)*to))
			*to = '?';
}

static void value_text(const json_t *value, char *text, size_t bytes)
{
	char *dump = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_COMPACT)
			   : NULL;

	copy_printable(text, bytes, dump ? dump : NOTHING);
	free(dump);
}

static void add_row(struct table *table, const char *section, const char *name,
		    const json_t *const value[2])
{
	struct row *more = realloc(table->row, (table->rows + 1) * sizeof(*more)), *row;

	if (!more) {
		table->no_memory = true;
		return;
	}
	table->row = more;
	row = &more[table->rows++];
	row->section = section;
	copy_printable(row->name, sizeof(row->name), name);
	for (u32 i = 0; i < 2; i++)
		value_text(value[i], row->value[i], sizeof(row->value[i]));
}

static bool ends_with(const char *name, const char *tail)
{
	size_t n = strlen(name), m = strlen(tail);

	return n >= m && !strcmp(name + n - m, tail);
}

static bool is_duration(const char *name)
{
	return ends_with(name, "_ticks") || ends_with(name, "_ns");
}

static void compare_value(struct table *table, const char *section, const char *name, json_t *a,
			  json_t *b)
{
	const json_t *value[2] = { a, b };
	bool time = !strcmp(section, "metrics") && is_duration(name);

	if (!time && a != b && !(a && b && json_equal(a, b)))
		add_row(table, section, name, value);
}

/* Names of @a in its order, then those that only @b has. */
static void compare_objects(struct table *table, const char *section, json_t *a, json_t *b)
{
	const char *name;
	json_t *value;

	json_object_foreach(a, name, value)
		compare_value(table, section, name, value, json_object_get(b, name));
	json_object_foreach(b, name, value) if (!json_object_get(a, name))
		compare_value(table, section, name, NULL, value);
}

/* What a check got, or that and "not ok". */
static json_t *outcome(const json_t *check)
{
	json_t *got = json_object_get(check, "got");

	if (json_is_true(json_object_get(check, "ok")))
		return got ? json_incref(got) : json_string("ok");
	return json_pack("[O*, s]", got, "not ok");
}

/* "NAME", and for the next check of that name "NAME (2)". */
static void number_name(const json_t *named, const char *name, char *text, size_t bytes)
{
	u32 n = 1;

	snprintf(text, bytes, "%s", name);
	while (json_object_get(named, text))
		snprintf(text, bytes, "%.100s (%u)", name, ++n);
}

/* Checks as an object, by name. NULL: no memory. */
static json_t *checks_of(const json_t *root)
{
	json_t *checks = json_object_get(root, "checks"), *named = json_object(), *check;
	size_t i;

	json_array_foreach(checks, i, check)
	{
		const char *name = json_string_value(json_object_get(check, "name"));
		char text[128];

		if (!name)
			continue;
		number_name(named, name, text, sizeof(text));
		if (json_object_set_new(named, text, outcome(check))) {
			json_decref(named);
			return NULL;
		}
	}
	return named;
}

static void compare_checks(struct table *table, json_t *const root[2])
{
	json_t *a = checks_of(root[0]), *b = checks_of(root[1]);

	table->no_memory |= !a || !b;
	compare_objects(table, "checks", a, b);
	json_decref(a);
	json_decref(b);
}

static void compare(struct table *table, json_t *const root[2])
{
	static const char *const sections[] = { "counts", "metrics" };

	for (u32 i = 0; i < ARRAY_LEN(sections); i++)
		compare_objects(table, sections[i], json_object_get(root[0], sections[i]),
				json_object_get(root[1], sections[i]));
	compare_checks(table, root);
	compare_value(table, "exit", "status",
		      json_object_get(json_object_get(root[0], "exit"), "status"),
		      json_object_get(json_object_get(root[1], "exit"), "status"));
}

/* --- the table -------------------------------------------------------------------------------- */
static int widest(const struct table *table, int column)
{
	size_t width = 8;

	for (u32 i = 0; i < table->rows; i++) {
		const struct row *row = &table->row[i];
		size_t n = strlen(column < 2 ? row->value[column] : row->name);

		width = n > width ? n : width;
	}
	return (int)width;
}

static void print(const struct table *table, const char *const path[2], FILE *out)
{
	int name = widest(table, 2), a = widest(table, 0), b = widest(table, 1);
	const char *section = "";

	if (!table->rows) {
		fputs("the same: counts, checks, metrics and exit status\n", out);
		return;
	}
	fprintf(out, "A: %s\nB: %s\n  %-*s  %*s  %*s\n", path[0], path[1], name, "", a, "A", b,
		"B");
	for (u32 i = 0; i < table->rows; i++) {
		const struct row *row = &table->row[i];

		if (strcmp(section, row->section))
			fprintf(out, "%s\n", row->section);
		section = row->section;
		fprintf(out, "  %-*s  %*s  %*s\n", name, row->name, a, row->value[0], b,
			row->value[1]);
	}
}

int result_diff(const char *const path[2], FILE *out, bool *same, struct err *err)
{
	json_t *root[2] = { load(path[0], err), NULL };
	struct table table = { 0 };
	int result = -1;

	if (!root[0])
		return -1;
	root[1] = load(path[1], err);
	if (!root[1])
		goto out_first;
	compare(&table, root);
	*same = !table.rows;
	if (table.no_memory) {
		err_set(err, EXIT_HOST, "no memory to compare results");
	} else {
		print(&table, path, out);
		result = 0;
	}
	free(table.row);
	json_decref(root[1]);
out_first:
	json_decref(root[0]);
	return result;
}
