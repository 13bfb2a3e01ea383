/* SPDX-License-Identifier: MIT */
/* Pages out of a partition: into frames that have no address, and as a store of pageable memory. */
#include "guest/flash/page_store.h"

#include "guest/host.h"

/* By way of a buffer: to read the chip may have to wait, and a local mapping must not. */
enum flash_error flash_read_page(const struct flash_partition *partition, u64 offset,
				 struct page *to)
{
	void *buffer = kalloc(PAGE_BYTES);
	enum flash_error error = flash_partition_read(partition, offset, buffer, PAGE_BYTES);

	if (!error) {
		flash_words_read(PAGE_BYTES / partition->bank_width);
		page_fill(to, buffer, PAGE_BYTES);
	}
	kfree(buffer);
	return error;
}

static bool store_read(void *owner, u64 index, struct page *to)
{
	return !flash_read_page(owner, index * PAGE_BYTES, to);
}

static const struct page_store_ops store_ops FAULT_TABLE = { .name = "flash partition",
							     .read = store_read };

struct page_store flash_page_store(struct flash_partition *partition)
{
	return (struct page_store){ &store_ops, partition, partition->bytes / PAGE_BYTES };
}
