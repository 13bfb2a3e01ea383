/* SPDX-License-Identifier: MIT */
/*
 * Arm kmap: the rival in the thread (seed row W13): the pages of a node are mapped before it is
 * read and unmapped behind it, and the chip is held for so long; but at each piece of the node that
 * is asked for, whoever waits for the chip has it first (cond_temporarily_unmap). A writer waits
 * for one piece at most; each node costs entries, a flush, and an IPI for each other CPU. What
 * belongs to no node is mapped for itself.
 */
#include "guest/scenario/flash_mount.h"

struct kmap {
	struct flash_held *held;
	bool in_node;
	u64 nodes, gave_way;
};

/* A header says only to whom it belongs where its node ends: then as much as a node has, mostly. */
static u32 worth_mapping(const struct kmap *kmap, u32 need, u32 ahead)
{
	u32 most = ahead < FLASH_READER_MAX_BYTES ? ahead : FLASH_READER_MAX_BYTES;

	return kmap->in_node && most > need ? most : need;
}

static const void *kmap_get(struct flash_reader *reader, u32 offset, u32 need, u32 ahead)
{
	struct kmap *kmap = reader->private;
	const void *piece = flash_held_at(kmap->held, offset, need);
	enum flash_error error;

	if (piece && flash_held_is_wanted(kmap->held)) {
		kmap->gave_way++;
		piece = NULL;
	}
	if (!piece) /* releases what is held: whoever has asked before comes first */
		piece = flash_hold(kmap->held, offset, worth_mapping(kmap, need, ahead), &error);
	if (piece)
		flash_reader_note(reader, offset, need);
	return piece;
}

static void kmap_put(struct flash_reader *reader)
{
	struct kmap *kmap = reader->private;

	if (!kmap->in_node)
		flash_release(kmap->held);
}

static void kmap_enter(struct flash_reader *reader)
{
	struct kmap *kmap = reader->private;

	kmap->in_node = true;
	kmap->nodes++;
}

static void kmap_leave(struct flash_reader *reader)
{
	struct kmap *kmap = reader->private;

	kmap->in_node = false;
	flash_release(kmap->held);
}

static bool kmap_open(struct flash_reader *reader)
{
	struct kmap *kmap;

	if (!flash_mount_held_open(reader))
		return false;
	kmap = kalloc(sizeof(*kmap));
	kmap->held = reader->private;
	reader->private = kmap;
	return true;
}

static void kmap_close(struct flash_reader *reader)
{
	struct kmap *kmap = reader->private;

	flash_held_close(kmap->held);
	kfree(kmap);
}

static void kmap_report(const struct flash_reader *reader)
{
	const struct kmap *kmap = reader->private;
	struct flash_held_stats s = flash_held_stats(kmap->held);

	metric("holds", s.holds);
	metric("nodes_held", kmap->nodes);
	metric("gave_way", kmap->gave_way);
	metric("pages_held", s.pages);
	check_true("a_page_for_each_hold", s.pages >= s.holds);
	if (!flash_stats(reader->partition->chip)->sessions)
		check_equal("gave_way", kmap->gave_way, 0);
}

const struct flash_reader_ops flash_mount_kmap = {
	.open = kmap_open,
	.close = kmap_close,
	.get = kmap_get,
	.put = kmap_put,
	.enter = kmap_enter,
	.leave = kmap_leave,
	.report = kmap_report,
	.holds_chip = true,
};
