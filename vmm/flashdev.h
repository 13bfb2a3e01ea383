/* SPDX-License-Identifier: MIT */
/*
 * The flash chips in the machine: the model (devices/flash) behind a lock, its files, its clock,
 * and the read-only memory slots that show what can be read as memory.
 */
#ifndef KVL_FLASHDEV_H
#define KVL_FLASHDEV_H

#include "vmm/err.h"
#include "vmm/run.h"

struct flashdev;
struct vm;

/* The part that has the shape of the flash that QEMU's "pc" machine has built in. */
#define FLASHDEV_QEMU_PART "qemu-x8"

/* Where a chip of @part lies in every machine: that one where QEMU has it, all others at one
 * place. */
u64 flashdev_gpa(const struct flash_part *part);

/*
 * Opens the chips of vm->config->flash: maps their file and its sidecar (MAP_SHARED: the files are
 * the chips), claims their addresses and shows the array. Errors, each with a message of its own:
 * the file cannot be opened, is no regular file, is larger than the chips, is in use by another
 * run, cannot be extended; those of the sidecar. vm->fd -1 (unit tests): no memory slot, every
 * access goes through the model.
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

/* Why a read of @gpa leaves the guest now, for people: "busy flash", …; NULL: no chip is there. */
const char *flashdev_place(struct flashdev *dev, u64 gpa);

/*
 * The run has ended: whether the power went as --flash-cut wants it. False: it never did; @steps
 * says how far the chips came.
 */
bool flashdev_was_cut(struct flashdev *dev, u64 *steps);

/* The run has ended: flash_missed_fault(). */
const char *flashdev_missed_fault(const struct flashdev *dev, u32 *n);

struct flashdev_counts {
	u64 reads, writes; /* bus accesses that the model answered */
	u64 words;	   /* bus words that the guest declared */
	u64 slot_changes;  /* memory slots taken away or given back */
	u64 steps;	   /* of all operations */
};
struct flashdev_counts flashdev_counts(struct flashdev *dev);

#endif
