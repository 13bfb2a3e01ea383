/* SPDX-License-Identifier: MIT */
/*
 * Owns the primary extended table of Intel's command sets 0001 and 0003: what the chip can do
 * beyond program and erase, and where its hardware partitions begin (28F256L18 and P30 data sheets,
 * appendix "Common Flash Interface").
 */
#include "guest/flash/chip.h"
#include "guest/flash/intel.h"

#include "guest/kernel.h"

/* From the table's beginning. */
#define PRI_MINOR 0x04
#define PRI_FEATURES 0x05
#define PRI_AFTER_SUSPEND 0x09 /* bit 0: program while an erase rests */
#define PRI_PROTECTION_FIELDS 0x0e
#define PRI_FIELD_1 0x0f /* 4 bytes; further fields have 10 */
#define PRI_MORE (PRI_FIELD_1 + 4)
#define FIELD_BYTES 10

#define FEATURE_SUSPEND_ERASE (1 << 1)
#define FEATURE_SUSPEND_PROGRAM (1 << 2)
#define FEATURE_LEGACY_LOCKS (1 << 3)
#define FEATURE_INSTANT_LOCKS (1 << 5)
#define FEATURE_PARTITIONS (1 << 9) /* they are what "simultaneous operations" takes */

/* A partition region: how many alike, four bytes of what goes on at once, its types of blocks. */
#define REGION_ALIKE 0
#define REGION_TYPES 5
#define REGION_BYTES 6
#define TYPE_BYTES 8 /* blocks - 1, block bytes / 256, four more */

#define MAX_PROTECTION_FIELDS 8
#define MAX_BURST_MODES 16
#define MAX_REGIONS 8
#define MAX_TYPES 4

static u32 abilities(u32 features, u32 after_suspend)
{
	u32 can = 0;

	if (features & FEATURE_SUSPEND_ERASE)
		can |= CHIP_SUSPENDS_ERASE;
	if (features & FEATURE_SUSPEND_PROGRAM)
		can |= CHIP_SUSPENDS_PROGRAM;
	if (can & CHIP_SUSPENDS_ERASE && after_suspend & 1)
		can |= CHIP_PROGRAMS_IN_SUSPEND;
	if (features & FEATURE_INSTANT_LOCKS)
		can |= CHIP_LOCKS_AT_POWER_UP;
	else if (features & FEATURE_LEGACY_LOCKS)
		can |= CHIP_STORES_LOCKS;
	return can;
}

/* Bytes of one partition of the region at @at, in the bank; 0: refused. */
static u64 partition_bytes(const struct flash_chip *chip, u32 at, u32 types)
{
	u64 bytes = 0;

	for (u32 i = 0; i < types; i++, at += TYPE_BYTES)
		bytes += (cfi_query16(chip, at) + 1ull) * cfi_query16(chip, at + 2) * 256;
	return bytes * chip->interleave;
}

/* The region at *@at, and *@at behind it; *@start: where it begins in the chip, and where it
 * ends. */
static bool read_region(struct flash_chip *chip, u32 *at, u64 *start)
{
	u32 alike = cfi_query16(chip, *at + REGION_ALIKE) + 1;
	u32 types = cfi_query(chip, *at + REGION_TYPES);
	u64 bytes;

	if (!types || types > MAX_TYPES)
		return cfi_refuse(chip, "types of block in a partition:", types);
	if (alike > FLASH_MAX_HW_PARTITIONS - chip->npartitions)
		return cfi_refuse(chip, "partitions alike:", alike);
	bytes = partition_bytes(chip, *at + REGION_BYTES, types);
	for (u32 i = 0; i < alike; i++, *start += bytes)
		chip->partition_at[chip->npartitions++] = *start;
	*at += REGION_BYTES + types * TYPE_BYTES;
	return true;
}

static bool read_partitions(struct flash_chip *chip, u32 at, u32 regions)
{
	u64 start = 0;

	if (!regions || regions > MAX_REGIONS)
		return cfi_refuse(chip, "regions of partitions:", regions);
	chip->npartitions = 0;
	for (u32 i = 0; i < regions; i++)
		if (!read_region(chip, &at, &start))
			return false;
	return start == chip->bytes || cfi_refuse(chip, "bytes in all partitions:", start);
}

/* Behind the protection fields and the burst modes, both of which there may be any number of. */
static bool find_partitions(struct flash_chip *chip, u32 pri)
{
	u32 fields = cfi_query(chip, pri + PRI_PROTECTION_FIELDS), bursts, at = pri + PRI_MORE;

	if (fields > MAX_PROTECTION_FIELDS)
		return cfi_refuse(chip, "protection fields:", fields);
	at += fields > 1 ? (fields - 1) * FIELD_BYTES : 0;
	bursts = cfi_query(chip, at + 1);
	if (bursts > MAX_BURST_MODES)
		return cfi_refuse(chip, "burst modes:", bursts);
	at += 2 + bursts;
	/* version 1.4 put the length of what follows in between */
	return read_partitions(chip, at + (cfi_query(chip, pri + PRI_MINOR) >= '4' ? 3 : 1),
			       cfi_query(chip, at));
}

bool intel_extended(struct flash_chip *chip, u32 pri)
{
	u32 features = cfi_query16(chip, pri + PRI_FEATURES);

	chip->abilities = abilities(features, cfi_query(chip, pri + PRI_AFTER_SUSPEND));
	if (cfi_query(chip, pri + PRI_MINOR) >= '3' && features & FEATURE_PARTITIONS)
		return find_partitions(chip, pri);
	return true;
}
