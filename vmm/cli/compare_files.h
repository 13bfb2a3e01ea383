/* SPDX-License-Identifier: MIT */
/* The files that a comparison leaves: its object (--json) and its page (--report). */
#ifndef KVL_CLI_COMPARE_FILES_H
#define KVL_CLI_COMPARE_FILES_H

#include "vmm/cli/compare.h"
#include "vmm/cli/replace.h"

struct compare_files {
	struct replacement object, page; /* begun if @options have them */
};

/*
 * Before anything runs, so that a place where no file can be is told at once. EXIT_USAGE: no such
 * place, or one for both; EXIT_HOST: it cannot be made there.
 */
int compare_files_begin(struct compare_files *files, const struct options *options,
			struct err *err);

/* Writes them; each appears whole or not at all. EXIT_HOST: the last that could not be written. */
int compare_files_end(struct compare_files *files, const struct comparison *comparison,
		      struct err *err);

/* There will be none. */
void compare_files_drop(struct compare_files *files, const struct options *options);

/* Does one of them go to stdout? */
bool compare_files_on_stdout(const struct options *options);

#endif
