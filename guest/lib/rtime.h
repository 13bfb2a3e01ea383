/* SPDX-License-Identifier: MIT */
/* The decompressor of JFFS2's "rtime". Nothing that it reads is trusted. */
#ifndef GUEST_RTIME_H
#define GUEST_RTIME_H

#include "devices/abi/types.h"

#define RTIME_MAX_BYTES 65535 /* of output */

/*
 * Pairs of a byte and a number: the byte is written, then so many bytes again that followed the
 * byte's last occurrence. True if exactly @out_bytes (<= RTIME_MAX_BYTES) come of the @in_bytes at
 * @in; pairs behind are not looked at. @seen: working memory.
 */
bool rtime_expand(u16 seen[256], const void *in, size_t in_bytes, void *out, size_t out_bytes);

#endif
