/* SPDX-License-Identifier: MIT */
/*
 * Owns where a part's blocks and hardware partitions lie, what a row must fulfil, and the search in
 * the tables.
 */
#include "devices/flash/part.h"

#include <string.h>

#include "devices/flash/cfi_query.h"
#include "devices/flash/flash.h"
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

	if (offset >= part->chip_bytes)
		offset = part->chip_bytes - 1;
	for (u32 i = 0; i < part->nruns; i++) {
		const struct flash_partition_run *run = &part->run[i];
		u64 nth = (offset - at.start) / run->partition_bytes;
		bool here = nth < run->partitions;

		nth = here ? nth : run->partitions;
		at.bytes = run->partition_bytes;
		at.index += (u32)nth;
		at.start += nth * run->partition_bytes;
		if (here)
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

/* --- rows ------------------------------------------------------------------------------------- */
static const char *blocks_problem(const struct flash_part *part)
{
	u64 bytes = 0, blocks = 0;

	if (!part->nregions || part->nregions > FLASH_MAX_REGIONS)
		return "it has no region of blocks, or too many";
	for (u32 i = 0; i < part->nregions; i++) {
		if (!part->region[i].block_bytes || part->region[i].block_bytes % 256)
			return "an erase block is not a multiple of 256 bytes, which the query counts in";
		blocks += part->region[i].blocks;
		bytes += (u64)part->region[i].blocks * part->region[i].block_bytes;
	}
	if (blocks > FLASH_MAX_BLOCKS)
		return "it has too many erase blocks";
	if (bytes != part->chip_bytes || (bytes & (bytes - 1)))
		return "its blocks do not add up to its size, or that is no power of two";
	return NULL;
}

static const char *partitions_problem(const struct flash_part *part)
{
	u64 bytes = 0, partitions = 0;

	if (part->nruns > FLASH_MAX_RUNS)
		return "it has too many runs of hardware partitions";
	for (u32 i = 0; i < part->nruns; i++) {
		if (!part->run[i].partitions || !part->run[i].partition_bytes)
			return "a run of hardware partitions is empty";
		partitions += part->run[i].partitions;
		bytes += (u64)part->run[i].partitions * part->run[i].partition_bytes;
	}
	if (partitions > FLASH_MAX_PARTITIONS)
		return "it has too many hardware partitions";
	if (part->nruns && bytes != part->chip_bytes)
		return "its hardware partitions do not add up to its size";
	for (u64 at = 0; at < part->chip_bytes; at += flash_block_at(part, at).bytes)
		if (flash_hw_partition_at(part, at).index !=
		    flash_hw_partition_at(part, at + flash_block_at(part, at).bytes - 1).index)
			return "an erase block lies in two hardware partitions";
	return NULL;
}

static const char *tables_problem(const struct flash_part *part)
{
	const struct flash_cfi *cfi = &part->cfi;

	if (part->widths < 1 || part->widths > 3)
		return "its data bus is neither 8 nor 16 bits wide";
	if (part->native_bytes != 1 && part->native_bytes != 2)
		return "one of its addresses stands for neither a byte nor a word";
	if (cfi->buffer_log2 && 1u << cfi->buffer_log2 > FLASH_MAX_BUFFER_BYTES)
		return "its write buffer is too large";
	if (cfi->extended_at < 0x2D + 4 * part->nregions ||
	    cfi->extended_at + 5u + cfi->extended_bytes > FLASH_QUERY_BYTES ||
	    cfi->extended_bytes > sizeof(cfi->extended))
		return "its extended query table lies outside the query's bytes, or in its regions";
	if (part->secured_bytes > FLASH_OTP_WORDS * sizeof(u16))
		return "its secured region is too large";
	return NULL;
}

const char *flash_part_problem(const struct flash_part *part)
{
	const char *problem = blocks_problem(part);

	if (!problem)
		problem = partitions_problem(part);
	return problem ? problem : tables_problem(part);
}
