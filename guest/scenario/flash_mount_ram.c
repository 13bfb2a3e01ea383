/* SPDX-License-Identifier: MIT */
/*
 * Owns what flash-mount says of RAM (seed row W12): what an arm has taken since it was opened,
 * beside what it says that it needs (reader->ram_bytes). Who reads by a pointer takes table pages
 * and nothing in which a page of the chip could lie.
 */
#include "guest/mm/page.h"
#include "guest/scenario/flash_mount.h"

struct flash_ram flash_ram_now(void)
{
	struct flash_ram ram = { .tables = pt_tables_in_use(),
				 .heap_bytes = kalloc_bytes_in_use() };

	for (u32 zone = 0; zone < ZONES; zone++)
		ram.frames += pages_in_use(zone);
	return ram;
}

void flash_mount_check_ram(const struct flash_reader *reader, const struct flash_ram *before)
{
	struct flash_ram now = flash_ram_now();
	u64 tables = (now.tables - before->tables) * PAGE_BYTES;

	metric("image_table_bytes", tables);
	if (reader->ops->get)
		return;
	check_range("image_ram.tables", tables, 0, reader->ram_bytes);
	check_range("image_ram.heap", now.heap_bytes - before->heap_bytes, 0, PAGE_BYTES - 1);
	check_equal("image_ram.frames", now.frames - before->frames, 0);
}
