/* SPDX-License-Identifier: MIT */
/* The file behind a flash chip: opened, checked, filled up to the chip's size, mapped. */
#ifndef KVL_FLASHFILE_H
#define KVL_FLASHFILE_H

#include "devices/abi/types.h"
#include "vmm/err.h"

struct flashfile {
	int fd;
	u8 *array; /* mapped shared: a store is a change of the file */
	u64 bytes;
	u64 appended; /* how many bytes of FFh were added */
};

/*
 * EXIT_USAGE: no such file, no permission, not a regular file, larger than @chip_bytes, in use by
 * another run. EXIT_HOST: no room on the disk, or a host error. A file that is too short gets FFh
 * behind its end; what it holds is not touched.
 */
int flashfile_open(struct flashfile *file, const char *path, u64 chip_bytes, const char *chip_name,
		   struct err *err);
void flashfile_close(struct flashfile *file);

#endif
