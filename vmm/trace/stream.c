/* SPDX-License-Identifier: MIT */
/*
 * Packet buffers and stream files. A packet goes out whole, by one pwrite() at its place; if that
 * fails the file is cut back to the packets before it, so that what was written stays readable.
 */
#include "vmm/trace/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <string.h>

#define POOL_KEEPS 8 /* free buffers kept for reuse */

void stream_init(struct stream *stream, struct packet_pool *pool, const struct trace_dir *dir,
		 u16 stream_id, u16 cpu_id, const u8 *uuid)
{
	memset(stream, 0, sizeof(*stream));
	stream->pool = pool;
	stream->dir = dir;
	stream->fd = -1;
	stream->id.stream_id = stream_id;
	stream->id.cpu_id = cpu_id;
	memcpy(stream->id.uuid, uuid, TRACE_UUID_BYTES);
	if (stream_id == TRACE_STREAM_VMM)
		snprintf(stream->name, sizeof(stream->name), "vmm");
	else
		snprintf(stream->name, sizeof(stream->name), "vcpu%u", cpu_id);
}

static struct packet_buffer *pool_get(struct packet_pool *pool)
{
	struct packet_buffer *buffer = pool->free;

	if (buffer) {
		pool->free = buffer->next;
		pool->nfree--;
	} else {
		buffer = malloc(sizeof(*buffer));
		if (!buffer)
			return NULL;
	}
	pool->in_use++;
	buffer->next = NULL;
	buffer->count = buffer->merged = 0;
	buffer->sealed = false;
	return buffer;
}

static void pool_put(struct packet_pool *pool, struct packet_buffer *buffer)
{
	pool->in_use--;
	if (pool->nfree == POOL_KEEPS) {
		free(buffer);
		return;
	}
	buffer->next = pool->free;
	pool->free = buffer;
	pool->nfree++;
}

struct kvl_record *stream_room(struct stream *stream)
{
	struct packet_buffer *buffer = stream->last;

	if (!buffer || buffer->sealed) {
		buffer = pool_get(stream->pool);
		if (!buffer)
			return NULL;
		if (stream->last)
			stream->last->next = buffer;
		else
			stream->first = buffer;
		stream->last = buffer;
	}
	return &buffer->packet.record[buffer->count];
}

static int open_file(struct stream *stream, struct err *err)
{
	if (stream->fd >= 0)
		return 0;
	stream->fd = openat(stream->dir->fd, stream->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			    0644);
	if (stream->fd >= 0)
		return 0;
	stream->failed = true;
	return err_errno(err, EXIT_HOST, "trace: cannot create %s/%s", stream->dir->path,
			 stream->name);
}

static int write_packet(struct stream *stream, const struct packet *packet, struct err *err)
{
	off_t start = (off_t)stream->packets * (off_t)sizeof(*packet);
	size_t done = 0;

	while (done < sizeof(*packet)) {
		ssize_t n = pwrite(stream->fd, (const u8 *)packet + done, sizeof(*packet) - done,
				   start + (off_t)done);

		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ENOSPC;
		err_errno(err, EXIT_HOST, "trace: cannot write packet %u of %s/%s (errno %d)",
			  stream->packets, stream->dir->path, stream->name, errno);
		stream->failed = true;
		if (ftruncate(stream->fd, start))
			err_prefix(err, "trace: the last packet of %s is cut", stream->name);
		return -1;
	}
	return 0;
}

/* The last buffer is full, or the trace ends: it becomes a packet of the file. */
static int seal(struct stream *stream, struct err *err)
{
	struct packet_buffer *buffer = stream->last;

	buffer->sealed = true;
	if (stream->dir->fd >= 0 && !stream->failed) {
		packet_seal(&buffer->packet, &stream->id, buffer->count, stream->packets,
			    stream->discarded);
		if (open_file(stream, err) || write_packet(stream, &buffer->packet, err))
			return -1;
	}
	stream->packets++;
	return 0;
}

/* The merger is done with sealed buffers at the front. */
static void recycle(struct stream *stream)
{
	struct packet_buffer *first = stream->first;

	if (!first->sealed || first->merged < first->count)
		return;
	stream->first = first->next;
	if (!stream->first)
		stream->last = NULL;
	pool_put(stream->pool, first);
}

int stream_commit(struct stream *stream, struct err *err)
{
	struct packet_buffer *buffer = stream->last;

	stream->last_ticket = buffer->packet.record[buffer->count++].ticket;
	return buffer->count == KVL_PACKET_RECORDS ? seal(stream, err) : 0;
}

int stream_finish(struct stream *stream, struct err *err)
{
	struct packet_buffer *buffer = stream->last;
	int result = 0;

	if (buffer && !buffer->sealed && buffer->count) {
		result = seal(stream, err);
		recycle(stream);
	}
	if (stream->fd >= 0 && close(stream->fd) && !result) {
		result = err_errno(err, EXIT_HOST, "trace: cannot write %s/%s", stream->dir->path,
				   stream->name);
	}
	stream->fd = -1;
	return result;
}

void stream_next(struct stream *stream)
{
	stream->first->merged++;
	if (stream->first->merged == stream->first->count)
		recycle(stream);
}

void stream_destroy(struct stream *stream)
{
	while (stream->first) {
		struct packet_buffer *next = stream->first->next;

		free(stream->first);
		stream->first = next;
	}
	if (stream->fd >= 0)
		close(stream->fd);
	stream->fd = -1;
}

void packet_pool_destroy(struct packet_pool *pool)
{
	while (pool->free) {
		struct packet_buffer *next = pool->free->next;

		free(pool->free);
		pool->free = next;
	}
}
