/* SPDX-License-Identifier: MIT */
/*
 * kvalab compare, inside: columns are runs, each a process of its own; what they count is judged by
 * a pure function and shown as a table and as JSON.
 */
#ifndef KVL_CLI_COMPARE_H
#define KVL_CLI_COMPARE_H

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <sys/types.h>

#include "vmm/catalog.h"
#include "vmm/cli/options.h"

#define COMPARE_MAX_COLUMNS 256

enum column_state {
	COLUMN_WAITS,	/* not run (interrupted before its turn) */
	COLUMN_RAN,	/* there is a result; status and reason are the run's */
	COLUMN_SKIPPED, /* the run says that it is not for this column; reason says why */
	COLUMN_CANNOT,	/* this host cannot be had; reason says why */
	COLUMN_FAILED,	/* there is no result that can be used; status and reason say why */
};

struct column {
	enum compare_host host;
	const char *arm; /* NULL: the scenario has none */
	u32 cpus;
	struct run_tlb tlb;
	enum column_state state;
	enum exit_status status;
	char reason[1024];
	json_t *result; /* of COLUMN_RAN, and maybe COLUMN_SKIPPED: checked by compare_check_result() */
};

/* A count that is not the same in all runs of one arm, number of vCPUs and TLB that ended well. */
struct difference {
	const char *count;
	u32 first;	 /* the first column of these */
	const char *why; /* as declared; NULL: undeclared */
};

struct comparison {
	const struct catalog_scenario *scenario;
	const struct options *options;
	u32 ncolumns;
	struct column *column;
	/* by compare_judge() */
	const char *unjudged; /* why hosts were not judged; NULL: they were */
	u32 groups;	      /* of columns that were set against each other */
	u32 ndifferences;
	struct difference *difference;
};

/* "kvm", "amd-npt", …, "auto" */
const char *compare_host_name(enum compare_host host);

/* --- compare_judge.c: no process, no file --- */

/*
 * Is @root the result of a run of @column: an object of the right schema, scenario, arm, vCPUs and
 * TLB, with integers as counts and metrics? EXIT_VMM if not.
 */
int compare_check_result(const json_t *root, const struct comparison *comparison,
			 const struct column *column, struct err *err);

/* Is this count, or metric, there? Its value. */
bool compare_value(const struct column *column, const char *kind, const char *name,
		   json_int_t *out);

/* Do both belong to what hosts are judged by: runs that ended well, of one arm, vCPUs and TLB? */
bool compare_same_group(const struct column *a, const struct column *b);

/*
 * Fills the differences. Between KVM hosts every difference is undeclared; with QEMU's flash as the
 * chip on one side, the scenario may have declared it. EXIT_HOST: no memory.
 */
int compare_judge(struct comparison *comparison, struct err *err);

/* Do durations mean the same in all columns that have run? (docs/hosts.md) */
bool compare_ticks(const struct comparison *comparison);

/*
 * The gravest of the columns' statuses (vmm/judge.h), undeclared differences included.
 * EXIT_SKIPPED: nothing ran, and not for want of a host alone.
 */
enum exit_status compare_status(const struct comparison *comparison);

/* --- compare_place.c --- */

/* A temporary directory that goes with this process, however it ends, and what chip and disk
 * hold. */
struct place {
	char dir[200];
	pid_t janitor;
	int hold;    /* the janitor works when this is closed */
	int chip;    /* descriptor of the file that --flash names, locked; -1: no chip */
	int sidecar; /* of the file beside it; -1: there is none yet */
	int disk;    /* as chip, of the file that --disk names */
};

int place_open(struct place *place, const struct run_config *run, struct err *err);
/* Writes a fresh copy of the chip's content to @path, with that of its sidecar beside it. */
int place_copy_chip(const struct place *place, const char *path, struct err *err);
/* Likewise the disk's. */
int place_copy_disk(const struct place *place, const char *path, struct err *err);
void place_close(struct place *place);

/* --- compare_run.c --- */

/* Blocks what compare_run() waits for; @before: what children get. */
void compare_signals(sigset_t *before);

/*
 * Runs one column and fills its state, status, reason and result. -1: a signal has ended it (the
 * column says so too).
 */
int compare_run(const struct comparison *comparison, struct column *column,
		const struct place *place, const sigset_t *before);

/* --- compare_table.c, compare_words.c, compare_json.c --- */
void compare_print_table(FILE *out, const struct comparison *comparison);
/* The table, and all that there is to say. */
void compare_print(FILE *out, const struct comparison *comparison);
json_t *compare_json(const struct comparison *comparison);

#endif
