/* SPDX-License-Identifier: MIT */
/*
 * One CTF packet: 64 KiB, a header of 64 bytes and up to KVL_PACKET_RECORDS records. The header is
 * CTF's packet header and packet context; metadata.c describes it field by field in this order.
 */
#ifndef KVL_TRACE_PACKET_H
#define KVL_TRACE_PACKET_H

#include "devices/abi/trace_abi.h"

#define CTF_MAGIC 0xC1FC1FC1u
#define TRACE_UUID_BYTES 16
#define TRACE_CPU_VMM 0xffffu /* cpu_id of the VMM's own stream */

enum trace_stream_id { /* CTF stream classes */
		       TRACE_STREAM_VCPU = 0,
		       TRACE_STREAM_VMM = 1,
};

struct packet_header {
	/* packet header */
	u32 magic;
	u8 uuid[TRACE_UUID_BYTES];
	u16 stream_id;
	/* packet context */
	u16 cpu_id;
	u64 timestamp_begin;  /* ticket of the first record */
	u64 timestamp_end;    /* of the last */
	u32 content_size;     /* bits, up to the end of the last used field */
	u32 packet_size;      /* bits */
	u32 events_discarded; /* since start, by --lossy; stops counting at the largest number */
	u32 packet_seq_num;
	u64 xxh3; /* XXH3_64bits of the records, 64 bytes each, unused fields included */
};

_Static_assert(sizeof(struct packet_header) == sizeof(struct kvl_record), "header space");

struct packet {
	struct packet_header header;
	struct kvl_record record[KVL_PACKET_RECORDS];
};

_Static_assert(sizeof(struct packet) == KVL_PACKET_BYTES, "packet");

/* Which stream a packet belongs to. */
struct packet_stream {
	u8 uuid[TRACE_UUID_BYTES];
	u16 stream_id, cpu_id;
};

/* Fills the header of a packet with @count >= 1 records and zeroes what lies behind them. */
void packet_seal(struct packet *packet, const struct packet_stream *stream, u32 count, u32 seq,
		 u32 discarded);

/*
 * Checks a packet read from a file. Returns the number of records, or 0 and in @why (text) what is
 * wrong with it. Tickets are the caller's to check.
 */
u32 packet_check(const struct packet *packet, const struct packet_stream *stream, u32 seq,
		 char *why, size_t why_bytes);

/* A checksum does not make a record ours: all tickets must rise, the first of them above @last. */
bool packet_rises(const struct packet *packet, u32 count, u64 last);

/*
 * The number of records that a packet of which only @bytes are there says it has, if its header is
 * of trace @uuid; 0: it says nothing.
 */
u32 packet_claims(const struct packet *packet, size_t bytes, const u8 *uuid);

#endif
