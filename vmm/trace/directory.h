/* SPDX-License-Identifier: MIT */
/* The trace directory, and what is written into it at the start. */
#ifndef KVL_TRACE_DIRECTORY_H
#define KVL_TRACE_DIRECTORY_H

#include "vmm/trace/trace.h"

#define TRACE_EXTRA_DIR "extra"
#define TRACE_SYMBOLS_FILE TRACE_EXTRA_DIR "/symbols"
#define TRACE_PLACES_FILE TRACE_EXTRA_DIR "/places"

/*
 * Makes config->dir with "metadata" and, if there are any, "extra/symbols" and "extra/places".
 * Returns its descriptor. -1, EXIT_HOST: it exists, cannot be made or written; then nothing of it
 * is left behind.
 */
int directory_create(const struct trace_config *config, const u8 *uuid, struct err *err);

#endif
