/* SPDX-License-Identifier: MIT */
/*
 * A virtio block device (VIRTIO 1.2, 5.2): reads, writes, flushes and tells its name; anything else
 * is unsupported. Where its sectors are kept is its owner's.
 */
#ifndef KVL_VIRTIO_BLK_H
#define KVL_VIRTIO_BLK_H

#include "devices/virtio/mmio.h"

/*
 * What a request of a driver may have that took the feature. For one that did not, the chain is the
 * limit: the queue's entries, and 4 GiB (2.7.5).
 */
#define VIRTIO_BLK_SIZE_MAX MiB(1) /* bytes of a segment */
#define VIRTIO_BLK_SEG_MAX (VIRTQUEUE_MAX - 2)

/* How a request has ended, for its owner; more than the status that the driver gets. */
enum virtio_blk_outcome {
	VIRTIO_BLK_DONE = 0,
	VIRTIO_BLK_UNSUPPORTED,
	VIRTIO_BLK_READ_ONLY, /* a write of a read-only device */
	/*
	 * No whole sectors; data in the wrong direction; more or longer segments than the driver
	 * took upon itself.
	 */
	VIRTIO_BLK_SHAPE,
	VIRTIO_BLK_RANGE,	/* sectors behind the capacity */
	VIRTIO_BLK_UNREACHABLE, /* data at or above the bus's limit */
	VIRTIO_BLK_STORAGE,	/* the owner could not */
};

struct virtio_blk_told {
	u32 type; /* as the driver says: enum virtio_blk_type, or another */
	enum virtio_blk_outcome outcome;
	u64 sector;
	u64 gpa;   /* of the data's first segment; 0: there is none */
	u64 bytes; /* of data */
};

struct virtio_blk_storage {
	void *owner;
	u64 sectors;
	bool readonly;
	char id[VIRTIO_BLK_ID_BYTES]; /* padded with NULs */
	/*
	 * Offsets and lengths lie within @sectors. False: an error of the host. What was written is
	 * to outlive the host's power only behind @flush.
	 */
	bool (*read)(void *owner, u64 offset, void *to, u64 bytes);
	bool (*write)(void *owner, u64 offset, const void *from, u64 bytes);
	bool (*flush)(void *owner);
	/* Of each request, when it is done and the driver does not know yet. */
	void (*told)(void *owner, const struct virtio_blk_told *told);
};

struct virtio_blk {
	struct virtio_mmio mmio;
	struct virtio_kind kind;
	struct virtio_blk_config config;
	struct virtio_blk_storage storage;
};

void virtio_blk_init(struct virtio_blk *blk, const struct virtio_blk_storage *storage,
		     const struct virtio_memory *memory);

#endif
