/* SPDX-License-Identifier: MIT */
/*
 * Owns the bus cycles of AMD's command set 0002: which writes make a command, what it does in each
 * state, and what a read returns. Leaves to amd_status.c the status, to amd_codes.c autoselect and
 * query, to amd_load.c programs, to amd_erase.c erases, to amd_protect.c protection and the secured
 * region, to chip.c the operations.
 *
 * Unlock and command cycles compare A10-A0 and DQ7-0 alone (A-1 not on an 8-bit bus). A write that
 * does not belong to any sequence drops it: the chip reads its array, or the status of a suspended
 * sector, as before (Am29LV, Am29DL: "resets the device to reading array data"). GL data sheets
 * promise less, "may place the device in an unknown state"; the vendor's models return to the
 * array.
 */
#include "devices/flash/amd.h"

/* --- reads ------------------------------------------------------------------------------------ */
/* "Invalid" while a program rests: GL-S its line of a write buffer, others the whole sector. */
static bool is_line_at_rest(const struct flash_chip *chip, u32 word)
{
	u32 start = chip->program.start;
	u32 line = (1u << chip->part->cfi.buffer_log2) / chip->array.word_bytes;

	if (amd_is_gls(chip))
		return word / line == start / line;
	return chip_block_of(chip, word).index == chip_block_of(chip, start).index;
}

static u16 read_array(struct flash_chip *chip, u32 word)
{
	if (chip_program_rests(chip) && is_line_at_rest(chip, word))
		return chip_undefined(chip);
	if (chip_erase_rests(chip) && amd_is_selected(chip, word))
		return amd_suspended_word(chip);
	return chip_array_word(chip, word);
}

/* Behind the region's end its sector is undefined; all other sectors are as ever. */
static u16 read_secured(struct flash_chip *chip, u32 word)
{
	u32 first = amd_secured_first(chip);
	struct flash_cells cells = amd_secured_cells(chip);

	if (chip_block_of(chip, word).index != chip_block_of(chip, first).index)
		return read_array(chip, word);
	if (word - first < amd_secured_words(chip))
		return cells_get(&cells, word - first);
	return chip_undefined(chip);
}

/* GL-S, table 5.6: one read of the status register, and things are as before. */
static u16 read_other(struct flash_chip *chip, u32 word)
{
	u16 status;

	if (chip->amd.status_due) {
		status = amd_status_register_word(chip);
		chip->amd.status_due = false;
		amd_show(chip);
		return status;
	}
	if (amd_shows_registers(chip))
		return amd_register_word(chip, word);
	return read_secured(chip, word);
}

static u16 amd_read(struct flash_chip *chip, u32 word)
{
	switch (chip->mode[chip_partition_of(chip, word)]) {
	case KVL_FLASH_READ_STATUS: return amd_busy_word(chip, word);
	case KVL_FLASH_READ_ID:
	case KVL_FLASH_READ_CFI: return amd_code_word(chip, word);
	case KVL_FLASH_READ_OTHER: return read_other(chip, word);
	case KVL_FLASH_READ_ARRAY: break;
	}
	return read_array(chip, word);
}

/* --- cycles ----------------------------------------------------------------------------------- */
bool amd_is_at(const struct flash_chip *chip, u32 word, u32 address)
{
	return (chip_address(chip, word) & 0x7FF) == address;
}

bool amd_is_unlock_1(const struct flash_chip *chip, u32 word, u8 byte)
{
	return byte == 0xAA && amd_is_at(chip, word, 0x555);
}

bool amd_is_unlock_2(const struct flash_chip *chip, u32 word, u8 byte)
{
	return byte == 0x55 && amd_is_at(chip, word, 0x2AA);
}

/* --- regions ---------------------------------------------------------------------------------- */
static bool anything_rests(const struct flash_chip *chip)
{
	return chip_erase_rests(chip) || chip_program_rests(chip);
}

static void enter(struct flash_chip *chip, u32 word, u8 command)
{
	struct amd_state *amd = &chip->amd;
	struct flash_block sector = chip_block_of(chip, word);

	amd->query_on_codes = amd->entered == AMD_AUTOSELECT;
	if (!amd->query_on_codes)
		amd->entered_in = chip_partition_of(chip, word);
	amd->entered_sector = chip_first_word(chip, &sector);
	amd->entered = command;
}

/*
 * F0h ends autoselect and query mode. From a query entered from autoselect, Am29LV and Am29DL go
 * back there first, GL-P to the array. GL-S: "Software Reset / ASO Exit" ends everything.
 */
static void reset(struct flash_chip *chip)
{
	struct amd_state *amd = &chip->amd;

	if (amd->entered == AMD_QUERY && amd->query_on_codes && !amd_has_buffer(chip))
		amd->entered = AMD_AUTOSELECT;
	else if (amd->entered == AMD_AUTOSELECT || amd->entered == AMD_QUERY || amd_is_gls(chip))
		amd->entered = 0;
	amd->errors = 0;
}

/*
 * GL-S: these need no unlock cycles, and are taken in every state but for Clear while busy. The
 * status is captured by the command (5.3.6.2, "by the rising edge of WE#"), not by the read.
 */
bool amd_status_cycle(struct flash_chip *chip, u32 word, u8 byte)
{
	if (!amd_is_gls(chip) || !amd_is_at(chip, word, 0x555))
		return false;
	if (byte == AMD_READ_STATUS) {
		chip->amd.status_due = true;
		chip->amd.status = amd_status_register(chip);
	} else if (byte == AMD_CLEAR_STATUS && !chip_is_busy(chip)) {
		chip->amd.errors = 0;
	} else {
		return false;
	}
	return true;
}

/* --- first cycles ----------------------------------------------------------------------------- */
/* GL-N's x8 table of commands has no Program, and the vendor's model refuses it there. */
static bool may_program_word(const struct flash_chip *chip)
{
	bool x8 = chip->array.word_bytes == 1;

	return amd_may_program(chip) && !(x8 && chip->part->features & FLASH_X8_BUFFER_ONLY);
}

/* GL-S takes neither codes nor query while something rests (5.2). */
static bool may_show_codes(const struct flash_chip *chip)
{
	return !amd_is_gls(chip) || !anything_rests(chip);
}

static void array_cycle(struct flash_chip *chip, u32 word, u8 byte)
{
	if (byte == AMD_SECTOR_ERASE || (byte == AMD_PPB_LOCK && amd_is_gls(chip)))
		amd_resume(chip, word, byte);
	else if (byte == AMD_QUERY && amd_is_at(chip, word, 0x55) && may_show_codes(chip))
		enter(chip, word, AMD_QUERY);
	else if (byte == AMD_BLANK_CHECK && amd_is_at(chip, word, 0x555) &&
		 chip->part->features & FLASH_BLANK_CHECK && !anything_rests(chip))
		amd_check_blank(chip, word);
}

/* "Only the Unlock Bypass Program and Unlock Bypass Reset commands are valid"; 25h: GL-N's
 * model. */
static void bypass_cycle(struct flash_chip *chip, u32 word, u8 byte)
{
	if (byte == AMD_PROGRAM && may_program_word(chip))
		chip->amd.sequence = AMD_DATA;
	else if (byte == AMD_WRITE_BUFFER && amd_has_buffer(chip) && amd_may_program(chip))
		amd_buffer_begin(chip, word);
	else if (byte == AMD_AUTOSELECT)
		chip->amd.sequence = AMD_EXIT;
}

static void first_cycle(struct flash_chip *chip, u32 word, u8 byte)
{
	struct amd_state *amd = &chip->amd;
	bool codes = amd->entered == AMD_AUTOSELECT;

	if (amd_status_cycle(chip, word, byte))
		return;
	if (byte == AMD_RESET)
		reset(chip);
	else if (codes && byte == AMD_QUERY && amd_is_at(chip, word, 0x55))
		enter(chip, word, AMD_QUERY);
	else if (codes || amd->entered == AMD_QUERY)
		return; /* all else is ignored */
	else if (amd_shows_registers(chip))
		amd_register_cycle(chip, byte);
	else if (amd->bypass)
		bypass_cycle(chip, word, byte);
	else if (amd_is_unlock_1(chip, word, byte))
		amd->sequence = AMD_UNLOCK_1;
	else if (!amd->entered)
		array_cycle(chip, word, byte);
}

/* --- further cycles --------------------------------------------------------------------------- */
static bool may_protect(const struct flash_chip *chip, u8 command)
{
	if (!(chip->part->features & FLASH_SECTOR_PROTECT) || chip_program_rests(chip))
		return false;
	/* GL-S, 5.2: dynamic bits can be set and cleared while an erase rests */
	return !chip_erase_rests(chip) || (command == AMD_DYB && amd_is_gls(chip));
}

/* In the secured region: programs and the exit. */
static bool is_taken_in_region(const struct flash_chip *chip, u8 command)
{
	return command == AMD_AUTOSELECT || (command == AMD_PROGRAM && may_program_word(chip));
}

static bool is_taken(const struct flash_chip *chip, u8 command)
{
	u32 features = chip->part->features;

	if (chip->amd.entered)
		return is_taken_in_region(chip, command);
	switch (command) {
	case AMD_PROGRAM: return may_program_word(chip);
	case AMD_ERASE_SETUP: return !anything_rests(chip);
	case AMD_AUTOSELECT: return may_show_codes(chip);
	case AMD_SECURED_REGION: return features & FLASH_OTP && may_show_codes(chip);
	case AMD_BYPASS: /* the vendor's models: in erase suspend not on the GL-N */
		return features & FLASH_UNLOCK_BYPASS &&
		       (!anything_rests(chip) || !amd_has_buffer(chip));
	case AMD_LOCK_REGISTER:
	case AMD_PPB:
	case AMD_PPB_LOCK:
	case AMD_DYB: return may_protect(chip, command);
	}
	return false;
}

static void command_cycle(struct flash_chip *chip, u32 word, u8 byte)
{
	struct amd_state *amd = &chip->amd;

	if (byte == AMD_WRITE_BUFFER && amd_has_buffer(chip) && amd_may_program(chip)) {
		amd_buffer_begin(chip, word); /* of this cycle's address the sector alone counts */
		return;
	}
	if (!amd_is_at(chip, word, 0x555) || !is_taken(chip, byte))
		return;
	if (byte == AMD_PROGRAM)
		amd->sequence = AMD_DATA;
	else if (byte == AMD_ERASE_SETUP)
		amd->sequence = AMD_ERASE_1;
	else if (byte == AMD_AUTOSELECT && amd->entered)
		amd->sequence = AMD_EXIT;
	else if (byte == AMD_BYPASS)
		amd->bypass = true;
	else
		enter(chip, word, byte);
}

static void erase_cycle(struct flash_chip *chip, u32 word, u8 byte)
{
	if (byte == AMD_SECTOR_ERASE)
		amd_erase_sector(chip, word);
	else if (byte == AMD_CHIP_ERASE && amd_is_at(chip, word, 0x555))
		amd_erase_chip(chip, word);
}

static void data_cycle(struct flash_chip *chip, u32 word, u16 data)
{
	if (amd_shows_registers(chip))
		amd_register_program(chip, word, data);
	else
		amd_program(chip, word, data);
}

static void leave(struct flash_chip *chip)
{
	chip->amd.entered = 0;
	chip->amd.bypass = false;
}

static void expect(struct flash_chip *chip, bool is_it, enum amd_sequence next)
{
	if (is_it)
		chip->amd.sequence = next;
}

static void next_cycle(struct flash_chip *chip, enum amd_sequence awaited, u32 word, u16 data)
{
	u8 byte = data & 0xFF;

	if (awaited < AMD_DATA && amd_status_cycle(chip, word, byte))
		return;
	switch (awaited) {
	case AMD_NO_SEQUENCE: first_cycle(chip, word, byte); break;
	case AMD_UNLOCK_1: expect(chip, amd_is_unlock_2(chip, word, byte), AMD_UNLOCK_2); break;
	case AMD_UNLOCK_2: command_cycle(chip, word, byte); break;
	case AMD_ERASE_1: expect(chip, amd_is_unlock_1(chip, word, byte), AMD_ERASE_2); break;
	case AMD_ERASE_2: expect(chip, amd_is_unlock_2(chip, word, byte), AMD_ERASE_3); break;
	case AMD_ERASE_3: erase_cycle(chip, word, byte); break;
	case AMD_DATA: data_cycle(chip, word, data); break;
	case AMD_EXIT:
		if (byte == 0x00)
			leave(chip);
		break;
	case AMD_PPB_ERASE:
		if (byte == AMD_SECTOR_ERASE)
			amd_register_erase(chip, word);
		break;
	case AMD_BUFFER_COUNT:
	case AMD_BUFFER_DATA:
	case AMD_BUFFER_CONFIRM: amd_buffer_cycle(chip, awaited, word, data); break;
	}
}

static void amd_write(struct flash_chip *chip, u32 word, u16 data)
{
	struct amd_state *amd = &chip->amd;
	enum amd_sequence awaited = amd->sequence;

	amd->sequence = AMD_NO_SEQUENCE;
	amd->status_due = false;
	if (chip_is_busy(chip))
		amd_busy_cycle(chip, word, data & 0xFF);
	else if (amd->halted)
		amd_halted_cycle(chip, awaited, word, data & 0xFF);
	else
		next_cycle(chip, awaited, word, data);
	amd_show(chip);
}

/* All sectors of an erase rest with the one that was being erased. */
static enum flash_view amd_view(const struct flash_chip *chip, const struct flash_block *block)
{
	if (chip->erase.kind && amd_is_selected(chip, chip_first_word(chip, block)))
		return FLASH_VIEW_RESTS;
	return FLASH_VIEW_ARRAY;
}

static u8 amd_told_status(const struct flash_chip *chip, u32 partition)
{
	(void)partition; /* one register for the whole chip */
	return amd_is_gls(chip) ? amd_status_register(chip) : 0;
}

static void amd_power_up(struct flash_chip *chip)
{
	chip->amd = (struct amd_state){ 0 };
	amd_protect_power_up(chip);
}

const struct flash_command_set flash_amd_set = {
	.read = amd_read,
	.write = amd_write,
	.stopped = amd_stopped,
	.power_up = amd_power_up,
	.status = amd_told_status,
	.view = amd_view,
	.gives_up = true,
};
