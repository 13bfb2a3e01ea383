/* SPDX-License-Identifier: MIT */
/*
 * The commands of kvalab. Only the files of this directory print to the user; what lies below
 * returns a struct err. Guest console and results go to stdout, everything else to stderr.
 */
#ifndef KVL_CLI_H
#define KVL_CLI_H

#include <stdio.h>

#include "devices/abi/types.h"
#include "vmm/cli/options.h"
#include "vmm/err.h"

/* Runs the command that @argv names; returns the exit status of the process (vmm/err.h). */
int cli_main(int argc, char **argv);

/* Each gets its parsed options and returns an exit status. */
int cmd_run(struct options *options);
int cmd_compare(struct options *options);
int cmd_list(struct options *options);
int cmd_layout(struct options *options);
int cmd_probe(struct options *options);
int cmd_trace(struct options *options);
int cmd_report(struct options *options);
int cmd_flash(struct options *options);

/* "kvalab: …" to stderr; returns the status that @err carries. */
int cli_fail(const struct err *err);

/* Output was lost that did not go through stdio; @error: its errno. cli_end() says so. */
void cli_output_lost(int error);

/*
 * Flushes stdout. A message if not all that was printed could be written, and then EXIT_HOST
 * instead of EXIT_OK; what went wrong before stays the status.
 */
int cli_end(int status);

/* A map as text, in the manner of the seed of rows A (vmm/cli/draw.c). */
struct layout_map;
void draw_layout(FILE *out, const struct layout_map *map);

#endif
