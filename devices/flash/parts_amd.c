/* SPDX-License-Identifier: MIT */
/*
 * Owns the rows of parts with AMD's command set (0002). What their commands do is in amd.c.
 *
 * Sources are named per row; "vendor's model" is the Verilog model that AMD or Spansion published
 * of the part. "Not checked" marks numbers that come from drivers, from dumps of other members of
 * the family or from common quotation, because the part's own pages for them were not at hand;
 * docs/flash-model.md lists them.
 */
#include "devices/flash/parts.h"

#define MS(n) ((n)*1000u)

/* Am29LV160D: 16, 8, 8, 32 Kbytes and 31 of 64; all sectors take the same time. */
#define LV_ERASE                   \
	{                          \
		MS(700), MS(15000) \
	}
#define LV_REGION(blocks, kbytes)             \
	{                                     \
		blocks, KiB(kbytes), LV_ERASE \
	}

#define LV_PART                                                                            \
	.command_set = 0x0002, .manufacturer = 0x0001, .widths = 1 | 2, .native_bytes = 2, \
	.read_ns = 90, .program = { 7, 210 }, .suspend_erase = { 20, 20 }, .erase_window_us = 50

#define LV_CFI                                                                                   \
	.extended_at = 0x40, .interface = 2, .vcc_min = 0x27, .vcc_max = 0x36, .program_typ = 4, \
	.program_max = 5, .erase_typ = 10, .erase_max = 4

#define LV160_CFI                                                                                        \
	LV_CFI, .version = { '1', '0' }, .extended_bytes = 8,                                            \
		.extended = {                                                                            \
			0x00,		  /* unlock addresses needed */                                  \
			0x02, 0x01, 0x01, /* erase suspend to read and program; protection; temporary */ \
			0x04, 0x00, 0x00, 0x00                                                           \
		}

#define ONES_4 0xFF, 0xFF, 0xFF, 0xFF
#define ONES_33 ONES_4, ONES_4, ONES_4, ONES_4, ONES_4, ONES_4, ONES_4, ONES_4, 0xFF

const struct flash_part flash_amd_parts[] = {
	/*
	 * Spansion S29GL256N, S29GL-N_00 (2006) and 27631 (2004): codes (27631, table 5; 03h: WP#
	 * protects the lowest sector), 256 sectors of 128 Kbytes, buffer of 16 words, erase window,
	 * suspend times. Query table, 60 us a word, 240 us a buffer, 0.5 s a sector: vendor's
	 * model. The longest times of both programs are the query table's limits. Not checked: the
	 * longest erase; times of the protection bits (the model takes those of a word and of a
	 * sector).
	 */
	{
		.name = "s29gl256n",
		.compatible = "spansion,s29gl256n",
		.command_set = 0x0002,
		.manufacturer = 0x0001,
		.device = { 0x227E, 0x2222, 0x2201 },
		.chip_bytes = MiB(32),
		.widths = 1 | 2,
		.native_bytes = 2,
		.nregions = 1,
		.region = { { 256, KiB(128), { MS(500), MS(3500) } } },
		.features = FLASH_SUSPEND_ERASE | FLASH_SUSPEND_PROGRAM | FLASH_PROGRAM_IN_SUSPEND |
			    FLASH_OTP | FLASH_UNLOCK_BYPASS | FLASH_SECTOR_PROTECT |
			    FLASH_X8_BUFFER_ONLY,
		.read_ns = 90,
		.program = { 60, 256 },
		.buffer = { 240, 4096 },
		.suspend_program = { 5, 15 },
		.suspend_erase = { 5, 20 },
		.lock = { 60, 256 },
		.unlock = { MS(500), MS(3500) },
		.erase_window_us = 50,
		.secured_bytes = 256,
		.secured_code = 0x0008,
		.cfi = {
			.extended_at = 0x40,
			.version = { '1', '3' },
			.interface = 2,
			.vcc_min = 0x27,
			.vcc_max = 0x36,
			.program_typ = 7,
			.program_max = 1,
			.buffer_typ = 7,
			.buffer_max = 5,
			.erase_typ = 10,
			.erase_max = 4,
			.buffer_log2 = 5,
			.extended_bytes = 12,
			.extended = {
				0x10,		  /* 110 nm MirrorBit, unlock addresses needed */
				0x02, 0x01, 0x00, /* erase suspend to read and program; protection */
				0x08, 0x00, 0x00, /* advanced sector protection */
				0x02,		  /* pages of 8 words */
				0xB5, 0xC5, 0x04, /* ACC; WP# at the bottom */
				0x01,		  /* program suspend */
			},
		},
	},
	/*
	 * Spansion S29GL512S, 001-98285: codes, 512 sectors of 128 Kbytes, lines of 512 bytes, one
	 * sector to an erase command, status register, 1024 bytes of secured region, 90 ns, tables
	 * of states. Not checked: query table, all times but read_ns; tPRS and tERS, which are
	 * resume_us; 0Eh (drivers' 23h).
	 */
	{
		.name = "s29gl512s",
		.compatible = "spansion,s29gl512s",
		.command_set = 0x0002,
		.manufacturer = 0x0001,
		.device = { 0x227E, 0x2223, 0x2201 },
		.chip_bytes = MiB(64),
		.widths = 2,
		.native_bytes = 2,
		.nregions = 1,
		.region = { { 512, KiB(128), { MS(275), MS(1100) } } },
		.features = FLASH_SUSPEND_ERASE | FLASH_SUSPEND_PROGRAM | FLASH_PROGRAM_IN_SUSPEND |
			    FLASH_OTP | FLASH_BLANK_CHECK | FLASH_SECTOR_PROTECT |
			    FLASH_STATUS_COMMAND,
		.read_ns = 90,
		.program = { 125, 400 },
		.buffer = { 340, 750 },
		.suspend_program = { 40, 40 },
		.suspend_erase = { 40, 40 },
		.lock = { 125, 400 },
		.unlock = { MS(275), MS(1100) },
		.blank_check = { 6200, 8500 },
		.resume_us = 100,
		.secured_bytes = 1024,
		.secured_code = 0xFF2F,
		.cfi = {
			.extended_at = 0x40,
			.version = { '1', '5' },
			.interface = 1,
			.vcc_min = 0x27,
			.vcc_max = 0x36,
			.program_typ = 8,
			.program_max = 1,
			.buffer_typ = 9,
			.buffer_max = 2,
			.erase_typ = 8,
			.erase_max = 3,
			.chip_typ = 17,
			.chip_max = 3,
			.buffer_log2 = 9,
			.extended_bytes = 53,
			.extended = {
				0x1C,		  /* 65 nm, unlock addresses needed */
				0x02, 0x01, 0x00, /* erase suspend to read and program; protection */
				0x08, 0x00, 0x00, /* advanced sector protection */
				0x03,		  /* pages of 16 words */
				0x00, 0x00, 0x04, /* no ACC; WP# at the bottom */
				0x01, 0x00,	  /* program suspend, no unlock bypass */
				0x09,		  /* secured region of 2^n bytes */
				0x8F,		  /* status register */
				0x05, 0x06, 0x06, ONES_33, 0x06, 0x09,
			},
		},
	},
	/*
	 * AMD Am29LV160D, 22358: codes, DQ5 after a 1 was asked for over a 0, longest suspend time.
	 * Sectors, query table, the longest times of a program: vendor's models of this part and of
	 * the Am29DL322D; erase time: the Am29LV040B's data sheet. Not checked: typical program
	 * time, the time to suspend (the longest stands for the typical one). The query table of
	 * the top boot part is the bottom boot part's.
	 */
	{
		.name = "am29lv160db",
		.compatible = "amd,am29lv160db",
		LV_PART,
		.device = { 0x2249 },
		.chip_bytes = MiB(2),
		.nregions = 4,
		.region = { LV_REGION(1, 16), LV_REGION(2, 8), LV_REGION(1, 32), LV_REGION(31, 64) },
		.features = FLASH_SUSPEND_ERASE | FLASH_PROGRAM_IN_SUSPEND | FLASH_UNLOCK_BYPASS |
			    FLASH_DQ5_ON_ONES,
		.cfi = { LV160_CFI },
	},
	{
		.name = "am29lv160dt",
		.compatible = "amd,am29lv160dt",
		LV_PART,
		.device = { 0x22C4 },
		.chip_bytes = MiB(2),
		.nregions = 4,
		.region = { LV_REGION(31, 64), LV_REGION(1, 32), LV_REGION(2, 8), LV_REGION(1, 16) },
		.features = FLASH_SUSPEND_ERASE | FLASH_PROGRAM_IN_SUSPEND | FLASH_UNLOCK_BYPASS |
			    FLASH_DQ5_ON_ONES,
		.cfi = { LV160_CFI, .regions_reversed = true },
	},
	/*
	 * AMD Am29DL323D, bottom boot, 23480 and 25686: eight sectors of 8 Kbytes and 63 of 64,
	 * banks of 8 and 24 Mbit, one of which is read while the other is busy. Device code:
	 * drivers. Query table, longest times: vendor's model of the Am29DL322D, but 4Ah (48
	 * sectors in the other bank) as in its successor S29JL032H. Not checked: times otherwise;
	 * 4Ah. The secured sector (64 Kbytes) is not modelled.
	 */
	{
		.name = "am29dl323db",
		.compatible = "amd,am29dl323db",
		LV_PART,
		.device = { 0x2253 },
		.chip_bytes = MiB(4),
		.nregions = 2,
		.region = { LV_REGION(8, 8), LV_REGION(63, 64) },
		.nruns = 2,
		.run = { { 1, MiB(1) }, { 1, MiB(3) } },
		.features = FLASH_SUSPEND_ERASE | FLASH_PROGRAM_IN_SUSPEND | FLASH_UNLOCK_BYPASS,
		.secured_code = 0x0001,
		.cfi = {
			LV_CFI,
			.version = { '1', '1' },
			.extended_bytes = 11,
			.extended = {
				0x00,		  /* unlock addresses needed */
				0x02, 0x01, 0x01, /* as the Am29LV160D */
				0x04,
				0x30,		  /* simultaneous operation: sectors */
				0x00, 0x00,
				0x85, 0x95, 0x02, /* ACC; bottom boot */
			},
		},
	},
};

const size_t flash_amd_nparts = ARRAY_LEN(flash_amd_parts);
