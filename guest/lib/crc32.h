/* SPDX-License-Identifier: MIT */
/* The CRC that JFFS2 uses: reflected 0xEDB88320, start 0, no final inversion. */
#ifndef GUEST_CRC32_H
#define GUEST_CRC32_H

#include "devices/abi/types.h"

/* Goes on from @crc (0 at the start) over @bytes at @data; any alignment. At most 2.5 instructions
 * a byte on long runs (tests/unit/test_jffs2.c compares it with the bitwise definition). */
u32 crc32(u32 crc, const void *data, size_t bytes);

/* As crc32() over @bytes zeros, in at most 20,000 instructions. */
u32 crc32_zeros(u32 crc, u32 bytes);

#endif
