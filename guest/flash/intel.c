/* SPDX-License-Identifier: MIT */
/*
 * Owns the Intel/Sharp command set (CFI 0001): word program, block erase, status polling (J3 data
 * sheet, "Device Command Bus Operations" and "Status Register"). Only one session at a time gets
 * here: chip.c.
 */
#include "guest/flash/chip.h"

#include "guest/kernel.h"

#define CMD_READ_ARRAY 0xff
#define CMD_PROGRAM 0x40
#define CMD_ERASE 0x20
#define CMD_CONFIRM 0xd0
#define CMD_CLEAR_STATUS 0x50

#define SR_READY 0x80
#define SR_ERASE_ERROR 0x20
#define SR_PROGRAM_ERROR 0x10
#define SR_VPP_LOW 0x08
#define SR_LOCKED 0x02
#define SR_ERRORS (SR_ERASE_ERROR | SR_PROGRAM_ERROR | SR_VPP_LOW | SR_LOCKED)

/* After the first wait, this many looks at the status in a typical time. */
#define POLLS_PER_TYPICAL 8

static void command(struct flash_chip *chip, u64 offset, u8 byte)
{
	sched_point();
	chip_write(chip, offset, cfi_command(chip, byte));
}

/* The error that the status bits of all devices together name; the more particular one first. */
static enum flash_error decode(u32 status)
{
	if (status & SR_VPP_LOW)
		return FLASH_VPP;
	if (status & SR_LOCKED)
		return FLASH_LOCKED;
	if ((status & SR_ERASE_ERROR) && (status & SR_PROGRAM_ERROR))
		return FLASH_SEQUENCE;
	if (status & SR_ERASE_ERROR)
		return FLASH_ERASE;
	return status & SR_PROGRAM_ERROR ? FLASH_PROGRAM : FLASH_OK;
}

/* The lanes' error bits merged. */
static u32 merged(const struct flash_chip *chip, u32 word)
{
	u32 lane = 8 * chip->bank_width / chip->interleave, status = word;

	for (u32 i = 1; i < chip->interleave; i++)
		status |= word >> i * lane;
	return status & SR_ERRORS;
}

/* True if every device is ready; @error: how it went. */
static bool look(const struct flash_chip *chip, u64 offset, enum flash_error *error)
{
	u32 ready = cfi_command(chip, SR_READY), word = chip_read(chip, offset);

	*error = decode(merged(chip, word));
	return (word & ready) == ready;
}

/*
 * Waits until every device is ready. The first look is at once, before anybody else has a turn: an
 * emulator may be done already, a NOR chip never is, and which it was is counted. Then half the
 * typical time, then in steps. The deadlines are absolute, so time that others spend meanwhile
 * counts. Others of this CPU run in between.
 */
static enum flash_error wait_ready(struct flash_chip *chip, u64 offset,
				   const struct flash_times *times)
{
	u64 start = flash_clock_now(), at = start + times->typical / 2;
	u64 step = times->typical / POLLS_PER_TYPICAL + 1;
	enum flash_error error;

	if (look(chip, offset, &error))
		return error;
	count(COUNT_FLASH_STATUS_BUSY);
	for (;; at += step) {
		task_yield();
		flash_clock_until(at);
		if (look(chip, offset, &error))
			return error;
		if (at >= start + times->max)
			return FLASH_TIMEOUT;
	}
}

/* Error bits cleared, and reads return the array again. */
static void reset(struct flash_chip *chip)
{
	command(chip, 0, CMD_CLEAR_STATUS);
	command(chip, 0, CMD_READ_ARRAY);
}

static enum flash_error finish(struct flash_chip *chip, enum flash_error error, const char *what,
			       u64 offset)
{
	if (error) {
		printk("flash: %s at %lx: %s\n", what, chip->gpa + offset, flash_error_text(error));
		reset(chip);
	} else {
		command(chip, 0, CMD_READ_ARRAY);
	}
	return error;
}

static enum flash_error erase(struct flash_chip *chip, u64 offset)
{
	count(COUNT_FLASH_ERASES);
	command(chip, offset, CMD_ERASE);
	command(chip, offset, CMD_CONFIRM);
	return finish(chip, wait_ready(chip, offset, &chip->erase_block), "erase", offset);
}

static enum flash_error program_word(struct flash_chip *chip, u64 offset, u32 word)
{
	count(COUNT_FLASH_PROGRAMS);
	command(chip, offset, CMD_PROGRAM);
	chip_write(chip, offset, word);
	return wait_ready(chip, offset, &chip->program_word);
}

static enum flash_error program(struct flash_chip *chip, u64 offset, const u8 *from, u64 bytes)
{
	enum flash_error error = FLASH_OK;
	u64 at = offset;

	while (!error && at < offset + bytes) {
		u32 word = 0;

		memcpy(&word, from + (at - offset), chip->bank_width);
		error = program_word(chip, at, word);
		at += error ? 0 : chip->bank_width;
	}
	return finish(chip, error, "program", at);
}

const struct flash_commands flash_intel_commands = {
	.id = 0x0001,
	.name = "Intel/Sharp",
	.reset = reset,
	.erase = erase,
	.program = program,
};
