/* SPDX-License-Identifier: MIT */
/*
 * Owns the file behind a shared segment, and what is in one that is made here. A new file gets its
 * name when it is complete, and by a link, which replaces nothing: of several runs that make it at
 * once one wins, and the others take that one's.
 */
#define _GNU_SOURCE /* memfd_create() */
#include "vmm/segmentfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/abi/segment.h"
#include "vmm/image.h"

#define U(x) ((unsigned long long)(x))

/* --- a file that is there --------------------------------------------------------------------- */
static int cannot_open(const char *path, struct err *err)
{
	if (errno == ENOENT)
		return err_set(err, EXIT_USAGE,
			       "segment file %s does not exist: give its size, and it is made "
			       "(--segment %s,size=16M)",
			       path, path);
	return err_errno(err, EXIT_USAGE, "segment file %s cannot be opened", path);
}

static int check_size(const char *path, u64 bytes, struct err *err)
{
	if (!bytes)
		return err_set(err, EXIT_USAGE,
			       "segment file %s is empty: its size is the segment's", path);
	if (bytes % PAGE_BYTES)
		return err_set(err, EXIT_USAGE,
			       "segment file %s has %llu bytes, which is no multiple of 4 KiB",
			       path, U(bytes));
	if (bytes > KVL_SEGMENT_MAX)
		return err_set(err, EXIT_USAGE,
			       "segment file %s has %llu MiB, a segment at most %llu", path,
			       U(bytes >> 20), U(KVL_SEGMENT_MAX >> 20));
	return 0;
}

static int check_file(int fd, const char *path, u64 *bytes, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_errno(err, EXIT_HOST, "segment file %s", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, EXIT_USAGE, "segment file %s is a directory", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EXIT_USAGE, "segment file %s is not a regular file", path);
	*bytes = (u64)st.st_size;
	return check_size(path, *bytes, err);
}

/* A descriptor, or -1 and *@missing where there is no such file. */
static int open_there(const char *path, u64 *bytes, bool *missing, struct err *err)
{
	/* O_NONBLOCK: a FIFO must be refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*missing = fd < 0 && errno == ENOENT;
	if (fd < 0)
		return cannot_open(path, err);
	if (!check_file(fd, path, bytes, err))
		return fd;
	close(fd);
	return -1;
}

static int check_wanted(const char *path, u64 bytes, u64 wanted, struct err *err)
{
	if (bytes == wanted)
		return 0;
	return err_set(err, EXIT_USAGE,
		       "segment file %s has %llu bytes, not the %llu of size=: leave size= out, or "
		       "name another file",
		       path, U(bytes), U(wanted));
}

int segmentfile_bytes(const struct run_segment *segment, u64 *bytes, struct err *err)
{
	bool missing = true;
	int fd = segment->file ? open_there(segment->file, bytes, &missing, err) : -1;

	if (fd >= 0)
		close(fd);
	else if (missing && segment->bytes)
		*bytes = segment->bytes;
	else
		return -1;
	return segment->bytes ? check_wanted(segment->file, *bytes, segment->bytes, err) : 0;
}

/* --- contents --------------------------------------------------------------------------------- */
struct contents {
	const u8 *programs;
	u64 programs_bytes, bytes;
};

static int find_programs(struct contents *contents, const struct image *image, struct err *err)
{
	const struct image_symbol *start = image_symbol_find(image, "user_text_start");
	const struct image_symbol *end = image_symbol_find(image, "user_text_end");

	contents->programs = NULL;
	contents->programs_bytes = start && end && end->va > start->va ? end->va - start->va : 0;
	if (contents->programs_bytes)
		contents->programs = image_at(image, start->va, contents->programs_bytes);
	return contents->programs ? 0
				  : err_set(err, EXIT_VMM,
					    "the guest image is damaged: it has no user programs");
}

/* What will be in a segment of @bytes, before anything is made for it. */
static int plan_contents(struct contents *contents, u64 bytes, const struct image *image,
			 struct err *err)
{
	u64 least;

	if (find_programs(contents, image, err))
		return -1;
	contents->bytes = bytes;
	least = ALIGN_UP(contents->programs_bytes, PAGE_BYTES) +
		KVL_SEGMENT_LEAST_PAGES * PAGE_BYTES;
	if (bytes >= least)
		return 0;
	return err_set(err, EXIT_USAGE,
		       "a new segment of %llu KiB is too small for the user programs and %u pages "
		       "of data: give --segment size=%lluK at least",
		       U(bytes >> 10), KVL_SEGMENT_LEAST_PAGES, U(least >> 10));
}

static bool write_all(int fd, const void *from, u64 bytes)
{
	for (ssize_t n; bytes; bytes -= (u64)n, from = (const u8 *)from + n) {
		n = write(fd, from, bytes);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return false;
	}
	return true;
}

static void fill_page(u64 page[PAGE_BYTES / 8], u64 number)
{
	for (u64 nth = 0; nth < PAGE_BYTES / 8; nth++)
		page[nth] = kvl_segment_word(number, nth);
}

static bool write_contents(int fd, const struct contents *contents)
{
	static const u8 zeros[PAGE_BYTES];
	u64 words_from = ALIGN_UP(contents->programs_bytes, PAGE_BYTES), page[PAGE_BYTES / 8];

	if (!write_all(fd, contents->programs, contents->programs_bytes) ||
	    !write_all(fd, zeros, words_from - contents->programs_bytes))
		return false;
	for (u64 at = words_from; at < contents->bytes; at += PAGE_BYTES) {
		fill_page(page, at / PAGE_BYTES);
		if (!write_all(fd, page, sizeof(page)))
			return false;
	}
	return true;
}

static int fill(int fd, const struct contents *contents, struct err *err)
{
	if (write_contents(fd, contents))
		return 0;
	return err_errno(err, EXIT_HOST, "a segment of %llu KiB cannot be written",
			 U(contents->bytes >> 10));
}

/* --- a file that is made ---------------------------------------------------------------------- */

/* Where it has come to be meanwhile, that one is as good, whatever is in it. */
static int give_name(const char *temporary, const char *path, struct err *err)
{
	if (link(temporary, path) == 0 || errno == EEXIST)
		return 0;
	return err_errno(err, EXIT_HOST, "segment file %s cannot be made", path);
}

static int make_file(const char *path, u64 bytes, const struct image *image, struct err *err)
{
	struct contents contents;
	char temporary[4096];
	int fd, failed;

	if (plan_contents(&contents, bytes, image, err))
		return -1;
	if (snprintf(temporary, sizeof(temporary), "%s.%ld.tmp", path, (long)getpid()) >=
	    (int)sizeof(temporary))
		return err_set(err, EXIT_USAGE, "the segment file's name is too long");
	/* Not writable by anybody: many may share it by then. */
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		return err_errno(err, EXIT_USAGE, "segment file %s cannot be made", path);
	failed = fill(fd, &contents, err) || give_name(temporary, path, err) ? -1 : 0;
	unlink(temporary);
	close(fd);
	return failed;
}

static int make_memory(u64 bytes, const struct image *image, struct err *err)
{
	struct contents contents;
	int fd;

	if (plan_contents(&contents, bytes, image, err))
		return -1;
	fd = memfd_create("segment", MFD_CLOEXEC);
	if (fd < 0)
		return err_errno(err, EXIT_HOST, "no memory file for a segment");
	if (!fill(fd, &contents, err))
		return fd;
	close(fd);
	return -1;
}

/* --- both ------------------------------------------------------------------------------------- */

/* The lock, shared by all that read, goes with the descriptor: a run that would write to the file,
 * as its disk or chip, is kept away. */
static int check_opened(int fd, const char *path, u64 bytes, u64 planned, struct err *err)
{
	if (flock(fd, LOCK_SH | LOCK_NB))
		return err_set(err, EXIT_USAGE,
			       "segment file %s is the disk or chip of a run: name another", path);
	if (bytes != planned)
		return err_set(err, EXIT_USAGE,
			       "segment file %s has %llu bytes, and had %llu a moment ago", path,
			       U(bytes), U(planned));
	return 0;
}

int segmentfile_open(const struct run_segment *segment, u64 bytes, const struct image *image,
		     struct err *err)
{
	u64 found = 0;
	bool missing;
	int fd;

	if (!segment->file)
		return make_memory(bytes, image, err);
	fd = open_there(segment->file, &found, &missing, err);
	if (fd < 0 && missing && segment->bytes && !make_file(segment->file, bytes, image, err))
		fd = open_there(segment->file, &found, &missing, err);
	if (fd < 0 || !check_opened(fd, segment->file, found, bytes, err))
		return fd;
	close(fd);
	return -1;
}

/* --- what else is of this run ----------------------------------------------------------------- */

static bool same_file(int fd, const char *path)
{
	struct stat a, b;

	return path && fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

int segmentfile_check_alone(int fd, const struct run_config *config, struct err *err)
{
	if (!config->disk.readonly && same_file(fd, config->disk.file))
		return err_set(err, EXIT_USAGE,
			       "file %s is this run's --segment and its --disk: give --disk "
			       "another file, or ,readonly",
			       config->disk.file);
	if (same_file(fd, config->flash.file))
		return err_set(err, EXIT_USAGE,
			       "file %s is this run's --segment and its --flash: give --flash "
			       "another file",
			       config->flash.file);
	return 0;
}

/* --- while it runs ---------------------------------------------------------------------------- */

bool segmentfile_was_cut(int fd, const struct run_segment *segment, u64 bytes, struct err *err)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || (u64)st.st_size >= bytes)
		return false;
	err_set(err, EXIT_HOST, "segment file %s has %llu bytes, and had %llu when it was opened",
		segment->file ? segment->file : "without a name", U(st.st_size), U(bytes));
	return true;
}
