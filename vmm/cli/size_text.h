/* SPDX-License-Identifier: MIT */
/* Sizes as people read them. */
#ifndef KVL_CLI_SIZE_TEXT_H
#define KVL_CLI_SIZE_TEXT_H

#include "devices/abi/types.h"

/* "96 MiB", "4 KiB", "1 GiB", "100 bytes": the largest unit that says it exactly. Returns
 * @buffer. */
#define SIZE_TEXT_BYTES 32
const char *size_text(u64 bytes, char buffer[SIZE_TEXT_BYTES]);

#endif
