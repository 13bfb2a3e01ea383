/* SPDX-License-Identifier: MIT */
/* The command line of one column of compare, and the files that it uses. */
#ifndef KVL_CLI_COMPARE_COMMAND_H
#define KVL_CLI_COMPARE_COMMAND_H

#include "vmm/cli/compare.h"

/* What compare adds to the options that it hands on: kvmbox, names, engine, flash, disk, json, the
 * end. */
#define OWN_ARGUMENTS 24

struct run_command {
	u32 n;
	const char *argv[OWN_ARGUMENTS + 2 * OPTIONS_MAX_PASSED];
	/* what the arguments point to */
	char self[2048], box[2048];
	char json[256], log[256], chip[256], disk[256]; /* files in the place's directory */
	char cpus[8], tlb[RUN_TLB_TEXT_BYTES], flash[1024], disk_option[288];
};

/* It is run by kvmbox. */
bool compare_in_box(const struct column *column);

/* EXIT_HOST: a program that is needed is not there. */
int compare_command(struct run_command *command, const struct comparison *comparison,
		    const struct column *column, const struct place *place, struct err *err);

#endif
