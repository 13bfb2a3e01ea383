/* SPDX-License-Identifier: MIT */
/* Data as text inside a page's <script> elements: nothing of it can end the element. */
#ifndef KVL_TRACE_REPORT_TEXT_H
#define KVL_TRACE_REPORT_TEXT_H

#include <jansson.h>
#include <stdio.h>

#include "devices/abi/types.h"

/* A JSON string. @text is untrusted. */
void report_string(FILE *out, const char *text);
/* All of @root as JSON. -1: it is none, or no memory, or @out takes no more (ferror() says
 * which). */
int report_json(FILE *out, const json_t *root);
/* "0x1f" as a JSON string: addresses may have more bits than a browser's numbers. */
void report_hex(FILE *out, u64 value);

/* Bytes as base64. Zero it, put, end. */
struct base64 {
	FILE *out;
	u32 nheld;
	u8 held[3];
};

void base64_put(struct base64 *base64, u8 byte);
void base64_end(struct base64 *base64);

#endif
