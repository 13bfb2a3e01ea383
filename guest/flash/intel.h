/* SPDX-License-Identifier: MIT */
/* Intel's command sets, between their two files. */
#ifndef GUEST_FLASH_INTEL_H
#define GUEST_FLASH_INTEL_H

#include "devices/abi/types.h"

struct flash_chip;

/* intel_query.c; struct flash_commands, extended */
bool intel_extended(struct flash_chip *chip, u32 pri);

#endif
