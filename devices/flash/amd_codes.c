/* SPDX-License-Identifier: MIT */
/*
 * Owns what autoselect (90h) and query mode (98h) of AMD's command set show: manufacturer and
 * device codes, sector protection, the Secured Silicon indicator, the CFI query table.
 *
 * Codes that no data sheet lists are undefined, and so is what lies outside of the query table
 * (GL-P: "reads outside the CFI range return non-valid data").
 */
#include "devices/flash/amd.h"

enum {
	CODE_MANUFACTURER = 0x00,
	CODE_DEVICE = 0x01,
	CODE_PROTECTION = 0x02, /* of the sector addressed */
	CODE_SECURED = 0x03,
	CODE_SOFTWARE = 0x0C, /* GL-S, table 7.2: bit 0: there is a status register */
	CODE_DEVICE_2 = 0x0E,
	CODE_DEVICE_3 = 0x0F,
	CODE_BITS = 0xFF, /* address bits behind which a code repeats: A7-A0 */

	QUERY_FIRST = 0x10,
	EXTENDED_HEAD = 5, /* "PRI" and the version */

	FACTORY_LOCKED = 1 << 7,
	CUSTOMER_LOCKED = 1 << 6, /* GL-S */
};

static u16 secured_code(const struct flash_chip *chip)
{
	u16 code = chip->part->secured_code;

	if (amd_is_gls(chip) && amd_secured_is_locked(chip))
		code |= CUSTOMER_LOCKED;
	return code;
}

static u16 code_at(const struct flash_chip *chip, u32 word, u32 address)
{
	const struct flash_part *part = chip->part;

	switch (address) {
	case CODE_MANUFACTURER: return part->manufacturer;
	case CODE_DEVICE: return part->device[0];
	case CODE_PROTECTION: return amd_is_protected(chip, chip_block_of(chip, word).index);
	case CODE_SECURED:
		if (part->secured_code)
			return secured_code(chip);
		break;
	case CODE_SOFTWARE:
		if (amd_is_gls(chip))
			return chip_undefined(chip) | 1;
		break;
	case CODE_DEVICE_2:
	case CODE_DEVICE_3:
		if (part->device[address - CODE_DEVICE_2 + 1])
			return part->device[address - CODE_DEVICE_2 + 1];
		break;
	}
	return chip_undefined(chip);
}

static u16 query_at(const struct flash_chip *chip, u32 word)
{
	const struct flash_cfi *cfi = &chip->part->cfi;
	u32 end = cfi->extended_at + EXTENDED_HEAD + cfi->extended_bytes;
	u32 address = chip_address(chip, word);

	if (address < QUERY_FIRST || address >= end)
		return chip_undefined(chip);
	return chip_query_word(chip, word);
}

/* GL-S: one map for both, in the sector that the command addressed; no other is defined (7.2). */
static u16 overlay_word(const struct flash_chip *chip, u32 word)
{
	u32 in_sector = word - chip->amd.entered_sector; /* of other sectors: behind the map */

	if (chip_address(chip, in_sector) < QUERY_FIRST)
		return code_at(chip, word, chip_address(chip, in_sector));
	return query_at(chip, in_sector);
}

u16 amd_code_word(const struct flash_chip *chip, u32 word)
{
	if (amd_is_gls(chip))
		return overlay_word(chip, word);
	if (chip->amd.entered == AMD_QUERY)
		return query_at(chip, word);
	return code_at(chip, word, chip_address(chip, word) & CODE_BITS);
}
