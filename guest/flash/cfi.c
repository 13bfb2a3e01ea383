/* SPDX-License-Identifier: MIT */
/*
 * Owns the CFI query: finds out what chip there is (JESD68.01) and refuses what cannot be. The
 * primary extended table is the command sets' (intel_query.c, amd_query.c), as are all commands
 * beyond the query.
 */
#include "guest/flash/chip.h"

#include "guest/kernel.h"

#define QUERY_COMMAND 0x98
#define QUERY_ADDRESS 0x55
#define LEAVE_INTEL 0xff
#define LEAVE_AMD 0xf0

/* Query bytes, in units of the device's bus width. */
#define CFI_QRY 0x10
#define CFI_COMMAND_SET 0x13
#define CFI_EXTENDED_AT 0x15
#define CFI_TYP_PROGRAM 0x1f /* 2^n us */
#define CFI_TYP_BUFFER 0x20  /* 2^n us; 0: there is none */
#define CFI_TYP_ERASE 0x21   /* 2^n ms */
#define CFI_MAX_PROGRAM 0x23 /* 2^n times typical */
#define CFI_MAX_BUFFER 0x24
#define CFI_MAX_ERASE 0x25
#define CFI_SIZE 0x27	/* 2^n bytes */
#define CFI_BUFFER 0x2a /* 2^n bytes */
#define CFI_REGIONS 0x2c
#define CFI_REGION 0x2d /* 4 bytes each: blocks - 1, block bytes / 256 (0: 128 bytes) */

/* What a chip may claim; beyond that the claim is wrong. */
#define MAX_SIZE_LOG2 28
#define MAX_TYP_PROGRAM_LOG2 14 /* 16 ms a word */
#define MAX_TYP_BUFFER_LOG2 16	/* 64 ms a buffer */
#define MAX_TYP_ERASE_LOG2 14	/* 16 s a block */
#define MAX_FACTOR_LOG2 8
#define MAX_BUFFER_LOG2 12
#define MIN_EXTENDED_AT 0x31 /* behind one erase region */
#define MAX_EXTENDED_AT 0x400
/* A device with an 8-bit bus counts its buffer's words in a byte (J3-65nm: 256 of 512). */
#define MAX_BUFFER_BYTES_X8 256

static const struct {
	u32 id;
	const struct flash_commands *commands;
} command_sets[] = {
	{ 0x0001, &flash_intel_commands },
	{ 0x0002, &flash_amd_commands },
	{ 0x0003, &flash_intel_commands },
};

u32 cfi_query(const struct flash_chip *chip, u32 at)
{
	return chip_read(chip, cfi_offset(chip, at)) & 0xff;
}

u32 cfi_query16(const struct flash_chip *chip, u32 at)
{
	return cfi_query(chip, at) | cfi_query(chip, at + 1) << 8;
}

/* All devices of the bank must answer alike. */
static bool answers(const struct flash_chip *chip)
{
	static const char text[] = "QRY";

	for (u32 i = 0; i < 3; i++)
		if (chip_read(chip, cfi_offset(chip, CFI_QRY + i)) != cfi_command(chip, text[i]))
			return false;
	return true;
}

/* Whichever set it has: each takes the other's code for none of its own. */
static void leave(const struct flash_chip *chip)
{
	chip_write(chip, 0, cfi_command(chip, LEAVE_AMD));
	chip_write(chip, 0, cfi_command(chip, LEAVE_INTEL));
	chip_write(chip, 0, cfi_command(chip, LEAVE_AMD));
}

static bool try_query(struct flash_chip *chip, u32 interleave, u32 scale)
{
	chip->interleave = interleave;
	chip->query_scale = scale;
	leave(chip);
	chip_write(chip, cfi_offset(chip, QUERY_ADDRESS), cfi_command(chip, QUERY_COMMAND));
	if (answers(chip))
		return true;
	leave(chip);
	return false;
}

/*
 * As many devices as there may be first: a query of fewer leaves the others in their array, which
 * may hold zeroes in just those places and look like the upper lanes of one wide device. On success
 * the chip stays in query mode.
 */
static bool find_query(struct flash_chip *chip)
{
	for (u32 interleave = chip->bank_width; interleave; interleave /= 2)
		for (u32 scale = 1; scale <= 2; scale++)
			if (try_query(chip, interleave, scale))
				return true;
	return false;
}

bool cfi_refuse(const struct flash_chip *chip, const char *what, u64 value)
{
	printk("flash: chip at %lx: query says %s %lu, which cannot be\n", chip->gpa, what, value);
	return false;
}

static bool read_size(struct flash_chip *chip)
{
	u32 log2 = cfi_query(chip, CFI_SIZE);
	u64 bytes = log2 > MAX_SIZE_LOG2 ? 0 : (1ull << log2) * chip->interleave;

	if (!bytes)
		return cfi_refuse(chip, "2^size, size =", log2);
	if (bytes == chip->bytes)
		return true;
	printk("flash: chip at %lx: query says %lu bytes, the device tree %lu\n", chip->gpa, bytes,
	       chip->bytes);
	return false;
}

static bool read_regions(struct flash_chip *chip)
{
	u64 start = 0;

	chip->nregions = cfi_query(chip, CFI_REGIONS);
	if (!chip->nregions || chip->nregions > FLASH_MAX_REGIONS)
		return cfi_refuse(chip, "erase regions:", chip->nregions);
	for (u32 i = 0; i < chip->nregions; i++) {
		u32 blocks = cfi_query16(chip, CFI_REGION + 4 * i) + 1;
		u32 bytes = cfi_query16(chip, CFI_REGION + 4 * i + 2) * 256;

		bytes = (bytes ? bytes : 128) * chip->interleave;
		if (bytes & (bytes - 1))
			return cfi_refuse(chip, "erase block bytes:", bytes);
		chip->region[i].start = start;
		chip->region[i].blocks = blocks;
		chip->region[i].block_bytes = bytes;
		chip->nblocks += blocks;
		start += (u64)blocks * bytes;
	}
	return start == chip->bytes || cfi_refuse(chip, "bytes in all erase regions:", start);
}

void cfi_reverse_regions(struct flash_chip *chip)
{
	u64 start = 0;

	for (u32 i = 0, k = chip->nregions - 1; i < k; i++, k--) {
		u32 blocks = chip->region[i].blocks, bytes = chip->region[i].block_bytes;

		chip->region[i] = chip->region[k];
		chip->region[k].blocks = blocks;
		chip->region[k].block_bytes = bytes;
	}
	for (u32 i = 0; i < chip->nregions; i++) {
		chip->region[i].start = start;
		start += (u64)chip->region[i].blocks * chip->region[i].block_bytes;
	}
}

static bool read_times(const struct flash_chip *chip, struct flash_times *times, u32 typ, u32 max,
		       u32 typ_limit, u64 unit_ns)
{
	u32 typ_log2 = cfi_query(chip, typ), max_log2 = cfi_query(chip, max);

	if (typ_log2 > typ_limit)
		return cfi_refuse(chip, "a typical time of 2^n, n =", typ_log2);
	if (max_log2 > MAX_FACTOR_LOG2)
		return cfi_refuse(chip, "a longest time of 2^n times typical, n =", max_log2);
	times->typical = unit_ns << typ_log2;
	times->max = times->typical << max_log2;
	return true;
}

static bool find_commands(struct flash_chip *chip)
{
	chip->command_set = cfi_query16(chip, CFI_COMMAND_SET);
	for (u32 i = 0; i < ARRAY_LEN(command_sets); i++)
		if (command_sets[i].id == chip->command_set)
			chip->commands = command_sets[i].commands;
	if (!chip->commands)
		printk("flash: chip at %lx: no driver for command set %04x\n", chip->gpa,
		       chip->command_set);
	return chip->commands;
}

static u32 smallest_block(const struct flash_chip *chip)
{
	u32 bytes = chip->region[0].block_bytes;

	for (u32 i = 1; i < chip->nregions; i++)
		if (chip->region[i].block_bytes < bytes)
			bytes = chip->region[i].block_bytes;
	return bytes;
}

/* Lines are aligned to their size, so that none crosses the end of a block. */
static bool read_buffer(struct flash_chip *chip)
{
	u32 log2 = cfi_query16(chip, CFI_BUFFER), lane_bytes = chip->bank_width / chip->interleave;
	u32 bytes;

	if (!log2 || !cfi_query(chip, CFI_TYP_BUFFER))
		return true;
	if (log2 > MAX_BUFFER_LOG2)
		return cfi_refuse(chip, "a write buffer of 2^n bytes, n =", log2);
	bytes = 1u << log2;
	if (lane_bytes == 1 && bytes > MAX_BUFFER_BYTES_X8)
		bytes = MAX_BUFFER_BYTES_X8;
	if (bytes < lane_bytes || bytes * chip->interleave > smallest_block(chip))
		return cfi_refuse(chip, "bytes in the write buffer:", bytes);
	chip->line_bytes = bytes * chip->interleave;
	return read_times(chip, &chip->program_buffer, CFI_TYP_BUFFER, CFI_MAX_BUFFER,
			  MAX_TYP_BUFFER_LOG2, 1000);
}

/* Without such a table the chip can do what every chip can. */
static bool read_extended(struct flash_chip *chip)
{
	static const char text[] = "PRI";
	u32 at = cfi_query16(chip, CFI_EXTENDED_AT), minor;

	if (!at)
		return true;
	if (at < MIN_EXTENDED_AT || at > MAX_EXTENDED_AT)
		return cfi_refuse(chip, "an extended table at", at);
	for (u32 i = 0; i < 3; i++)
		if (cfi_query(chip, at + i) != (u32)text[i])
			return cfi_refuse(chip, "PRI, byte by byte:", cfi_query(chip, at + i));
	minor = cfi_query(chip, at + 4);
	if (cfi_query(chip, at + 3) != '1' || minor < '0' || minor > '5')
		return cfi_refuse(chip, "the extended table's version, major and minor:",
				  cfi_query(chip, at + 3) << 8 | minor);
	return chip->commands->extended(chip, at);
}

static bool read_query(struct flash_chip *chip)
{
	return read_size(chip) && read_regions(chip) &&
	       read_times(chip, &chip->program_word, CFI_TYP_PROGRAM, CFI_MAX_PROGRAM,
			  MAX_TYP_PROGRAM_LOG2, 1000) &&
	       read_times(chip, &chip->erase_block, CFI_TYP_ERASE, CFI_MAX_ERASE,
			  MAX_TYP_ERASE_LOG2, 1000000) &&
	       find_commands(chip) && read_buffer(chip) && read_extended(chip);
}

static void print_chip(const struct flash_chip *chip)
{
	printk("flash: %lu KiB at %lx, %u x %u bits: manufacturer %04x, device %04x, %s commands",
	       chip->bytes >> 10, chip->gpa, chip->interleave,
	       8 * chip->bank_width / chip->interleave, chip->manufacturer, chip->device,
	       chip->commands->name);
	if (chip->line_bytes)
		printk(", write buffer of %u bytes", chip->line_bytes);
	printk("\n");
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
	leave(chip);
	if (!usable)
		return FLASH_ABSENT;
	/* What failed before this kernel began must not fail its first operation. */
	chip->commands->reset(chip);
	chip->commands->identify(chip);
	print_chip(chip);
	return FLASH_OK;
}
