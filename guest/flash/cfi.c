/* SPDX-License-Identifier: MIT */
/*
 * Owns the CFI query: finds out what chip there is (JESD68.01) and refuses what cannot be. Commands
 * beyond the query are the command sets' (intel.c).
 */
#include "guest/flash/chip.h"

#include "guest/kernel.h"

#define CMD_READ_ARRAY 0xff
#define CMD_READ_ID 0x90
#define CMD_QUERY 0x98
#define QUERY_ADDRESS 0x55

/* Query bytes, in units of the device's bus width. */
#define CFI_QRY 0x10
#define CFI_COMMAND_SET 0x13
#define CFI_TYP_PROGRAM 0x1f /* 2^n us */
#define CFI_TYP_ERASE 0x21   /* 2^n ms */
#define CFI_MAX_PROGRAM 0x23 /* 2^n times typical */
#define CFI_MAX_ERASE 0x25
#define CFI_SIZE 0x27 /* 2^n bytes */
#define CFI_REGIONS 0x2c
#define CFI_REGION 0x2d /* 4 bytes each: blocks - 1, block bytes / 256 (0: 128 bytes) */

/* What a chip may claim; beyond that the claim is wrong. */
#define MAX_SIZE_LOG2 28
#define MAX_TYP_PROGRAM_LOG2 14 /* 16 ms a word */
#define MAX_TYP_ERASE_LOG2 14	/* 16 s a block */
#define MAX_FACTOR_LOG2 8

static const struct flash_commands *const command_sets[] = { &flash_intel_commands };

static u64 query_offset(const struct flash_chip *chip, u32 at)
{
	return (u64)at * chip->bank_width * chip->query_scale;
}

static u32 query(const struct flash_chip *chip, u32 at)
{
	return chip_read(chip, query_offset(chip, at)) & 0xff;
}

static u32 query16(const struct flash_chip *chip, u32 at)
{
	return query(chip, at) | query(chip, at + 1) << 8;
}

/* All devices of the bank must answer alike. */
static bool answers(const struct flash_chip *chip)
{
	static const char text[] = "QRY";

	for (u32 i = 0; i < 3; i++)
		if (chip_read(chip, query_offset(chip, CFI_QRY + i)) != cfi_command(chip, text[i]))
			return false;
	return true;
}

static void leave(const struct flash_chip *chip)
{
	chip_write(chip, 0, cfi_command(chip, CMD_READ_ARRAY));
}

static bool try_query(struct flash_chip *chip, u32 interleave, u32 scale)
{
	chip->interleave = interleave;
	chip->query_scale = scale;
	leave(chip);
	chip_write(chip, query_offset(chip, QUERY_ADDRESS), cfi_command(chip, CMD_QUERY));
	if (answers(chip))
		return true;
	leave(chip);
	return false;
}

/* On success the chip stays in query mode. */
static bool find_query(struct flash_chip *chip)
{
	for (u32 interleave = 1; interleave <= chip->bank_width; interleave *= 2)
		for (u32 scale = 1; scale <= 2; scale++)
			if (try_query(chip, interleave, scale))
				return true;
	return false;
}

static bool refuse(const struct flash_chip *chip, const char *what, u64 value)
{
	printk("flash: chip at %lx: query says %s %lu, which cannot be\n", chip->gpa, what, value);
	return false;
}

static bool read_size(struct flash_chip *chip)
{
	u32 log2 = query(chip, CFI_SIZE);
	u64 bytes = log2 > MAX_SIZE_LOG2 ? 0 : (1ull << log2) * chip->interleave;

	if (!bytes)
		return refuse(chip, "2^size, size =", log2);
	if (bytes == chip->bytes)
		return true;
	printk("flash: chip at %lx: query says %lu bytes, the device tree %lu\n", chip->gpa, bytes,
	       chip->bytes);
	return false;
}

static bool read_regions(struct flash_chip *chip)
{
	u64 start = 0;

	chip->nregions = query(chip, CFI_REGIONS);
	if (!chip->nregions || chip->nregions > FLASH_MAX_REGIONS)
		return refuse(chip, "erase regions:", chip->nregions);
	for (u32 i = 0; i < chip->nregions; i++) {
		u32 blocks = query16(chip, CFI_REGION + 4 * i) + 1;
		u32 bytes = query16(chip, CFI_REGION + 4 * i + 2) * 256;

		bytes = (bytes ? bytes : 128) * chip->interleave;
		if (bytes & (bytes - 1))
			return refuse(chip, "erase block bytes:", bytes);
		chip->region[i].start = start;
		chip->region[i].blocks = blocks;
		chip->region[i].block_bytes = bytes;
		start += (u64)blocks * bytes;
	}
	return start == chip->bytes || refuse(chip, "bytes in all erase regions:", start);
}

static bool read_times(const struct flash_chip *chip, struct flash_times *times, u32 typ, u32 max,
		       u32 typ_limit, u64 unit_ns)
{
	u32 typ_log2 = query(chip, typ), max_log2 = query(chip, max);

	if (typ_log2 > typ_limit)
		return refuse(chip, "a typical time of 2^n, n =", typ_log2);
	if (max_log2 > MAX_FACTOR_LOG2)
		return refuse(chip, "a longest time of 2^n times typical, n =", max_log2);
	times->typical = unit_ns << typ_log2;
	times->max = times->typical << max_log2;
	return true;
}

static bool find_commands(struct flash_chip *chip)
{
	u32 id = query16(chip, CFI_COMMAND_SET);

	for (u32 i = 0; i < ARRAY_LEN(command_sets); i++)
		if (command_sets[i]->id == id)
			chip->commands = command_sets[i];
	if (!chip->commands)
		printk("flash: chip at %lx: no driver for command set %04x\n", chip->gpa, id);
	return chip->commands;
}

static bool read_query(struct flash_chip *chip)
{
	return read_size(chip) && read_regions(chip) &&
	       read_times(chip, &chip->program_word, CFI_TYP_PROGRAM, CFI_MAX_PROGRAM,
			  MAX_TYP_PROGRAM_LOG2, 1000) &&
	       read_times(chip, &chip->erase_block, CFI_TYP_ERASE, CFI_MAX_ERASE,
			  MAX_TYP_ERASE_LOG2, 1000000) &&
	       find_commands(chip);
}

/* Of the first device; nothing depends on it. */
static void print_id(const struct flash_chip *chip)
{
	u32 lane = 8 * chip->bank_width / chip->interleave;
	u32 mask = lane < 32 ? (1u << lane) - 1 : ~0u;

	chip_write(chip, 0, cfi_command(chip, CMD_READ_ID));
	printk("flash: %lu KiB at %lx, %u x %u bits: manufacturer %04x, device %04x, %s commands\n",
	       chip->bytes >> 10, chip->gpa, chip->interleave, lane, chip_read(chip, 0) & mask,
	       chip_read(chip, query_offset(chip, 1)) & mask, chip->commands->name);
}

enum flash_error cfi_probe(struct flash_chip *chip)
{
	bool usable;

	if (chip->bank_width != 1 && chip->bank_width != 2 && chip->bank_width != 4) {
		printk("flash: chip at %lx: no bus is %u bytes wide\n", chip->gpa,
		       chip->bank_width);
		return FLASH_ABSENT;
	}
	if (!find_query(chip)) {
		printk("flash: nothing at %lx answers a CFI query\n", chip->gpa);
		return FLASH_ABSENT;
	}
	usable = read_query(chip);
	if (usable)
		print_id(chip);
	leave(chip);
	/* What failed before this kernel began must not fail its first operation. */
	if (usable)
		chip->commands->reset(chip);
	return usable ? FLASH_OK : FLASH_ABSENT;
}
