/* SPDX-License-Identifier: MIT */
/*
 * A virtio device behind memory-mapped registers, with one split queue: the driver's side. Chains
 * of three descriptors each, in fixed places. Callers hold a lock of theirs around all of it.
 */
#ifndef GUEST_VIRTIO_H
#define GUEST_VIRTIO_H

#include "devices/abi/virtio.h"
#include "guest/mm/page.h"

#define VIRTIO_CHAIN 3u	   /* descriptors of a chain */
#define VIRTIO_CHAINS 10u  /* at most */
#define VIRTIO_ENTRIES 32u /* of the queue, at most */

struct virtio {
	u64 gpa;
	volatile u8 *window;
	u64 features;	   /* that both have */
	struct page *page; /* all that both reach: the queue's three parts, and */
	u8 *shared;	   /* this, VIRTIO_SHARED_BYTES, zeroed, for the driver's own use */
	u64 shared_gpa;
	u32 num, chains; /* entries of the queue, chains that fit */
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	u16 next_avail, next_used;
	bool given_up; /* it has been reset and told FAILED: it is not written to any more */
};

#define VIRTIO_SHARED_BYTES KiB(2)

/*
 * Finds a device of type @id at @gpa, takes what it offers of @features and of section 6 what is
 * known here, makes the queue. NULL: it works. Otherwise why not; nothing is left behind then.
 */
const char *virtio_open(struct virtio *v, u64 gpa, u64 bytes, u32 id, u64 features);
/* Resets the device, or it is given up already; gives everything back. */
void virtio_close(struct virtio *v);

/*
 * For a device that does what it must not: it is reset, so that it lets go of all memory, and told
 * by FAILED that it is not used any more (2.1.1, 3.1.1), until it is opened again. If it does not
 * let go, nothing can be trusted any more: a named failure, "disk out of control".
 */
void virtio_give_up(struct virtio *v);

/*
 * Reads @words words of 32 bits of its configuration, as they were at one time. False: it never
 * rests.
 */
bool virtio_config(const struct virtio *v, u32 *to, u32 words);

/* Is the queue broken, as the device sees it? */
bool virtio_needs_reset(const struct virtio *v);

/* A buffer of a chain: descriptor @nth of it (0 to 2), followed by @next of it (0: the last). */
void virtio_buffer(struct virtio *v, u32 chain, u32 nth, u64 gpa, u32 bytes, bool device_writes,
		   u32 next);
/* The chain is the device's from here on; it is notified, unless it says that it looks (2.7.10). */
void virtio_offer(struct virtio *v, u32 chain);

/* What the device says it has used, as it says it: to be checked. False: no more yet. */
bool virtio_take(struct virtio *v, u32 *id, u32 *len);
/* So many it says are there to be taken. */
u32 virtio_waiting(const struct virtio *v);

#endif
