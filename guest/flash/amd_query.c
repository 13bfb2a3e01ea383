/* SPDX-License-Identifier: MIT */
/*
 * Owns the primary extended table of set 0002 (AMD's "CFI publication 100"; S29GL-N data sheet,
 * "primary vendor-specific extended query"), and which end the small blocks of a boot sector part
 * lie at: the table of a top boot part lists the regions of the bottom boot part.
 */
#include "guest/flash/amd.h"

#include "guest/kernel.h"

/* From the table's beginning. */
#define PRI_MINOR 0x04
#define PRI_ERASE_SUSPEND 0x06 /* 0: none, 1: read, 2: read and program meanwhile */
#define PRI_PROTECTION 0x09
#define PRI_BOOT 0x0f	  /* from version 1.1 on */
#define PRI_SOFTWARE 0x13 /* from version 1.5 on */

#define PROTECTION_ADVANCED 8
#define BOOT_TOP 3
#define SOFTWARE_STATUS_REGISTER 1

bool amd_extended(struct flash_chip *chip, u32 pri)
{
	u32 minor = cfi_query(chip, pri + PRI_MINOR);
	u32 suspend = cfi_query(chip, pri + PRI_ERASE_SUSPEND);

	if (suspend > 2)
		return cfi_refuse(chip, "erase suspend:", suspend);
	if (suspend)
		chip->abilities |= CHIP_SUSPENDS_ERASE;
	if (suspend == 2)
		chip->abilities |= CHIP_PROGRAMS_IN_SUSPEND;
	if (cfi_query(chip, pri + PRI_PROTECTION) == PROTECTION_ADVANCED)
		chip->abilities |= CHIP_PROTECTS_SECTORS;
	if (minor >= '5' && cfi_query(chip, pri + PRI_SOFTWARE) & SOFTWARE_STATUS_REGISTER)
		chip->abilities |= CHIP_STATUS_REGISTER;
	if (minor == '0')
		chip->abilities |= CHIP_TOP_BY_DEVICE;
	else if (cfi_query(chip, pri + PRI_BOOT) == BOOT_TOP)
		cfi_reverse_regions(chip);
	return true;
}
