/* SPDX-License-Identifier: MIT */
/* The tables of parts, by command set. For part.c; all others ask flash_part_row(). */
#ifndef KVL_FLASH_PARTS_H
#define KVL_FLASH_PARTS_H

#include "devices/flash/part.h"

extern const struct flash_part flash_intel_parts[], flash_amd_parts[];
extern const size_t flash_intel_nparts, flash_amd_nparts;

#endif
