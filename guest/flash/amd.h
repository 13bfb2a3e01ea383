/* SPDX-License-Identifier: MIT */
/* AMD's and Fujitsu's command set, between its files. */
#ifndef GUEST_FLASH_AMD_H
#define GUEST_FLASH_AMD_H

#include "guest/flash/chip.h"

/* --- amd_query.c --- */
/* struct flash_commands, extended */
bool amd_extended(struct flash_chip *chip, u32 pri);

/* --- amd.c --- */
/*
 * The cycles "unlock, unlock, @code". @base: the first byte of an erase block; on parts with banks
 * it tells the bank, others do not look at these address lines (S29GL-P, note 5; Am29DL32x).
 */
void amd_command(struct flash_chip *chip, u64 base, u32 code);
/* A code of one cycle at the first unlock address. */
void amd_short_command(struct flash_chip *chip, u64 base, u32 code);

/* --- amd_status.c --- */
/* struct flash_commands, look */
bool amd_look(struct flash_chip *chip, const struct flash_operation *op, enum flash_error *error);
/* @op, an erase, is no longer running: does it rest? Else it is over. */
bool amd_rests(struct flash_chip *chip, const struct flash_operation *op);

#endif
