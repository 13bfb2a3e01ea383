/* SPDX-License-Identifier: MIT */
/*
 * Owns what is said of a comparison below its table: which runs did not end well and why, what
 * differs between hosts, what it all comes to.
 */
#include "vmm/cli/compare.h"

#define INDENT 2

static void print_name(FILE *out, const struct column *column)
{
	char tlb[RUN_TLB_TEXT_BYTES];

	fprintf(out, "%s%s%s, %u vCPU%s", compare_host_name(column->host),
		column->arm ? " --arm " : "", column->arm ? column->arm : "", column->cpus,
		column->cpus == 1 ? "" : "s");
	if (column->tlb.entries)
		fprintf(out, ", --tlb %s", run_tlb_text(column->tlb, tlb));
}

static void print_others(const struct comparison *comparison, FILE *out)
{
	for (u32 i = 0; i < comparison->ncolumns; i++) {
		const struct column *column = &comparison->column[i];

		if (column->state == COLUMN_RAN && column->status == EXIT_OK)
			continue;
		print_name(out, column);
		if (column->state == COLUMN_WAITS)
			fprintf(out, ": not run\n");
		else if (column->state == COLUMN_CANNOT)
			fprintf(out, ": cannot: %s\n", column->reason);
		else if (column->state == COLUMN_SKIPPED)
			fprintf(out, ": skipped: %s\n", column->reason);
		else
			fprintf(out, ": exit %d: %s\n", (int)column->status, column->reason);
	}
}

static void print_difference(const struct comparison *comparison,
			     const struct difference *difference, FILE *out)
{
	const struct column *first = &comparison->column[difference->first];
	char tlb[RUN_TLB_TEXT_BYTES];

	fprintf(out, "%s: ", difference->count);
	if (first->arm)
		fprintf(out, "--arm %s, ", first->arm);
	fprintf(out, "%u vCPU%s", first->cpus, first->cpus == 1 ? "" : "s");
	if (first->tlb.entries)
		fprintf(out, ", --tlb %s", run_tlb_text(first->tlb, tlb));
	fprintf(out, ":");
	for (u32 i = difference->first; i < comparison->ncolumns; i++) {
		const struct column *column = &comparison->column[i];
		json_int_t value;

		if (!compare_same_group(first, column))
			continue;
		fprintf(out, " %s ", compare_host_name(column->host));
		if (compare_value(column, "counts", difference->count, &value))
			fprintf(out, "%" JSON_INTEGER_FORMAT, value);
		else
			fprintf(out, "-");
	}
	if (difference->why)
		fprintf(out, "\n%*sdiffers: %s\n", INDENT, "", difference->why);
	else
		fprintf(out, "\n%*sDIFFERENCE: a correct run counts the same on all of them\n",
			INDENT, "");
}

static bool one_host(const struct comparison *comparison)
{
	for (u32 i = 1; i < comparison->ncolumns; i++)
		if (comparison->column[i].host != comparison->column[0].host)
			return false;
	return true;
}

static void print_judgement(const struct comparison *comparison, FILE *out)
{
	u32 undeclared = 0;

	for (u32 i = 0; i < comparison->ndifferences; i++) {
		print_difference(comparison, &comparison->difference[i], out);
		undeclared += !comparison->difference[i].why;
	}
	if (comparison->unjudged)
		fprintf(out, "hosts: not judged: with %s the seed does not determine the counts\n",
			comparison->unjudged);
	else if (!comparison->groups && one_host(comparison))
		fprintf(out, "hosts: one host: nothing to set against\n");
	else if (!comparison->groups)
		fprintf(out,
			"hosts: not judged: no two of them ran the same arm, vCPUs and TLB well\n");
	else if (!comparison->ndifferences)
		fprintf(out, "hosts: the same counts on all that ran\n");
	else
		fprintf(out, "hosts: %u counts differ as declared, %u differ undeclared\n",
			comparison->ndifferences - undeclared, undeclared);
}

void compare_print(FILE *out, const struct comparison *comparison)
{
	compare_print_table(out, comparison);
	print_others(comparison, out);
	print_judgement(comparison, out);
	fprintf(out, "exit: %d\n", (int)compare_status(comparison));
}
