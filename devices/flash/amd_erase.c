/* SPDX-License-Identifier: MIT */
/*
 * Owns which sectors an erase of AMD's command set is about: those named while its window is open,
 * or all of the chip; and GL-S's blank check. The model erases the sector named first, then the
 * others in ascending order, one after another: n sectors take n times as long.
 *
 * Sources: Am29LV160D and GL-N, "Sector Erase Command Sequence", "DQ3: Sector Erase Timer".
 * Protected sectors are passed over in silence; if all are protected the chip looks busy for about
 * 100 us.
 */
#include "devices/flash/amd.h"

#include <string.h>

/* --- sets of sectors -------------------------------------------------------------------------- */
static bool has(const u8 *set, u32 sector)
{
	return set[sector / 8] >> sector % 8 & 1;
}

static void add(u8 *set, u32 sector)
{
	set[sector / 8] |= (u8)(1u << sector % 8);
}

static void take_out(u8 *set, u32 sector)
{
	set[sector / 8] &= (u8) ~(1u << sector % 8);
}

bool amd_is_selected(const struct flash_chip *chip, u32 word)
{
	return has(chip->amd.selected, chip_block_of(chip, word).index);
}

void amd_select_none(struct flash_chip *chip)
{
	struct amd_state *amd = &chip->amd;

	memset(amd->selected, 0, sizeof(amd->selected));
	memset(amd->queued, 0, sizeof(amd->queued));
	amd->naming = false;
	amd->erasing_chip = false;
}

/* --- named sectors ---------------------------------------------------------------------------- */
static u64 window_end(const struct flash_chip *chip)
{
	return chip->bank->now_ns + chip->part->erase_window_us * 1000ull;
}

static void refuse(struct flash_chip *chip, u32 word)
{
	chip->amd.outcome = AMD_SR_ERASE_ERROR | AMD_SR_LOCKED;
	chip_refuse(chip, &chip->erase, word, window_end(chip), amd_refusal_time(chip, true));
}

/* The first that may be erased begins, once the window is over. */
static void name_sector(struct flash_chip *chip, u32 word)
{
	struct amd_state *amd = &chip->amd;
	u32 sector = chip_block_of(chip, word).index;
	bool again = has(amd->selected, sector);

	add(amd->selected, sector);
	if (again || amd_is_protected(chip, sector))
		return;
	chip_tell_command(chip, word, AMD_SECTOR_ERASE, AMD_SECTOR_ERASE);
	if (chip->erase.kind == FLASH_OP_ERASE) {
		add(amd->queued, sector);
		return;
	}
	amd->outcome = 0;
	chip_erase(chip, word, window_end(chip));
}

void amd_erase_sector(struct flash_chip *chip, u32 word)
{
	amd_select_none(chip);
	chip->amd.naming = true;
	name_sector(chip, word);
	if (!chip->erase.kind)
		refuse(chip, word);
}

bool amd_window_is_open(const struct flash_chip *chip)
{
	return chip->amd.naming && op_runs(&chip->erase) && chip->erase.run_ns > chip->bank->now_ns;
}

/* "Any command other than Sector Erase or Erase Suspend … resets the device to reading array
 * data." */
static void forget(struct flash_chip *chip)
{
	amd_select_none(chip);
	chip_cancel(chip, &chip->erase);
}

/* Am29DS32xG: the sectors of one erase lie in one bank. */
void amd_window_cycle(struct flash_chip *chip, u32 word, u8 byte)
{
	if (byte != AMD_SECTOR_ERASE || chip_partition_of(chip, word) != chip->erase.partition) {
		forget(chip);
		return;
	}
	name_sector(chip, word);
	op_postpone(&chip->erase, window_end(chip));
}

/* --- one sector after another ----------------------------------------------------------------- */
static bool next_queued(const struct flash_chip *chip, struct flash_block *sector)
{
	for (u64 at = 0; at < chip->part->chip_bytes; at += sector->bytes) {
		*sector = flash_block_at(chip->part, at);
		if (has(chip->amd.queued, sector->index))
			return true;
	}
	return false;
}

static void begin_queued(struct flash_chip *chip, const struct flash_block *sector)
{
	take_out(chip->amd.queued, sector->index);
	chip_erase(chip, chip_first_word(chip, sector), chip->bank->now_ns);
}

/*
 * A suspension that one sector's end has overtaken is still due in the next one. Where a chip erase
 * goes on in another bank, this one is done.
 */
bool amd_erase_next(struct flash_chip *chip)
{
	u64 suspend_ns = chip->erase.suspend_ns;
	struct flash_block sector;

	if (!next_queued(chip, &sector))
		return false;
	if (flash_hw_partition_at(chip->part, sector.start).index != chip->erase.partition)
		chip_tell_state(chip, &chip->erase);
	begin_queued(chip, &sector);
	if (suspend_ns != UINT64_MAX)
		op_suspend(&chip->erase, suspend_ns);
	return true;
}

/* There is no window (DQ3: "the sector erase timer does not apply to the chip erase command"). */
void amd_erase_chip(struct flash_chip *chip, u32 word)
{
	struct amd_state *amd = &chip->amd;
	struct flash_block sector;

	amd_select_none(chip);
	amd->erasing_chip = true;
	for (u32 i = 0; i < flash_block_count(chip->part); i++) {
		add(amd->selected, i);
		if (!amd_is_protected(chip, i))
			add(amd->queued, i);
	}
	if (!next_queued(chip, &sector)) {
		refuse(chip, word);
		return;
	}
	chip_tell_command(chip, word, AMD_CHIP_ERASE, AMD_CHIP_ERASE);
	begin_queued(chip, &sector);
}

/* --- blank check ------------------------------------------------------------------------------ */
/* GL-S, 5.5.1: a sector that is not blank is an embedded operation error. */
void amd_check_blank(struct flash_chip *chip, u32 word)
{
	struct flash_block sector = chip_block_of(chip, word);
	bool blank = chip_is_blank(chip, chip_first_word(chip, &sector),
				   chip_block_words(chip, &sector));

	amd_select_none(chip);
	add(chip->amd.selected, sector.index);
	chip->amd.exceeds = !blank;
	chip_check(chip, word);
}
