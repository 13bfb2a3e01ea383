/* SPDX-License-Identifier: MIT */
/*
 * A virtio block device, and what must hold whatever its driver does. Knows of the device only what
 * its owner knows: what it asks to be lent, and which sectors it asks for.
 *
 * - It touches no byte of memory but in a range that it was lent for this very access, and changes
 *   none but in one that was lent for writing. (Memory that is not lent is poisoned meanwhile.)
 * - It asks for no byte at or above its bus's limit, and for no sector behind the capacity; no
 *   write of a read-only disk.
 * - While it needs a reset, it asks for nothing at all; nor before DRIVER_OK, but for looking at a
 *   queue.
 * - It tells of as many requests as it gives back chains, and at most a queue's size of them in one
 *   access.
 * - It tells of no write as done that was not flushed, if the driver did not take FLUSH.
 *
 * A rule that is broken is printed and ends the program.
 */
#ifndef KVL_FUZZ_VIRTIO_WATCH_H
#define KVL_FUZZ_VIRTIO_WATCH_H

#include "devices/virtio/blk.h"

#define WATCH_RAM MiB(1)
#define WATCH_RAM_BYTES KiB(64)
#define WATCH_HIDDEN (WATCH_RAM + KiB(40)) /* a page that is not lent */
#define WATCH_LIMIT (WATCH_RAM + KiB(56))  /* with @near: memory goes on, the bus does not */
#define WATCH_SECTORS 40u

struct watch_options {
	bool readonly;
	bool near;    /* the bus ends in the midst of memory */
	bool meddles; /* another CPU writes to memory while a request is done */
	bool fails;   /* the host cannot, now and then */
	u8 seed;
};

void watch_open(const struct watch_options *options, bool verbose);
u32 watch_read(u64 offset, u32 bytes);
void watch_write(u64 offset, u32 bytes, u32 value);

/* What the driver writes to memory, and reads: within it, or nothing happens. */
void watch_poke(u64 gpa, const void *bytes, u32 n);
u16 watch_peek16(u64 gpa);

#endif
