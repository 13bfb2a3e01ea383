/* SPDX-License-Identifier: MIT */
/* Pages to and from a block device. */
#include "guest/block/page_store.h"

static bool store_read(void *owner, u64 index, struct page *to)
{
	return block_read(owner, index * BLOCK_PAGE_SECTORS, to);
}

static bool store_write(void *owner, u64 index, struct page *from)
{
	return block_write(owner, index * BLOCK_PAGE_SECTORS, from);
}

static const struct page_store_ops store_ops FAULT_TABLE = { .name = "block device",
							     .read = store_read,
							     .write = store_write };

struct page_store block_page_store(struct block_device *device)
{
	return (struct page_store){ &store_ops, device,
				    block_sectors(device) / BLOCK_PAGE_SECTORS };
}
