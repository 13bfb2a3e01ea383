/* SPDX-License-Identifier: MIT */
/*
 * Owns what an erase and a program consist of, whatever the command set: blocks are prepared, a
 * range is cut into words, or into lines of the write buffer, and all ends in array mode. Only one
 * session at a time gets here: chip.c. The commands are the sets' (intel.c, amd.c), waiting is
 * wait.c's.
 */
#include "guest/flash/chip.h"

#include "guest/kernel.h"

struct flash_erase_block flash_erase_block_at(const struct flash_chip *chip, u64 offset)
{
	struct flash_erase_block block = { 0 };
	u32 i = 0;

	while (i + 1 < chip->nregions && chip->region[i + 1].start <= offset)
		block.index += chip->region[i++].blocks;
	block.bytes = chip->region[i].block_bytes;
	block.index += (offset - chip->region[i].start) / block.bytes;
	block.start =
		chip->region[i].start + ALIGN_DOWN(offset - chip->region[i].start, block.bytes);
	return block;
}

static void say(const struct flash_chip *chip, enum flash_error error, const char *what, u64 offset)
{
	printk("flash: %s at %lx: %s\n", what, chip->gpa + offset, flash_error_text(error));
}

static enum flash_error end(struct flash_chip *chip, enum flash_error error, const char *what,
			    u64 offset)
{
	if (error)
		say(chip, error, what, offset);
	chip->commands->finish(chip, offset, error);
	return error;
}

static enum flash_error prepare(struct flash_chip *chip, const struct flash_erase_block *block)
{
	return chip->commands->prepare ? chip->commands->prepare(chip, block) : FLASH_OK;
}

enum flash_error flash_operate_erase(struct flash_chip *chip, u64 offset)
{
	struct flash_erase_block block = flash_erase_block_at(chip, offset);
	enum flash_error error = prepare(chip, &block);

	if (!error) {
		count(COUNT_FLASH_ERASES);
		error = chip->commands->erase(chip, &block);
	}
	return end(chip, error, "erase", offset);
}

static enum flash_error program_word(struct flash_chip *chip, u64 offset, const u8 *from)
{
	u32 word = 0;

	count(COUNT_FLASH_PROGRAMS);
	memcpy(&word, from, chip->bank_width);
	return chip->commands->program_word(chip, offset, word);
}

static enum flash_error program_line(struct flash_chip *chip, u64 offset, const u8 *from, u32 bytes)
{
	count(COUNT_FLASH_BUFFERS);
	return chip->commands->program_buffer(chip, offset, from, bytes);
}

/* From @offset to the end of its line, or of the range: none crosses an erase block's end. */
static u32 line_piece(const struct flash_chip *chip, u64 offset, u64 end_offset)
{
	u64 line_end = ALIGN_DOWN(offset, chip->line_bytes) + chip->line_bytes;

	return (line_end < end_offset ? line_end : end_offset) - offset;
}

/* [@from_at, @to) lies within one erase block. *@at: where it has come to. */
static enum flash_error program_in_block(struct flash_chip *chip, u64 *at, u64 to, const u8 *from)
{
	bool lines = chip->line_bytes && !chip->policy.word_by_word;
	enum flash_error error = FLASH_OK;

	while (*at < to) {
		u32 n = lines ? line_piece(chip, *at, to) : chip->bank_width;

		error = lines ? program_line(chip, *at, from, n) : program_word(chip, *at, from);
		if (error)
			break;
		*at += n;
		from += n;
	}
	return error;
}

enum flash_error flash_operate_program(struct flash_chip *chip, u64 offset, const u8 *from,
				       u64 bytes)
{
	u64 at = offset, stop = offset + bytes;
	struct flash_erase_block block = flash_erase_block_at(chip, offset);
	enum flash_error error;

	for (;;) {
		u64 block_end = block.start + block.bytes;

		error = prepare(chip, &block);
		if (!error)
			error = program_in_block(chip, &at, block_end < stop ? block_end : stop,
						 from + (at - offset));
		if (error || at == stop)
			break;
		/* the next block may belong to another hardware partition */
		chip->commands->finish(chip, block.start, FLASH_OK);
		block = flash_erase_block_at(chip, at);
	}
	if (error)
		say(chip, error, "program", at);
	chip->commands->finish(chip, block.start, error);
	return error;
}

/* --- locks, for who asks ---------------------------------------------------------------------- */

enum flash_error flash_operate_lock(struct flash_chip *chip, u64 offset, bool lock)
{
	struct flash_erase_block block = flash_erase_block_at(chip, offset);
	enum flash_error error = chip->commands->set_lock(chip, &block, lock);

	return end(chip, error, lock ? "lock" : "unlock", offset);
}

enum flash_error flash_operate_is_locked(struct flash_chip *chip, u64 offset, bool *locked)
{
	struct flash_erase_block block = flash_erase_block_at(chip, offset);
	enum flash_error error = chip->commands->get_lock(chip, &block, locked);

	return end(chip, error, "lock status", offset);
}
