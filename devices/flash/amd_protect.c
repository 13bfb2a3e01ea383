/* SPDX-License-Identifier: MIT */
/*
 * Owns what protects the cells of AMD's parts: persistent (PPB) and dynamic (DYB) protection bits
 * of sectors, PPB Lock, the lock register, and the Secured Silicon region ("Advanced Sector
 * Protection", GL-N data sheet S29GL-N_01, section 10).
 *
 * Persistent bits of parts that have no command for them are respected all the same: on those a
 * programmer with high voltages sets them. Password mode is not modelled: its commands (60h) are
 * none, and a part on which its lock register bit was programmed stays as it is for ever.
 */
#include "devices/flash/amd.h"

enum {
	/* lock register; programmed: 0 */
	LOCK_SECURED = 1 << 0,
	LOCK_PERSISTENT = 1 << 1,
	LOCK_PASSWORD = 1 << 2,
	LOCK_KNOWN = LOCK_SECURED | LOCK_PERSISTENT | LOCK_PASSWORD,

	PROTECTED = 0, /* DQ0 of a protection bit */
	NOT_PROTECTED = 1,
};

/* --- sectors ---------------------------------------------------------------------------------- */
/* In password mode PPB Lock is set from power-up on. */
void amd_protect_power_up(struct flash_chip *chip)
{
	chip->amd.frozen = chip->part->features & FLASH_SECTOR_PROTECT &&
			   !(chip->nv->lock_register & LOCK_PASSWORD);
}

static bool is_dynamic(const struct flash_chip *chip, u32 sector)
{
	return chip->amd.protected[sector / 8] >> sector % 8 & 1;
}

bool amd_is_protected(const struct flash_chip *chip, u32 sector)
{
	return chip->nv->block[sector].locked || is_dynamic(chip, sector);
}

/*
 * GL-M, "Program" and "Sector Erase": about 1 us, about 100 us; then the array again, unchanged.
 * GL-S: 20 to 100 us.
 */
struct flash_time amd_refusal_time(const struct flash_chip *chip, bool erase)
{
	if (amd_is_gls(chip))
		return (struct flash_time){ 20, 100 };
	return erase ? (struct flash_time){ 100, 100 } : (struct flash_time){ 1, 1 };
}

/* --- secured region --------------------------------------------------------------------------- */
/* In place of the first sector; on GL-S of the one that the command addressed. */
u32 amd_secured_first(const struct flash_chip *chip)
{
	return amd_is_gls(chip) ? chip->amd.entered_sector : 0;
}

static u32 nv_words(const struct flash_chip *chip)
{
	return (u32)sizeof(chip->nv->otp) / chip->array.word_bytes;
}

u32 amd_secured_words(const struct flash_chip *chip)
{
	u32 words = chip->part->secured_bytes / chip->array.word_bytes;

	return words < nv_words(chip) ? words : nv_words(chip);
}

struct flash_cells amd_secured_cells(const struct flash_chip *chip)
{
	u32 width = chip->array.word_bytes;

	return (struct flash_cells){ (u8 *)chip->nv->otp, width, width };
}

bool amd_secured_is_locked(const struct flash_chip *chip)
{
	return !(chip->nv->lock_register & LOCK_SECURED);
}

/* --- registers: reads ------------------------------------------------------------------------- */
static struct flash_cells lock_register(const struct flash_chip *chip)
{
	u32 width = chip->array.word_bytes;

	return (struct flash_cells){ (u8 *)&chip->nv->lock_register, width, width };
}

bool amd_shows_registers(const struct flash_chip *chip)
{
	switch (chip->amd.entered) {
	case AMD_LOCK_REGISTER:
	case AMD_PPB:
	case AMD_PPB_LOCK:
	case AMD_DYB: return true;
	}
	return false;
}

/* All but DQ0 of the bits is undefined. */
static u16 protection_bit(const struct flash_chip *chip, bool is_protected)
{
	return (chip_undefined(chip) & 0xFFFE) | (is_protected ? PROTECTED : NOT_PROTECTED);
}

u16 amd_register_word(const struct flash_chip *chip, u32 word)
{
	u32 sector = chip_block_of(chip, word).index;
	struct flash_cells cells = lock_register(chip);

	switch (chip->amd.entered) {
	case AMD_PPB: return protection_bit(chip, chip->nv->block[sector].locked);
	case AMD_PPB_LOCK: return protection_bit(chip, chip->amd.frozen);
	case AMD_DYB: return protection_bit(chip, is_dynamic(chip, sector));
	}
	return cells_get(&cells, 0);
}

/* --- registers: cycles ------------------------------------------------------------------------ */
/* Nothing else is taken, not even a reset (the vendor's model of the S29GL256N). */
void amd_register_cycle(struct flash_chip *chip, u8 byte)
{
	struct amd_state *amd = &chip->amd;

	if (byte == AMD_PROGRAM)
		amd->sequence = AMD_DATA;
	else if (byte == AMD_AUTOSELECT)
		amd->sequence = AMD_EXIT;
	else if (byte == AMD_ERASE_SETUP && amd->entered == AMD_PPB)
		amd->sequence = AMD_PPB_ERASE;
}

/* "Persistent and password mode lock bits programmed together: aborts" (GL-P, lock register, note
 * 6). */
static void program_lock_register(struct flash_chip *chip, u32 word, u16 data)
{
	struct flash_cells cells = lock_register(chip);
	u16 value = data | (u16)~LOCK_KNOWN, left = cells_get(&cells, 0) & value;

	if (!(left & (LOCK_PERSISTENT | LOCK_PASSWORD)))
		return;
	chip_tell_command(chip, word, AMD_PROGRAM, data);
	chip_program(chip, word, &cells, 0, &value, 1, chip->part->program);
}

/*
 * With PPB Lock set, "the command does not execute and times out" (GL-N, 10.12). The model's
 * choice: as what is asked of a protected sector does.
 */
static void refuse(struct flash_chip *chip, u32 word, bool erase)
{
	chip->amd.outcome = AMD_SR_LOCKED | (erase ? AMD_SR_ERASE_ERROR : AMD_SR_PROGRAM_ERROR);
	chip_refuse(chip, erase ? &chip->erase : &chip->program, word, chip->bank->now_ns,
		    amd_refusal_time(chip, erase));
}

static void program_ppb(struct flash_chip *chip, u32 word, u16 data)
{
	if ((data & 0xFF) != 0x00)
		return;
	if (chip->amd.frozen)
		refuse(chip, word, false);
	else
		chip_lock(chip, word);
}

static void set_dyb(struct flash_chip *chip, u32 word, u16 data)
{
	u32 sector = chip_block_of(chip, word).index;
	u8 *bits = &chip->amd.protected[sector / 8];

	if ((data & 0xFF) == 0x00)
		*bits |= (u8)(1u << sector % 8);
	else if ((data & 0xFF) == 0x01)
		*bits &= (u8) ~(1u << sector % 8);
}

void amd_register_program(struct flash_chip *chip, u32 word, u16 data)
{
	chip->amd.last_word = word;
	chip->amd.last_data = data;
	switch (chip->amd.entered) {
	case AMD_LOCK_REGISTER: program_lock_register(chip, word, data); break;
	case AMD_PPB: program_ppb(chip, word, data); break;
	case AMD_PPB_LOCK:
		if ((data & 0xFF) == 0x00)
			chip->amd.frozen = true;
		break;
	case AMD_DYB: set_dyb(chip, word, data); break;
	}
}

void amd_register_erase(struct flash_chip *chip, u32 word)
{
	if (chip->amd.frozen)
		refuse(chip, word, true);
	else
		chip_unlock_all(chip, word);
}
