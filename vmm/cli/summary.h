/* SPDX-License-Identifier: MIT */
/* The result of a run as a table for people. */
#ifndef KVL_CLI_SUMMARY_H
#define KVL_CLI_SUMMARY_H

#include <stdio.h>

#include "vmm/run.h"

/* A line, @indent columns in. */
void summary_finding(FILE *out, int indent, const struct finding *finding);

/* What the oracle has counted, a line. */
void summary_oracle(FILE *out, const struct oracle *oracle);

void summary_print(FILE *out, const struct run_config *config, const struct run_result *result);

#endif
