/* SPDX-License-Identifier: MIT */
/*
 * Arm point: the rejected way (seed row W8), which JFFS2's scan takes today: MTD's point(). The
 * whole partition is mapped and the chip held for reading until the mount is over; writers wait for
 * all of it.
 */
#include "guest/scenario/flash_mount.h"

static bool point_begin(struct flash_reader *reader)
{
	enum flash_error error;

	reader->base = flash_hold(reader->private, 0, reader->partition->bytes, &error);
	return reader->base;
}

static void point_end(struct flash_reader *reader)
{
	flash_release(reader->private);
	reader->base = NULL;
}

static void point_report(const struct flash_reader *reader)
{
	struct flash_held_stats s = flash_held_stats(reader->private);

	check_equal("holds", s.holds, 1);
	check_equal("pages_held", s.pages, reader->partition->bytes / PAGE_BYTES);
}

const struct flash_reader_ops flash_mount_point = {
	.open = flash_mount_held_open,
	.close = flash_mount_held_close,
	.begin = point_begin,
	.end = point_end,
	.report = point_report,
	.holds_chip = true,
};
