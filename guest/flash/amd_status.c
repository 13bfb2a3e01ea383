/* SPDX-License-Identifier: MIT */
/*
 * Owns what a chip of set 0002 says of an operation: by its data lines (S29GL-N data sheet, "write
 * operation status"), or where the query says that there is one by its status register (S29GL-S,
 * 5.3). Both are looked at for each of the devices side by side: it is over when it is in all.
 *
 * While a device is busy, DQ6 toggles from one read of it to the next, at any address. So two reads
 * are one look, and no other read may come between them: the chip is the session's. DQ5 says that
 * the time is exceeded, DQ1 that a write buffer was aborted: then it toggles for ever. Both may
 * rise just as the operation ends, so they are believed only after two more reads ("DQ5", same
 * section).
 */
#include "guest/flash/amd.h"

#include "guest/kernel.h"

enum { DQ6 = 0x40, DQ5 = 0x20, DQ2 = 0x04, DQ1 = 0x02 };

enum {
	AMD_READ_STATUS = 0x70,
	AMD_SR_READY = 0x80,
	AMD_SR_ERASE_SUSPENDED = 0x40,
	AMD_SR_ERASE_ERROR = 0x20,
	AMD_SR_PROGRAM_ERROR = 0x10,
	AMD_SR_ABORTED = 0x08,
	AMD_SR_LOCKED = 0x02,
};

/* --- data lines ------------------------------------------------------------------------------- */

/* The lanes in which @bit, which is at most DQ6, differs from one read to the next; @last: what was
 * read. */
static u32 toggling(const struct flash_chip *chip, u64 offset, u32 bit, u32 *last)
{
	u32 first = chip_read(chip, offset);

	*last = chip_read(chip, offset);
	return (first ^ *last) & cfi_command(chip, bit);
}

/* Of the devices that toggle, as DQ6 in their lanes, those which will not stop. */
static u32 given_up(u32 busy, u32 word, bool buffered)
{
	u32 exceeded = word << 1, aborted = word << 5; /* from DQ5, from DQ1 to DQ6 */

	return busy & (exceeded | (buffered ? aborted : 0));
}

static enum flash_error failure(const struct flash_operation *op, u32 busy, u32 word)
{
	if (op->what.use == FLASH_ERASES)
		return FLASH_ERASE;
	return op->buffered && busy & word << 5 ? FLASH_SEQUENCE : FLASH_PROGRAM;
}

static bool look_at_lines(const struct flash_chip *chip, const struct flash_operation *op,
			  enum flash_error *error)
{
	u32 word, busy = toggling(chip, op->poll, DQ6, &word);

	if (!busy)
		return true;
	if (given_up(busy, word, op->buffered) != busy)
		return false;
	busy = toggling(chip, op->poll, DQ6, &word);
	if (given_up(busy, word, op->buffered) != busy)
		return false;
	if (busy)
		*error = failure(op, busy, word);
	return true;
}

/* --- status register -------------------------------------------------------------------------- */

/* 70h shows it to one read. Bits below the upper one are valid when that is set. */
static bool read_register(struct flash_chip *chip, u64 offset, u32 *status)
{
	u32 ready = cfi_command(chip, AMD_SR_READY), word;

	amd_short_command(chip, flash_erase_block_at(chip, offset).start, AMD_READ_STATUS);
	word = chip_read(chip, offset);
	*status = cfi_merged(chip, word);
	return (word & ready) == ready;
}

static enum flash_error register_error(u32 status)
{
	if (status & AMD_SR_LOCKED)
		return FLASH_LOCKED;
	if (status & AMD_SR_ABORTED)
		return FLASH_SEQUENCE;
	if (status & AMD_SR_ERASE_ERROR)
		return FLASH_ERASE;
	return status & AMD_SR_PROGRAM_ERROR ? FLASH_PROGRAM : FLASH_OK;
}

/* --- both ------------------------------------------------------------------------------------- */

bool amd_look(struct flash_chip *chip, const struct flash_operation *op, enum flash_error *error)
{
	u32 status;

	*error = FLASH_OK;
	if (!(chip->abilities & CHIP_STATUS_REGISTER))
		return look_at_lines(chip, op, error);
	if (!read_register(chip, op->poll, &status))
		return false;
	*error = register_error(status);
	return true;
}

/* Reads of a sector whose erase rests toggle DQ2; when it is over they are data. */
bool amd_rests(struct flash_chip *chip, const struct flash_operation *op)
{
	u32 status;

	if (!(chip->abilities & CHIP_STATUS_REGISTER))
		return toggling(chip, op->poll, DQ2, &status);
	return read_register(chip, op->poll, &status) && status & AMD_SR_ERASE_SUSPENDED;
}
