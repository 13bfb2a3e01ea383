/* SPDX-License-Identifier: MIT */
/* Where a disk's sectors are kept: a file that is the disk, or memory that goes with the run. */
#ifndef KVL_DISKFILE_H
#define KVL_DISKFILE_H

#include "vmm/err.h"
#include "vmm/run.h"

struct diskfile {
	int fd;
	u64 bytes;
};

/*
 * Opens what --disk names. Errors, each with a message of its own: the file does not exist, may not
 * be read or written, is no regular file, is empty or no multiple of 512 bytes, is the disk of
 * another run (readers may share it); no memory.
 */
int diskfile_open(struct diskfile *file, const struct run_disk *disk, struct err *err);
void diskfile_close(struct diskfile *file);

/* All of the range, or false and errno. */
bool diskfile_read(const struct diskfile *file, u64 offset, void *to, u64 bytes);
bool diskfile_write(const struct diskfile *file, u64 offset, const void *from, u64 bytes);
/* Until the host's disk has it. */
bool diskfile_flush(const struct diskfile *file);

#endif
