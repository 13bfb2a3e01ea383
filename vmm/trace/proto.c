/* SPDX-License-Identifier: MIT */
/* Owns the bytes of protobuf's wire format. What the fields mean: perfetto.c. */
#include "vmm/trace/proto.h"

#include <string.h>

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };

/* Inner lengths are written when they are known, in the place of a varint of this many bytes. */
#define LENGTH_BYTES 2

static void put(struct proto *proto, const void *bytes, size_t n)
{
	if (n > sizeof(proto->data) - proto->used) {
		proto->full = true;
		return;
	}
	memcpy(proto->data + proto->used, bytes, n);
	proto->used += n;
}

static void put_varint(struct proto *proto, u64 value)
{
	u8 bytes[10];
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[n++] = (u8)(value | 0x80);
	bytes[n++] = (u8)value;
	put(proto, bytes, n);
}

static void put_tag(struct proto *proto, u32 field, enum wire wire)
{
	put_varint(proto, field << 3 | wire);
}

void proto_varint(struct proto *proto, u32 field, u64 value)
{
	put_tag(proto, field, WIRE_VARINT);
	put_varint(proto, value);
}

void proto_fixed64(struct proto *proto, u32 field, u64 value)
{
	put_tag(proto, field, WIRE_FIXED64);
	put(proto, &value, sizeof(value));
}

void proto_text(struct proto *proto, u32 field, const char *text)
{
	put_tag(proto, field, WIRE_BYTES);
	put_varint(proto, strlen(text));
	put(proto, text, strlen(text));
}

size_t proto_begin(struct proto *proto, u32 field)
{
	static const u8 room[LENGTH_BYTES];

	put_tag(proto, field, WIRE_BYTES);
	put(proto, room, sizeof(room));
	return proto->used;
}

/* Two bytes even for what one could say: readers must take that. */
void proto_end(struct proto *proto, size_t begin)
{
	size_t n = proto->used - begin;

	if (proto->full)
		return;
	proto->data[begin - LENGTH_BYTES] = (u8)(n | 0x80);
	proto->data[begin - 1] = (u8)(n >> 7);
}

void proto_put(struct proto *proto, FILE *out)
{
	if (!proto->full)
		fwrite(proto->data, 1, proto->used, out);
	proto->used = 0;
	proto->full = false;
}
