/* SPDX-License-Identifier: MIT */
/* Owns the reckoning of blocks and partitions, and the end of a run that has found something. */
#include "tests/fuzz/geometry.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void make_partitions(struct geometry *geometry, const struct flash_part *part)
{
	u32 at = 0;

	for (u32 i = 0; i < part->nruns; i++)
		for (u32 n = 0; n < part->run[i].partitions; n++) {
			geometry->partition_start[geometry->partitions++] = at;
			at += part->run[i].partition_bytes;
		}
	if (!part->nruns)
		geometry->partition_start[geometry->partitions++] = 0;
}

void geometry_make(struct geometry *geometry, const struct flash_config *config)
{
	const struct flash_part *part = config->part;
	u32 at = 0, partition = 0;

	geometry->chips = config->chips ? config->chips : 1;
	geometry->bus = flash_bus_bytes(config);
	geometry->lane = geometry->bus / geometry->chips;
	geometry->bytes = (u64)part->chip_bytes * geometry->chips;
	geometry->blocks = 0;
	geometry->partitions = 0;
	make_partitions(geometry, part);
	for (u32 i = 0; i < part->nregions; i++)
		for (u32 n = 0; n < part->region[i].blocks; n++) {
			while (partition + 1 < geometry->partitions &&
			       geometry->partition_start[partition + 1] <= at)
				partition++;
			geometry->partition[geometry->blocks] = (u8)partition;
			geometry->start[geometry->blocks++] = at;
			at += part->region[i].block_bytes;
		}
	geometry->start[geometry->blocks] = geometry->start[geometry->blocks + 1] = at;
	demand(at == part->chip_bytes, "%s: its blocks have %u bytes in all", part->name, at);
}

u32 geometry_block(const struct geometry *geometry, u64 offset)
{
	u32 low = 0, high = geometry->blocks;

	while (high - low > 1) {
		u32 middle = (low + high) / 2;

		if (geometry->start[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

void violated(const char *format, ...)
{
	va_list args;

	fputs("VIOLATED: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}
