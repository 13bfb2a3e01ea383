/* SPDX-License-Identifier: MIT */
/* JSON output: the result of a run as one object, and how an object reaches a file. */
#ifndef KVL_CLI_JSON_H
#define KVL_CLI_JSON_H

#include <jansson.h>

#include "vmm/cli/replace.h"
#include "vmm/err.h"
#include "vmm/run.h"

/*
 * Begins the file that --json names (@path, NULL: none; "-": stdout), before the work whose result
 * it shall hold: errors as of replace_begin().
 */
int json_begin(struct replacement *file, const char *path, struct err *err);

/* Writes @root (NULL: there was no memory for it), frees it; the file then appears. EXIT_HOST
 * errors. */
int json_end(struct replacement *file, json_t *root, struct err *err);

/* There is no result, and no file; @path as it was begun. */
void json_drop(struct replacement *file, const char *path);

/* A string; bytes of @text that are no UTF-8 (a path may have any) become U+FFFD. NULL: no
 * memory. */
json_t *json_text(const char *text);

/* The result object of docs/scenarios.md; NULL: no memory. */
json_t *result_json(const struct run_config *config, const struct run_result *result);

#endif
