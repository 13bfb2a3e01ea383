/* SPDX-License-Identifier: MIT */
/*
 * The file behind a shared segment (--segment): seed row L7, many small machines that read the same
 * pages. It is made if it is not there, and never written to afterwards.
 */
#ifndef KVL_SEGMENTFILE_H
#define KVL_SEGMENTFILE_H

#include "vmm/err.h"
#include "vmm/run.h"

struct image;

/*
 * How large the segment is that --segment names, before anything is made. Errors, each with a
 * message of its own: the file is not there and no size is given, may not be read, is no regular
 * file, is empty or not made of whole pages, has another size than the one given.
 */
int segmentfile_bytes(const struct run_segment *segment, u64 *bytes, struct err *err);

/*
 * Opens a segment of @bytes for reading. What is not there is made, with the contents of
 * devices/abi/segment.h; programs are @image's. Returns a descriptor, or -1: as above; another size
 * than @bytes; no room for the programs, or on the disk; the disk of another run.
 */
int segmentfile_open(const struct run_segment *segment, u64 bytes, const struct image *image,
		     struct err *err);

/*
 * Is the file of @fd, open as the segment of @config, what @config has as its disk (unless that is
 * read-only) or chip too? Then -1, and which option to change.
 */
int segmentfile_check_alone(int fd, const struct run_config *config, struct err *err);

/*
 * Is the file of @fd shorter than the @bytes that it had when it was opened? Then @err says so:
 * somebody has cut it, and a guest cannot be shown a page that is gone.
 */
bool segmentfile_was_cut(int fd, const struct run_segment *segment, u64 bytes, struct err *err);

#endif
