/* SPDX-License-Identifier: MIT */
/* Inside the page cache of a file: for file.c and file_map.c. */
#ifndef GUEST_FILE_CACHE_H
#define GUEST_FILE_CACHE_H

#include "guest/mm/file.h"

/*
 * A page of a file. It has one user at a time, who may change all of it and where it is mapped, and
 * wait meanwhile. While an entry anywhere allows writes to it, it is dirty.
 */
struct cached {
	struct page *page; /* NULL: not in memory */
	bool busy;	   /* somebody uses it, or brings it */
	bool dirty;	   /* the store has another content */
};

struct file {
	struct file_config config;
	struct spinlock lock; /* of the figures */
	struct file_stats stats;
	struct cached *cached;
	struct spinlock areas_lock;
	struct file_area *areas; /* that map it: file_map.c */
};

/* Page @page, taken, and in memory. NULL: out of memory, or the store failed; it is not taken.
 * Waits. */
struct cached *file_take(struct file *file, u64 page);
void file_let_go(struct cached *cached);

/* The kernel's access to @page, which is the file's or a copy of one. */
void file_count_access(struct file *file, const struct page *page);
void file_count(struct file *file, u64 *figure);

/*
 * Takes page @page, which is taken, away from all spaces, or the right to write to it (@all:
 * false); when this returns, no CPU reaches it so any more. Copies of private mappings stay.
 */
void file_withdraw(struct file *file, u64 page, bool all);

#endif
