/* SPDX-License-Identifier: MIT */
/*
 * Arm kmap: the rival in the thread (seed row W13): the pages of each piece are mapped before it is read
 * and unmapped behind it, and the chip is held for so long. A writer waits at most for one piece; each
 * piece costs entries, a flush, and an IPI for each other CPU.
 */
#include "guest/scenario/flash_mount.h"

static const void *kmap_get(struct flash_reader *reader, u32 offset, u32 need, u32 ahead)
{
	enum flash_error error;
	const void *piece = flash_hold(reader->private, offset, need, &error);

	(void)ahead;
	if (piece)
		flash_reader_note(reader, offset, need);
	return piece;
}

static void kmap_put(struct flash_reader *reader)
{
	flash_release(reader->private);
}

static void kmap_report(const struct flash_reader *reader)
{
	struct flash_held_stats s = flash_held_stats(reader->private);

	metric("holds", s.holds);
	metric("pages_held", s.pages);
	check_true("a_page_for_each_hold", s.pages >= s.holds);
}

const struct flash_reader_ops flash_mount_kmap = {
	.open = flash_mount_held_open,
	.close = flash_mount_held_close,
	.get = kmap_get,
	.put = kmap_put,
	.report = kmap_report,
	.holds_chip = true,
};
