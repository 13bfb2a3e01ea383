/* SPDX-License-Identifier: MIT */
/*
 * Owns the file behind a disk. It is read and written, not mapped: a host's disk that is full, or a
 * file that somebody else has cut, is then an error of one request and not the end of the process.
 * What was written is the page cache's, so that it survives this process, and not the host.
 */
#define _GNU_SOURCE /* memfd_create() */
#include "vmm/diskfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/abi/virtio.h"

static int cannot_open(const char *path, bool readonly, struct err *err)
{
	if (errno == ENOENT)
		return err_set(err, EXIT_USAGE,
			       "disk file %s does not exist: make one with \"truncate -s 16M %s\"",
			       path, path);
	if (!readonly && (errno == EACCES || errno == EPERM || errno == EROFS))
		return err_errno(err, EXIT_USAGE,
				 "disk file %s must be readable and writable, or given with "
				 ",readonly",
				 path);
	if (errno == EISDIR)
		return err_set(err, EXIT_USAGE, "disk file %s is a directory", path);
	return err_errno(err, EXIT_USAGE, "disk file %s cannot be opened", path);
}

static int check_size(const char *path, u64 bytes, struct err *err)
{
	if (!bytes)
		return err_set(err, EXIT_USAGE,
			       "disk file %s is empty: its size is the disk's (truncate -s 16M %s)",
			       path, path);
	if (bytes % VIRTIO_BLK_SECTOR)
		return err_set(err, EXIT_USAGE,
			       "disk file %s has %llu bytes, which is no multiple of %u", path,
			       (unsigned long long)bytes, VIRTIO_BLK_SECTOR);
	return 0;
}

/* The lock goes with the descriptor; the size counts once it is ours. */
static int check_file(struct diskfile *file, const struct run_disk *disk, struct err *err)
{
	struct stat st;

	if (fstat(file->fd, &st))
		return err_errno(err, EXIT_HOST, "disk file %s", disk->file);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EXIT_USAGE, "disk file %s is not a regular file", disk->file);
	if (flock(file->fd, (disk->readonly ? LOCK_SH : LOCK_EX) | LOCK_NB))
		return err_set(err, EXIT_USAGE,
			       "disk file %s is the disk of another run: wait for it, or give this "
			       "run a copy",
			       disk->file);
	if (fstat(file->fd, &st))
		return err_errno(err, EXIT_HOST, "disk file %s", disk->file);
	file->bytes = (u64)st.st_size;
	return check_size(disk->file, file->bytes, err);
}

static int open_file(struct diskfile *file, const struct run_disk *disk, struct err *err)
{
	/* O_NONBLOCK: a FIFO must be refused, not waited for. */
	file->fd = open(disk->file, (disk->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
	if (file->fd < 0)
		return cannot_open(disk->file, disk->readonly, err);
	return check_file(file, disk, err);
}

static int make_memory(struct diskfile *file, u64 bytes, struct err *err)
{
	file->fd = memfd_create("disk", MFD_CLOEXEC);
	file->bytes = bytes;
	if (file->fd >= 0 && ftruncate(file->fd, (off_t)bytes) == 0)
		return 0;
	return err_errno(err, EXIT_HOST, "no memory file for a disk of %llu bytes",
			 (unsigned long long)bytes);
}

int diskfile_open(struct diskfile *file, const struct run_disk *disk, struct err *err)
{
	file->fd = -1;
	if (disk->file ? !open_file(file, disk, err) : !make_memory(file, disk->bytes, err))
		return 0;
	diskfile_close(file);
	return -1;
}

void diskfile_close(struct diskfile *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

bool diskfile_read(const struct diskfile *file, u64 offset, void *to, u64 bytes)
{
	for (ssize_t n; bytes; offset += (u64)n, bytes -= (u64)n, to = (u8 *)to + n) {
		n = pread(file->fd, to, bytes, (off_t)offset);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0) /* 0: somebody has cut the file */
			return false;
	}
	return true;
}

bool diskfile_write(const struct diskfile *file, u64 offset, const void *from, u64 bytes)
{
	for (ssize_t n; bytes; offset += (u64)n, bytes -= (u64)n, from = (const u8 *)from + n) {
		n = pwrite(file->fd, from, bytes, (off_t)offset);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return false;
	}
	return true;
}

bool diskfile_flush(const struct diskfile *file)
{
	return fdatasync(file->fd) == 0;
}
