/* SPDX-License-Identifier: MIT */
/*
 * Owns what protects an Intel part's cells: block locks (60h) and protection registers (C0h).
 *
 * Locks are of two kinds. J3: cells, set one by one and cleared all together, each of which takes
 * time; shipped clear. C3, L18, P30: volatile, at once, all blocks locked at power-up; a block that
 * is locked down stays as it is until the next power-up, because the model's WP# pin is low.
 */
#include "devices/flash/intel.h"

enum {
	BLOCK_LOCKED = 1 << 0,
	BLOCK_LOCKED_DOWN = 1 << 1,
	BLOCK_ERASE_INTERRUPTED = 1 << 1, /* J3A */

	/* Protection registers, as addresses of identifier mode. */
	OTP_AT = 0x80, /* lock word; 4 words of the factory, 4 of the user */
	OTP_FACTORY_AT = 0x81,
	OTP_USER_AT = 0x85,
	OTP_LOCK1_AT = 0x89, /* FLASH_WIDE_OTP: a bit for each of 16 groups of 8 words */
	OTP_GROUPS_AT = 0x8A,
	OTP_WIDE_END = 0x10A,
};

/* --- locks ------------------------------------------------------------------------------------ */
void intel_protect_power_up(struct flash_chip *chip)
{
	if (!(chip->part->features & FLASH_LOCK_INSTANT))
		return;
	for (u32 i = 0; i < flash_block_count(chip->part); i++)
		chip->intel.lock[i] = BLOCK_LOCKED;
}

bool intel_is_locked(const struct flash_chip *chip, u32 word)
{
	u32 block = chip_block_of(chip, word).index;

	if (chip->part->features & FLASH_LOCK_INSTANT)
		return chip->intel.lock[block] & BLOCK_LOCKED;
	return chip->part->features & FLASH_LOCK_STORED && chip->nv->block[block].locked;
}

u16 intel_block_status(const struct flash_chip *chip, u32 word)
{
	u32 block = chip_block_of(chip, word).index, features = chip->part->features;
	const struct flash_nv_block *nv = &chip->nv->block[block];
	u16 status = 0;

	if (features & FLASH_LOCK_INSTANT)
		return chip->intel.lock[block];
	if (features & FLASH_LOCK_STORED && nv->locked)
		status |= BLOCK_LOCKED;
	if (features & FLASH_ERASE_MARK && nv->erasing)
		status |= BLOCK_ERASE_INTERRUPTED;
	return status;
}

static bool lock_at_once(struct flash_chip *chip, u32 word, u8 code)
{
	u8 *lock = &chip->intel.lock[chip_block_of(chip, word).index];

	switch (code) {
	case INTEL_LOCK: *lock |= BLOCK_LOCKED; break;
	case INTEL_LOCK_DOWN: *lock |= BLOCK_LOCKED | BLOCK_LOCKED_DOWN; break;
	case INTEL_CONFIRM:
		if (!(*lock & BLOCK_LOCKED_DOWN))
			*lock &= (u8)~BLOCK_LOCKED;
		break;
	default: return false;
	}
	return true;
}

/* Lock bits need the programming voltage, like all cells (28F320J5 data sheet, "set block
 * lock-bit"). */
static bool lock_stored(struct flash_chip *chip, u32 word, u8 code)
{
	u8 error = code == INTEL_LOCK ? SR_PROGRAM_ERROR : SR_ERASE_ERROR;

	if (code != INTEL_LOCK && code != INTEL_CONFIRM)
		return false;
	if (chip->bank->config.faults.vpp_low)
		intel_error(chip, word, SR_VPP_LOW | error);
	else if (code == INTEL_LOCK)
		chip_lock(chip, word);
	else
		chip_unlock_all(chip, word);
	return true;
}

/* P30: the value is on the address lines, and reads return the array afterwards. */
static void set_configuration(struct flash_chip *chip, u32 word)
{
	chip->intel.configuration = (u16)chip_address(chip, word);
	chip_set_mode(chip, chip_partition_of(chip, word), KVL_FLASH_READ_ARRAY);
}

void intel_lock_cycle(struct flash_chip *chip, u32 word, u16 data)
{
	u8 code = data & 0xFF;
	u32 features = chip->part->features;

	if (code == INTEL_SET_CONFIGURATION && features & FLASH_STATES_P30)
		set_configuration(chip, word);
	else if (!(features & FLASH_LOCK_INSTANT ? lock_at_once(chip, word, code)
						 : lock_stored(chip, word, code)))
		intel_error(chip, word, SR_SEQUENCE_ERROR);
}

/* --- protection registers --------------------------------------------------------------------- */
static u32 otp_end(const struct flash_chip *chip)
{
	return chip->part->features & FLASH_WIDE_OTP ? OTP_WIDE_END : OTP_LOCK1_AT;
}

static u16 otp_at(const struct flash_chip *chip, u32 address)
{
	return chip->nv->otp[address - OTP_AT];
}

/* On an 8-bit bus half a word, as the address says. */
bool intel_otp_word(const struct flash_chip *chip, u32 word, u16 *value)
{
	u32 address = chip_address(chip, word);

	if (!(chip->part->features & FLASH_OTP) || address < OTP_AT || address >= otp_end(chip))
		return false;
	*value = otp_at(chip, address);
	if (chip->address_shift && word & 1)
		*value >>= 8;
	return true;
}

/* A lock bit is programmed, so 0 where it locks. The lock words themselves are never locked. */
static bool otp_locked(const struct flash_chip *chip, u32 address)
{
	if (address >= OTP_GROUPS_AT)
		return !(otp_at(chip, OTP_LOCK1_AT) >> (address - OTP_GROUPS_AT) / 8 & 1);
	if (address >= OTP_USER_AT && address < OTP_LOCK1_AT)
		return !(otp_at(chip, OTP_AT) & 2);
	return address >= OTP_FACTORY_AT && address < OTP_USER_AT && !(otp_at(chip, OTP_AT) & 1);
}

/* P30: outside of the registers SR.4 alone, a locked one SR.4 and SR.1. */
void intel_otp_cycle(struct flash_chip *chip, u32 word, u16 data)
{
	u64 at = flash_hw_partition_at(chip->part, (u64)word * chip->array.word_bytes).start;
	u32 in_partition = word - (u32)(at / chip->array.word_bytes);
	u32 address = chip_address(chip, in_partition), width = chip->array.word_bytes;
	struct flash_cells cells = { (u8 *)chip->nv->otp, width, width };
	u8 error = 0;

	if (address < OTP_AT || address >= otp_end(chip))
		error = SR_PROGRAM_ERROR;
	else if (otp_locked(chip, address))
		error = SR_PROGRAM_ERROR | SR_LOCKED;
	else if (chip->bank->config.faults.vpp_low)
		error = SR_PROGRAM_ERROR | SR_VPP_LOW;
	if (error) {
		intel_error(chip, word, error);
		return;
	}
	chip_tell_command(chip, word, INTEL_PROGRAM_OTP, data);
	chip_program(chip, word, &cells, in_partition - (OTP_AT << chip->address_shift), &data, 1,
		     chip->part->program);
}
