/* SPDX-License-Identifier: MIT */
/*
 * Arm copy: what there was (seed row W15). The mount reads through a page of RAM that is filled
 * under the chip's read lock: a writer waits at most for one fill. Each piece of flash is copied
 * before it is looked at, needed or not.
 */
#include "guest/scenario/flash_mount.h"

struct buffer {
	u32 start, bytes; /* of the partition, what it holds now */
	u8 data[PAGE_BYTES];
};

static bool copy_open(struct flash_reader *reader)
{
	reader->private = kalloc(sizeof(struct buffer));
	reader->ram_bytes = PAGE_BYTES;
	return true;
}

static void copy_close(struct flash_reader *reader)
{
	kfree(reader->private);
}

/* From the wanted byte on, as Linux's scan does: what follows a header is usually wanted next. */
static bool fill(struct flash_reader *reader, struct buffer *buffer, u32 offset, u32 bytes)
{
	u64 ticks = ticks_now(), waited = reader->waits.ticks;
	enum flash_error error =
		flash_partition_read(reader->partition, offset, buffer->data, bytes);

	buffer->start = offset;
	buffer->bytes = error ? 0 : bytes;
	if (!error)
		flash_reader_note(reader, offset, bytes);
	reader->copy_ticks += ticks_now() - ticks - (reader->waits.ticks - waited);
	return !error;
}

static const void *copy_get(struct flash_reader *reader, u32 offset, u32 need, u32 ahead)
{
	struct buffer *buffer = reader->private;

	if (offset < buffer->start || offset + need > buffer->start + buffer->bytes) {
		u32 bytes = ahead < PAGE_BYTES ? ahead : PAGE_BYTES;

		if (!fill(reader, buffer, offset, bytes))
			return NULL;
	}
	return buffer->data + (offset - buffer->start);
}

const struct flash_reader_ops flash_mount_copy = {
	.open = copy_open,
	.close = copy_close,
	.get = copy_get,
};
