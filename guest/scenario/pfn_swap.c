/* SPDX-License-Identifier: MIT */
/*
 * Owns the swap of pfn: a disk where the run has one, which then must have the room; else pages of
 * highmem, as zram has them, but nothing is compressed.
 */
#include "guest/block/page_store.h"
#include "guest/lib/string.h"
#include "guest/mm/swap.h"
#include "guest/scenario/pfn.h"

static struct {
	struct page_store store;
	struct block_device *disk; /* NULL: in RAM */
	struct page **page;	   /* in RAM: each that the store has */
} swap;

/* --- in RAM ----------------------------------------------------------------------------------- */

/* An address in highmem belongs to this CPU: nothing waits in between. */
static void copy_page(struct page *to, struct page *from)
{
	void *target = kmap_local(to), *source = kmap_local(from);

	memcpy(target, source, PAGE_BYTES);
	kunmap_local(source);
	kunmap_local(target);
}

static bool ram_read(void *owner, u64 index, struct page *to)
{
	struct page **page = owner;

	copy_page(to, page[index]);
	return true;
}

static bool ram_write(void *owner, u64 index, struct page *from)
{
	struct page **page = owner;

	copy_page(page[index], from);
	return true;
}

static const struct page_store_ops ram_ops FAULT_TABLE = { .name = "swap in RAM",
							   .read = ram_read,
							   .write = ram_write };

static struct page_store ram_store(u32 pages)
{
	swap.page = lowmem_array(pages, sizeof(*swap.page));
	for (u32 i = 0; i < pages; i++) {
		swap.page[i] = page_alloc(ZONE_HIGHMEM, 0);
		if (!swap.page[i])
			usage_failure("the swap has %u pages, and only %u are free: more --mem, or "
				      "a --disk",
				      pages, i);
	}
	return (struct page_store){ &ram_ops, swap.page, pages };
}

/* --- a disk ----------------------------------------------------------------------------------- */

static struct page_store disk_store(u32 pages)
{
	swap.disk = block_open();
	if (!swap.disk || block_is_readonly(swap.disk) ||
	    block_sectors(swap.disk) < (u64)pages * BLOCK_PAGE_SECTORS)
		usage_failure("the swap has %lu KiB: at least so large a --disk, and no readonly",
			      (u64)(pages * PAGE_BYTES >> 10));
	return block_page_store(swap.disk);
}

/* ---------------------------------------------------------------------------------------------- */

void pfn_swap_start(u32 pages)
{
	swap.store = boot_options.disk_bytes ? disk_store(pages) : ram_store(pages);
	swap_start(&swap.store);
}

void pfn_swap_stop(void)
{
	swap_stop();
	if (swap.disk)
		block_close(swap.disk);
	for (u32 i = 0; swap.page && i < swap.store.pages; i++)
		page_free(swap.page[i]);
	if (swap.page)
		lowmem_array_free(swap.page);
	swap = (typeof(swap)){};
}
