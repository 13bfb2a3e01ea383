/* SPDX-License-Identifier: MIT */
/* Owns buffer heads, from the beginning of a page's I/O to its end, and the table that says where
 * blocks are. */
#include "guest/block/buffer.h"

#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/mm/kva.h"

struct buffer_head {
	u32 block; /* of the area */
	u8 *data;  /* in the page, which has this address as long as the buffer head lives */
};

#define TABLE_ENTRIES (PAGE_BYTES / sizeof(u32))

u64 buffer_table_pages(u64 pages)
{
	return ALIGN_UP(pages * PAGE_BLOCKS, TABLE_ENTRIES) / TABLE_ENTRIES;
}

/* Of the blocks of all pages, one page's after the other's. False: the disk failed. */
static bool table_access(struct buffers *buffers, u64 nth, u32 *block, bool write)
{
	u64 page = buffers->table + nth / TABLE_ENTRIES;
	u32 *entry = file_hold(buffers->cache, page, write);

	if (!entry)
		return false;
	if (write)
		entry[nth % TABLE_ENTRIES] = *block;
	else
		*block = entry[nth % TABLE_ENTRIES];
	file_release(buffers->cache, page, entry);
	return true;
}

bool buffer_format(struct buffers *buffers)
{
	for (u64 i = 0; i < buffers->pages * PAGE_BLOCKS; i++) {
		u32 block = i % PAGE_BLOCKS * buffers->pages + i / PAGE_BLOCKS;

		if (!table_access(buffers, i, &block, true))
			return false;
	}
	return true;
}

static struct buffer_head *heads_of(struct buffers *buffers, u8 *address)
{
	struct buffer_head *head = kalloc(PAGE_BLOCKS * sizeof(*head));

	for (u32 i = 0; i < PAGE_BLOCKS; i++)
		head[i].data = address + i * BLOCK_BYTES;
	__atomic_fetch_add(&buffers->alive, PAGE_BLOCKS, __ATOMIC_RELAXED);
	__atomic_fetch_add(&buffers->heads, PAGE_BLOCKS, __ATOMIC_RELAXED);
	return head;
}

static void free_heads(struct buffers *buffers, struct buffer_head *head)
{
	__atomic_fetch_sub(&buffers->alive, PAGE_BLOCKS, __ATOMIC_RELAXED);
	kfree(head);
}

static bool move_block(struct buffers *buffers, const struct buffer_head *head, bool write)
{
	u64 page = buffers->first + head->block / PAGE_BLOCKS;
	u64 offset = head->block % PAGE_BLOCKS * BLOCK_BYTES;
	u8 *cached = file_hold(buffers->cache, page, write);

	if (!cached)
		return false;
	if (write)
		memcpy(cached + offset, head->data, BLOCK_BYTES);
	else
		memcpy(head->data, cached + offset, BLOCK_BYTES);
	file_release(buffers->cache, page, cached);
	return true;
}

static bool move(struct buffers *buffers, u64 index, struct page *page, bool write)
{
	void *address = kva_get(page);
	struct buffer_head *head = heads_of(buffers, address);
	bool moved = true;

	for (u32 i = 0; i < PAGE_BLOCKS && moved; i++)
		moved = table_access(buffers, index * PAGE_BLOCKS + i, &head[i].block, false) &&
			move_block(buffers, &head[i], write);
	free_heads(buffers, head);
	kva_put(page, address);
	return moved;
}

static bool buffer_read(void *owner, u64 index, struct page *to)
{
	return move(owner, index, to, false);
}

static bool buffer_write(void *owner, u64 index, struct page *from)
{
	return move(owner, index, from, true);
}

static const struct page_store_ops buffer_ops FAULT_TABLE = {
	.name = "buffers",
	.read = buffer_read,
	.write = buffer_write,
};

struct page_store buffer_page_store(struct buffers *buffers)
{
	return (struct page_store){ &buffer_ops, buffers, buffers->pages };
}
