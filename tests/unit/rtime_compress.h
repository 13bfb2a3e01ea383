/* SPDX-License-Identifier: MIT */
/* The compressor of rtime, for tests: from the description in guest/lib/rtime.h. */
#ifndef TEST_RTIME_COMPRESS_H
#define TEST_RTIME_COMPRESS_H

#include <stdlib.h>

#include "devices/abi/types.h"

/* Each byte with the longest repetition of what followed its last occurrence. */
static inline u8 *rtime_compress(const u8 *data, u32 n, u32 *bytes)
{
	u8 *out = malloc(2 * n + 1);
	u32 last[256] = { 0 }, at = 0;

	*bytes = 0;
	while (at < n) {
		u8 byte = data[at++];
		u32 from = last[byte], run = 0;

		last[byte] = at;
		while (run < 255 && at + run < n && data[from + run] == data[at + run])
			run++;
		out[(*bytes)++] = byte;
		out[(*bytes)++] = run;
		at += run;
	}
	return realloc(out, *bytes + 1);
}

#endif
