/* SPDX-License-Identifier: MIT */
/*
 * highmem-io: what highmem is used for, by tasks of user spaces (seed rows T6-T13, A11): files and
 * anonymous memory whose pages are anywhere in RAM, each access of the kernel to one through an
 * address that the arm gives. Arms are those of kva.
 */
#ifndef GUEST_SCENARIO_HIGHMEM_IO_H
#define GUEST_SCENARIO_HIGHMEM_IO_H

#include "guest/block/bounce.h"
#include "guest/mm/cow.h"
#include "guest/mm/file.h"
#include "guest/scenario/kva.h"

extern const struct scenario_param highmem_io_params[];
void highmem_io_run(const struct arm *arm);

/* Frames of user data: of highmem, or of all RAM in proportion (ram=high|even). The seed alone says
 * of which zone the nth is. */
extern const struct frame_source io_frames;

/* --- sectors: what one says follows from where it lies and how often it was written --- */
#define IO_SECTOR_BYTES 512u
#define IO_SECTOR_WORDS (IO_SECTOR_BYTES / sizeof(u64))
#define IO_PAGE_SECTORS (PAGE_BYTES / IO_SECTOR_BYTES)
void io_sector_fill(u64 *word, u64 sector, u64 generation);
/* All words are those of one generation, from @oldest to @newest. */
bool io_sector_is_good(const u64 *word, u64 sector, u64 oldest, u64 newest);

/* --- the disk, and the way to it for pages that it does not reach --- */
struct io_disk {
	struct block_device *device; /* block_close() closes it */
	struct bounce bounce;
	struct page_store store;
};
/* @disk stays where it is; a usage failure if fewer than @pages can be written to it. */
void io_disk_open(struct io_disk *disk, u32 pages);

/* --- words: one follows from where it lies and a stamp, larger from write to write --- */
struct io_word {
	volatile u64 written, begun; /* stamps: that is there at least, and at most */
};
u64 io_word_make(u64 stamp, u32 place);
/* One that was never written is zero. */
bool io_word_is_good(u64 word, u32 place, u64 oldest, u64 newest);

/* What tasks of all CPUs count together. */
static inline void io_add(u64 *sum, u64 n)
{
	__atomic_fetch_add(sum, n, __ATOMIC_RELAXED);
}

#define IO_PER 1000000 /* accesses that a figure is of */

/* --- the parts of a run: each reports its metrics and checks --- */
/* Accesses to pages of user data, and those for which one had to get an address. */
struct io_share {
	u64 accesses, maps;
};

#define IO_FILES 3

struct io_files {
	u32 pages, accesses, writes; /* of each file; in all; percent of accesses */
	u32 nfiles;
	struct file *file[IO_FILES];
	bool has_store[IO_FILES];
};
/* Opens them, with what is behind them, has them used, and closes them (highmem_io_disk.c). */
struct io_share highmem_io_files(struct io_files *io);
/* Every CPU reads and writes all of them (highmem_io_files.c). */
void highmem_io_use_files(const struct io_files *io);
struct file_stats highmem_io_stats(const struct io_files *io); /* of all files */

/* A fork, copies, and a task's own pages, one after the other: what each takes
 * (highmem_io_cow.c). */
void highmem_io_cow(u32 pages);

/* Processes that fork, write and read, while others swap and trace them (highmem_io_memory.c). */
#define IO_MOST_THREADS 7

struct io_memory {
	u32 pages; /* of each process */
	u32 processes, forks,
		threads; /* first ones; of each and its offspring, one after the other; of each */
	u32 touches, writes; /* of a word by each thread; percent of them that write */
	u32 swaps, traces;   /* by one other task each; with a disk: pages out; reads and writes */
};
struct io_share highmem_io_memory(const struct io_memory *sizes);

/* Spaces that map one file, shared and private, while it is written back and leaves memory
 * (highmem_io_map.c). */
struct io_map {
	u32 pages;	     /* of the file */
	u32 touches, writes; /* of a word by each CPU; percent of them that write */
	u32 passes;	     /* with a disk: how often all pages are written back */
};
void highmem_io_map(const struct io_map *sizes);

#endif
