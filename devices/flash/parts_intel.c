/* SPDX-License-Identifier: MIT */
/*
 * Owns the rows of parts with Intel's command sets (0001, 0003). What their commands do is in
 * intel.c.
 *
 * Sources are named per row. "Not checked" marks numbers that come from drivers, from dumps of
 * other members of the family or from common quotation, because the part's own pages for them were
 * not at hand; docs/flash-model.md lists them.
 */
#include "devices/flash/parts.h"

#define MS(n) ((n)*1000u)

/* Status.7 to .0 of a P30-like part's extended table up to the partitions: 310: L18, dumped. */
#define P30_EXTENDED_HEAD(feature0, feature1, feature3)                                            \
	feature0, feature1, 0x00, feature3,   /* features */                                       \
		0x01,			      /* program in erase suspend */                       \
		0x03, 0x00,		      /* block status: lock, lock-down */                  \
		0x18, 0x90,		      /* best Vcc, Vpp */                                  \
		0x02, 0x80, 0x00, 0x03, 0x03, /* protection field 1 */                             \
		0x89, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x04, /* field 2 */          \
		0x03,							    /* pages of 8 bytes */ \
		0x04, 0x01, 0x02, 0x03, 0x07 /* bursts of 4, 8, 16 words, continuous */

/* A partition region: how many, which operations at once, and its runs of blocks. */
#define PARTITIONS(n, types) (n) - 1, 0x00, 0x11, 0x00, 0x00, types
#define BLOCKS_128K(n) (((n)-1) & 0xFF), ((n)-1) >> 8, 0x00, 0x02, 0x64, 0x00, 0x02, 0x03
#define BLOCKS_32K(n) (n) - 1, 0x00, 0x80, 0x00, 0x64, 0x00, 0x02, 0x03

/* What both generations of J3 have in common. */
#define J3                                                                        \
	.command_set = 0x0001, .manufacturer = 0x0089, .device = { 0x0018 },      \
	.chip_bytes = MiB(16), .widths = 1 | 2, .native_bytes = 2, .nregions = 1, \
	.lock = { 64, 75 }, .unlock = { MS(500), MS(700) }

#define J3_FEATURES                                                                           \
	(FLASH_SUSPEND_ERASE | FLASH_SUSPEND_PROGRAM | FLASH_PROGRAM_IN_SUSPEND | FLASH_OTP | \
	 FLASH_LOCK_STORED)

#define J3_CFI                                                                         \
	.extended_at = 0x31, .version = { '1', '1' }, .interface = 2, .vcc_min = 0x27, \
	.vcc_max = 0x36, .erase_typ = 10, .extended_bytes = 16,                        \
	.extended = {                                                                  \
		0xCE, 0x00, 0x00, 0x00,	      /* features */                           \
		0x01,			      /* program in erase suspend */           \
		0x01, 0x00,		      /* block status: lock */                 \
		0x33, 0x00,		      /* best Vcc, no Vpp */                   \
		0x01, 0x80, 0x00, 0x03, 0x03, /* protection field */                   \
		0x03, 0x00,		      /* pages of 8 bytes, no burst */         \
	}

#define ERASE_128K                 \
	{                          \
		MS(1200), MS(4000) \
	}
#define ERASE_32K                 \
	{                         \
		MS(400), MS(2500) \
	}

/* What L18 and P30 of 130 nm have in common but for partitions. */
#define L18_P30                                                                        \
	.command_set = 0x0001, .manufacturer = 0x0089, .widths = 2, .native_bytes = 2, \
	.read_ns = 85, .program = { 90, 180 }, .buffer = { 440, 880 },                 \
	.suspend_program = { 20, 25 }, .suspend_erase = { 20, 25 }, .befp = { 320, 640 }

#define L18_P30_FEATURES                                                                      \
	(FLASH_SUSPEND_ERASE | FLASH_SUSPEND_PROGRAM | FLASH_PROGRAM_IN_SUSPEND | FLASH_OTP | \
	 FLASH_WIDE_OTP | FLASH_LOCK_INSTANT | FLASH_BEFP | FLASH_STATES_P30)

#define L18_P30_CFI                                                                            \
	.extended_at = 0x10A, .version = { '1', '3' }, .interface = 1, .vcc_min = 0x17,        \
	.vcc_max = 0x20, .vpp_min = 0x85, .vpp_max = 0x95, .program_typ = 8, .program_max = 1, \
	.buffer_typ = 9, .buffer_max = 1, .erase_typ = 10, .erase_max = 2, .buffer_log2 = 6

const struct flash_part flash_intel_parts[] = {
	/*
	 * Intel StrataFlash Memory (J3), data sheet order number 290667.
	 * From its pages: 16 Mbytes in 128 blocks of 128 Kbytes, 150 ns, Vcc 2.7 to 3.6 V (product
	 * features), P = 31h and extended table version "1.1" (section 4.2.7), 6.8 us a byte in a
	 * full buffer of 32. Not checked: codes 89h and 18h, query bytes 1Fh to 28h, feature bits
	 * (later revisions' CEh), the other times; they are those of drivers and emulators.
	 */
	{
		.name = "28f128j3",
		.compatible = "intel,28f128j3",
		J3,
		.region = { { 128, KiB(128), { MS(1000), MS(5000) } } },
		.features = J3_FEATURES | FLASH_ERASE_MARK,
		.read_ns = 150,
		.program = { 210, 630 },
		.buffer = { 218, 654 },
		.suspend_program = { 25, 75 },
		.suspend_erase = { 26, 35 },
		.cfi = {
			J3_CFI,
			.program_typ = 7,
			.program_max = 4,
			.buffer_typ = 7,
			.buffer_max = 4,
			.erase_max = 4,
			.buffer_log2 = 5,
		},
	},
	/*
	 * Numonyx Embedded Flash Memory J3 65 nm, single bit per cell, 208032: 75 ns, a buffer of
	 * 256 words (of which x8 mode uses 256 bytes), 1.41 us a byte, blank check, what erase
	 * suspend allows. Not checked: query bytes but 2Ah, the other times.
	 */
	{
		.name = "28f128j3f",
		.compatible = "intel,28f128j3f",
		J3,
		.region = { { 128, KiB(128), { MS(500), MS(4000) } } },
		.features = J3_FEATURES | FLASH_BLANK_CHECK,
		.read_ns = 75,
		.program = { 40, 175 },
		.buffer = { 722, 1500 },
		.suspend_program = { 20, 25 },
		.suspend_erase = { 20, 25 },
		.blank_check = { 3200, 3200 },
		.cfi = {
			J3_CFI,
			.program_typ = 8,
			.program_max = 1,
			.buffer_typ = 10,
			.buffer_max = 1,
			.erase_max = 2,
			.buffer_log2 = 9,
		},
	},
	/*
	 * Intel Advanced+ Boot Block (C3), 290645: P = 35h, features 66h, block status mask 3
	 * (query tables), eight 8-Kbyte blocks at the bottom, 70 ns, locks at power-up. Command set
	 * 0003: no write buffer. Not checked: 0003 and bytes 1Bh to 26h (an emulator's table of the
	 * 16 Mbit part), times.
	 */
	{
		.name = "28f640c3b",
		.compatible = "intel,28f640c3b",
		.command_set = 0x0003,
		.manufacturer = 0x0089,
		.device = { 0x88CD },
		.chip_bytes = MiB(8),
		.widths = 2,
		.native_bytes = 2,
		.nregions = 2,
		.region = { { 8, KiB(8), { MS(500), MS(4000) } },
			    { 127, KiB(64), { MS(1000), MS(5000) } } },
		.features = FLASH_SUSPEND_ERASE | FLASH_SUSPEND_PROGRAM | FLASH_PROGRAM_IN_SUSPEND |
			    FLASH_OTP | FLASH_LOCK_INSTANT,
		.read_ns = 70,
		.program = { 12, 200 },
		.suspend_program = { 5, 10 },
		.suspend_erase = { 5, 20 },
		.cfi = {
			.extended_at = 0x35,
			.version = { '1', '0' },
			.interface = 1,
			.vcc_min = 0x27,
			.vcc_max = 0x36,
			.vpp_min = 0xB4,
			.vpp_max = 0xC6,
			.program_typ = 5,
			.program_max = 4,
			.erase_typ = 10,
			.erase_max = 3,
			.extended_bytes = 14,
			.extended = {
				0x66, 0x00, 0x00, 0x00, /* features */
				0x01, /* program in erase suspend */
				0x03, 0x00, /* block status: lock, lock-down */
				0x33, 0xC0, /* best Vcc, Vpp */
				0x01, 0x80, 0x00, 0x03, 0x03, /* protection field */
			},
		},
	},
	/*
	 * Intel StrataFlash Wireless Memory (L18), 251902: sixteen 2-Mbyte partitions, 85 ns,
	 * buffer of 32 words, 7 us a byte, factory programming 5 us a byte, suspend 20 us. The
	 * query table of the top boot part was dumped from one; the bottom boot part's is its
	 * mirror image. Not checked: word program and erase times.
	 */
	{
		.name = "28f256l18",
		.compatible = "intel,28f256l18b",
		L18_P30,
		.device = { 0x8810 },
		.chip_bytes = MiB(32),
		.nregions = 2,
		.region = { { 4, KiB(32), ERASE_32K }, { 255, KiB(128), ERASE_128K } },
		.nruns = 1,
		.run = { { 16, MiB(2) } },
		.features = L18_P30_FEATURES,
		.cfi = {
			L18_P30_CFI,
			.extended_bytes = 72,
			.extended = {
				P30_EXTENDED_HEAD(0xE6, 0x03, 0x40),
				2, PARTITIONS(1, 2), BLOCKS_32K(4), BLOCKS_128K(15),
				PARTITIONS(15, 1), BLOCKS_128K(16),
				0x10, 0x00, 0x00, 0x40, 0x30, /* link field, as dumped */
			},
		},
	},
	{
		.name = "28f256l18t",
		.compatible = "intel,28f256l18t",
		L18_P30,
		.device = { 0x880D },
		.chip_bytes = MiB(32),
		.nregions = 2,
		.region = { { 255, KiB(128), ERASE_128K }, { 4, KiB(32), ERASE_32K } },
		.nruns = 1,
		.run = { { 16, MiB(2) } },
		.features = L18_P30_FEATURES,
		.cfi = {
			L18_P30_CFI,
			.extended_bytes = 72,
			.extended = {
				P30_EXTENDED_HEAD(0xE6, 0x03, 0x40),
				2, PARTITIONS(15, 1), BLOCKS_128K(16),
				PARTITIONS(1, 2), BLOCKS_128K(15), BLOCKS_32K(4),
				0x10, 0x00, 0x00, 0x40, 0x30, /* link field, as dumped */
			},
		},
	},
	/*
	 * Numonyx StrataFlash Embedded Memory (P30), 130 nm, 306666: P = 10Ah, query bytes 10h to
	 * 26h (appendix C.3), 85 ns, buffer of 32 words. One partition. Not checked: device codes
	 * (8919h, 891Ch; other lists have 8819h, 881Ch), the extended table behind its version,
	 * word program and erase times.
	 */
	{
		.name = "28f256p30",
		.compatible = "intel,28f256p30b",
		L18_P30,
		.device = { 0x891C },
		.chip_bytes = MiB(32),
		.nregions = 2,
		.region = { { 4, KiB(32), ERASE_32K }, { 255, KiB(128), ERASE_128K } },
		.features = L18_P30_FEATURES,
		.cfi = {
			L18_P30_CFI,
			.extended_bytes = 53,
			.extended = {
				P30_EXTENDED_HEAD(0xE6, 0x01, 0x00),
				1, PARTITIONS(1, 2), BLOCKS_32K(4), BLOCKS_128K(255),
			},
		},
	},
	{
		.name = "28f256p30t",
		.compatible = "intel,28f256p30t",
		L18_P30,
		.device = { 0x8919 },
		.chip_bytes = MiB(32),
		.nregions = 2,
		.region = { { 255, KiB(128), ERASE_128K }, { 4, KiB(32), ERASE_32K } },
		.features = L18_P30_FEATURES,
		.cfi = {
			L18_P30_CFI,
			.extended_bytes = 53,
			.extended = {
				P30_EXTENDED_HEAD(0xE6, 0x01, 0x00),
				1, PARTITIONS(1, 2), BLOCKS_128K(255), BLOCKS_32K(4),
			},
		},
	},
	/*
	 * Numonyx Axcell P30, 65 nm, 208042: 100 ns, buffer of 512 words, 1.46 Mbytes a second in
	 * it, 2 in factory programming, suspend 25 and 30 us, blank check. Not checked: device
	 * code, query bytes, the other times.
	 */
	{
		.name = "28f512p30",
		.compatible = "intel,28f512p30b",
		.command_set = 0x0001,
		.manufacturer = 0x0089,
		.device = { 0x8961 },
		.chip_bytes = MiB(64),
		.widths = 2,
		.native_bytes = 2,
		.nregions = 2,
		.region = { { 4, KiB(32), { MS(800), MS(4000) } },
			    { 511, KiB(128), { MS(1000), MS(4000) } } },
		.features = L18_P30_FEATURES | FLASH_BLANK_CHECK,
		.read_ns = 100,
		.program = { 270, 456 },
		.buffer = { 700, 1600 },
		.befp = { 512, 1200 },
		.suspend_program = { 25, 30 },
		.suspend_erase = { 30, 35 },
		.blank_check = { 3200, 3200 },
		.cfi = {
			.extended_at = 0x10A,
			.version = { '1', '4' },
			.interface = 1,
			.vcc_min = 0x17,
			.vcc_max = 0x20,
			.vpp_min = 0x85,
			.vpp_max = 0x95,
			.program_typ = 9,
			.program_max = 1,
			.buffer_typ = 10,
			.buffer_max = 1,
			.erase_typ = 10,
			.erase_max = 2,
			.buffer_log2 = 10,
			.extended_bytes = 55,
			.extended = {
				P30_EXTENDED_HEAD(0xE6, 0x01, 0x00),
				1, 24, 0x00, /* bytes of the region's field with these two (1.4) */
				PARTITIONS(1, 2), BLOCKS_32K(4), BLOCKS_128K(511),
			},
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
		.command_set = 0x0001,
		.chip_bytes = MiB(4),
		.widths = 1,
		.native_bytes = 1,
		.nregions = 1,
		.region = { { 1024, KiB(4), { MS(1024), MS(16384) } } },
		.read_ns = 150,
		.program = { 128, 2048 },
		.buffer = { 128, 2048 },
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
			.erase_typ = 10,
			.erase_max = 4,
			.buffer_log2 = 8,
			.extended_bytes = 10,
			.extended = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01 },
		},
	},
};

const size_t flash_intel_nparts = ARRAY_LEN(flash_intel_parts);
