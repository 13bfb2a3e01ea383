/* SPDX-License-Identifier: MIT */
/*
 * Owns partitions: named parts of a chip, and the checks that keep every access inside them. Turns
 * are chip.c's, what a write consists of operate.c's.
 */
#include "guest/flash/chip.h"

#include "guest/kernel.h"

static u32 largest_block(const struct flash_chip *chip, u64 start, u64 end)
{
	struct flash_erase_block block;
	u32 largest = 0;

	for (u64 at = start; at < end; at = block.start + block.bytes) {
		block = flash_erase_block_at(chip, at);
		largest = block.bytes > largest ? block.bytes : largest;
	}
	return largest;
}

static bool begins_block(const struct flash_chip *chip, u64 offset)
{
	return flash_erase_block_at(chip, offset).start == offset;
}

static bool fits_blocks(const struct flash_chip *chip, const struct flash_partition_info *info)
{
	u64 end = info->offset + info->bytes;

	if (!info->bytes || info->offset >= chip->bytes ||
	    info->bytes > chip->bytes - info->offset) {
		printk("flash: partition %s lies outside the chip of %lu bytes\n", info->label,
		       chip->bytes);
		return false;
	}
	if (begins_block(chip, info->offset) && (end == chip->bytes || begins_block(chip, end)))
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
	error = flash_read_begin(p->chip, p->offset + offset, bytes);
	if (error)
		return error;
	bus_copy(to, p->chip->window, p->offset + offset, bytes);
	flash_read_end(p->chip);
	return FLASH_OK;
}

static bool is_block(const struct flash_partition *p, u64 offset)
{
	return in_range(p, offset, 1) && begins_block(p->chip, p->offset + offset);
}

/* A session for the block that begins at @offset; *@at: where that is in the chip. */
static enum flash_error begin_on_block(const struct flash_partition *p, u64 offset,
				       enum flash_use use, u64 *at)
{
	struct flash_request request = { use, p->offset + offset, 0 };

	if (!is_block(p, offset))
		return FLASH_RANGE;
	*at = request.offset;
	if (use == FLASH_ERASES)
		request.bytes = flash_erase_block_at(p->chip, *at).bytes;
	return flash_write_begin(p->chip, &request);
}

static enum flash_error end_session(const struct flash_partition *p, enum flash_error outcome)
{
	flash_write_end(p->chip, outcome);
	return outcome;
}

enum flash_error flash_partition_erase(const struct flash_partition *p, u64 offset)
{
	u64 at;
	enum flash_error error = begin_on_block(p, offset, FLASH_ERASES, &at);

	return error ? error : end_session(p, flash_operate_erase(p->chip, at));
}

enum flash_error flash_partition_program(const struct flash_partition *p, u64 offset,
					 const void *from, u64 bytes)
{
	struct flash_request request = { FLASH_PROGRAMS, p->offset + offset, bytes };
	enum flash_error error;

	if (!in_range(p, offset, bytes) || request.offset % p->bank_width || bytes % p->bank_width)
		return FLASH_RANGE;
	if (!bytes)
		return FLASH_OK;
	error = flash_write_begin(p->chip, &request);
	if (error)
		return error;
	return end_session(p, flash_operate_program(p->chip, request.offset, from, bytes));
}

/* --- locks ------------------------------------------------------------------------------------ */

enum flash_error flash_partition_lock(const struct flash_partition *p, u64 offset, bool lock)
{
	u64 at;
	enum flash_error error = begin_on_block(p, offset, FLASH_COMMANDS, &at);

	return error ? error : end_session(p, flash_operate_lock(p->chip, at, lock));
}

enum flash_error flash_partition_is_locked(const struct flash_partition *p, u64 offset,
					   bool *locked)
{
	u64 at;
	enum flash_error error = begin_on_block(p, offset, FLASH_COMMANDS, &at);

	return error ? error : end_session(p, flash_operate_is_locked(p->chip, at, locked));
}

u32 flash_partition_block_bytes(const struct flash_partition *p, u64 offset)
{
	return in_range(p, offset, 1) ? flash_erase_block_at(p->chip, p->offset + offset).bytes : 0;
}
