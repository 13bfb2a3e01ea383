/* SPDX-License-Identifier: MIT */
/*
 * One stream of a trace: records in the order of their tickets, in packets that are written to the
 * stream's file when they are full and kept in memory until they are merged.
 */
#ifndef KVL_TRACE_STREAM_H
#define KVL_TRACE_STREAM_H

#include "vmm/err.h"
#include "vmm/trace/packet.h"

struct packet_buffer {
	struct packet_buffer *next;
	u32 count;   /* records in it */
	u32 merged;  /* of these, how many the merger has taken */
	bool sealed; /* nothing more goes in */
	struct packet packet;
};

/* Buffers of all streams of a trace. */
struct packet_pool {
	struct packet_buffer *free;
	u32 nfree;
	u32 in_use;
};

/* Where the stream files are. fd -1: nothing is written. */
struct trace_dir {
	int fd;
	const char *path; /* for messages */
};

struct stream {
	struct packet_stream id;
	char name[16]; /* of the file: "vcpu0", …, "vmm" */
	struct packet_pool *pool;
	const struct trace_dir *dir;
	struct packet_buffer *first, *last; /* oldest first; the last one is being filled */
	u64 last_ticket;		    /* 0: none yet */
	u32 packets;			    /* written or, without a directory, dropped */
	u32 discarded;			    /* for the packet header */
	int fd;				    /* -1: no file yet; made with the first packet */
	bool failed;			    /* a write failed: nothing more is written */
};

void stream_init(struct stream *stream, struct packet_pool *pool, const struct trace_dir *dir,
		 u16 stream_id, u16 cpu_id, const u8 *uuid);

/* Room for the next record; NULL: out of memory. It counts once stream_commit() is called. */
struct kvl_record *stream_room(struct stream *stream);
/* The record in stream_room() is whole. EXIT_HOST: its packet was full and could not be written. */
int stream_commit(struct stream *stream, struct err *err);

/* Writes what is left as a packet of its own. */
int stream_finish(struct stream *stream, struct err *err);

/* The oldest record that is not merged; NULL: none. stream_next() counts it as merged. */
static inline const struct kvl_record *stream_front(const struct stream *stream)
{
	const struct packet_buffer *first = stream->first;

	return first && first->merged < first->count ? &first->packet.record[first->merged] : NULL;
}
void stream_next(struct stream *stream);

void stream_destroy(struct stream *stream);
void packet_pool_destroy(struct packet_pool *pool);

#endif
