/* SPDX-License-Identifier: MIT */
/*
 * The flash chip in the machine: the model (devices/flash) behind a lock, its file, its clock, and
 * the read-only memory slot that shows the array while the chip is in array mode.
 */
#ifndef KVL_FLASHDEV_H
#define KVL_FLASHDEV_H

#include "vmm/err.h"
#include "vmm/run.h"

struct flashdev;
struct vm;

/* The part that has the shape of the flash that QEMU's "pc" machine has built in. */
#define FLASHDEV_QEMU_PART "qemu-x8"

/* Where a chip of @part lies in every machine: that one where QEMU has it, all others at one place. */
u64 flashdev_gpa(const struct flash_part *part);

/*
 * Opens the chip of vm->config->flash: maps its file (MAP_SHARED: the file is the chip), claims its
 * addresses and shows the array. Errors, each with a message of its own: the file cannot be opened,
 * is no regular file, is larger than the chip, is in use by another run, cannot be extended.
 * vm->fd -1 (unit tests): no memory slot, every access goes through the model.
 */
struct flashdev *flashdev_open(struct vm *vm, struct err *err);
void flashdev_close(struct flashdev *dev); /* NULL is allowed */

/* The flash clock, ns since the machine was made. */
u64 flashdev_now(struct flashdev *dev);
/*
 * Returns when the clock shows at least @ns: a virtual clock is set forward, a real one is waited
 * for (less, if the run ends). Operations of the chip that are due by then are done.
 */
void flashdev_until(struct flashdev *dev, u32 cpu, u64 ns);
/*
 * The guest has read @words bus words from the array. Where the model did not see them (the array
 * was mapped), the virtual clock goes forward by as many reads.
 */
void flashdev_words(struct flashdev *dev, u32 cpu, u64 words);

/* An erase or program operation is running now. */
bool flashdev_is_busy(struct flashdev *dev);

struct flashdev_counts {
	u64 reads, writes; /* bus accesses that the model answered */
	u64 words;	   /* bus words that the guest declared */
	u64 slot_changes;  /* memory slot taken away or given back */
};
struct flashdev_counts flashdev_counts(struct flashdev *dev);

#endif
