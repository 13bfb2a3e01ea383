/* SPDX-License-Identifier: MIT */
/* JSON output: the result of a run as one object, and how an object reaches a file. */
#ifndef KVL_CLI_JSON_H
#define KVL_CLI_JSON_H

#include <jansson.h>

#include "vmm/err.h"
#include "vmm/run.h"

/*
 * Writes @root to @path ("-": stdout) and frees it. A file appears whole or not at all: it is
 * written under a temporary name beside @path, then renamed. EXIT_HOST errors.
 */
int json_write(json_t *root, const char *path, struct err *err);

/* A string; bytes of @text that are no UTF-8 (a path may have any) become U+FFFD. NULL: no memory. */
json_t *json_text(const char *text);

/* The result object of docs/scenarios.md; NULL: no memory. */
json_t *result_json(const struct run_config *config, const struct run_result *result);

#endif
