/* SPDX-License-Identifier: MIT */
/* The CFI query table of a part (JESD68.01), one byte for each query offset. */
#ifndef KVL_FLASH_CFI_QUERY_H
#define KVL_FLASH_CFI_QUERY_H

#include "devices/flash/part.h"

/* Query offsets; what lies behind the table's end reads 00h. */
#define FLASH_QUERY_BYTES 0x180

/* Writes the whole table, from offset 10h, into @query; below it 00h. */
void flash_cfi_query(const struct flash_part *part, u8 query[FLASH_QUERY_BYTES]);

#endif
