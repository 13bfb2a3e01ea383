/* SPDX-License-Identifier: MIT */
/*
 * Owns the way of bytes to a descriptor from threads that must not hang on it. stdio cannot do
 * this: a write that a signal interrupts sets its error flag and loses the bytes. Who is told of an
 * error: cli.c.
 */
#include "vmm/cli/outlet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Up to the first error or signal. Returns how many bytes are left; errno is 0 if none are. */
static size_t put(int fd, const char *bytes, size_t n)
{
	errno = 0;
	while (n) {
		ssize_t written = write(fd, bytes, n);

		if (written < 0)
			return n;
		bytes += written;
		n -= (size_t)written;
	}
	return 0;
}

static void keep(struct outlet *outlet, const char *bytes, size_t n)
{
	char *late = realloc(outlet->late, outlet->late_bytes + n);

	if (!late) {
		outlet->error = ENOMEM;
		return;
	}
	memcpy(late + outlet->late_bytes, bytes, n);
	outlet->late = late;
	outlet->late_bytes += n;
}

/* What was kept goes first, until the next signal. */
static void put_late(struct outlet *outlet)
{
	size_t left;

	if (!outlet->late)
		return;
	left = put(outlet->fd, outlet->late, outlet->late_bytes);
	if (left && errno != EINTR)
		outlet->error = errno;
	memmove(outlet->late, outlet->late + outlet->late_bytes - left, left);
	outlet->late_bytes = left;
	if (left)
		return;
	free(outlet->late);
	outlet->late = NULL;
}

void outlet_write(struct outlet *outlet, const char *bytes, size_t n)
{
	size_t left = n;

	if (outlet->error)
		return;
	put_late(outlet);
	if (!outlet->late && !outlet->error) {
		left = put(outlet->fd, bytes, n);
		if (left && errno != EINTR)
			outlet->error = errno;
	}
	if (left && !outlet->error)
		keep(outlet, bytes + n - left, left);
}

void outlet_end(struct outlet *outlet)
{
	size_t left = outlet->error ? 0 : outlet->late_bytes;

	while (left) {
		left = put(outlet->fd, outlet->late + outlet->late_bytes - left, left);
		if (left && errno != EINTR) {
			outlet->error = errno;
			break;
		}
	}
	free(outlet->late);
	outlet->late = NULL;
	outlet->late_bytes = 0;
}
