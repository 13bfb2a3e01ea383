/* SPDX-License-Identifier: MIT */
/* Owns how a part is shrunk, so that a fuzzer can look at all of its array after every step. */
#include "tests/fuzz/small_part.h"

#define LEAST_BLOCK 256u /* bytes, of the smallest block */
#define LEAST_LARGE KiB(1)
#define LEAST_LARGE_AMD KiB(2) /* two hold all unlock addresses, which have 11 bits */
#define LEAST_LARGE_BLOCKS 8u

struct shape {
	u32 smallest, largest; /* bytes of a block */
	u32 main;	       /* the region with the most bytes */
};

static struct shape shape_of(const struct flash_part *part)
{
	struct shape shape = { UINT32_MAX, 0, 0 };
	u64 most = 0;

	for (u32 i = 0; i < part->nregions; i++) {
		const struct flash_region *region = &part->region[i];
		u64 bytes = (u64)region->blocks * region->block_bytes;

		if (region->block_bytes < shape.smallest)
			shape.smallest = region->block_bytes;
		if (region->block_bytes > shape.largest)
			shape.largest = region->block_bytes;
		if (bytes > most) {
			most = bytes;
			shape.main = i;
		}
	}
	return shape;
}

/* By how much blocks can shrink: the write buffer fits in one. */
static u32 block_divisor(const struct flash_part *part, const struct shape *shape)
{
	u32 least = LEAST_BLOCK, divisor = 1;
	u64 least_large = part->command_set == 0x0002 ? LEAST_LARGE_AMD : LEAST_LARGE;

	if (part->cfi.buffer_log2 && 1u << part->cfi.buffer_log2 > least)
		least = 1u << part->cfi.buffer_log2;
	while (shape->smallest / divisor / 2 >= least &&
	       shape->largest / divisor / 2 >= least_large)
		divisor *= 2;
	return divisor;
}

/* Scales the partitions to the chip, and joins those that would be smaller than two blocks. */
static bool shrink_runs(const struct flash_part *part, struct flash_part *small, u32 large)
{
	u32 scale = part->chip_bytes / small->chip_bytes;

	for (u32 i = 0; i < part->nruns; i++) {
		struct flash_partition_run *run = &small->run[i];
		u32 bytes = run->partition_bytes / scale;
		u32 join = bytes && bytes < 2 * large && run->partitions > 1 ? 2 * large / bytes
									     : 1;

		if (run->partitions % join)
			join = 1;
		run->partitions /= join;
		run->partition_bytes = bytes * join;
		if (!run->partition_bytes || run->partition_bytes % large)
			return false;
	}
	return true;
}

static bool shrink_to(const struct flash_part *part, struct flash_part *small, u32 large_blocks)
{
	struct shape shape = shape_of(part);
	u32 divisor = block_divisor(part, &shape), large = shape.largest / divisor;
	u32 drop = part->chip_bytes / shape.largest - large_blocks;

	*small = *part;
	if (part->region[shape.main].block_bytes != shape.largest ||
	    part->region[shape.main].blocks <= drop)
		return false;
	small->chip_bytes = large * large_blocks;
	for (u32 i = 0; i < part->nregions; i++)
		small->region[i].block_bytes /= divisor;
	small->region[shape.main].blocks -= drop;
	return shrink_runs(part, small, large);
}

bool small_part(const struct flash_part *part, struct flash_part *small)
{
	u32 most = part->chip_bytes / shape_of(part).largest;

	for (u32 blocks = LEAST_LARGE_BLOCKS; blocks <= most; blocks *= 2)
		if (shrink_to(part, small, blocks))
			return true;
	return false;
}
