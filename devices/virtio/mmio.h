/* SPDX-License-Identifier: MIT */
/*
 * The registers of a virtio device with one queue on a memory-mapped bus (VIRTIO 1.2, 4.2), version
 * 2 only: a driver that does not take VIRTIO_F_VERSION_1 gets no FEATURES_OK.
 */
#ifndef KVL_VIRTIO_MMIO_H
#define KVL_VIRTIO_MMIO_H

#include "devices/virtio/queue.h"

#define VIRTIO_MMIO_BYTES 0x200u /* of the window; nothing is behind a device's config */

/* What kind of device it is. */
struct virtio_kind {
	u32 id, vendor;
	u64 features; /* besides those of section 6 */
	const void *config;
	u32 config_bytes;
	/*
	 * Uses one chain, which the queue has just given: fills in what the device writes and says
	 * in @written how many bytes. A fault: it is not given back, the device needs a reset.
	 */
	enum virtio_fault (*use)(void *device, const struct virtio_chain *chain, u32 *written);
};

struct virtio_mmio {
	const struct virtio_kind *kind;
	void *device; /* for @use */
	struct virtio_memory memory;
	u32 status, interrupts;
	u32 device_features_sel, driver_features_sel, queue_sel;
	u64 driver_features;
	struct virtqueue queue;
	struct virtio_chain chain; /* being used */
	enum virtio_fault fault;   /* the first since the last reset */
};

void virtio_mmio_init(struct virtio_mmio *mmio, const struct virtio_kind *kind, void *device,
		      const struct virtio_memory *memory);

/*
 * An access of the bus at @offset of the window. Whatever the text forbids the driver sets
 * NEEDS_RESET, is remembered in mmio->fault, and reads as 0. A write of QueueNotify uses all chains
 * that are there before it returns.
 */
u32 virtio_mmio_read(struct virtio_mmio *mmio, u64 offset, u32 bytes);
void virtio_mmio_write(struct virtio_mmio *mmio, u64 offset, u32 bytes, u32 value);

#endif
