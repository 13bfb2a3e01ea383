/* SPDX-License-Identifier: MIT */
/*
 * Messages in the wire format of Protocol Buffers: fields are appended, one by one. The caller sees
 * to it that a message fits; one that does not is never written.
 */
#ifndef KVL_TRACE_PROTO_H
#define KVL_TRACE_PROTO_H

#include <stdio.h>

#include "devices/abi/types.h"

struct proto {
	size_t used;
	bool full;
	u8 data[4096];
};

void proto_varint(struct proto *proto, u32 field, u64 value);
void proto_fixed64(struct proto *proto, u32 field, u64 value);
void proto_text(struct proto *proto, u32 field, const char *text);

/* A message within the message: what is appended between the two. proto_end() takes proto_begin()'s
 * result. */
size_t proto_begin(struct proto *proto, u32 field);
void proto_end(struct proto *proto, size_t begin);

/* Writes all of it to @out, and empties it. */
void proto_put(struct proto *proto, FILE *out);

#endif
