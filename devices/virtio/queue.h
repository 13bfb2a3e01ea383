/* SPDX-License-Identifier: MIT */
/*
 * A split virtqueue (VIRTIO 1.2, 2.7), the device's side. Whatever lies in it the guest has
 * written, and may change at any time: each value is read once and checked.
 */
#ifndef KVL_VIRTIO_QUEUE_H
#define KVL_VIRTIO_QUEUE_H

#include "devices/abi/virtio.h"

/* Guest memory, as the device's owner lends it. */
struct virtio_memory {
	void *owner;
	/*
	 * @bytes bytes at @gpa for the device to write, or only to read; NULL: not all of them are
	 * lent.
	 */
	void *(*at)(void *owner, u64 gpa, u64 bytes, bool write);
	u64 limit; /* the device's bus reaches no byte at or above it (dma-ranges; seed row T11) */
};

/* What a driver may do wrong. The device then needs a reset. */
enum virtio_fault {
	VIRTIO_OK = 0,
	/* of registers (mmio.c) */
	VIRTIO_FAULT_REGISTER,
	VIRTIO_FAULT_WIDTH,
	VIRTIO_FAULT_DIRECTION,
	VIRTIO_FAULT_NO_QUEUE,
	VIRTIO_FAULT_QUEUE_READY,
	VIRTIO_FAULT_LATE_FEATURES,
	VIRTIO_FAULT_EARLY_NOTIFY,
	/* of a queue */
	VIRTIO_FAULT_SIZE,
	VIRTIO_FAULT_ALIGN,
	VIRTIO_FAULT_RING,
	VIRTIO_FAULT_INDEX,
	VIRTIO_FAULT_HEAD,
	VIRTIO_FAULT_NEXT,
	VIRTIO_FAULT_LOOP,
	VIRTIO_FAULT_INDIRECT,
	VIRTIO_FAULT_EMPTY,
	VIRTIO_FAULT_ORDER,
	VIRTIO_FAULT_TOTAL,
	VIRTIO_FAULT_ADDRESS,
	/* of a request (blk.c) */
	VIRTIO_FAULT_HEADER,
	VIRTIO_FAULT_STATUS,
	VIRTIO_FAULTS,
};

/* For people; VIRTIO_OK has none. */
const char *virtio_fault_text(enum virtio_fault fault);

#define VIRTQUEUE_MAX 64u /* entries: QueueNumMax */

struct virtqueue {
	u32 num; /* entries, as the driver says */
	bool ready;
	u64 desc, avail, used;
	u16 next_avail; /* of the available ring, not taken yet */
	u16 next_used;
};

struct virtio_segment {
	u64 gpa;
	u32 bytes;
	u8 *at; /* NULL: the bus does not reach it */
};

/* A chain of descriptors: first what the device reads, then what it writes. */
struct virtio_chain {
	u16 head;
	u32 nread, nwrite; /* segments */
	struct virtio_segment segment[VIRTQUEUE_MAX];
	u64 read_bytes, write_bytes;
};

/* QueueReady: size, alignment, and that all three parts are lent. */
enum virtio_fault virtqueue_start(struct virtqueue *queue, const struct virtio_memory *memory);

/*
 * How many chains are there to be taken: at most the queue's size, so the used ring holds them all.
 */
enum virtio_fault virtqueue_look(struct virtqueue *queue, const struct virtio_memory *memory,
				 u16 *n);

/*
 * The next of those. Whatever is wrong with it, it can be given back no more: the queue is broken.
 */
enum virtio_fault virtqueue_take(struct virtqueue *queue, const struct virtio_memory *memory,
				 struct virtio_chain *chain);

/*
 * The chain is the driver's again, with @written bytes in what the device writes.
 * @wants_interrupt: the driver has not said that it polls (2.7.7).
 */
enum virtio_fault virtqueue_give(struct virtqueue *queue, const struct virtio_memory *memory,
				 u16 head, u32 written, bool *wants_interrupt);

#endif
