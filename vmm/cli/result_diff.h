/* SPDX-License-Identifier: MIT */
/* "kvalab trace diff" of two results of "kvalab run --json". */
#ifndef KVL_CLI_RESULT_DIFF_H
#define KVL_CLI_RESULT_DIFF_H

#include <stdio.h>

#include "devices/abi/types.h"
#include "vmm/err.h"

/*
 * Prints a table of the counts, checks and metrics that differ, and of the exit status; durations
 * and what the host counted never. EXIT_USAGE: one of the files is not there, or no such result;
 * EXIT_VMM: it is damaged.
 */
int result_diff(const char *const path[2], FILE *out, bool *same, struct err *err);

#endif
