/* SPDX-License-Identifier: MIT */
/*
 * Owns an operation of AMD's command set from its start to its end: which cycles are taken while it
 * runs, how it is suspended and resumed, and the states that have to be reset, in which status goes
 * on though nothing runs: DQ5 (failed, or out of time) and DQ1 (the write buffer was aborted).
 * Leaves to amd.c the cycles of a chip that is ready.
 */
#include "devices/flash/amd.h"

/* --- while it runs, while it rests ------------------------------------------------------------ */
/* The secured region's programs and chip erases are not suspended. Banks: the one that is busy. */
static void suspend(struct flash_chip *chip, u32 word, u8 byte)
{
	struct flash_op *op = chip_running(chip);
	u32 features = chip->part->features;

	if (op->partition != chip_partition_of(chip, word))
		return;
	if (op->kind == FLASH_OP_PROGRAM && features & FLASH_SUSPEND_PROGRAM &&
	    op->cells.base == chip->array.base)
		chip_suspend(chip, op);
	if (op->kind == FLASH_OP_ERASE && features & FLASH_SUSPEND_ERASE && byte == AMD_SUSPEND &&
	    !chip->amd.erasing_chip)
		chip_suspend(chip, op);
}

void amd_busy_cycle(struct flash_chip *chip, u32 word, u8 byte)
{
	if (amd_status_cycle(chip, word, byte))
		return;
	if (byte == AMD_SUSPEND || (byte == AMD_SUSPEND_PROGRAM && amd_is_gls(chip)))
		suspend(chip, word, byte);
	else if (amd_window_is_open(chip))
		amd_window_cycle(chip, word, byte);
}

/* The nested program goes on before the erase. Banks: the one that rests has to be addressed. */
void amd_resume(struct flash_chip *chip, u32 word, u8 byte)
{
	struct flash_op *op = chip_program_rests(chip) ? &chip->program : &chip->erase;

	if (!op->kind || op->partition != chip_partition_of(chip, word))
		return;
	if (byte != AMD_SECTOR_ERASE && op != &chip->program)
		return;
	chip_tell_command(chip, word, byte, byte);
	chip_resume(chip, op);
}

/* --- halted ----------------------------------------------------------------------------------- */
/* An aborted buffer has its own reset behind unlock cycles; the plain one does not end it. */
static bool ends_abort(struct flash_chip *chip, enum amd_sequence awaited, u32 word, u8 byte)
{
	if (awaited == AMD_NO_SEQUENCE && amd_is_unlock_1(chip, word, byte))
		chip->amd.sequence = AMD_UNLOCK_1;
	else if (awaited == AMD_UNLOCK_1 && amd_is_unlock_2(chip, word, byte))
		chip->amd.sequence = AMD_UNLOCK_2;
	return awaited == AMD_UNLOCK_2 && byte == AMD_RESET;
}

void amd_halted_cycle(struct flash_chip *chip, enum amd_sequence awaited, u32 word, u8 byte)
{
	struct amd_state *amd = &chip->amd;
	bool over = byte == AMD_RESET;

	if (amd->halted == AMD_BUFFER_ABORTED)
		over = ends_abort(chip, awaited, word, byte);
	if (amd_status_cycle(chip, word, byte))
		over = byte == AMD_CLEAR_STATUS;
	if (!over)
		return;
	if (amd->halted == AMD_ERASE_FAILED)
		amd_select_none(chip);
	amd->halted = AMD_RUNNING_ON;
	amd->errors = 0;
}

/* --- the end of an operation ------------------------------------------------------------------ */
/* The status goes on, with DQ5, until it is reset. */
static void halt(struct flash_chip *chip, const struct flash_op *op)
{
	struct amd_state *amd = &chip->amd;
	bool program = op == &chip->program;

	amd->halted = program ? AMD_PROGRAM_FAILED : AMD_ERASE_FAILED;
	amd->halted_in = op->partition;
	amd->errors |= program ? AMD_SR_PROGRAM_ERROR : AMD_SR_ERASE_ERROR;
}

/* GL-S, 5.4.1, notes 8, 9 and 14: error bits are about the most recent program, or erase. */
static u8 bits_about(const struct flash_chip *chip, const struct flash_op *op,
		     enum flash_op_kind was)
{
	bool program = op == &chip->program || was == FLASH_OP_LOCK;

	return AMD_SR_LOCKED | (program ? AMD_SR_PROGRAM_ERROR : AMD_SR_ERASE_ERROR);
}

static void ended(struct flash_chip *chip, struct flash_op *op, enum flash_op_kind was)
{
	struct amd_state *amd = &chip->amd;
	bool exceeded = op->failed || amd->exceeds;

	amd->errors &= (u8)~bits_about(chip, op, was);
	amd->errors |= amd->outcome;
	amd->outcome = 0;
	amd->exceeds = false;
	if (exceeded)
		halt(chip, op);
	else if (was == FLASH_OP_ERASE && amd_erase_next(chip))
		return;
	else if (op == &chip->erase)
		amd_select_none(chip);
}

/* Am29LV800D, "Erase Suspend": the window is over, no more sectors can be named after the
 * resume. */
void amd_stopped(struct flash_chip *chip, struct flash_op *op, enum flash_op_kind was)
{
	if (op->kind)
		chip->amd.naming = false;
	else
		ended(chip, op, was);
	amd_show(chip);
}
