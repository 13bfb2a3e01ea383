/* SPDX-License-Identifier: MIT */
/*
 * A disk: pages of 4 KiB that are kept outside memory. Whoever reads or writes one waits; several
 * tasks, on several CPUs, may do so at once.
 */
#ifndef GUEST_BLOCK_H
#define GUEST_BLOCK_H

#include "guest/mm/page.h"

struct block_device;

#define BLOCK_SECTOR_BYTES 512u
#define BLOCK_PAGE_SECTORS (PAGE_BYTES / BLOCK_SECTOR_BYTES)

/*
 * The disk of the device tree. NULL: it has none, it is open already, or it cannot be used; the
 * console says why.
 */
struct block_device *block_open(void);
/* No request is under way. */
void block_close(struct block_device *dev);

u64 block_sectors(const struct block_device *dev);
bool block_is_readonly(const struct block_device *dev);
/* The device reaches no byte at or above this guest-physical address (seed row T11). */
u64 block_dma_end(const struct block_device *dev);

/*
 * One page, BLOCK_PAGE_SECTORS sectors from @sector on, straight from or to @page, which needs no
 * address and stays where it is meanwhile. Waits (KVL_WAIT_DISK), and lets others run at least
 * once. False: it was not done, and the console says why; after a read the page holds anything. A
 * page at or above block_dma_end() is refused by the device. A device that breaks the rules, or
 * never answers, is reset; this and all further requests then fail. Counts: disk_reads,
 * disk_writes, disk_errors.
 */
bool block_read(struct block_device *dev, u64 sector, struct page *page);
bool block_write(struct block_device *dev, u64 sector, struct page *page);

/* All that was written before is where it stays. */
bool block_flush(struct block_device *dev);

#endif
