/* SPDX-License-Identifier: MIT */
/* The trace directory and the two files in it that are written at the start. */
#ifndef KVL_TRACE_DIRECTORY_H
#define KVL_TRACE_DIRECTORY_H

#include "vmm/trace/trace.h"

/*
 * Makes config->dir with "metadata" and, if there are any, "symbols". Returns its
 * descriptor. -1, EXIT_HOST: it exists, cannot be made or written; then nothing
 * of it is left behind.
 */
int directory_create(const struct trace_config *config, const u8 *uuid, struct err *err);

#endif
