/* SPDX-License-Identifier: MIT */
/*
 * Owns how a command line is taken apart: names, values, repetitions, conflicts, help. Which
 * options there are: option_table.c.
 */
#include "vmm/cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/cli/option_table.h"
#include "vmm/cli/parse.h"

char *options_keep(struct options *options, const char *text, struct err *err)
{
	char *copy;

	if (options->nowned == ARRAY_LEN(options->owned) || !(copy = strdup(text))) {
		err_set(err, EXIT_USAGE, "too many options");
		return NULL;
	}
	options->owned[options->nowned++] = copy;
	return copy;
}

void options_free(struct options *options)
{
	for (u32 i = 0; i < options->nowned; i++)
		free(options->owned[i]);
	options->nowned = 0;
}

/* For near_name(): the table's names that belong to one command. */
static const char *name_of_row(const void *list, size_t i)
{
	u32 command = *(const u32 *)list;

	for (size_t row = 0; row < option_rows; row++)
		if (option_table[row].commands & command && i-- == 0)
			return option_table[row].name;
	return NULL;
}

/* @name_bytes: up to a "=", if there is one. */
static const struct option_row *find_row(const char *name, size_t name_bytes, u32 command)
{
	if (strcmp(name, "-h") == 0)
		return find_row("--help", strlen("--help"), command);
	for (size_t i = 0; i < option_rows; i++)
		if (option_table[i].commands & command &&
		    strlen(option_table[i].name) == name_bytes &&
		    memcmp(option_table[i].name, name, name_bytes) == 0)
			return &option_table[i];
	return NULL;
}

static int unknown_option(const char *name, int name_bytes, u32 command, struct err *err)
{
	const char *meant;
	char text[80];

	snprintf(text, sizeof(text), "%.*s", name_bytes, name);
	meant = near_name(text, name_of_row, &command);
	if (meant)
		return err_set(err, EXIT_USAGE,
			       "unknown option %s; did you mean %s? (--help lists all)", text,
			       meant);
	if (find_row(text, strlen(text), ~0u))
		return err_set(err, EXIT_USAGE,
			       "unknown option %s: it belongs to another command (--help lists "
			       "those of this one)",
			       text);
	return err_set(err, EXIT_USAGE, "unknown option %s (--help lists all)", text);
}

static int pass_on(struct options *options, const char *name, const char *value, struct err *err)
{
	if (options->npassed == OPTIONS_MAX_PASSED)
		return err_set(err, EXIT_USAGE, "%s: too many options", name);
	options->passed[options->npassed].name = name;
	options->passed[options->npassed++].value = value;
	return 0;
}

/* One option; *next is the argument behind it and is advanced if it is the option's value. */
static int parse_option(struct options *options, u32 command, const char *argument,
			const char *const **next, struct err *err)
{
	size_t name_bytes = strcspn(argument, "=");
	const struct option_row *row = find_row(argument, name_bytes, command);
	const char *value = argument[name_bytes] ? argument + name_bytes + 1 : NULL;
	u64 bit;

	if (!row)
		return unknown_option(argument, (int)name_bytes, command, err);
	bit = 1ull << (row - option_table);
	if (options->given & bit && !row->repeat)
		return err_set(err, EXIT_USAGE, "%s is given twice", row->name);
	options->given |= bit;
	if (value && !row->argument)
		return err_set(err, EXIT_USAGE, "%s takes no value", row->name);
	if (!value && row->argument) {
		value = **next;
		if (!value)
			return err_set(err, EXIT_USAGE, "%s needs a value: %s %s", row->name,
				       row->name, row->argument);
		(*next)++;
	}
	if (row->parse(options, value, err))
		return -1;
	return row->commands & PASSED_ON ? pass_on(options, row->name, value, err) : 0;
}

const char *options_of_chip(const struct options *options)
{
	return options->flash_clock_given   ? "--flash-clock"
	       : options->flash_speed_given ? "--flash-speed"
	       : options->flash_reads_given ? "--flash-reads"
	       : options->flash_fault_given ? "--flash-fault"
	       : options->flash_cut_given   ? "--flash-cut"
					    : NULL;
}

/* What makes no sense together. */
static int check_conflicts(const struct options *options, struct err *err)
{
	const struct run_config *run = &options->run;
	const char *alone = options_of_chip(options);

	if (run->tier == TIER_OFF && run->trace_dir)
		return err_set(err, EXIT_USAGE,
			       "--trace and --tier off exclude each other: nothing is recorded");
	if (run->tier == TIER_OFF && run->lossy)
		return err_set(
			err, EXIT_USAGE,
			"--lossy and --tier off exclude each other: there is nothing to lose");
	if (run->tier == TIER_TRAP && run->lossy)
		return err_set(
			err, EXIT_USAGE,
			"--lossy and --tier trap exclude each other: every store must have its "
			"report");
	if (run->gdb && options->timeout_given)
		return err_set(
			err, EXIT_USAGE,
			"--gdb and --timeout exclude each other: who debugs ends the run with kill");
	if (!run->flash.file && alone)
		return err_set(err, EXIT_USAGE, "%s needs --flash: there is no chip", alone);
	if (run->flash.bank.faults.vpp_low && run->flash.bank.part->command_set == 0x0002)
		return err_set(err, EXIT_USAGE,
			       "--flash-fault vpp: chips of set 0002, as the %s, do not look at "
			       "their voltage",
			       run->flash.bank.part->name);
	if (options->flash_speed_given && run->flash.clock != CLOCK_REAL)
		return err_set(err, EXIT_USAGE, "--flash-speed needs --flash-clock real");
	return 0;
}

int options_parse(struct options *options, enum option_command command, int argc,
		  const char *const *argv, struct err *err)
{
	const char *const *next = argv;
	bool only_words = false;

	while (next < argv + argc) {
		const char *argument = *next++;

		if (!only_words && strcmp(argument, "--") == 0) {
			only_words = true;
		} else if (!only_words && argument[0] == '-' && argument[1] != '\0') {
			if (parse_option(options, command, argument, &next, err))
				return -1;
		} else if (options->nwords == OPTIONS_MAX_WORDS) {
			return err_set(err, EXIT_USAGE, "one argument too many: \"%s\"", argument);
		} else {
			options->word[options->nwords++] = argument;
		}
	}
	options->run.flash.bank.seed = options->run.seed;
	overlay_fit_ram(options);
	if (options->help)
		return 0;
	if (check_conflicts(options, err))
		return -1;
	if (options->run.gdb)
		options->run.timeout_s = 0;
	return 0;
}

int options_only(const struct options *options, enum option_command command, const char *name,
		 struct err *err)
{
	for (size_t i = 0; i < option_rows; i++)
		if (options->given >> i & 1 && !(option_table[i].commands & (u32)command))
			return err_set(err, EXIT_USAGE, "%s does not take %s (kvalab help trace)",
				       name, option_table[i].name);
	return 0;
}

static const char *const group_title[GROUPS] = {
	[SCENARIO] = "Scenario", [MACHINE] = "Machine",		 [FLASH] = "Flash chip",
	[RECORD] = "Trace",	 [OUTPUT] = "Engine and output",
};

#define HELP_COLUMNS 23 /* of name and argument */

/* The help of one option; further lines stand below the first. */
static void print_row(FILE *out, const struct option_row *row)
{
	char left[40];
	const char *line = row->help;
	int width = HELP_COLUMNS;

	snprintf(left, sizeof(left), "%s %s", row->name, row->argument ? row->argument : "");
	for (const char *byte = left; *byte; byte++) /* "…" is three of them in one column */
		width += (*byte & 0xC0) == 0x80;
	for (;;) {
		int n = (int)strcspn(line, "\n");

		fprintf(out, "  %-*s %.*s\n", width, left, n, line);
		left[0] = '\0';
		width = HELP_COLUMNS;
		if (!line[n])
			return;
		line += n + 1;
	}
}

void options_help(FILE *out, enum option_command command)
{
	for (u32 group = 0; group < GROUPS; group++) {
		bool title = false;

		for (size_t i = 0; i < option_rows; i++) {
			if (option_table[i].group != group ||
			    !(option_table[i].commands & (u32)command))
				continue;
			if (!title && (command == FOR_RUN || command == FOR_COMPARE))
				fprintf(out, "%s\n", group_title[group]);
			title = true;
			print_row(out, &option_table[i]);
		}
	}
}
