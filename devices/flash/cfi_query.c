/* SPDX-License-Identifier: MIT */
/*
 * Owns the CFI query table: JESD68.01 for offsets 00h to the erase regions, the J3 data sheet
 * (290667, section 4.2.7) for Intel's primary extended table. Leaves to intel.c how the bytes reach
 * the bus.
 *
 * The table says what this model does. There is no chip erase (22h, 26h), and a write buffer (20h,
 * 24h, 2Ah) only where the row has one; no suspend, lock, protection register or page read (feature bits, suspend functions,
 * block status mask, number of protection fields, page size: all 0), though the silicon has them: a
 * driver that believes its query table never sends a command that is not modelled. The exception is
 * a part's row that claims a protection field because what it is compared with does.
 */
#include <string.h>

#include "devices/flash/cfi_query.h"

enum {
	QUERY_MANUFACTURER = 0x00,
	QUERY_DEVICE = 0x01,
	QUERY_STRING = 0x10,
	QUERY_COMMAND_SET = 0x13,
	QUERY_EXTENDED_AT = 0x15,
	QUERY_VCC_MIN = 0x1B,
	QUERY_VCC_MAX = 0x1C,
	QUERY_PROGRAM_TYP = 0x1F,
	QUERY_BUFFER_TYP = 0x20,
	QUERY_ERASE_TYP = 0x21,
	QUERY_PROGRAM_MAX = 0x23,
	QUERY_BUFFER_MAX = 0x24,
	QUERY_ERASE_MAX = 0x25,
	QUERY_SIZE = 0x27,
	QUERY_INTERFACE = 0x28,
	QUERY_BUFFER = 0x2A,
	QUERY_NREGIONS = 0x2C,
	QUERY_REGIONS = 0x2D,
	QUERY_REGION_BYTES = 4,

	EXTENDED_VERSION = 0x03,
	EXTENDED_VCC_BEST = 0x0C,
	EXTENDED_PROTECTION = 0x0E,
	EXTENDED_BYTES =
		0x11, /* up to "number of synchronous read fields", after 0 protection fields */
};

_Static_assert(QUERY_REGIONS + FLASH_MAX_REGIONS * QUERY_REGION_BYTES + EXTENDED_BYTES <=
		       FLASH_QUERY_BYTES,
	       "a table with all regions fits");

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
		u8 *region = &query[QUERY_REGIONS + i * QUERY_REGION_BYTES];

		put16(region, part->region[i].blocks - 1);
		put16(region + 2, part->region[i].block_bytes / 256);
	}
}

/* All that is not set here is a feature that is absent, and 0. */
static void put_extended(const struct flash_part *part, u8 *extended)
{
	memcpy(extended, "PRI", 3);
	memcpy(&extended[EXTENDED_VERSION], part->cfi.version, sizeof(part->cfi.version));
	extended[EXTENDED_VCC_BEST] = part->cfi.vcc_best;
	extended[EXTENDED_PROTECTION] = part->cfi.protection_fields;
}

void flash_cfi_query(const struct flash_part *part, u8 query[FLASH_QUERY_BYTES])
{
	memset(query, 0, FLASH_QUERY_BYTES);
	query[QUERY_MANUFACTURER] = (u8)part->manufacturer;
	query[QUERY_DEVICE] = (u8)part->device;
	memcpy(&query[QUERY_STRING], "QRY", 3);
	put16(&query[QUERY_COMMAND_SET], part->command_set);
	put16(&query[QUERY_EXTENDED_AT], part->cfi.extended_at);
	query[QUERY_VCC_MIN] = part->cfi.vcc_min;
	query[QUERY_VCC_MAX] = part->cfi.vcc_max;
	query[QUERY_PROGRAM_TYP] = part->cfi.program_typ;
	query[QUERY_BUFFER_TYP] = part->cfi.buffer_typ;
	query[QUERY_ERASE_TYP] = part->cfi.erase_typ;
	query[QUERY_PROGRAM_MAX] = part->cfi.program_max;
	query[QUERY_BUFFER_MAX] = part->cfi.buffer_max;
	query[QUERY_ERASE_MAX] = part->cfi.erase_max;
	put_geometry(part, query);
	put_extended(part, &query[part->cfi.extended_at]);
}
