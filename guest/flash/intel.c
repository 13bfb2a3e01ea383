/* SPDX-License-Identifier: MIT */
/*
 * Owns the commands of Intel's sets 0001 and 0003: program by word and by buffer, block erase,
 * suspension, block locks, status (28F128J3 data sheet 290667, 4.5 to 4.11; 28F256L18, 251902, and
 * P30, 306666, for locks and partitions). What the extended table says is intel_query.c's, when it
 * is looked and what is done with the answer wait.c's and operate.c's.
 *
 * While a device is busy only SR.7 is defined of its status (J3-65nm, 7.3): nothing else is looked
 * at then. Commands go to an address of the block in question, so that on parts with hardware
 * partitions, each of which has a read mode of its own, they reach the right one.
 */
#include "guest/flash/chip.h"
#include "guest/flash/intel.h"

#include "guest/kernel.h"

enum {
	INTEL_LOCK =
		0x01, /* second cycles of INTEL_LOCK_SETUP: this, and INTEL_CONFIRM to unlock */
	INTEL_ERASE = 0x20,
	INTEL_PROGRAM = 0x40,
	INTEL_CLEAR_STATUS = 0x50,
	INTEL_LOCK_SETUP = 0x60,
	INTEL_READ_STATUS = 0x70,
	INTEL_READ_ID = 0x90,
	INTEL_SUSPEND = 0xb0,
	INTEL_CONFIRM = 0xd0, /* and resume */
	INTEL_BUFFER = 0xe8,
	INTEL_READ_ARRAY = 0xff,
};

enum {
	SR_READY = 0x80,
	SR_ERASE_SUSPENDED = 0x40,
	SR_ERASE_ERROR = 0x20,
	SR_PROGRAM_ERROR = 0x10,
	SR_VPP_LOW = 0x08,
	SR_PROGRAM_SUSPENDED = 0x04,
	SR_LOCKED = 0x02,
};

#define ID_BLOCK_STATUS 2 /* of each block; bit 0: locked */
#define BLOCK_LOCKED 1

/* Longest of all parts: J3, 75 us for a program. */
#define REST_MAX_NS 200000
#define REST_STEP_NS 5000

/* CFI has no times of lock bits that are cells: J3 64 us and 0.5 s typical, J3C 1.4 s at most. */
static const struct flash_times lock_times = { 64000, 1000000 };
static const struct flash_times unlock_times = { 500000000, 3000000000 };

static void intel_command(struct flash_chip *chip, u64 offset, u32 code)
{
	sched_point();
	chip_write(chip, offset, cfi_command(chip, code));
}

/* --- status ----------------------------------------------------------------------------------- */

/* True: all devices are ready, and *@status is the bits of all of them together. */
static bool is_ready(const struct flash_chip *chip, u64 offset, u32 *status)
{
	u32 ready = cfi_command(chip, SR_READY), word = chip_read(chip, offset);

	*status = cfi_merged(chip, word);
	return (word & ready) == ready;
}

/* The error that the bits name; the more particular one first. */
static enum flash_error intel_error(u32 status)
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

static bool intel_look(struct flash_chip *chip, const struct flash_operation *op,
		       enum flash_error *error)
{
	u32 status;

	*error = FLASH_OK;
	if (!is_ready(chip, op->poll, &status))
		return false;
	*error = intel_error(status);
	return true;
}

/* For what is over in microseconds, or at once. */
static enum flash_error await_ready(const struct flash_chip *chip, u64 offset, u64 max_ns,
				    u32 *status)
{
	u64 now, until;

	if (is_ready(chip, offset, status))
		return FLASH_OK;
	now = flash_clock_now();
	until = now + max_ns;
	do {
		task_yield();
		now += REST_STEP_NS;
		flash_clock_until(now);
		if (is_ready(chip, offset, status))
			return FLASH_OK;
	} while (now < until);
	return FLASH_TIMEOUT;
}

static void clear_partition(struct flash_chip *chip, u64 offset)
{
	intel_command(chip, offset, INTEL_CLEAR_STATUS);
	intel_command(chip, offset, INTEL_READ_ARRAY);
}

static void intel_reset(struct flash_chip *chip)
{
	clear_partition(chip, 0);
	for (u32 i = 1; i < chip->npartitions; i++)
		clear_partition(chip, chip->partition_at[i]);
}

static void intel_finish(struct flash_chip *chip, u64 offset, enum flash_error error)
{
	if (error)
		clear_partition(chip, offset);
	else
		intel_command(chip, offset, INTEL_READ_ARRAY);
}

/* --- locks ------------------------------------------------------------------------------------ */

static bool is_locked(struct flash_chip *chip, const struct flash_erase_block *block)
{
	u32 status;

	intel_command(chip, block->start, INTEL_READ_ID);
	status = chip_read(chip, block->start + cfi_offset(chip, ID_BLOCK_STATUS));
	return cfi_merged(chip, status) & BLOCK_LOCKED;
}

/* L18, "block locking": at once. Unlocking a block that is locked down has no effect, and no
 * error. */
static enum flash_error lock_at_once(struct flash_chip *chip, const struct flash_erase_block *block,
				     bool lock)
{
	enum flash_error error;
	u32 status;

	intel_command(chip, block->start, INTEL_LOCK_SETUP);
	chip_write(chip, block->start, cfi_command(chip, lock ? INTEL_LOCK : INTEL_CONFIRM));
	error = await_ready(chip, block->start, REST_MAX_NS, &status);
	if (error)
		return error;
	error = intel_error(status);
	if (error)
		return error;
	chip->lock_known[block->index / 32] |= 1u << block->index % 32;
	return is_locked(chip, block) == lock ? FLASH_OK : FLASH_LOCKED;
}

/* J3, 4.10 and 4.11: a lock bit is programmed, all of them are erased together. */
static enum flash_error lock_cells(struct flash_chip *chip, const struct flash_erase_block *block,
				   bool lock)
{
	struct flash_operation op = {
		.what = { FLASH_COMMANDS, block->start, block->bytes },
		.poll = block->start,
		.times = lock ? &lock_times : &unlock_times,
	};

	intel_command(chip, block->start, INTEL_LOCK_SETUP);
	chip_write(chip, block->start, cfi_command(chip, lock ? INTEL_LOCK : INTEL_CONFIRM));
	return flash_wait(chip, &op);
}

static bool has_locks(const struct flash_chip *chip)
{
	return chip->abilities & (CHIP_LOCKS_AT_POWER_UP | CHIP_STORES_LOCKS);
}

static enum flash_error intel_set_lock(struct flash_chip *chip,
				       const struct flash_erase_block *block, bool lock)
{
	if (!has_locks(chip))
		return FLASH_NOT_THERE;
	if (chip->abilities & CHIP_STORES_LOCKS)
		return lock_cells(chip, block, lock);
	return lock_at_once(chip, block, lock);
}

static enum flash_error intel_get_lock(struct flash_chip *chip,
				       const struct flash_erase_block *block, bool *locked)
{
	if (!has_locks(chip))
		return FLASH_NOT_THERE;
	*locked = is_locked(chip, block);
	return FLASH_OK;
}

/* Once: what is locked afterwards somebody wants locked. */
static enum flash_error intel_prepare(struct flash_chip *chip,
				      const struct flash_erase_block *block)
{
	if (!chip->lock_known || chip->lock_known[block->index / 32] & 1u << block->index % 32)
		return FLASH_OK;
	count(COUNT_FLASH_UNLOCKS);
	return lock_at_once(chip, block, false);
}

/* --- operations ------------------------------------------------------------------------------- */

static enum flash_error intel_erase(struct flash_chip *chip, const struct flash_erase_block *block)
{
	struct flash_operation op = {
		.what = { FLASH_ERASES, block->start, block->bytes },
		.poll = block->start,
		.times = &chip->erase_block,
	};

	intel_command(chip, block->start, INTEL_ERASE);
	intel_command(chip, block->start, INTEL_CONFIRM);
	return flash_wait(chip, &op);
}

/* Of a block that is programmed nothing may be read while that rests (J3-65nm, "suspend"). */
static struct flash_operation program_operation(const struct flash_chip *chip, u64 offset,
						const struct flash_times *times)
{
	struct flash_erase_block block = flash_erase_block_at(chip, offset);

	return (struct flash_operation){
		.what = { FLASH_PROGRAMS, block.start, block.bytes },
		.poll = offset,
		.times = times,
	};
}

static enum flash_error intel_program_word(struct flash_chip *chip, u64 offset, u32 word)
{
	struct flash_operation op = program_operation(chip, offset, &chip->program_word);

	intel_command(chip, offset, INTEL_PROGRAM);
	chip_write(chip, offset, word);
	return flash_wait(chip, &op);
}

/*
 * Write to Buffer (J3, 4.8). Error bits that are set refuse it. The count goes to each device in
 * the words of its own, less one; the addresses ascend within one aligned line.
 */
static enum flash_error intel_program_buffer(struct flash_chip *chip, u64 offset, const u8 *from,
					     u32 bytes)
{
	struct flash_operation op = program_operation(chip, offset, &chip->program_buffer);
	enum flash_error error;
	u32 status;

	intel_command(chip, offset, INTEL_CLEAR_STATUS);
	intel_command(chip, offset, INTEL_BUFFER);
	error = await_ready(chip, offset, chip->program_buffer.max, &status);
	if (error)
		return error;
	chip_write(chip, offset, cfi_command(chip, bytes / chip->bank_width - 1));
	for (u32 at = 0; at < bytes; at += chip->bank_width) {
		u32 word = 0;

		memcpy(&word, from + at, chip->bank_width);
		chip_write(chip, offset + at, word);
	}
	intel_command(chip, offset, INTEL_CONFIRM);
	return flash_wait(chip, &op);
}

/* --- suspension ------------------------------------------------------------------------------- */

/* W30, "resume": reads go on as they were, so status is asked for again. */
static void intel_resume(struct flash_chip *chip, const struct flash_operation *op)
{
	intel_command(chip, op->poll, INTEL_CONFIRM);
	chip_write(chip, op->poll, cfi_command(chip, INTEL_READ_STATUS));
}

/*
 * Suspending changes no read mode, but a device that has just ended may be left in any (28F320J3):
 * so status is asked for. Where one device has ended and another rests, the one that rests counts;
 * unless the first one has failed: whoever comes meanwhile would clear what says so.
 */
static bool intel_suspend(struct flash_chip *chip, const struct flash_operation *op)
{
	u32 suspended = op->what.use == FLASH_ERASES ? SR_ERASE_SUSPENDED : SR_PROGRAM_SUSPENDED;
	u32 status;

	intel_command(chip, op->poll, INTEL_SUSPEND);
	chip_write(chip, op->poll, cfi_command(chip, INTEL_READ_STATUS));
	if (await_ready(chip, op->poll, REST_MAX_NS, &status) || intel_error(status)) {
		intel_resume(chip, op);
		return false;
	}
	if (!(status & suspended))
		return false;
	intel_command(chip, op->poll, INTEL_READ_ARRAY);
	return true;
}

/* Of the first device; nothing depends on it. */
static void intel_identify(struct flash_chip *chip)
{
	u32 lane = 8 * chip->bank_width / chip->interleave;
	u32 mask = lane < 32 ? (1u << lane) - 1 : ~0u;

	intel_command(chip, 0, INTEL_READ_ID);
	chip->manufacturer = chip_read(chip, 0) & mask;
	chip->device = chip_read(chip, cfi_offset(chip, 1)) & mask;
	intel_command(chip, 0, INTEL_READ_ARRAY);
}

const struct flash_commands flash_intel_commands FAULT_TABLE = {
	.name = "Intel/Sharp",
	.extended = intel_extended,
	.reset = intel_reset,
	.identify = intel_identify,
	.prepare = intel_prepare,
	.erase = intel_erase,
	.program_word = intel_program_word,
	.program_buffer = intel_program_buffer,
	.finish = intel_finish,
	.set_lock = intel_set_lock,
	.get_lock = intel_get_lock,
	.look = intel_look,
	.suspend = intel_suspend,
	.resume = intel_resume,
};
