/* SPDX-License-Identifier: MIT */
/*
 * Owns the table of parts, and where their erase blocks lie. A part is one row: geometry, times and
 * the CFI bytes that cannot be computed from them. What a part's commands do is in intel.c.
 *
 * A row describes the part as it is modelled, not all that the silicon can do: features that the
 * model lacks are absent from the query table too (cfi_query.c).
 */
#include <string.h>

#include "devices/flash/flash.h"

static const struct flash_part parts[] = {
	/*
	 * Intel StrataFlash Memory (J3), data sheet order number 290667.
	 * From its pages: 16 Mbytes in 128 blocks of 128 Kbytes, 150 ns, Vcc 2.7 to 3.6 V (product
	 * features), P = 31h and extended table version "1.1" (section 4.2.7).
	 * Codes 89h and 18h, query bytes 1Fh to 28h: as in drivers and emulators of this part; its
	 * own pages for them were not at hand. Nor was its table of program and erase times: 210/630
	 * us and 1.0/5.0 s are the figures commonly quoted. They lie within what the query bytes
	 * allow (2^7 us and 2^10 ms, times 2^4), by which drivers set their time-outs.
	 */
	{
		.name = "28f128j3",
		.compatible = "intel,28f128j3",
		.manufacturer = 0x0089,
		.device = 0x0018,
		.command_set = 0x0001,
		.chip_bytes = MiB(16),
		.bus_bytes = 2,
		.nregions = 1,
		.region = { { .blocks = 128, .block_bytes = KiB(128) } },
		.read_ns = 150,
		.program_typ_us = 210,
		.program_max_us = 630,
		.erase_typ_ms = 1000,
		.erase_max_ms = 5000,
		.cfi = {
			.extended_at = 0x31,
			.version = { '1', '1' },
			.interface = 2,
			.vcc_min = 0x27,
			.vcc_max = 0x36,
			.vcc_best = 0x33,
			.program_typ = 7,
			.program_max = 4,
			.erase_typ = 10,
			.erase_max = 4,
		},
	},
	/*
	 * The flash of QEMU's "pc" machine (pflash_cfi01, given as -drive if=pflash,unit=1), of a
	 * size of 4 MiB: the shape of that device and its query table, as QEMU 7.2.22 answered over
	 * the bus, around a chip that behaves as NOR does. The times are those of the table, which
	 * QEMU states and does not take. It states no read time: that is the 28f128j3's. Its codes
	 * are 00h and 00h, and the version of its extended table is "1.0".
	 */
	{
		.name = "qemu-x8",
		.compatible = "qemu,pflash-x8",
		.manufacturer = 0x0000,
		.device = 0x0000,
		.command_set = 0x0001,
		.chip_bytes = MiB(4),
		.bus_bytes = 1,
		.nregions = 1,
		.region = { { .blocks = 1024, .block_bytes = KiB(4) } },
		.read_ns = 150,
		.program_typ_us = 128,
		.program_max_us = 2048,
		.buffer_typ_us = 128,
		.buffer_max_us = 2048,
		.erase_typ_ms = 1024,
		.erase_max_ms = 16384,
		.cfi = {
			.extended_at = 0x31,
			.version = { '1', '0' },
			.interface = 2,
			.vcc_min = 0x45,
			.vcc_max = 0x55,
			.program_typ = 7,
			.program_max = 4,
			.buffer_typ = 7,
			.buffer_max = 4,
			.buffer_log2 = 8,
			.erase_typ = 10,
			.erase_max = 4,
			.protection_fields = 1,
		},
	},
};

const struct flash_part *flash_part_row(size_t index)
{
	return index < ARRAY_LEN(parts) ? &parts[index] : NULL;
}

const struct flash_part *flash_part_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
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
			return block;
		}
		block.index += region->blocks;
		block.start += region_bytes;
	}
	return block;
}
