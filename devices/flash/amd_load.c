/* SPDX-License-Identifier: MIT */
/*
 * Owns what AMD's parts program: one word (A0h), or what was loaded into the write buffer (25h,
 * 29h; GL-M data sheet, "Write Buffer Programming"), into the array or the Secured Silicon region.
 */
#include "devices/flash/amd.h"

#include <string.h>

#define NO_WORD UINT32_MAX

/* --- into cells ------------------------------------------------------------------------------- */
/* A sector whose erase rests counts as protected (the vendor's model of the Am29DL322D). */
static bool is_refused(const struct flash_chip *chip, u32 word)
{
	return amd_is_protected(chip, chip_block_of(chip, word).index) ||
	       (chip_erase_rests(chip) && amd_is_selected(chip, word));
}

/* Where @words at @word lie, in *@cells from *@start on. False: they may not be changed. */
static bool find_cells(const struct flash_chip *chip, u32 word, u32 words,
		       struct flash_cells *cells, u32 *start)
{
	*cells = chip->array;
	*start = word;
	if (chip->amd.entered != AMD_SECURED_REGION)
		return !is_refused(chip, word);
	*cells = amd_secured_cells(chip);
	*start = word - amd_secured_first(chip);
	return !amd_secured_is_locked(chip) && *start < amd_secured_words(chip) &&
	       words <= amd_secured_words(chip) - *start;
}

static void refuse(struct flash_chip *chip, u32 word)
{
	chip->amd.outcome = AMD_SR_PROGRAM_ERROR;
	if (!chip_erase_rests(chip) || !amd_is_selected(chip, word))
		chip->amd.outcome |= AMD_SR_LOCKED;
	chip_refuse(chip, &chip->program, word, chip->bank->now_ns, amd_refusal_time(chip, false));
}

/* Am29LV160D, "Word/Byte Program": "may halt the operation and set DQ5 to 1"; the bit stays 0. */
static bool asks_for_ones(const struct flash_chip *chip, const struct flash_cells *cells, u32 start,
			  u16 data)
{
	return chip->part->features & FLASH_DQ5_ON_ONES && data & ~cells_get(cells, start);
}

void amd_program(struct flash_chip *chip, u32 word, u16 data)
{
	struct amd_state *amd = &chip->amd;
	struct flash_time time = chip->part->program;
	struct flash_cells cells;
	u32 start;

	amd->last_word = word;
	amd->last_data = data;
	if (!find_cells(chip, word, 1, &cells, &start)) {
		refuse(chip, word);
		return;
	}
	amd->exceeds = asks_for_ones(chip, &cells, start, data);
	if (amd->exceeds)
		time.typ_us = time.max_us;
	chip_tell_command(chip, word, AMD_PROGRAM, data);
	chip_program(chip, word, &cells, start, &data, 1, time);
}

/* --- write buffer ----------------------------------------------------------------------------- */
static u32 buffer_words(const struct flash_chip *chip)
{
	return (1u << chip->part->cfi.buffer_log2) / chip->array.word_bytes;
}

static bool in_sector_of_load(const struct flash_chip *chip, u32 word)
{
	return chip_block_of(chip, word).index == chip_block_of(chip, chip->amd.load.start).index;
}

void amd_buffer_begin(struct flash_chip *chip, u32 word)
{
	struct flash_load *load = &chip->amd.load;

	load->start = word;
	load->loaded = 0;
	memset(load->data, 0xFF, sizeof(load->data));
	chip->amd.last_word = NO_WORD;
	chip->amd.sequence = AMD_BUFFER_COUNT;
}

/* The status stays until AAh, 55h, F0h (GL-M: "Write-to-Buffer-Abort Reset"). */
static void abort_buffer(struct flash_chip *chip)
{
	struct amd_state *amd = &chip->amd;

	amd->halted = AMD_BUFFER_ABORTED;
	amd->halted_in = chip_partition_of(chip, amd->load.start);
	amd->errors |= AMD_SR_BUFFER_ABORTED | AMD_SR_PROGRAM_ERROR;
}

static void take_count(struct flash_chip *chip, u32 word, u16 data)
{
	if (data >= buffer_words(chip) || !in_sector_of_load(chip, word)) {
		abort_buffer(chip);
		return;
	}
	chip->amd.load.count = data + 1u;
	chip->amd.sequence = AMD_BUFFER_DATA;
}

/*
 * The first word selects the page of the buffer, in which all others have to lie, in any order. A
 * word loaded twice counts twice, and the last value holds (GL-M; KBA221921).
 */
static void load_word(struct flash_chip *chip, u32 word, u16 data)
{
	struct amd_state *amd = &chip->amd;
	struct flash_load *load = &amd->load;
	u32 page = word - word % buffer_words(chip);

	if (!in_sector_of_load(chip, word) || (load->loaded && page != load->start)) {
		abort_buffer(chip);
		return;
	}
	load->start = page;
	load->data[word - page] = data;
	load->loaded++;
	amd->last_word = word;
	amd->last_data = data;
	amd->sequence = load->loaded < load->count ? AMD_BUFFER_DATA : AMD_BUFFER_CONFIRM;
}

/* Words of the page that were not loaded keep what they have: all ones change nothing. */
static void program_buffer(struct flash_chip *chip, u32 word, u16 data)
{
	struct flash_load *load = &chip->amd.load;
	struct flash_cells cells;
	u32 start;

	if ((data & 0xFF) != AMD_CONFIRM_BUFFER || !in_sector_of_load(chip, word)) {
		abort_buffer(chip);
		return;
	}
	if (!find_cells(chip, load->start, buffer_words(chip), &cells, &start)) {
		refuse(chip, load->start);
		return;
	}
	chip_tell_command(chip, word, AMD_WRITE_BUFFER, data);
	chip_program(chip, load->start, &cells, start, load->data, buffer_words(chip),
		     chip_buffer_time(chip, load->count));
}

void amd_buffer_cycle(struct flash_chip *chip, enum amd_sequence awaited, u32 word, u16 data)
{
	switch (awaited) {
	case AMD_BUFFER_COUNT: take_count(chip, word, data); break;
	case AMD_BUFFER_DATA: load_word(chip, word, data); break;
	default: program_buffer(chip, word, data); break;
	}
}
