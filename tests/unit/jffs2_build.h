/* SPDX-License-Identifier: MIT */
/*
 * JFFS2 images built node by node, every CRC right unless a test makes it wrong; and the medium
 * that they are built on, fresh for each test. One file of a test program includes it.
 */
#ifndef TEST_JFFS2_BUILD_H
#define TEST_JFFS2_BUILD_H

#include "tests/unit/jffs2_rig.h"

#ifndef BLOCK
#define BLOCK KiB(8)
#endif

static inline u32 bitwise_crc(u32 crc, const u8 *p, size_t n)
{
	while (n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
	}
	return crc;
}

static u32 builder_at;

static inline void put_node(struct medium *m, void *node, u32 fixed, u16 type, const void *data,
			    u32 bytes)
{
	struct jffs2_header *h = node;

	if (builder_at / BLOCK != (builder_at + fixed + bytes - 1) / BLOCK)
		builder_at = ALIGN_UP(builder_at, BLOCK);
	h->magic = JFFS2_MAGIC;
	h->type = type;
	h->totlen = fixed + bytes;
	h->hdr_crc = bitwise_crc(0, node, 8);
	ck_assert_uint_le(builder_at + fixed + bytes, m->bytes);
	memcpy(m->data + builder_at, node, fixed);
	if (bytes)
		memcpy(m->data + builder_at + fixed, data, bytes);
	builder_at = ALIGN_UP(builder_at + fixed + bytes, 4);
}

struct dirent_node {
	struct jffs2_header h;
	struct jffs2_dirent_body b;
};

struct inode_node {
	struct jffs2_header h;
	struct jffs2_inode_body b;
};

static inline void fill_header(struct jffs2_header *h, u16 type, u32 totlen)
{
	*h = (struct jffs2_header){ JFFS2_MAGIC, type, totlen, 0 };
	h->hdr_crc = bitwise_crc(0, (const u8 *)h, 8);
}

static inline u32 put_dirent(struct medium *m, u32 pino, u32 version, u32 ino, u32 type,
			     const char *name)
{
	u32 n = strlen(name), at;
	struct dirent_node d = { .b = { .pino = pino, .version = version, .ino = ino } };

	d.b.nsize = n;
	d.b.type = type;
	fill_header(&d.h, JFFS2_DIRENT, sizeof(d) + n);
	d.b.node_crc = bitwise_crc(0, (u8 *)&d, 32);
	d.b.name_crc = bitwise_crc(0, (const u8 *)name, n);
	put_node(m, &d, sizeof(d), JFFS2_DIRENT, name, n);
	at = builder_at - ALIGN_UP(sizeof(d) + n, 4);
	return at;
}

/*
 * An inode node; @body says all but the CRCs. Its csize bytes of data are at @data. Returns its
 * place.
 */
static inline u32 put_data(struct medium *m, const struct jffs2_inode_body *body, const void *data)
{
	struct inode_node i = { .b = *body };
	u32 n = body->csize;

	fill_header(&i.h, JFFS2_INODE, sizeof(i) + n);
	i.b.data_crc = bitwise_crc(0, data, n);
	i.b.node_crc = bitwise_crc(0, (u8 *)&i, 60);
	put_node(m, &i, sizeof(i), JFFS2_INODE, data, n);
	return builder_at - ALIGN_UP(sizeof(i) + n, 4);
}

static inline u32 put_inode(struct medium *m, u32 ino, u32 version, u32 mode, u32 isize, u32 offset,
			    const char *data)
{
	struct jffs2_inode_body body = { .ino = ino, .version = version, .mode = mode };

	body.isize = isize;
	body.offset = offset;
	body.csize = body.dsize = strlen(data);
	return put_data(m, &body, data);
}

static inline void put_bare(struct medium *m, u16 type)
{
	struct jffs2_header h;

	put_node(m, &h, sizeof(h), type, NULL, 0);
}

#define FILE_MODE 0100644
#define DIR_MODE 040755

static struct medium m;

static inline void setup(void)
{
	m = medium_new(4 * BLOCK);
	builder_at = 0;
}

static inline void teardown(void)
{
	free(m.data);
	shim_free();
	shim_page_limit = 0;
}

#endif
