/* SPDX-License-Identifier: MIT */
/*
 * Packet headers, written and checked. Both directions stand in one file so that they stay one
 * format; who fills packets and where they go is stream.c's business, who reads them reader.c's.
 */
#include "vmm/trace/packet.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "vmm/trace/schema.h"

static u64 payload_hash(const struct packet *packet, u32 count)
{
	return XXH3_64bits(packet->record, count * sizeof(struct kvl_record));
}

/* CTF wants the last event to end where the content ends, without its unused fields. */
static u32 content_bits(const struct packet *packet, u32 count)
{
	u32 last = event_used_bytes(packet->record[count - 1].id);

	return (sizeof(struct packet_header) + (count - 1) * sizeof(struct kvl_record) + last) * 8;
}

void packet_seal(struct packet *packet, const struct packet_stream *stream, u32 count, u32 seq,
		 u32 discarded)
{
	struct packet_header *header = &packet->header;

	header->magic = CTF_MAGIC;
	memcpy(header->uuid, stream->uuid, sizeof(header->uuid));
	header->stream_id = stream->stream_id;
	header->cpu_id = stream->cpu_id;
	header->timestamp_begin = packet->record[0].ticket;
	header->timestamp_end = packet->record[count - 1].ticket;
	header->content_size = content_bits(packet, count);
	header->packet_size = KVL_PACKET_BYTES * 8;
	header->events_discarded = discarded;
	header->packet_seq_num = seq;
	header->xxh3 = payload_hash(packet, count);
	memset(packet->record + count, 0, (KVL_PACKET_RECORDS - count) * sizeof(struct kvl_record));
}

/* Records in a packet by its content_size; 0: no packet of ours has that size. */
static u32 count_of(u32 bits)
{
	u32 bytes = bits / 8;

	if (bits % 8 || bytes <= sizeof(struct packet_header) || bytes > KVL_PACKET_BYTES)
		return 0;
	return (bytes - 1) / sizeof(struct kvl_record);
}

u32 packet_check(const struct packet *packet, const struct packet_stream *stream, u32 seq,
		 char *why, size_t why_bytes)
{
	const struct packet_header *header = &packet->header;
	u32 count = count_of(header->content_size);

	if (header->magic != CTF_MAGIC)
		snprintf(why, why_bytes, "magic is %#x, not %#x", header->magic, CTF_MAGIC);
	else if (memcmp(header->uuid, stream->uuid, sizeof(header->uuid)))
		snprintf(why, why_bytes, "uuid is not the metadata's: of another trace");
	else if (header->stream_id != stream->stream_id || header->cpu_id != stream->cpu_id)
		snprintf(why, why_bytes, "stream %u of CPU %u, not stream %u of CPU %u",
			 header->stream_id, header->cpu_id, stream->stream_id, stream->cpu_id);
	else if (header->packet_size != KVL_PACKET_BYTES * 8 || !count)
		snprintf(why, why_bytes, "content of %u bits in a packet of %u bits",
			 header->content_size, header->packet_size);
	else if (header->packet_seq_num != seq)
		snprintf(why, why_bytes, "sequence number is %u, not %u", header->packet_seq_num,
			 seq);
	else if (header->xxh3 != payload_hash(packet, count))
		snprintf(why, why_bytes, "checksum of the records is wrong");
	else if (header->content_size != content_bits(packet, count) ||
		 header->timestamp_begin != packet->record[0].ticket ||
		 header->timestamp_end != packet->record[count - 1].ticket)
		snprintf(why, why_bytes, "the header is not that of its records");
	else
		return count;
	return 0;
}

bool packet_rises(const struct packet *packet, u32 count, u64 last)
{
	for (u32 i = 0; i < count; i++) {
		if (packet->record[i].ticket <= last)
			return false;
		last = packet->record[i].ticket;
	}
	return true;
}

u32 packet_claims(const struct packet *packet, size_t bytes, const u8 *uuid)
{
	const struct packet_header *header = &packet->header;

	if (bytes < sizeof(*header) || header->magic != CTF_MAGIC ||
	    header->packet_size != KVL_PACKET_BYTES * 8 ||
	    memcmp(header->uuid, uuid, sizeof(header->uuid)))
		return 0;
	return count_of(header->content_size);
}
