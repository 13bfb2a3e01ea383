/* SPDX-License-Identifier: MIT */
/*
 * A virtio block device on a little memory, and the driver's side of its queue written by hand, so
 * that it can be written wrong.
 */
#ifndef TEST_VIRTIO_RIG_H
#define TEST_VIRTIO_RIG_H

#include "devices/virtio/blk.h"
#include "tests/unit/suite.h"

#define RIG_RAM MiB(1) /* lent from here on, but for one page */
#define RIG_RAM_BYTES KiB(256)
#define RIG_HIDDEN (RIG_RAM + KiB(128)) /* a page that is not */
#define RIG_DESC RIG_RAM		/* where the queue's parts lie */
#define RIG_AVAIL (RIG_RAM + KiB(4))
#define RIG_USED (RIG_RAM + KiB(8))
#define RIG_HEADER (RIG_RAM + KiB(12))
#define RIG_STATUS (RIG_RAM + KiB(16))
#define RIG_DATA (RIG_RAM + KiB(32))
#define RIG_SECTORS 64u
#define RIG_NUM 8u /* entries of the queue */
#define RIG_NO_STATUS 0xEE

struct virtio_rig {
	struct virtio_blk blk;
	struct virtio_memory memory;
	struct virtio_blk_storage storage;
	_Alignas(16) u8 ram[RIG_RAM_BYTES], before[RIG_RAM_BYTES];
	u8 disk[RIG_SECTORS * VIRTIO_BLK_SECTOR];
	bool storage_fails, flush_fails;
	bool is_dirty, was_dirty; /* written and not flushed: now; when told of the last request */
	u32 flushes, ntold;
	struct virtio_blk_told told; /* the last */
	u16 next_avail;
};

extern struct virtio_rig virtio_rig;

/* Everything as it was made; the device not negotiated. */
void vrig_reset(void);
/* The device again, after a change of memory or storage. */
void vrig_make(void);
/* To DRIVER_OK, with a queue of RIG_NUM entries and no feature but VERSION_1. */
void vrig_start(void);
/* The same with @features besides, and @num entries. */
void vrig_start_with(u64 features, u32 num);
/* The same by steps: to FEATURES_OK; the queue. */
void vrig_negotiate(u64 features);
void vrig_queue(u32 num, u64 desc, u64 avail, u64 used);

u32 vrig_get(u32 offset);
void vrig_put(u32 offset, u32 value);
/* The memory behind a guest-physical address. */
u8 *vrig_at(u64 gpa);
u32 vrig_word(u64 gpa);

void vrig_desc(u16 nth, u64 gpa, u32 bytes, u16 flags, u16 next);
void vrig_offer(u16 head);
void vrig_notify(void);
u16 vrig_used_idx(void);
struct virtq_used_elem vrig_used(u16 nth);
/* Header and status of a request at their places; the status is RIG_NO_STATUS. */
void vrig_header(u32 type, u64 sector);
/* One request of three descriptors (two without data): its status. */
u8 vrig_request(u32 type, u64 sector, u64 gpa, u32 bytes);

/* The device needs a reset, for this reason; RAM and disk are as vrig_remember() found them. */
void vrig_remember(void);
void vrig_broken(enum virtio_fault fault);

#endif
