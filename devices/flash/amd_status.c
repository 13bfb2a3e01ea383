/* SPDX-License-Identifier: MIT */
/*
 * Owns what a chip of AMD's command set says of itself while it is busy, halted or suspended: the
 * bits DQ7 to DQ1 that take the place of the array, GL-S's status register, and the read mode that
 * each partition is therefore in. Leaves to amd.c what a cycle does.
 *
 * Sources: GL-M (S29GLxxxM_00A5), table 33 and "Write Operation Status"; for GL-S 001-98285, 5.4
 * and 5.5. Bits that they leave open are others at every read.
 */
#include "devices/flash/amd.h"

enum {
	DQ7 = 0x80, /* data polling */
	DQ6 = 0x40, /* toggles while busy */
	DQ5 = 0x20, /* the longest time is over */
	DQ3 = 0x08, /* the erase has begun: no more sectors */
	DQ2 = 0x04, /* toggles in sectors being erased */
	DQ1 = 0x02, /* the write buffer was aborted */
};

/* --- data lines ------------------------------------------------------------------------------- */
static u16 driven(const struct flash_chip *chip, u8 defined, u8 bits)
{
	return (u16)((chip_undefined(chip) & ~defined) | (bits & defined));
}

/* Every read of the chip inverts them. */
static u8 toggled(struct flash_chip *chip, u8 which)
{
	chip->amd.toggle ^= which;
	return chip->amd.toggle;
}

static bool is_programming(const struct flash_chip *chip)
{
	return op_runs(&chip->program) || chip->erase.kind == FLASH_OP_LOCK ||
	       chip->amd.halted == AMD_PROGRAM_FAILED || chip->amd.halted == AMD_BUFFER_ABORTED;
}

static bool has_failed(const struct flash_chip *chip)
{
	return chip->amd.halted == AMD_PROGRAM_FAILED || chip->amd.halted == AMD_ERASE_FAILED;
}

/* "DQ7 and DQ2 require a valid address when reading status information" (table 33, note 2). */
static u16 program_word(struct flash_chip *chip, u32 word, u8 defined, u8 bits)
{
	const struct amd_state *amd = &chip->amd;

	if (word == amd->last_word) {
		defined |= DQ7;
		bits |= (u8)~amd->last_data & DQ7;
	}
	if (amd_has_buffer(chip))
		defined |= DQ1;
	if (amd->halted == AMD_BUFFER_ABORTED)
		bits |= DQ1;
	return driven(chip, defined, bits);
}

static u16 erase_word(struct flash_chip *chip, u32 word, u8 defined, u8 bits)
{
	if (amd_is_selected(chip, word))
		defined |= DQ7;
	if (!amd_window_is_open(chip))
		bits |= DQ3;
	return driven(chip, defined | DQ3, bits);
}

u16 amd_busy_word(struct flash_chip *chip, u32 word)
{
	bool failed = has_failed(chip);
	u8 defined = DQ6 | DQ5 | DQ2, bits = failed ? DQ5 : 0, toggling = DQ6;

	/* GL-S, 5.5.1: after a failure DQ2 toggles everywhere, and DQ3 is 1 */
	if (failed && amd_is_gls(chip)) {
		defined |= DQ3;
		bits |= DQ3;
		toggling |= DQ2;
	} else if (amd_is_selected(chip, word)) {
		toggling |= DQ2;
	}
	bits |= toggled(chip, toggling);
	if (is_programming(chip))
		return program_word(chip, word, defined, bits);
	return erase_word(chip, word, defined, bits);
}

/* GL-S, 5.4.5: "undetermined data" instead. */
u16 amd_suspended_word(struct flash_chip *chip)
{
	if (amd_is_gls(chip))
		return chip_undefined(chip);
	return driven(chip, DQ7 | DQ6 | DQ5 | DQ2, DQ7 | toggled(chip, DQ2));
}

/* --- the status register ---------------------------------------------------------------------- */
u8 amd_status_register(const struct flash_chip *chip)
{
	u8 status = AMD_SR_READY | chip->amd.errors;

	if (chip_is_busy(chip))
		return 0;
	if (chip_erase_rests(chip))
		status |= AMD_SR_ERASE_SUSPENDED;
	if (chip_program_rests(chip))
		status |= AMD_SR_PROGRAM_SUSPENDED;
	return status;
}

/* Table 5.2: "bits 6 to 1 are valid only when bit 7 is 1"; bit 0 and DQ15-8 are reserved. */
u16 amd_status_register_word(const struct flash_chip *chip)
{
	u8 status = chip->amd.status;

	return driven(chip, status & AMD_SR_READY ? 0xFE : AMD_SR_READY, status);
}

/* --- read modes ------------------------------------------------------------------------------- */
static bool returns_status(struct flash_chip *chip, u32 partition)
{
	const struct amd_state *amd = &chip->amd;
	const struct flash_op *op = chip_running(chip);

	if (!op && !amd->halted)
		return false;
	return amd->erasing_chip || partition == (op ? op->partition : amd->halted_in);
}

static enum kvl_flash_mode mode_of(struct flash_chip *chip, u32 partition)
{
	const struct amd_state *amd = &chip->amd;

	if (amd->status_due)
		return KVL_FLASH_READ_OTHER;
	if (returns_status(chip, partition))
		return KVL_FLASH_READ_STATUS;
	switch (amd->entered) {
	case 0: return KVL_FLASH_READ_ARRAY;
	case AMD_AUTOSELECT: /* Am29DL: of the bank addressed; others are read as ever */
		return partition == amd->entered_in ? KVL_FLASH_READ_ID : KVL_FLASH_READ_ARRAY;
	case AMD_QUERY: return KVL_FLASH_READ_CFI;
	}
	return KVL_FLASH_READ_OTHER;
}

void amd_show(struct flash_chip *chip)
{
	for (u32 i = 0; i < flash_hw_partition_count(chip->part); i++)
		chip_set_mode(chip, i, mode_of(chip, i));
}
