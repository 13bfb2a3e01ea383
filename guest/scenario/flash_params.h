/* SPDX-License-Identifier: MIT */
/* Parameters that scenarios with a chip have in common. What cannot be is a usage failure. */
#ifndef GUEST_FLASH_PARAMS_H
#define GUEST_FLASH_PARAMS_H

#include "guest/flash/flash.h"

/* The label that --set @key= names, or @fallback; the chip has a partition of that name. */
const char *flash_partition_param(const char *key, const char *fallback);

/* What is written meanwhile must not be what is read. */
void flash_refuse_overlap(const struct flash_partition *read, const struct flash_partition *log);

/* --set writer=off|erase|program|mixed; @fallback if it is not given. */
struct flash_writes {
	bool erases, programs;
};
struct flash_writes flash_writes_param(const char *fallback);

#endif
