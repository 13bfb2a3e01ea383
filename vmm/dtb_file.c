/* SPDX-License-Identifier: MIT */
/*
 * Gets a compiled device tree out of a file, and tells what else it may be. What is in it:
 * dtb_overlay.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/dtb_overlay.h"

static int open_tree(const char *file, struct err *err)
{
	/* O_NONBLOCK: a FIFO must be refused, not waited for. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_errno(err, EXIT_USAGE, "device tree %s cannot be opened", file);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return err_set(err, EXIT_USAGE, "device tree %s is not a regular file", file);
}

/* Returns how many bytes there are, @most at most; -1: errno says why. */
static ssize_t read_all(int fd, u8 *to, size_t most)
{
	size_t bytes = 0;

	while (bytes < most) {
		ssize_t n = read(fd, to + bytes, most - bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		bytes += (size_t)n;
	}
	return (ssize_t)bytes;
}

/* Compiled trees begin with a magic number, and have zeros in their header in any case. */
static bool is_text(const u8 *bytes, size_t n)
{
	return n && !memchr(bytes, '\0', n);
}

static int read_tree(const char *file, const u8 *tree, size_t bytes, struct dtb_holes *out,
		     struct err *err)
{
	if (bytes > DTB_MAX_BYTES)
		return err_set(err, EXIT_USAGE, "device tree %s has more than %llu MiB", file,
			       (unsigned long long)(DTB_MAX_BYTES >> 20));
	if (is_text(tree, bytes))
		return err_set(err, EXIT_USAGE,
			       "device tree %s is source text: compile it first (dtc -O dtb -o "
			       "FILE.dtb %s) and give what comes out",
			       file, file);
	return dtb_holes_read(tree, bytes, file, out, err);
}

int dtb_holes_load(const char *file, struct dtb_holes *out, struct err *err)
{
	int fd = open_tree(file, err), failed = -1;
	u8 *tree = fd < 0 ? NULL : malloc(DTB_MAX_BYTES + 1);
	ssize_t bytes;

	if (fd < 0)
		return -1;
	if (!tree)
		err_set(err, EXIT_HOST, "no memory for the device tree %s", file);
	else if ((bytes = read_all(fd, tree, DTB_MAX_BYTES + 1)) < 0)
		err_errno(err, EXIT_HOST, "device tree %s cannot be read", file);
	else
		failed = read_tree(file, tree, (size_t)bytes, out, err);
	free(tree);
	close(fd);
	return failed;
}
