/* SPDX-License-Identifier: MIT */
/* The rows of the option table; only options.c walks them. */
#ifndef KVL_CLI_OPTION_TABLE_H
#define KVL_CLI_OPTION_TABLE_H

#include "vmm/cli/options.h"

enum option_group { SCENARIO, MACHINE, FLASH, RECORD, OUTPUT, GROUPS };

struct option_row {
	enum option_group group;
	const char *name;
	const char *argument; /* NULL: a switch */
	u32 commands;	      /* enum option_command */
	bool repeat;
	/* @value is NULL for a switch */
	int (*parse)(struct options *options, const char *value, struct err *err);
	const char *help; /* lines, at most 52 columns each */
};

extern const struct option_row option_table[];
extern const size_t option_rows;

#endif
