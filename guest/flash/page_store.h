/* SPDX-License-Identifier: MIT */
/* Pages of RAM with what a partition holds. */
#ifndef GUEST_FLASH_PAGE_STORE_H
#define GUEST_FLASH_PAGE_STORE_H

#include "guest/flash/flash.h"
#include "guest/mm/pageable.h"

/* Reads the page at @offset, under the chip's read lock, into @to; tells the flash clock of the
 * words. */
enum flash_error flash_read_page(const struct flash_partition *partition, u64 offset,
				 struct page *to);
/* @partition, which must outlive it, as a store that is only read. */
struct page_store flash_page_store(struct flash_partition *partition);

#endif
