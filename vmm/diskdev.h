/* SPDX-License-Identifier: MIT */
/*
 * The disk in the machine: the virtio block device (devices/virtio) behind a lock, the memory that
 * it may reach, and where its sectors are kept.
 */
#ifndef KVL_DISKDEV_H
#define KVL_DISKDEV_H

#include "vmm/err.h"
#include "vmm/run.h"

struct diskdev;
struct vm;

/*
 * Opens the disk of vm->config->disk and claims its registers at KVL_DISK_GPA. Errors: those of
 * diskfile_open().
 */
struct diskdev *diskdev_open(struct vm *vm, struct err *err);
void diskdev_close(struct diskdev *dev); /* NULL is allowed */

struct diskdev_counts {
	u64 reads, writes; /* requests that were done */
	u64 bytes;	   /* of their data */
};
struct diskdev_counts diskdev_counts(struct diskdev *dev);

#endif
