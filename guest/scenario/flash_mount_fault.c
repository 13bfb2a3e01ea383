/* SPDX-License-Identifier: MIT */
/*
 * Arm fault: what the seed asks for (rows W1, W4, W9). The mount has a pointer to the whole
 * partition that is always valid; a touch may fault, and the fault may wait. There is nothing to
 * lock, to copy or to check.
 */
#include "guest/scenario/flash_mount.h"

static bool fault_open(struct flash_reader *reader)
{
	struct flash_mapping *mapping;
	enum flash_error error = flash_map(reader->partition, &mapping);

	if (error) {
		printk("flash-mount: partition %s cannot be mapped: %s\n", reader->partition->label,
		       flash_error_text(error));
		return false;
	}
	reader->private = mapping;
	reader->base = flash_mapping_base(mapping);
	reader->ram_bytes = flash_table_bytes((u64)reader->base, reader->partition->bytes);
	return true;
}

static void fault_close(struct flash_reader *reader)
{
	flash_unmap(reader->private);
}

static struct flash_mapping_stats fault_mapping_stats(const struct flash_reader *reader)
{
	return flash_mapping_stats(reader->private);
}

const struct flash_reader_ops flash_mount_fault = {
	.open = fault_open,
	.close = fault_close,
	.mapping_stats = fault_mapping_stats,
};
