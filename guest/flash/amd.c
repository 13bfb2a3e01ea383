/* SPDX-License-Identifier: MIT */
/*
 * Owns the commands of set 0002, AMD's and Fujitsu's: program by word and by buffer, sector erase
 * and its suspension (S29GL-N, S29GL-S, Am29LV160D data sheets, "command definitions"). How an
 * operation stands is amd_status.c's, what the extended table says amd_query.c's.
 *
 * A chip of this set says little of what failed: a protected sector is busy for a microsecond and
 * stays as it was. So what was programmed is read back, and of an erased sector its ends; whether
 * it is protected is asked then.
 *
 * Locks are the dynamic protection bits, which last until the power goes; the persistent ones, and
 * those of older parts, which take a high voltage, are left to whoever made the board.
 *
 * A 1 is never programmed over a 0: some parts take that for a failure (DQ5; Am29LV160D, "word
 * program"), others ignore it. What is given to the chip is what the cells will hold.
 */
#include "guest/flash/amd.h"

#include "guest/kernel.h"

enum {
	AMD_BUFFER = 0x25,
	AMD_BUFFER_CONFIRM = 0x29,
	AMD_ERASE_SECTOR = 0x30, /* and resume */
	AMD_RESUME = 0x30,
	AMD_UNLOCK_2 = 0x55,
	AMD_CLEAR_STATUS = 0x71,
	AMD_ERASE = 0x80,
	AMD_AUTOSELECT = 0x90,
	AMD_EXIT = 0x90, /* of protection bits; then 00h */
	AMD_PROGRAM = 0xa0,
	AMD_UNLOCK_1 = 0xaa,
	AMD_SUSPEND = 0xb0,
	AMD_DYNAMIC_BITS = 0xe0,
	AMD_RESET = 0xf0,
};

#define UNLOCK_1_AT 0x555
#define UNLOCK_2_AT 0x2aa

#define ID_DEVICE 1
#define ID_PROTECTED 2	/* of each sector; bit 0 */
#define DEVICE_TOP 0x80 /* Am29LV160D: C4 top, 49 bottom; its kin likewise */

/* Longest of all parts: S29GL-S, 40 us. */
#define AMD_REST_MAX_NS 200000
#define AMD_REST_STEP_NS 5000

/* --- cycles ----------------------------------------------------------------------------------- */

/* In x8 mode of an x8/x16 part AAAh: address line A-1 is not looked at. */
static u64 unlock_1(const struct flash_chip *chip)
{
	return cfi_offset(chip, UNLOCK_1_AT);
}

/* In x8 mode 555h: the bits of the address alternate there, too. */
static u64 unlock_2(const struct flash_chip *chip)
{
	return cfi_offset(chip, UNLOCK_2_AT) + (chip->query_scale == 2 ? chip->bank_width : 0);
}

static void unlock(struct flash_chip *chip, u64 base)
{
	chip_write(chip, base + unlock_1(chip), cfi_command(chip, AMD_UNLOCK_1));
	chip_write(chip, base + unlock_2(chip), cfi_command(chip, AMD_UNLOCK_2));
}

void amd_short_command(struct flash_chip *chip, u64 base, u32 code)
{
	sched_point();
	chip_write(chip, base + unlock_1(chip), cfi_command(chip, code));
}

void amd_command(struct flash_chip *chip, u64 base, u32 code)
{
	sched_point();
	unlock(chip, base);
	chip_write(chip, base + unlock_1(chip), cfi_command(chip, code));
}

/* After an aborted write buffer only the first helps, otherwise the second (S29GL-N, "reset"). */
static void reset_all(struct flash_chip *chip, u64 base)
{
	amd_command(chip, base, AMD_RESET);
	chip_write(chip, base, cfi_command(chip, AMD_RESET));
	if (chip->abilities & CHIP_STATUS_REGISTER)
		amd_short_command(chip, base, AMD_CLEAR_STATUS);
}

static void amd_reset(struct flash_chip *chip)
{
	reset_all(chip, 0);
}

/* Array mode comes by itself when an operation ends well. */
static void amd_finish(struct flash_chip *chip, u64 offset, enum flash_error error)
{
	if (error)
		reset_all(chip, flash_erase_block_at(chip, offset).start);
}

static u32 autoselect(struct flash_chip *chip, u64 base, u32 address)
{
	u32 word;

	amd_command(chip, base, AMD_AUTOSELECT);
	word = chip_read(chip, base + cfi_offset(chip, address));
	chip_write(chip, base, cfi_command(chip, AMD_RESET));
	return word;
}

/* Of the first device. */
static void amd_identify(struct flash_chip *chip)
{
	u32 lane = 8 * chip->bank_width / chip->interleave;
	u32 mask = lane < 32 ? (1u << lane) - 1 : ~0u;

	chip->manufacturer = autoselect(chip, 0, 0) & mask;
	chip->device = autoselect(chip, 0, ID_DEVICE) & mask;
	if (chip->abilities & CHIP_TOP_BY_DEVICE && chip->device & DEVICE_TOP)
		cfi_reverse_regions(chip);
}

/* --- what became of it ------------------------------------------------------------------------ */

static bool is_protected(struct flash_chip *chip, u64 base)
{
	return cfi_merged(chip, autoselect(chip, base, ID_PROTECTED)) & 1;
}

static enum flash_error blame(struct flash_chip *chip, u64 base, enum flash_error otherwise)
{
	return is_protected(chip, base) ? FLASH_LOCKED : otherwise;
}

/* S29GL-N, "advanced sector protection". A sector that is protected persistently, too, stays so. */
static enum flash_error amd_set_lock(struct flash_chip *chip, const struct flash_erase_block *block,
				     bool lock)
{
	if (!(chip->abilities & CHIP_PROTECTS_SECTORS))
		return FLASH_NOT_THERE;
	amd_command(chip, block->start, AMD_DYNAMIC_BITS);
	chip_write(chip, block->start, cfi_command(chip, AMD_PROGRAM));
	chip_write(chip, block->start, cfi_command(chip, lock ? 0 : 1));
	chip_write(chip, block->start, cfi_command(chip, AMD_EXIT));
	chip_write(chip, block->start, 0);
	return is_protected(chip, block->start) == lock ? FLASH_OK : FLASH_LOCKED;
}

static enum flash_error amd_get_lock(struct flash_chip *chip, const struct flash_erase_block *block,
				     bool *locked)
{
	*locked = is_protected(chip, block->start);
	return FLASH_OK;
}

static u32 erased_word(const struct flash_chip *chip)
{
	return chip->bank_width < 4 ? (1u << 8 * chip->bank_width) - 1 : ~0u;
}

/* --- operations ------------------------------------------------------------------------------- */

static enum flash_error amd_erase(struct flash_chip *chip, const struct flash_erase_block *block)
{
	struct flash_operation op = {
		.what = { FLASH_ERASES, block->start, block->bytes },
		.poll = block->start,
		.times = &chip->erase_block,
	};
	u64 last = block->start + block->bytes - chip->bank_width;
	u32 erased = erased_word(chip);
	enum flash_error error;

	amd_command(chip, block->start, AMD_ERASE);
	unlock(chip, block->start);
	chip_write(chip, block->start, cfi_command(chip, AMD_ERASE_SECTOR));
	error = flash_wait(chip, &op);
	if (error)
		return error;
	if (chip_read(chip, block->start) != erased || chip_read(chip, last) != erased)
		return blame(chip, block->start, FLASH_ERASE);
	return FLASH_OK;
}

static struct flash_operation program_of(const struct flash_erase_block *block, u64 poll,
					 const struct flash_times *times)
{
	return (struct flash_operation){
		.what = { FLASH_PROGRAMS, block->start, block->bytes },
		.poll = poll,
		.times = times,
	};
}

/* What the cells will hold, into chip->line: between the cycles of the load nothing can be read. */
static void merge_line(struct flash_chip *chip, u64 offset, const u8 *from, u32 bytes)
{
	for (u32 at = 0; at < bytes; at += chip->bank_width) {
		u32 word = chip_read(chip, offset + at), more = 0;

		memcpy(&more, from + at, chip->bank_width);
		word &= more;
		memcpy(chip->line + at, &word, chip->bank_width);
	}
}

/* Bytes of the line up to the first word that is not what it should be. */
static u32 verified(const struct flash_chip *chip, u64 offset, u32 bytes)
{
	u32 at = 0, word;

	for (; at < bytes; at += chip->bank_width) {
		word = chip_read(chip, offset + at);
		if (memcmp(&word, chip->line + at, chip->bank_width) != 0)
			break;
	}
	return at;
}

/* S29GL-N, "write buffer programming". The count goes to each device in the words of its own. */
static void load_line(struct flash_chip *chip, u64 base, u64 offset, u32 bytes)
{
	sched_point();
	unlock(chip, base);
	chip_write(chip, base, cfi_command(chip, AMD_BUFFER));
	chip_write(chip, base, cfi_command(chip, bytes / chip->bank_width - 1));
	for (u32 at = 0; at < bytes; at += chip->bank_width) {
		u32 word = 0;

		memcpy(&word, chip->line + at, chip->bank_width);
		chip_write(chip, offset + at, word);
	}
	chip_write(chip, base, cfi_command(chip, AMD_BUFFER_CONFIRM));
}

static enum flash_error amd_program_buffer(struct flash_chip *chip, u64 offset, const u8 *from,
					   u32 bytes)
{
	struct flash_erase_block block = flash_erase_block_at(chip, offset);
	u64 last = offset + bytes - chip->bank_width;
	struct flash_operation op = program_of(&block, last, &chip->program_buffer);
	enum flash_error error;

	op.buffered = true;
	merge_line(chip, offset, from, bytes);
	load_line(chip, block.start, offset, bytes);
	error = flash_wait(chip, &op);
	if (error)
		return error;
	return verified(chip, offset, bytes) == bytes ? FLASH_OK
						      : blame(chip, block.start, FLASH_PROGRAM);
}

/* Of S29GL-N and GL-M the tables of x8 mode have the write buffer and no program command. */
static bool is_buffer_only(const struct flash_chip *chip)
{
	return chip->line_bytes && chip->query_scale == 2;
}

static enum flash_error amd_program_word(struct flash_chip *chip, u64 offset, u32 word)
{
	struct flash_erase_block block = flash_erase_block_at(chip, offset);
	struct flash_operation op = program_of(&block, offset, &chip->program_word);
	enum flash_error error;

	if (is_buffer_only(chip))
		return amd_program_buffer(chip, offset, (const u8 *)&word, chip->bank_width);
	word &= chip_read(chip, offset);
	amd_command(chip, block.start, AMD_PROGRAM);
	chip_write(chip, offset, word);
	error = flash_wait(chip, &op);
	if (error)
		return error;
	return chip_read(chip, offset) == word ? FLASH_OK : blame(chip, block.start, FLASH_PROGRAM);
}

/* --- suspension ------------------------------------------------------------------------------- */

/* Array mode first: after a program meanwhile some parts resume only then (Micron TN-13-07). */
static void amd_resume(struct flash_chip *chip, const struct flash_operation *op)
{
	sched_point();
	chip_write(chip, op->poll, cfi_command(chip, AMD_RESET));
	chip_write(chip, op->poll, cfi_command(chip, AMD_RESUME));
}

/* False: it is still busy. @error: how it ended, if that is why it is not. */
static bool await_rest(struct flash_chip *chip, const struct flash_operation *op,
		       enum flash_error *error)
{
	u64 now = flash_clock_now(), until = now + AMD_REST_MAX_NS;

	while (!amd_look(chip, op, error)) {
		if (now >= until)
			return false;
		task_yield();
		now += AMD_REST_STEP_NS;
		flash_clock_until(now);
	}
	return true;
}

static bool amd_suspend(struct flash_chip *chip, const struct flash_operation *op)
{
	enum flash_error error;

	sched_point();
	chip_write(chip, op->poll, cfi_command(chip, AMD_SUSPEND));
	if (await_rest(chip, op, &error) && !error && amd_rests(chip, op))
		return true;
	/* Without a reset: where one device has failed, that would end what says so. */
	chip_write(chip, op->poll, cfi_command(chip, AMD_RESUME));
	return false;
}

const struct flash_commands flash_amd_commands FAULT_TABLE = {
	.name = "AMD/Fujitsu",
	.extended = amd_extended,
	.reset = amd_reset,
	.identify = amd_identify,
	.erase = amd_erase,
	.program_word = amd_program_word,
	.program_buffer = amd_program_buffer,
	.finish = amd_finish,
	.set_lock = amd_set_lock,
	.get_lock = amd_get_lock,
	.look = amd_look,
	.suspend = amd_suspend,
	.resume = amd_resume,
};
