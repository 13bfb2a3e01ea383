/* SPDX-License-Identifier: MIT */
/*
 * Files: pages that are read and written by the tasks of user spaces, and kept in memory meanwhile:
 * the page cache (seed rows T7, T9). Its pages may be anywhere in RAM. An access copies between the
 * page, at an address that it gets for this (kva.h), and the current space, through the task's own
 * addresses.
 */
#ifndef GUEST_FILE_H
#define GUEST_FILE_H

#include "guest/mm/pageable.h"
#include "guest/mm/vm.h"

struct file;

struct file_config {
	u32 pages;
	const struct page_store *store; /* outlives the file; NULL: memory is all it has */
	u64 first;			/* page of the store with which the file begins */
	const struct frame_source *frames;
};

struct file_stats {
	u64 accesses; /* of a page: by reads, writes, zeroing what has no store, and to copies */
	u64 maps;     /* of these, those for which the page had to get an address */
	u64 stored, loaded; /* pages to the store, and from it; of both, those above 4 GiB */
	u64 moved_above_4g;
	/* mappings (file_map.h), entries: of clean pages; that got to allow writes; copies; and
	 * that lost it all, or the right to write, before a page went or was written back */
	u64 mapped, made_writable, copied;
	u64 unmapped, write_protected;
};

struct file *file_open(const struct file_config *config);
/* What was written and not synced is lost. Nobody uses the file; a named failure if a space maps
 * it. */
void file_close(struct file *file);

/*
 * Copies [@offset, @offset + @bytes) of the file to or from @va of the current space; page by page,
 * and of each no other task sees half. False: behind the file's end, no user memory there, out of
 * memory, or the store failed; what was copied by then stays. Waits. @va is not where a file is
 * mapped: that would wait for the page that is being copied, or two tasks for each other's.
 */
bool file_read(struct file *file, u64 offset, u64 va, u64 bytes);
bool file_write(struct file *file, u64 offset, u64 va, u64 bytes);
/*
 * A page of the file for the kernel's own use, until it is released: its address, @write: it
 * becomes another one. NULL: out of memory, or the store failed. Waits.
 */
void *file_hold(struct file *file, u64 page, bool write);
void file_release(struct file *file, u64 page, void *address);

/* All pages that were written go to the store. False: the store failed, or there is none. Waits. */
bool file_sync(struct file *file);
/* The same, and no page stays in memory, but copies of private mappings do. */
bool file_evict(struct file *file);

struct file_stats file_stats(const struct file *file);

#endif
