/* SPDX-License-Identifier: MIT */
/*
 * Owns the CFI query table: JESD68.01 for offsets 10h to the erase regions; behind them the primary
 * extended table, which each row brings as its data sheet prints it. Leaves to the command sets how
 * the bytes reach the bus.
 */
#include <string.h>

#include "devices/flash/cfi_query.h"

enum {
	QUERY_STRING = 0x10,
	QUERY_COMMAND_SET = 0x13,
	QUERY_EXTENDED_AT = 0x15,
	QUERY_VCC_MIN = 0x1B,
	QUERY_VCC_MAX = 0x1C,
	QUERY_VPP_MIN = 0x1D,
	QUERY_VPP_MAX = 0x1E,
	QUERY_PROGRAM_TYP = 0x1F,
	QUERY_BUFFER_TYP = 0x20,
	QUERY_ERASE_TYP = 0x21,
	QUERY_CHIP_TYP = 0x22,
	QUERY_PROGRAM_MAX = 0x23,
	QUERY_BUFFER_MAX = 0x24,
	QUERY_ERASE_MAX = 0x25,
	QUERY_CHIP_MAX = 0x26,
	QUERY_SIZE = 0x27,
	QUERY_INTERFACE = 0x28,
	QUERY_BUFFER = 0x2A,
	QUERY_NREGIONS = 0x2C,
	QUERY_REGIONS = 0x2D,
	QUERY_REGION_BYTES = 4,

	EXTENDED_VERSION = 3,
	EXTENDED_REST = 5,
};

static void put16(u8 *at, u32 value)
{
	at[0] = value & 0xFF;
	at[1] = (value >> 8) & 0xFF;
}

static void put_geometry(const struct flash_part *part, u8 *query)
{
	query[QUERY_SIZE] = (u8)__builtin_ctz(part->chip_bytes);
	put16(&query[QUERY_INTERFACE], part->cfi.interface);
	put16(&query[QUERY_BUFFER], part->cfi.buffer_log2);
	query[QUERY_NREGIONS] = (u8)part->nregions;
	for (u32 i = 0; i < part->nregions; i++) {
		const struct flash_region *region =
			&part->region[part->cfi.regions_reversed ? part->nregions - 1 - i : i];
		u8 *at = &query[QUERY_REGIONS + i * QUERY_REGION_BYTES];

		put16(at, region->blocks - 1);
		put16(at + 2, region->block_bytes / 256);
	}
}

static void put_times(const struct flash_cfi *cfi, u8 *query)
{
	query[QUERY_PROGRAM_TYP] = cfi->program_typ;
	query[QUERY_BUFFER_TYP] = cfi->buffer_typ;
	query[QUERY_ERASE_TYP] = cfi->erase_typ;
	query[QUERY_CHIP_TYP] = cfi->chip_typ;
	query[QUERY_PROGRAM_MAX] = cfi->program_max;
	query[QUERY_BUFFER_MAX] = cfi->buffer_max;
	query[QUERY_ERASE_MAX] = cfi->erase_max;
	query[QUERY_CHIP_MAX] = cfi->chip_max;
}

static void put_extended(const struct flash_cfi *cfi, u8 *extended)
{
	memcpy(extended, "PRI", 3);
	memcpy(&extended[EXTENDED_VERSION], cfi->version, sizeof(cfi->version));
	memcpy(&extended[EXTENDED_REST], cfi->extended, cfi->extended_bytes);
}

void flash_cfi_query(const struct flash_part *part, u8 query[FLASH_QUERY_BYTES])
{
	const struct flash_cfi *cfi = &part->cfi;

	memset(query, 0, FLASH_QUERY_BYTES);
	memcpy(&query[QUERY_STRING], "QRY", 3);
	put16(&query[QUERY_COMMAND_SET], part->command_set);
	put16(&query[QUERY_EXTENDED_AT], cfi->extended_at);
	query[QUERY_VCC_MIN] = cfi->vcc_min;
	query[QUERY_VCC_MAX] = cfi->vcc_max;
	query[QUERY_VPP_MIN] = cfi->vpp_min;
	query[QUERY_VPP_MAX] = cfi->vpp_max;
	put_times(cfi, query);
	put_geometry(part, query);
	put_extended(cfi, &query[cfi->extended_at]);
}
