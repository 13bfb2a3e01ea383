/* SPDX-License-Identifier: MIT */
/*
 * Arm point: the rejected way (seed row W8), which JFFS2's scan takes today: MTD's point(). The whole
 * partition is mapped and the chip held for reading until the mount is over; writers wait for all of it.
 */
#include "guest/scenario/flash_mount.h"

static bool point_open(struct flash_reader *reader)
{
	struct flash_held *held;
	enum flash_error error = flash_held_open(reader->partition, &held);

	if (error) {
		printk("flash-mount: partition %s cannot be mapped: %s\n", reader->partition->label,
		       flash_error_text(error));
		return false;
	}
	reader->private = held;
	return true;
}

static bool point_begin(struct flash_reader *reader)
{
	u64 bytes = reader->partition->bytes;
	enum flash_error error;

	reader->base = flash_hold(reader->private, 0, bytes, &error);
	reader->ram_bytes = flash_table_bytes((u64)reader->base, bytes);
	return reader->base;
}

static void point_end(struct flash_reader *reader)
{
	flash_release(reader->private);
	reader->base = NULL;
}

static void point_close(struct flash_reader *reader)
{
	flash_held_close(reader->private);
}

static void point_report(const struct flash_reader *reader)
{
	struct flash_held_stats s = flash_held_stats(reader->private);

	check_equal("holds", s.holds, 1);
	check_equal("pages_held", s.pages, reader->partition->bytes / PAGE_BYTES);
}

const struct flash_reader_ops flash_mount_point = {
	.open = point_open,
	.close = point_close,
	.begin = point_begin,
	.end = point_end,
	.report = point_report,
	.holds_chip = true,
};
