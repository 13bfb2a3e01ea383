/* SPDX-License-Identifier: MIT */
/* Owns where a part's blocks and hardware partitions lie, and the search in its tables. */
#include "devices/flash/part.h"

#include <string.h>

#include "devices/flash/parts.h"

const struct flash_part *flash_part_row(size_t index)
{
	if (index < flash_intel_nparts)
		return &flash_intel_parts[index];
	index -= flash_intel_nparts;
	return index < flash_amd_nparts ? &flash_amd_parts[index] : NULL;
}

const struct flash_part *flash_part_find(const char *name)
{
	const struct flash_part *part;

	for (size_t i = 0; (part = flash_part_row(i)); i++)
		if (strcmp(part->name, name) == 0)
			return part;
	return NULL;
}

struct flash_block flash_block_at(const struct flash_part *part, u64 offset)
{
	struct flash_block block = { 0 };

	for (u32 i = 0; i < part->nregions; i++) {
		const struct flash_region *region = &part->region[i];
		u64 region_bytes = (u64)region->blocks * region->block_bytes;

		if (offset - block.start < region_bytes) {
			u64 nth = (offset - block.start) / region->block_bytes;

			block.index += (u32)nth;
			block.start += nth * region->block_bytes;
			block.bytes = region->block_bytes;
			block.erase = region->erase;
			return block;
		}
		block.index += region->blocks;
		block.start += region_bytes;
	}
	return block;
}

u32 flash_block_count(const struct flash_part *part)
{
	u32 count = 0;

	for (u32 i = 0; i < part->nregions; i++)
		count += part->region[i].blocks;
	return count;
}

struct flash_hw_partition flash_hw_partition_at(const struct flash_part *part, u64 offset)
{
	struct flash_hw_partition at = { 0, 0, part->chip_bytes };

	for (u32 i = 0; i < part->nruns; i++) {
		const struct flash_partition_run *run = &part->run[i];
		u64 nth = (offset - at.start) / run->partition_bytes;

		at.bytes = run->partition_bytes;
		if (nth >= run->partitions)
			nth = run->partitions - (i + 1 == part->nruns);
		at.index += (u32)nth;
		at.start += nth * run->partition_bytes;
		if (offset - at.start < run->partition_bytes)
			break;
	}
	return at;
}

u32 flash_hw_partition_count(const struct flash_part *part)
{
	u32 count = part->nruns == 0;

	for (u32 i = 0; i < part->nruns; i++)
		count += part->run[i].partitions;
	return count;
}
