/* SPDX-License-Identifier: MIT */
/* A file that appears whole or not at all: written under a temporary name beside it, then renamed. */
#ifndef KVL_CLI_REPLACE_H
#define KVL_CLI_REPLACE_H

#include <stdio.h>

#include "vmm/err.h"

struct replacement {
	const char *what, *path; /* the option's name, for messages; "-": stdout */
	FILE *file;		 /* to be written to */
	char name[4096]; /* the temporary one; "": there is none, as for a device or a pipe */
};

/* Both strings must outlive @replacement. EXIT_HOST, EXIT_USAGE: it cannot be made. */
int replace_begin(struct replacement *replacement, const char *what, const char *path,
		  struct err *err);

/* The file is complete: now it has its name. EXIT_HOST: not all could be written; then it is gone. */
int replace_end(struct replacement *replacement, struct err *err);

/* It will never be complete. */
void replace_drop(struct replacement *replacement);

#endif
