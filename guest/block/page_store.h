/* SPDX-License-Identifier: MIT */
/* A block device as a store of pageable memory. */
#ifndef GUEST_BLOCK_PAGE_STORE_H
#define GUEST_BLOCK_PAGE_STORE_H

#include "guest/block/block.h"
#include "guest/mm/pageable.h"

/* All of @device, which must outlive it, in pages. */
struct page_store block_page_store(struct block_device *device);

#endif
