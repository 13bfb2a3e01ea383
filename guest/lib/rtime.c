/* SPDX-License-Identifier: MIT */
/*
 * Owns the decompression of "rtime". For each value of a byte it keeps where the output went on
 * after it was last met (0 at first); from there a pair's repetition is copied, byte by byte, since
 * it may run into what it writes.
 */
#include "guest/lib/rtime.h"

#include "guest/lib/string.h"

bool rtime_expand(u16 seen[256], const void *in, size_t in_bytes, void *out, size_t out_bytes)
{
	const u8 *pair = in, *end = pair + in_bytes / 2 * 2;
	u8 *to = out;
	size_t used = 0;

	if (out_bytes > RTIME_MAX_BYTES)
		return false;
	memset(seen, 0, 256 * sizeof(seen[0]));
	for (; pair < end && used < out_bytes; pair += 2) {
		size_t from = seen[pair[0]], n = pair[1];

		to[used++] = pair[0];
		seen[pair[0]] = used;
		if (n > out_bytes - used)
			return false;
		while (n--)
			to[used++] = to[from++];
	}
	return used == out_bytes;
}
