/* SPDX-License-Identifier: MIT */
/*
 * Files mapped into spaces (seed row T9). A shared mapping has the page cache's own pages, so what
 * is written is the file's, and the kernel needs no address for it. A private one reads them, and
 * gets a copy of a page for its first write, which is nobody else's: copied through the task's own
 * address, so the new page alone may need one (T6).
 */
#ifndef GUEST_FILE_MAP_H
#define GUEST_FILE_MAP_H

#include "guest/mm/file.h"

enum file_sharing { FILE_SHARED, FILE_PRIVATE };

/*
 * An area of @mm with all of @file, which lasts longer; nobody touches it before this returns, and
 * vma_unmap() ends it. Copies stay in memory until then. NULL: overlaps, or outside user space.
 */
struct vma *file_map(struct file *file, struct mm *mm, u64 start, u32 prot,
		     enum file_sharing sharing);

#endif
