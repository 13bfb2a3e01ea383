/* SPDX-License-Identifier: MIT */
/*
 * Pages whose blocks lie apart on the disk, as a file system with blocks smaller than a page has
 * them. While such a page is read or written, a buffer head describes each of its blocks, and the
 * page is locked to an address; neither outlives the I/O (seed row T13). The blocks go through the
 * buffer cache, a file of the whole device, whose pages stay in lowmem (T12), and are copied one by
 * one ("coalesce/uncoalesce"). So does the file system's metadata: here a table on the disk that
 * says where each block is.
 */
#ifndef GUEST_BUFFER_H
#define GUEST_BUFFER_H

#include "guest/mm/file.h"

#define BLOCK_BYTES 1024u
#define PAGE_BLOCKS (PAGE_BYTES / BLOCK_BYTES)

struct buffers {
	struct file *cache; /* buffer cache: @pages from page @first on are of these blocks */
	u64 first, pages;
	u64 table; /* page of the cache from which on it says where they are */
	u32 alive; /* buffer heads that there are now */
	u64 heads; /* that there ever were */
};

/* Pages of the table for the blocks of so many pages. */
u64 buffer_table_pages(u64 pages);
/* Writes the table. False: out of memory, or the disk failed. Waits. */
bool buffer_format(struct buffers *buffers);
/* A store of as many pages. By the table that is written here block n of each page lies in the nth
 * part of the area: each in another page of the cache. What is written is the cache's until that is
 * synced. */
struct page_store buffer_page_store(struct buffers *buffers);

#endif
