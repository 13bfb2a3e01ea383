/* SPDX-License-Identifier: MIT */
/*
 * kvalab compare: the cross product of arms, vCPUs, TLBs and hosts, one run after the other. A run:
 * compare_run.c. What differs: compare_judge.c. What is shown: compare_table.c, compare_words.c,
 * compare_files.c.
 */
#include "vmm/cli/compare.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/compare_files.h"
#include "vmm/cli/names.h"
#include "vmm/cli/refusal.h"

/* --- what is wrong before anything runs ------------------------------------------------------- */
static int check_hosts(const struct options *options, struct err *err)
{
	bool qemu = false;

	for (u32 i = 0; i < options->nhosts; i++)
		qemu = qemu || options->hosts[i] == HOST_QEMU;
	if (options->icount_given && !qemu)
		return err_set(err, EXIT_USAGE, "--icount needs --hosts qemu");
	return 0;
}

/* Multiples can only be of an arm that runs. */
static int check_base(const struct options *options, struct err *err)
{
	for (u32 i = 0; options->base && i < options->narms; i++)
		if (strcmp(options->arms[i], options->base) == 0)
			return 0;
	if (!options->base)
		return 0;
	return err_set(err, EXIT_USAGE, "--base: %s is none of the arms that are compared%s",
		       options->base, options->narms ? "" : ": the scenario has none");
}

/* The names and the layout of each run, as run itself would check them. */
static int check_columns(const struct comparison *comparison, const struct catalog *catalog,
			 struct err *err)
{
	struct run_config config = comparison->options->run;
	struct kvl_layout plan;

	for (u32 i = 0; i < comparison->ncolumns; i++) {
		config.arm = comparison->column[i].arm;
		config.layout_name = comparison->options->run.layout_name;
		config.layout.ncpus = comparison->column[i].cpus;
		options_use_tlb(&config, comparison->column[i].tlb);
		if (names_check(catalog, &config, "--arms", err) ||
		    cli_plan(&config.layout, &config.board, &plan, err))
			return -1;
	}
	return 0;
}

/* --- columns ---------------------------------------------------------------------------------- */
/* What was not given: every arm there is, one number of vCPUs, this machine. */
static void fill_in(struct options *options, const struct catalog_scenario *scenario)
{
	u32 all = scenario->narms < ARRAY_LEN(options->arms) ? scenario->narms
							     : (u32)ARRAY_LEN(options->arms);

	if (!options->narms)
		while (options->narms < all) {
			options->arms[options->narms] = scenario->arms[options->narms].name;
			options->narms++;
		}
	if (!options->ncpus)
		options->cpus[options->ncpus++] = options->run.layout.ncpus;
	if (!options->ntlbs)
		options->ntlbs = 1;
	if (!options->nhosts)
		options->hosts[options->nhosts++] = HOST_AUTO;
}

/* Hosts of one arm, number of vCPUs and TLB stand side by side. */
static int make_columns(struct comparison *comparison, const struct options *options,
			struct err *err)
{
	u32 narms = options->narms ? options->narms : 1;
	u32 each = options->ntlbs * options->nhosts; /* of one arm and number of vCPUs */
	u32 n = narms * options->ncpus * each;

	if (n > COMPARE_MAX_COLUMNS)
		return err_set(err, EXIT_USAGE,
			       "compare: %u arms, %u numbers of vCPUs, %u TLBs and %u hosts are %u "
			       "runs; at most %u",
			       narms, options->ncpus, options->ntlbs, options->nhosts, n,
			       COMPARE_MAX_COLUMNS);
	comparison->column = calloc(n, sizeof(*comparison->column));
	if (!comparison->column)
		return err_set(err, EXIT_HOST, "no memory for %u runs", n);
	for (u32 i = 0; i < n; i++)
		comparison->column[i] = (struct column){
			.arm = options->narms ? options->arms[i / (options->ncpus * each)] : NULL,
			.cpus = options->cpus[i / each % options->ncpus],
			.tlb = options->tlbs[i / options->nhosts % options->ntlbs],
			.host = options->hosts[i % options->nhosts],
		};
	comparison->ncolumns = n;
	return 0;
}

/* --- runs ------------------------------------------------------------------------------------- */
static void show_progress(const struct comparison *comparison, const struct column *column)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "kvalab: %u/%u %s%s%s, %u vCPUs: %s\n",
			(u32)(column - comparison->column) + 1, comparison->ncolumns,
			compare_host_name(column->host), column->arm ? " " : "",
			column->arm ? column->arm : "", column->cpus,
			column->state == COLUMN_RAN ? "done" : column->reason);
}

static int run_all(struct comparison *comparison, struct err *err)
{
	struct place place;
	sigset_t before;

	compare_signals(&before);
	if (place_open(&place, &comparison->options->run, err))
		return -1;
	for (u32 i = 0; i < comparison->ncolumns; i++) {
		struct column *column = &comparison->column[i];
		int interrupted = compare_run(comparison, column, &place, &before);

		show_progress(comparison, column);
		if (interrupted)
			break;
	}
	place_close(&place);
	return 0;
}

static int report(const struct comparison *comparison, struct compare_files *files)
{
	enum exit_status status = compare_status(comparison);
	struct err err;

	compare_print(compare_files_on_stdout(comparison->options) ? stderr : stdout, comparison);
	if (compare_files_end(files, comparison, &err)) {
		int failed = cli_fail(&err);

		return status ? (int)status : failed;
	}
	return (int)status;
}

static int compare(struct comparison *comparison, struct options *options,
		   const struct catalog *catalog)
{
	struct compare_files files;
	struct err err;

	options->run.scenario = options->word[0];
	comparison->options = options;
	comparison->scenario = names_find_scenario(catalog, options->word[0], &err);
	if (!comparison->scenario || check_hosts(options, &err))
		return cli_fail(&err);
	fill_in(options, comparison->scenario);
	if (check_base(options, &err) || make_columns(comparison, options, &err) ||
	    check_columns(comparison, catalog, &err) || compare_files_begin(&files, options, &err))
		return cli_fail(&err);
	if (run_all(comparison, &err) || compare_judge(comparison, &err)) {
		compare_files_drop(&files, options);
		return cli_fail(&err);
	}
	return report(comparison, &files);
}

int cmd_compare(struct options *options)
{
	struct comparison comparison = { 0 };
	struct err err;
	const struct catalog *catalog = catalog_load(&err);
	int status;

	if (!catalog)
		return cli_fail(&err);
	status = compare(&comparison, options, catalog);
	for (u32 i = 0; i < comparison.ncolumns; i++)
		json_decref(comparison.column[i].result);
	free(comparison.column);
	free(comparison.difference);
	catalog_free(catalog);
	return status;
}
