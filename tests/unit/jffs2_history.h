/* SPDX-License-Identifier: MIT */
/*
 * A file's life as a log file system writes it: each write and each cut is a node, with a version,
 * compressed or not; what was written first stays on the medium. Beside it what the file should
 * then contain. Linux's rules: a write behind the end begins with a node of zeros for the gap.
 */
#ifndef TEST_JFFS2_HISTORY_H
#define TEST_JFFS2_HISTORY_H

#include "tests/unit/jffs2_build.h"
#include "tests/unit/rtime_compress.h"

#define crc32 zlibs_crc32 /* not the guest's */
#include <zlib.h>
#undef crc32

#define HISTORY_NODES 96
#define HISTORY_BYTES 65536

struct history {
	u32 ino, size, nodes;
	struct {
		struct jffs2_inode_body body;
		u8 *data;
	} node[HISTORY_NODES];
	u8 bytes[HISTORY_BYTES]; /* as the file is now */
};

static inline struct history *history_new(u32 ino)
{
	struct history *h = calloc(1, sizeof(*h));

	h->ino = ino;
	return h;
}

static inline void history_free(struct history *h)
{
	for (u32 i = 0; i < h->nodes; i++)
		free(h->node[i].data);
	free(h);
}

static inline struct jffs2_inode_body *history_node(struct history *h, u8 *data, u32 csize)
{
	struct jffs2_inode_body *body = &h->node[h->nodes].body;

	ck_assert_uint_lt(h->nodes, HISTORY_NODES);
	*body = (struct jffs2_inode_body){ .ino = h->ino, .mode = FILE_MODE };
	body->version = h->nodes + 1;
	body->isize = h->size;
	body->csize = csize;
	h->node[h->nodes++].data = data;
	return body;
}

static inline void history_zeros(struct history *h, u32 start, u32 end)
{
	struct jffs2_inode_body *body;

	memset(h->bytes + start, 0, end - start);
	h->size = end > h->size ? end : h->size;
	body = history_node(h, NULL, 0);
	body->offset = start;
	body->dsize = end - start;
	body->compr = JFFS2_COMPR_ZERO;
}

static inline u8 *history_pack(const u8 *data, u32 n, u32 compr, u32 *bytes)
{
	u8 *packed;

	if (compr == JFFS2_COMPR_RTIME)
		return rtime_compress(data, n, bytes);
	packed = malloc(n + 64);
	*bytes = n;
	if (compr == JFFS2_COMPR_ZLIB) {
		uLongf room = n + 64;

		ck_assert_int_eq(compress(packed, &room, data, n), Z_OK);
		*bytes = room;
	} else {
		memcpy(packed, data, n);
	}
	return packed;
}

/* Writes @n <= JFFS2_MAX_NODE_DATA bytes at @at. */
static inline void history_write(struct history *h, u32 at, u32 n, u32 compr)
{
	struct jffs2_inode_body *body;
	u32 bytes;
	u8 *packed;

	if (at > h->size)
		history_zeros(h, h->size, at);
	for (u32 i = at; i < at + n; i++)
		h->bytes[i] = i > at && draw(4) ? h->bytes[i - 1] : draw(256);
	h->size = at + n > h->size ? at + n : h->size;
	packed = history_pack(h->bytes + at, n, compr, &bytes);
	body = history_node(h, packed, bytes);
	body->offset = at;
	body->dsize = n;
	body->compr = compr;
}

static inline void history_cut(struct history *h, u32 size)
{
	if (size > h->size) {
		history_zeros(h, h->size, size);
		return;
	}
	h->size = size;
	history_node(h, NULL, 0)->offset = size;
}

/* @steps of all kinds, none beyond @bytes. */
static inline void history_live(struct history *h, u32 steps, u32 bytes)
{
	static const u8 ways[] = { JFFS2_COMPR_NONE, JFFS2_COMPR_RTIME, JFFS2_COMPR_ZLIB };

	while (steps--) {
		u32 at = draw(2) && h->size < bytes ? h->size : draw(bytes), n = bytes - at;

		n = n > JFFS2_MAX_NODE_DATA - 64 ? JFFS2_MAX_NODE_DATA - 64 : n;
		switch (draw(8)) {
		case 0: history_cut(h, draw(bytes)); break;
		case 1: history_zeros(h, at < h->size ? at : h->size, at + draw(n + 1)); break;
		default: history_write(h, at, draw(n) + 1, ways[draw(3)]);
		}
	}
}

/* Onto the medium: in the order of versions, or in any. */
static inline void history_put(struct medium *medium, const struct history *h, bool in_order)
{
	u32 order[HISTORY_NODES];

	for (u32 i = 0; i < h->nodes; i++) {
		u32 j = in_order ? i : draw(i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (u32 i = 0; i < h->nodes; i++)
		put_data(medium, &h->node[order[i]].body,
			 h->node[order[i]].data ? h->node[order[i]].data : (const u8 *)"");
}

#endif
