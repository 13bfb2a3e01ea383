/* SPDX-License-Identifier: MIT */
/*
 * Turns a file into a chip's array. What the chip does with it: devices/flash. If somebody else
 * truncates the file during a run, the kernel ends the process (SIGBUS); the lock keeps other runs
 * away, nothing keeps other programs away.
 */
#include "vmm/flashfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_file(struct flashfile *file, const char *path, struct err *err)
{
	/* O_NONBLOCK: a FIFO must be refused, not waited for. */
	file->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (file->fd >= 0)
		return 0;
	if (errno == ENOENT)
		return err_set(
			err, EXIT_USAGE,
			"flash file %s does not exist: make one with mkfs.jffs2, or an empty "
			"chip with \"truncate -s 0 %s\"",
			path, path);
	if (errno == EACCES || errno == EPERM || errno == EROFS)
		return err_errno(
			err, EXIT_USAGE,
			"flash file %s must be readable and writable (the file is the chip)", path);
	if (errno == EISDIR)
		return err_set(err, EXIT_USAGE, "flash file %s is a directory", path);
	return err_errno(err, EXIT_USAGE, "flash file %s cannot be opened", path);
}

static int check_file(const struct flashfile *file, const char *path, u64 chip_bytes,
		      const char *chip_name, u64 *bytes, struct err *err)
{
	struct stat st;

	if (fstat(file->fd, &st))
		return err_errno(err, EXIT_HOST, "flash file %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EXIT_USAGE, "flash file %s is not a regular file", path);
	if (flock(file->fd, LOCK_EX | LOCK_NB))
		return err_set(
			err, EXIT_USAGE,
			"flash file %s is the chip of another run: wait for it, or give this "
			"run a copy",
			path);
	/* Only now is the size ours to know: until the lock another run may have filled it up. */
	if (fstat(file->fd, &st))
		return err_errno(err, EXIT_HOST, "flash file %s", path);
	if ((u64)st.st_size > chip_bytes)
		return err_set(
			err, EXIT_USAGE,
			"flash file %s has %llu bytes, the chip %s only %llu: use a larger chip or "
			"a smaller image",
			path, (unsigned long long)st.st_size, chip_name,
			(unsigned long long)chip_bytes);
	*bytes = (u64)st.st_size;
	return 0;
}

static int append(struct flashfile *file, u64 from, u64 to)
{
	static const u8 erased[4096] = { [0 ... 4095] = 0xFF };

	while (from < to) {
		u64 left = to - from;
		ssize_t n = pwrite(file->fd, erased, left < sizeof(erased) ? left : sizeof(erased),
				   (off_t)from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		from += (u64)n;
	}
	return 0;
}

/* All blocks are allocated now, so that a full disk is an error here and not a signal later. */
static int fill_up(struct flashfile *file, const char *path, u64 bytes, u64 chip_bytes,
		   struct err *err)
{
	int error = posix_fallocate(file->fd, 0, (off_t)bytes + (bytes == 0));

	if (error) {
		errno = error;
		return err_errno(err, EXIT_HOST, "flash file %s: no room for its %llu bytes", path,
				 (unsigned long long)bytes);
	}
	if (append(file, bytes, chip_bytes))
		return err_errno(err, EXIT_HOST, "flash file %s cannot be extended to %llu bytes",
				 path, (unsigned long long)chip_bytes);
	file->appended = chip_bytes - bytes;
	return 0;
}

int flashfile_open(struct flashfile *file, const char *path, u64 chip_bytes, const char *chip_name,
		   struct err *err)
{
	u64 bytes = 0;
	void *array;

	memset(file, 0, sizeof(*file));
	if (open_file(file, path, err))
		return -1;
	if (check_file(file, path, chip_bytes, chip_name, &bytes, err) ||
	    fill_up(file, path, bytes, chip_bytes, err))
		goto out_close;
	array = mmap(NULL, chip_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
	if (array == MAP_FAILED) {
		err_errno(err, EXIT_HOST, "flash file %s cannot be mapped", path);
		goto out_close;
	}
	file->array = array;
	file->bytes = chip_bytes;
	return 0;

out_close:
	close(file->fd);
	file->fd = -1;
	return -1;
}

void flashfile_close(struct flashfile *file)
{
	munmap(file->array, file->bytes);
	close(file->fd);
}
