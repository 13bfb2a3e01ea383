/* SPDX-License-Identifier: MIT */
/* The actions of "kvalab trace". Each returns an exit status. */
#ifndef KVL_CLI_TRACE_H
#define KVL_CLI_TRACE_H

#include "vmm/cli/options.h"

int trace_print_command(struct options *options);
int trace_check_command(struct options *options);
int trace_repair_command(struct options *options);
int trace_export_command(struct options *options);
int trace_diff_command(struct options *options);

#endif
