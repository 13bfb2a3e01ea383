/* SPDX-License-Identifier: MIT */
/*
 * A file that appears whole or not at all: it has no name until it is complete (where the file
 * system cannot do that, a temporary one beside it). It may be begun long before there is something
 * to write, so that a place where it cannot be is told at once.
 */
#ifndef KVL_CLI_REPLACE_H
#define KVL_CLI_REPLACE_H

#include <stdbool.h>
#include <stdio.h>

#include "vmm/err.h"

struct replacement {
	const char *what, *path; /* the option's name, for messages; "-": stdout */
	FILE *file;		 /* to be written to */
	char name[4096]; /* the temporary one; "": there is none, as for a device or a pipe */
	bool nameless;	 /* it does not have that name yet */
};

/* Both strings must outlive @replacement. EXIT_USAGE: there is no such place; EXIT_HOST: it cannot
 * be made there. */
int replace_begin(struct replacement *replacement, const char *what, const char *path,
		  struct err *err);

/* The file is complete: now it has its name. EXIT_HOST: not all could be written; then it is
 * gone. */
int replace_end(struct replacement *replacement, struct err *err);

/* It will never be complete. */
void replace_drop(struct replacement *replacement);

#endif
