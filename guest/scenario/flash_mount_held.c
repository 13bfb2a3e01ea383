/* SPDX-License-Identifier: MIT */
/* Owns what the arms that hold the chip share: address space for the whole partition. */
#include "guest/scenario/flash_mount.h"

bool flash_mount_held_open(struct flash_reader *reader)
{
	struct flash_held *held;
	enum flash_error error = flash_held_open(reader->partition, &held);

	if (error) {
		printk("flash-mount: partition %s cannot be mapped: %s\n", reader->partition->label,
		       flash_error_text(error));
		return false;
	}
	reader->private = held;
	reader->ram_bytes = flash_held_table_bytes(held);
	return true;
}

void flash_mount_held_close(struct flash_reader *reader)
{
	flash_held_close(reader->private);
}
