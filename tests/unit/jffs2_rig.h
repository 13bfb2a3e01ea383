/* SPDX-License-Identifier: MIT */
/*
 * The guest's JFFS2 reader on the host: media, both ways of reading them, and what came of it.
 * Pieces are handed out in blocks of exactly the size asked for, so that the address sanitizer sees
 * any read beyond. Holds the guest's sources: one file of a test program includes it.
 */
#ifndef TEST_JFFS2_RIG_H
#define TEST_JFFS2_RIG_H

#include "tests/unit/guest_shim.h"

#include "tests/unit/suite.h"

#include "guest/flash/jffs2_contents.c"
#include "guest/flash/jffs2_index.c"
#include "guest/flash/jffs2_list.c"
#include "guest/flash/jffs2_mount.c"
#include "guest/flash/jffs2_scan.c"
#include "guest/flash/reader.c"
#include "guest/lib/crc32.c"
#include "guest/lib/inflate.c"
#include "guest/lib/list_sort.c"
#include "guest/lib/rtime.c"

static u64 random_state = 88172645463325252ull;

static inline u32 draw(u32 below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 20) % below;
}

/* ---- media ----------------------------------------------------------------------------------- */

struct medium {
	u8 *data;
	u32 bytes;
	void *piece;
	u32 fail_at; /* reads that cover this byte fail; UINT32_MAX: none */
};

static const void *piece_get(struct flash_reader *reader, u32 offset, u32 need, u32 ahead)
{
	struct medium *m = reader->private;

	ck_assert_uint_ge(ahead, need);
	ck_assert_uint_le((u64)offset + ahead, m->bytes);
	free(m->piece);
	m->piece = NULL;
	if (m->fail_at >= offset && m->fail_at < offset + need)
		return NULL;
	m->piece = malloc(need);
	memcpy(m->piece, m->data + offset, need);
	flash_reader_note(reader, offset, need);
	return m->piece;
}

static void piece_put(struct flash_reader *reader)
{
	struct medium *m = reader->private;

	free(m->piece);
	m->piece = NULL;
}

static const struct flash_reader_ops by_piece = { .get = piece_get, .put = piece_put };
static const struct flash_reader_ops by_pointer = { 0 };

static struct flash_reader reader_of(struct medium *m, bool pieces)
{
	return (struct flash_reader){
		.ops = pieces ? &by_piece : &by_pointer,
		.bytes = m->bytes,
		.bus_shift = 1,
		.base = pieces ? NULL : m->data,
		.private = m,
	};
}

static bool rig_reads_contents; /* one more pass, and a column of the listing */

struct outcome {
	enum jffs2_status status;
	struct jffs2_counts counts;
	u64 words;
	u32 errors;
};

/* Mounts, verifies, lists; the text stays in shim_text. Everything must have been given back. */
static inline struct outcome run_reader(struct medium *m, u32 block, bool pieces)
{
	struct flash_reader reader = reader_of(m, pieces);
	struct outcome out = { 0 };
	struct jffs2 *fs;

	shim_clear();
	shim_words = 0;
	out.status = jffs2_mount(&reader, block, &fs);
	if (!out.status) {
		jffs2_verify(fs);
		if (rig_reads_contents)
			jffs2_read_contents(fs);
		jffs2_list(fs, UINT32_MAX);
		out.counts = *jffs2_counts(fs);
		jffs2_unmount(fs);
	}
	out.words = reader.words;
	out.errors = reader.errors;
	ck_assert_uint_eq(shim_words, reader.words);
	ck_assert_uint_eq(shim_pages, 0);
	ck_assert_ptr_null(m->piece);
	return out;
}

static struct medium medium_new(u32 bytes)
{
	struct medium m = { malloc(bytes), bytes, NULL, UINT32_MAX };

	memset(m.data, 0xff, bytes);
	return m;
}

static inline bool printed(const char *text)
{
	return shim_text && strstr(shim_text, text);
}

/* Runs both ways of reading; they must agree on everything but nothing else. */
static inline struct outcome run_both(struct medium *m, u32 block)
{
	struct outcome a = run_reader(m, block, false), b;
	char *text = strdup(shim_text ? shim_text : "");

	b = run_reader(m, block, true);
	ck_assert_str_eq(text, shim_text ? shim_text : "");
	ck_assert_int_eq(a.status, b.status);
	ck_assert_mem_eq(&a.counts, &b.counts, sizeof(a.counts));
	ck_assert_uint_eq(a.words, b.words);
	free(text);
	return a;
}

#endif
