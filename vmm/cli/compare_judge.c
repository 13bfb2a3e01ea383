/* SPDX-License-Identifier: MIT */
/*
 * Owns what is a usable result, what is a difference between hosts, and who is to blame. Results
 * come from other processes: nothing in them is taken for granted.
 */
#include <stdlib.h>
#include <string.h>

#include "vmm/cli/compare.h"
#include "vmm/judge.h"
#include "vmm/varies.h"

#define SCHEMA "kvalab-result-1"

/* --- results ---------------------------------------------------------------------------------- */
static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* The library's functions that look up do not change the object, but ask for one they may. */
static json_t *member(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

/* What a run names is printable, without blanks, and no longer than this; it goes to a terminal. */
#define NAME_MAX_CHARS 47

static bool is_plain(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (name[i] <= ' ' || name[i] >= 0x7F)
			return false;
	return n && n <= NAME_MAX_CHARS;
}

static int check_numbers(const json_t *root, const char *kind, struct err *err)
{
	json_t *numbers = member(root, kind), *value;
	const char *name;

	if (!json_is_object(numbers))
		return err_set(err, EXIT_VMM, "its result has no %s", kind);
	json_object_foreach(numbers, name, value)
	{
		if (!is_plain(name))
			return err_set(err, EXIT_VMM, "its result: a name in %s is none", kind);
		if (!json_is_integer(value))
			return err_set(err, EXIT_VMM, "its result: %s.%s is no integer", kind,
				       name);
	}
	return 0;
}

static int check_identity(const json_t *root, const struct comparison *comparison,
			  const struct column *column, struct err *err)
{
	const json_t *guest = member(root, "guest"), *cpus = json_object_get(guest, "cpus");
	char tlb[RUN_TLB_TEXT_BYTES];

	if (strcmp(text_at(root, "schema"), SCHEMA) != 0)
		return err_set(err, EXIT_VMM, "its result is of schema \"%s\", not " SCHEMA,
			       text_at(root, "schema"));
	if (strcmp(text_at(root, "scenario"), comparison->scenario->name) != 0 ||
	    strcmp(text_at(root, "arm"), column->arm ? column->arm : "") != 0 ||
	    json_integer_value(cpus) != column->cpus ||
	    strcmp(text_at(guest, "tlb"), run_tlb_text(column->tlb, tlb)) != 0)
		return err_set(
			err, EXIT_VMM,
			"its result is of another run: %s, arm \"%s\", %lld vCPUs, TLB \"%s\"",
			text_at(root, "scenario"), text_at(root, "arm"),
			(long long)json_integer_value(cpus), text_at(guest, "tlb"));
	return 0;
}

int compare_check_result(const json_t *root, const struct comparison *comparison,
			 const struct column *column, struct err *err)
{
	if (!json_is_object(root))
		return err_set(err, EXIT_VMM, "its result is no JSON object");
	if (check_identity(root, comparison, column, err))
		return -1;
	if (!is_plain(text_at(member(root, "host"), "class")) ||
	    !is_plain(text_at(member(root, "host"), "paging")))
		return err_set(err, EXIT_VMM, "its result does not name its host");
	if (!json_is_integer(json_object_get(member(root, "exit"), "status")))
		return err_set(err, EXIT_VMM, "its result has no exit.status");
	return check_numbers(root, "counts", err) || check_numbers(root, "metrics", err) ? -1 : 0;
}

bool compare_value(const struct column *column, const char *kind, const char *name, json_int_t *out)
{
	const json_t *value = json_object_get(member(column->result, kind), name);

	*out = json_integer_value(value);
	return json_is_integer(value);
}

/* --- differences ------------------------------------------------------------------------------ */
static bool judged(const struct column *column)
{
	return column->state == COLUMN_RAN && column->status == EXIT_OK;
}

bool compare_same_group(const struct column *a, const struct column *b)
{
	return judged(a) && judged(b) && a->cpus == b->cpus && run_tlb_equal(&a->tlb, &b->tlb) &&
	       (a->arm ? b->arm && strcmp(a->arm, b->arm) == 0 : !b->arm);
}

static bool same_value(const struct column *a, const struct column *b, const char *count)
{
	json_int_t value_a, value_b;
	bool in_a = compare_value(a, "counts", count, &value_a);

	return in_a == compare_value(b, "counts", count, &value_b) && value_a == value_b;
}

static bool on_qemu(const struct column *column)
{
	return strcmp(text_at(column->result, "engine"), "qemu") == 0;
}

/* Do the columns of @first's group count the same? @kvm_only: those that QEMU does not run. */
static bool agree(const struct comparison *comparison, u32 first, const char *count, bool kvm_only)
{
	const struct column *with = NULL;

	for (u32 i = first; i < comparison->ncolumns; i++) {
		const struct column *column = &comparison->column[i];

		if (!compare_same_group(&comparison->column[first], column) ||
		    (kvm_only && on_qemu(column)))
			continue;
		if (with && !same_value(with, column, count))
			return false;
		with = column;
	}
	return true;
}

/* What the scenario says of it; what KVM hosts do not agree on is excused by nothing. */
static const char *declared(const struct comparison *comparison, u32 first, const char *count)
{
	const struct run_config *config = &comparison->options->run;

	if (!config->flash.file || !agree(comparison, first, count, true))
		return NULL;
	return varies_why(comparison->scenario, comparison->column[first].arm, config, count);
}

/* Has a column of the group before @i the count already? */
static bool seen_before(const struct comparison *comparison, u32 first, u32 i, const char *count)
{
	json_int_t value;

	for (u32 j = first; j < i; j++)
		if (compare_same_group(&comparison->column[first], &comparison->column[j]) &&
		    compare_value(&comparison->column[j], "counts", count, &value))
			return true;
	return false;
}

static int add(struct comparison *comparison, u32 first, const char *count, struct err *err)
{
	struct difference *more =
		realloc(comparison->difference, (comparison->ndifferences + 1) * sizeof(*more));

	if (!more)
		return err_set(err, EXIT_HOST, "no memory for the differences");
	comparison->difference = more;
	more[comparison->ndifferences++] = (struct difference){
		.count = count, .first = first, .why = declared(comparison, first, count)
	};
	return 0;
}

/* All counts that column @i is the first of its group to have. */
static int judge_column(struct comparison *comparison, u32 first, u32 i, struct err *err)
{
	json_t *counts = member(comparison->column[i].result, "counts"), *value;
	const char *count;

	json_object_foreach(counts, count, value)
	{
		if (!seen_before(comparison, first, i, count) &&
		    !agree(comparison, first, count, false) && add(comparison, first, count, err))
			return -1;
	}
	return 0;
}

static bool is_first(const struct comparison *comparison, u32 i)
{
	for (u32 j = 0; j < i; j++)
		if (compare_same_group(&comparison->column[j], &comparison->column[i]))
			return false;
	return judged(&comparison->column[i]);
}

int compare_judge(struct comparison *comparison, struct err *err)
{
	const struct run_config *config = &comparison->options->run;

	comparison->unjudged = config->schedule == SCHEDULE_FREE   ? "--schedule free"
			       : config->flash.clock == CLOCK_REAL ? "--flash-clock real"
								   : NULL;
	for (u32 first = 0; first < comparison->ncolumns && !comparison->unjudged; first++) {
		u32 n = 0;

		if (!is_first(comparison, first))
			continue;
		for (u32 i = first; i < comparison->ncolumns; i++) {
			if (!compare_same_group(&comparison->column[first], &comparison->column[i]))
				continue;
			n++;
			if (judge_column(comparison, first, i, err))
				return -1;
		}
		comparison->groups += n > 1;
	}
	return 0;
}

/* --- durations -------------------------------------------------------------------------------- */
/* Are ticks instructions, of one CPU at a time (QEMU has one counter for all)? */
static bool ticks_are_instructions(const struct column *column)
{
	return strcmp(text_at(member(column->result, "guest"), "ticks"), "insn") == 0 &&
	       (!on_qemu(column) || column->cpus == 1);
}

static const char *class_of(const struct column *column)
{
	return text_at(member(column->result, "host"), "class");
}

bool compare_ticks(const struct comparison *comparison)
{
	const struct column *first = NULL;

	for (u32 i = 0; i < comparison->ncolumns; i++) {
		const struct column *column = &comparison->column[i];

		if (column->state != COLUMN_RAN)
			continue;
		first = first ? first : column;
		if (!ticks_are_instructions(column) ||
		    strcmp(class_of(column), class_of(first)) != 0)
			return false;
	}
	return true;
}

/* --- status ----------------------------------------------------------------------------------- */
static enum exit_status column_status(const struct comparison *comparison,
				      const struct column *column)
{
	if (column->state == COLUMN_CANNOT)
		return comparison->options->all_hosts ? EXIT_OK : EXIT_HOST;
	if (column->state == COLUMN_SKIPPED)
		return EXIT_OK;
	return column->status;
}

enum exit_status compare_status(const struct comparison *comparison)
{
	enum exit_status gravest = EXIT_OK;
	bool any = false, skipped = false;

	for (u32 i = 0; i < comparison->ncolumns; i++) {
		enum exit_status status = column_status(comparison, &comparison->column[i]);

		skipped = skipped || comparison->column[i].state == COLUMN_SKIPPED;
		any = any || (comparison->column[i].state != COLUMN_CANNOT &&
			      comparison->column[i].state != COLUMN_SKIPPED);
		if (judge_gravity(status) > judge_gravity(gravest))
			gravest = status;
	}
	for (u32 i = 0; i < comparison->ndifferences; i++)
		if (!comparison->difference[i].why && gravest == EXIT_OK)
			gravest = EXIT_CHECK;
	if (any || gravest != EXIT_OK)
		return gravest;
	return skipped ? EXIT_SKIPPED : EXIT_HOST; /* nothing ran, so nothing is known to hold */
}
