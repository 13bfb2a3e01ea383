/* SPDX-License-Identifier: MIT */
/*
 * Owns partitions: named parts of a chip, and the checks that keep every access inside them. Turns
 * are chip.c's, commands the command set's.
 */
#include "guest/flash/chip.h"

#include "guest/kernel.h"

/* The erase block that holds @offset of the chip: its first byte and its size. */
static u64 block_start(const struct flash_chip *chip, u64 offset, u32 *bytes)
{
	u32 i = chip->nregions - 1;

	while (chip->region[i].start > offset)
		i--;
	*bytes = chip->region[i].block_bytes;
	return chip->region[i].start + ALIGN_DOWN(offset - chip->region[i].start, *bytes);
}

static u32 largest_block(const struct flash_chip *chip, u64 start, u64 end)
{
	u32 largest = 0, bytes;

	for (u64 at = start; at < end; at += bytes) {
		at = block_start(chip, at, &bytes);
		largest = bytes > largest ? bytes : largest;
	}
	return largest;
}

static bool fits_blocks(const struct flash_chip *chip, const struct flash_partition_info *info)
{
	u64 end = info->offset + info->bytes;
	u32 bytes;

	if (!info->bytes || info->offset >= chip->bytes ||
	    info->bytes > chip->bytes - info->offset) {
		printk("flash: partition %s lies outside the chip of %lu bytes\n", info->label,
		       chip->bytes);
		return false;
	}
	if (block_start(chip, info->offset, &bytes) == info->offset &&
	    (end == chip->bytes || block_start(chip, end, &bytes) == end))
		return true;
	printk("flash: partition %s does not begin and end with an erase block\n", info->label);
	return false;
}

bool flash_partition_find(struct flash_chip *chip, const char *label, struct flash_partition *out)
{
	for (u32 i = 0; i < boot_options.flash_npartitions; i++) {
		const struct flash_partition_info *info = &boot_options.flash_partition[i];

		if (strcmp(info->label, label) != 0)
			continue;
		if (!fits_blocks(chip, info))
			return false;
		*out = (struct flash_partition){
			.label = info->label,
			.chip = chip,
			.offset = info->offset,
			.bytes = info->bytes,
			.block_bytes =
				largest_block(chip, info->offset, info->offset + info->bytes),
			.bank_width = chip->bank_width,
		};
		return true;
	}
	printk("flash: the chip has no partition %s\n", label);
	return false;
}

static bool in_range(const struct flash_partition *p, u64 offset, u64 bytes)
{
	return offset <= p->bytes && bytes <= p->bytes - offset;
}

enum flash_error flash_partition_read(const struct flash_partition *p, u64 offset, void *to,
				      u64 bytes)
{
	enum flash_error error;

	if (!in_range(p, offset, bytes))
		return FLASH_RANGE;
	error = flash_read_begin(p->chip);
	if (error)
		return error;
	bus_copy(to, p->chip->window, p->offset + offset, bytes);
	flash_read_end(p->chip);
	return FLASH_OK;
}

enum flash_error flash_partition_erase(const struct flash_partition *p, u64 offset)
{
	enum flash_error error;
	u32 bytes;

	if (!in_range(p, offset, 1) ||
	    block_start(p->chip, p->offset + offset, &bytes) != p->offset + offset)
		return FLASH_RANGE;
	error = flash_write_begin(p->chip);
	if (error)
		return error;
	error = p->chip->commands->erase(p->chip, p->offset + offset);
	flash_write_end(p->chip, error);
	return error;
}

enum flash_error flash_partition_program(const struct flash_partition *p, u64 offset,
					 const void *from, u64 bytes)
{
	enum flash_error error;

	if (!in_range(p, offset, bytes) || (p->offset + offset) % p->bank_width ||
	    bytes % p->bank_width)
		return FLASH_RANGE;
	error = flash_write_begin(p->chip);
	if (error)
		return error;
	error = p->chip->commands->program(p->chip, p->offset + offset, from, bytes);
	flash_write_end(p->chip, error);
	return error;
}

u32 flash_partition_block_bytes(const struct flash_partition *p, u64 offset)
{
	u32 bytes;

	if (!in_range(p, offset, 1))
		return 0;
	block_start(p->chip, p->offset + offset, &bytes);
	return bytes;
}
