/* SPDX-License-Identifier: MIT */
/*
 * Owns the way from the names of a trace's files to their bytes. What the bytes must be: packet.c,
 * metadata_parse.c.
 */
#include "vmm/trace/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_TEXT_BYTES MiB(64) /* metadata, symbols */

void files_stream(u32 index, char name[STREAM_NAME_BYTES], struct packet_stream *id)
{
	bool vmm = index == KVL_MAX_CPUS;

	id->stream_id = vmm ? TRACE_STREAM_VMM : TRACE_STREAM_VCPU;
	id->cpu_id = (u16)(vmm ? TRACE_CPU_VMM : index);
	if (vmm)
		snprintf(name, STREAM_NAME_BYTES, "vmm");
	else
		snprintf(name, STREAM_NAME_BYTES, "vcpu%u", index);
}

int files_open(int dir, const char *name, int flags, struct stat *info)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);

	if (fd < 0 || (!fstat(fd, info) && S_ISREG(info->st_mode)))
		return fd;
	close(fd);
	errno = EMEDIUMTYPE;
	return -1;
}

const char *files_error(void)
{
	return errno == EMEDIUMTYPE ? "not a regular file" : strerror(errno);
}

/* Up to @bytes, less only at the end of the file or if reading fails: then errno is not 0. */
static size_t read_at(int fd, void *to, size_t bytes, off_t start)
{
	size_t done = 0;

	errno = 0;
	while (done < bytes) {
		ssize_t n = pread(fd, (u8 *)to + done, bytes - done, start + (off_t)done);

		if (n < 0 && errno == EINTR) {
			errno = 0;
			continue;
		}
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

char *files_text(int dir, const char *name)
{
	struct stat info;
	int fd = files_open(dir, name, 0, &info);
	char *text = NULL;

	if (fd < 0)
		return NULL;
	if (info.st_size < 0 || (u64)info.st_size > MAX_TEXT_BYTES)
		errno = EFBIG;
	else
		text = malloc((size_t)info.st_size + 1);
	if (text)
		text[read_at(fd, text, (size_t)info.st_size, 0)] = '\0';
	close(fd);
	return text;
}

size_t files_packet(int fd, u64 number, struct packet *packet)
{
	return read_at(fd, packet, sizeof(*packet), (off_t)(number * sizeof(*packet)));
}

static int read_metadata(int fd, const char *dir, struct metadata_parsed *metadata, char **text,
			 struct err *err)
{
	char *read = files_text(fd, "metadata");
	int result;

	if (!read)
		return err_set(err, EXIT_USAGE, "%s is no trace directory: metadata: %s", dir,
			       files_error());
	result = metadata_parse(read, metadata, err);
	if (text && !result)
		*text = read;
	else
		free(read);
	return result ? err_prefix(err, "%s", dir) : 0;
}

int files_trace(const char *dir, struct metadata_parsed *metadata, char **text, struct err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, EXIT_USAGE, "cannot open trace directory %s", dir);
	if (!read_metadata(fd, dir, metadata, text, err))
		return fd;
	close(fd);
	return -1;
}
