/* SPDX-License-Identifier: MIT */
/* Where the blocks and partitions of a bank lie, reckoned from its row without the model's help. */
#ifndef KVL_FUZZ_GEOMETRY_H
#define KVL_FUZZ_GEOMETRY_H

#include "devices/flash/flash.h"

#define GEOMETRY_MAX_BLOCKS 1024

struct geometry {
	u32 chips, bus, lane; /* bytes of a bus word, and of what one chip has of it */
	u64 bytes;	      /* of the bank */
	u32 blocks, partitions;
	/* of each block, in one chip; then twice its end: a block of no bytes */
	u32 start[GEOMETRY_MAX_BLOCKS + 2];
	u8 partition[GEOMETRY_MAX_BLOCKS]; /* of each block; the chips' are told apart by callers */
	u32 partition_start[FLASH_MAX_PARTITIONS];
};

void geometry_make(struct geometry *geometry, const struct flash_config *config);
/* The block that holds byte @offset of one chip, which lies inside. */
u32 geometry_block(const struct geometry *geometry, u64 offset);

/* Prints what no flash may do, and stops the program. */
#define demand(condition, ...)                 \
	do {                                   \
		if (!(condition))              \
			violated(__VA_ARGS__); \
	} while (0)

_Noreturn __attribute__((format(printf, 1, 2))) void violated(const char *format, ...);

#endif
