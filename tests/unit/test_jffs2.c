/* SPDX-License-Identifier: MIT */
/*
 * The guest's JFFS2 reader against images built here node by node: the rules of the format, damage
 * of each kind, garbage, and wrong fields under right CRCs. Images of mkfs.jffs2 are
 * test_jffs2_images.c's.
 */
#include "tests/unit/jffs2_rig.h"
#include "tests/unit/suite.h"

#define BLOCK KiB(8)

static u32 bitwise_crc(u32 crc, const u8 *p, size_t n)
{
	while (n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
	}
	return crc;
}

/* ---- images built here ------------------------------------------------------------------------- */

static u32 builder_at;

static void put_node(struct medium *m, void *node, u32 fixed, u16 type, const void *data, u32 bytes)
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

static void fill_header(struct jffs2_header *h, u16 type, u32 totlen)
{
	*h = (struct jffs2_header){ JFFS2_MAGIC, type, totlen, 0 };
	h->hdr_crc = bitwise_crc(0, (const u8 *)h, 8);
}

static u32 put_dirent(struct medium *m, u32 pino, u32 version, u32 ino, u32 type, const char *name)
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

static u32 put_inode(struct medium *m, u32 ino, u32 version, u32 mode, u32 isize, u32 offset,
		     const char *data)
{
	u32 n = strlen(data);
	struct inode_node i = { .b = { .ino = ino, .version = version, .mode = mode } };

	i.b.isize = isize;
	i.b.offset = offset;
	i.b.csize = i.b.dsize = n;
	fill_header(&i.h, JFFS2_INODE, sizeof(i) + n);
	i.b.data_crc = bitwise_crc(0, (const u8 *)data, n);
	i.b.node_crc = bitwise_crc(0, (u8 *)&i, 60);
	put_node(m, &i, sizeof(i), JFFS2_INODE, data, n);
	return builder_at - ALIGN_UP(sizeof(i) + n, 4);
}

static void put_bare(struct medium *m, u16 type)
{
	struct jffs2_header h;

	put_node(m, &h, sizeof(h), type, NULL, 0);
}

#define FILE_MODE 0100644
#define DIR_MODE 040755

/* ---- CRC and sort ------------------------------------------------------------------------------ */

START_TEST(crc_equals_its_definition)
{
	u8 data[400];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = draw(256);
	for (u32 start = 0; start < 9; start++)
		for (u32 n = 0; n + start <= 300; n++)
			ck_assert_uint_eq(crc32(start * 77, data + start, n),
					  bitwise_crc(start * 77, data + start, n));
	ck_assert_uint_eq(crc32(~0u, "123456789", 9) ^ ~0u, 0xCBF43926);
}
END_TEST

struct sort_item {
	struct list_link link;
	u32 key, order;
};

static int by_key(const struct list_link *a, const struct list_link *b)
{
	u32 x = ((const struct sort_item *)a)->key, y = ((const struct sort_item *)b)->key;

	return x < y ? -1 : x > y;
}

START_TEST(sort_is_stable_and_keeps_all)
{
	static struct sort_item item[700];

	for (u32 n = 0; n <= 700; n = n * 2 + 1) {
		struct list_link *first = NULL;
		u32 seen = 0;

		for (u32 i = n; i--;) {
			item[i] = (struct sort_item){ { first }, draw(n / 3 + 1), i };
			first = &item[i].link;
		}
		first = list_sort(first, by_key);
		for (struct list_link *l = first; l; l = l->next, seen++) {
			const struct sort_item *a = (struct sort_item *)l;
			const struct sort_item *b = (struct sort_item *)l->next;

			ck_assert(!b || a->key < b->key ||
				  (a->key == b->key && a->order < b->order));
		}
		ck_assert_uint_eq(seen, n);
	}
}
END_TEST

/* ---- rules of the format ----------------------------------------------------------------------- */

static struct medium m;

static void setup(void)
{
	m = medium_new(4 * BLOCK);
	builder_at = 0;
}

static void teardown(void)
{
	free(m.data);
	shim_free();
	shim_page_limit = 0;
}

START_TEST(newest_version_wins_and_names_are_deleted)
{
	struct outcome out;

	put_dirent(&m, 1, 5, 3, 8, "twice"); /* the newer one comes first */
	put_dirent(&m, 1, 2, 2, 8, "twice");
	put_dirent(&m, 1, 1, 4, 8, "gone");
	put_dirent(&m, 1, 9, 0, 8, "gone");
	put_inode(&m, 2, 1, FILE_MODE, 3, 0, "old");
	put_inode(&m, 3, 2, FILE_MODE, 5, 0, "newer");
	put_inode(&m, 3, 1, FILE_MODE, 9, 0, "xxxxxxxxx");
	put_inode(&m, 4, 1, FILE_MODE, 0, 0, "");
	out = run_both(&m, BLOCK);
	ck_assert_int_eq(out.status, JFFS2_OK);
	ck_assert(printed("ls: -         5     2  ok      /twice\n"));
	ck_assert(!printed("/gone"));
	ck_assert_uint_eq(out.counts.superseded, 2);
	ck_assert_uint_eq(out.counts.deleted, 1);
	ck_assert_uint_eq(out.counts.orphans, 2);
	ck_assert_uint_eq(out.counts.stale_nodes, 1);
	ck_assert_uint_eq(out.counts.data_checked, 3);
	ck_assert_uint_eq(out.counts.damaged, 0);
}
END_TEST

START_TEST(obsolete_nodes_do_not_count)
{
	struct outcome out;
	u32 at;

	put_dirent(&m, 1, 1, 2, 8, "file");
	put_inode(&m, 2, 1, FILE_MODE, 3, 0, "abc");
	at = put_inode(&m, 2, 2, FILE_MODE, 7, 0, "abcdefg");
	m.data[at + 3] &= ~(JFFS2_ACCURATE >> 8); /* cleared in place, as on a chip */
	out = run_both(&m, BLOCK);
	ck_assert(printed("ls: -         3     1  ok      /file\n"));
	ck_assert_uint_eq(out.counts.obsolete, 1);
	ck_assert_uint_eq(out.counts.damaged, 0);
}
END_TEST

START_TEST(parts_of_a_file_that_no_node_covers_are_holes)
{
	put_dirent(&m, 1, 1, 2, 8, "hole");
	put_inode(&m, 2, 1, FILE_MODE, 9, 0, "abc");
	put_inode(&m, 2, 2, FILE_MODE, 9, 6, "ghi");
	put_dirent(&m, 1, 2, 3, 8, "whole");
	put_inode(&m, 3, 1, FILE_MODE, 9, 6, "ghi");
	put_inode(&m, 3, 2, FILE_MODE, 9, 0, "abc");
	put_inode(&m, 3, 3, FILE_MODE, 9, 2, "cdefg");
	put_dirent(&m, 1, 3, 4, 8, "tail");
	put_inode(&m, 4, 1, FILE_MODE, 9, 0, "abc");
	run_both(&m, BLOCK);
	ck_assert(printed("ls: -         9     2  hole    /hole\n"));
	ck_assert(printed("ls: -         9     3  ok      /whole\n"));
	ck_assert(printed("ls: -         9     1  hole    /tail\n"));
}
END_TEST

/* A bitmap of the file's bytes is the model for which nodes still count. */
START_TEST(live_nodes_agree_with_a_model)
{
	for (u32 round = 0; round < 300; round++) {
		u32 n = 1 + draw(12), isize = 0, want_stale = 0, offset[12], bytes[12];
		u8 covered[64] = { 0 };
		bool hole = false;
		struct outcome out;

		memset(m.data, 0xff, m.bytes);
		builder_at = 0;
		put_dirent(&m, 1, 1, 2, 8, "f");
		for (u32 v = 0; v < n; v++) {
			char text[33] = { 0 };

			offset[v] = draw(32);
			bytes[v] = draw(32);
			isize = draw(64);
			memset(text, 'x', bytes[v]);
			put_inode(&m, 2, v + 1, FILE_MODE, isize, offset[v], text);
		}
		for (u32 v = n; v--;) {
			bool live = v == n - 1;

			for (u32 b = offset[v]; b < offset[v] + bytes[v] && b < isize; b++) {
				live |= !covered[b];
				covered[b] = 1;
			}
			want_stale += !live;
		}
		for (u32 b = 0; b < isize; b++)
			hole |= !covered[b];
		out = run_both(&m, BLOCK);
		ck_assert_uint_eq(out.counts.stale_nodes, want_stale);
		ck_assert(printed(hole ? "hole    /f" : "ok      /f"));
	}
}
END_TEST

START_TEST(names_without_inode_and_inodes_without_name_are_counted)
{
	struct outcome out;

	put_dirent(&m, 1, 1, 7, 8, "nobody");
	put_inode(&m, 9, 1, FILE_MODE, 1, 0, "x");
	put_dirent(&m, 33, 1, 9, 8, "nowhere");
	out = run_both(&m, BLOCK);
	ck_assert(printed("missing /nobody\n"));
	ck_assert(!printed("nowhere"));
	ck_assert_uint_eq(out.counts.dangling, 1);
}
END_TEST

START_TEST(loops_and_second_links_of_directories_end)
{
	struct outcome out;

	put_dirent(&m, 1, 1, 2, 4, "a");
	put_inode(&m, 2, 1, DIR_MODE, 0, 0, "");
	put_dirent(&m, 2, 1, 3, 4, "b");
	put_inode(&m, 3, 1, DIR_MODE, 0, 0, "");
	put_dirent(&m, 3, 1, 2, 4, "up");
	put_dirent(&m, 3, 2, 1, 4, "root");
	put_dirent(&m, 3, 3, 3, 4, "self");
	out = run_both(&m, BLOCK);
	ck_assert_int_eq(out.status, JFFS2_OK);
	ck_assert_uint_eq(out.counts.unreachable, 3);
	ck_assert(printed("/a/b/up\n"));
	ck_assert(!printed("/a/b/up/"));
}
END_TEST

START_TEST(depth_and_path_are_bounded)
{
	struct outcome out;
	char name[250];

	for (u32 i = 0; i < 200; i++) {
		put_dirent(&m, i ? i + 10 : 1, 1, i + 11, 4, "d");
		put_inode(&m, i + 11, 1, DIR_MODE, 0, 0, "");
	}
	out = run_both(&m, BLOCK);
	ck_assert_uint_eq(out.counts.unreachable, 1);
	ck_assert(printed("too deep"));

	memset(m.data, 0xff, m.bytes);
	builder_at = 0;
	memset(name, '\\', sizeof(name) - 1); /* four characters each when printed */
	name[sizeof(name) - 1] = '\0';
	for (u32 i = 0; i < 6; i++) {
		put_dirent(&m, i ? i + 10 : 1, 1, i + 11, 4, name);
		put_inode(&m, i + 11, 1, DIR_MODE, 0, 0, "");
	}
	out = run_both(&m, BLOCK);
	ck_assert_uint_eq(out.counts.unreachable, 1);
	ck_assert(printed("too long"));
}
END_TEST

START_TEST(unknown_types_by_their_compatibility)
{
	struct outcome out;

	put_bare(&m, JFFS2_CLEANMARKER);
	put_bare(&m, JFFS2_ACCURATE | 0x77);
	put_bare(&m, JFFS2_ACCURATE | JFFS2_RWCOMPAT_COPY | 0x77);
	put_bare(&m, JFFS2_ACCURATE | JFFS2_ROCOMPAT | 0x77);
	out = run_both(&m, BLOCK);
	ck_assert_int_eq(out.status, JFFS2_OK);
	ck_assert_uint_eq(out.counts.unknown, 3);
	ck_assert_uint_eq(out.counts.cleanmarkers, 1);
	put_bare(&m, JFFS2_ACCURATE | JFFS2_INCOMPAT | 0x77);
	ck_assert_int_eq(run_both(&m, BLOCK).status, JFFS2_INCOMPATIBLE);
}
END_TEST

START_TEST(bad_names_are_damage)
{
	static const char *const bad[] = { ".", "..", "a/b", "/" };
	struct outcome out;

	for (u32 i = 0; i < ARRAY_LEN(bad); i++)
		put_dirent(&m, 1, i, 2, 8, bad[i]);
	put_dirent(&m, 1, 9, 2, 8, "...");
	put_inode(&m, 2, 1, FILE_MODE, 0, 0, "");
	out = run_both(&m, BLOCK);
	ck_assert_uint_eq(out.counts.damage[JFFS2_BAD_NAME], ARRAY_LEN(bad));
	ck_assert_uint_eq(out.counts.damaged, ARRAY_LEN(bad));
	ck_assert(printed("ls: -         0     1  ok      /...\n"));
}
END_TEST

START_TEST(control_bytes_are_escaped)
{
	put_dirent(&m, 1, 1, 2, 8, "a\n\x1b\\b \xc3\xa4");
	put_inode(&m, 2, 1, FILE_MODE, 0, 0, "");
	run_both(&m, BLOCK);
	ck_assert(printed("/a\\x0a\\x1b\\x5cb \xc3\xa4\n"));
}
END_TEST

START_TEST(each_kind_of_damage_is_named)
{
	struct outcome out;
	u32 dirent, inode;

	put_bare(&m, JFFS2_CLEANMARKER);
	put_dirent(&m, 1, 1, 2, 8, "good");
	dirent = put_dirent(&m, 1, 2, 3, 8, "other");
	inode = put_inode(&m, 2, 1, FILE_MODE, 4, 0, "data");
	put_inode(&m, 3, 1, FILE_MODE, 4, 0, "more");
#define FLIPPED(byte, kind)                                                            \
	do {                                                                           \
		m.data[byte] ^= 0x10;                                                  \
		out = run_both(&m, BLOCK);                                             \
		m.data[byte] ^= 0x10;                                                  \
		ck_assert_msg(out.counts.damage[kind] == 1 && out.counts.damaged == 1, \
			      "byte %u: %s", (unsigned)(byte), shim_text);             \
	} while (0)
	FLIPPED(dirent, JFFS2_GARBAGE);
	FLIPPED(dirent + 5, JFFS2_HEADER_CRC);
	FLIPPED(dirent + 9, JFFS2_HEADER_CRC);
	FLIPPED(dirent + 17, JFFS2_NODE_CRC);
	FLIPPED(dirent + 30, JFFS2_NODE_CRC);
	FLIPPED(dirent + 33, JFFS2_NODE_CRC);
	FLIPPED(dirent + 37, JFFS2_NAME_CRC);
	FLIPPED(dirent + 41, JFFS2_NAME_CRC);
	FLIPPED(inode + 44, JFFS2_NODE_CRC);
	FLIPPED(inode + 61, JFFS2_DATA_CRC);
	ck_assert(printed("ls: -         4     1  bad     /good\n"));
	ck_assert(printed("ls: -         4     1  ok      /other\n"));
	FLIPPED(inode + 70, JFFS2_DATA_CRC);
	FLIPPED(3 * BLOCK + 99, JFFS2_GARBAGE);
	ck_assert_uint_eq(run_both(&m, BLOCK).counts.damaged, 0);
}
END_TEST

START_TEST(lengths_that_cannot_be_are_damage)
{
	struct outcome out;
	struct inode_node i = { .b = { .ino = 2, .csize = 1000 } };
	struct dirent_node d = { .b = { .pino = 1, .ino = 2, .nsize = 200 } };
	struct jffs2_header h;

	fill_header(&i.h, JFFS2_INODE, sizeof(i));
	i.b.node_crc = bitwise_crc(0, (u8 *)&i, 60);
	put_node(&m, &i, sizeof(i), JFFS2_INODE, NULL, 0); /* csize beyond the node */
	i.b.csize = 0;
	i.b.offset = 0xfffffff0;
	i.b.dsize = 0x20;
	i.b.node_crc = bitwise_crc(0, (u8 *)&i, 60);
	put_node(&m, &i, sizeof(i), JFFS2_INODE, NULL, 0); /* offset + dsize wraps */
	fill_header(&d.h, JFFS2_DIRENT, sizeof(d));
	d.b.node_crc = bitwise_crc(0, (u8 *)&d, 32);
	put_node(&m, &d, sizeof(d), JFFS2_DIRENT, NULL, 0); /* name beyond the node */
	put_bare(&m, JFFS2_INODE);			    /* no body */
	put_bare(&m, JFFS2_DIRENT);
	put_bare(&m, JFFS2_SUMMARY);
	fill_header(&h, JFFS2_PADDING, BLOCK); /* crosses the block */
	memcpy(m.data + builder_at, &h, sizeof(h));
	fill_header(&h, JFFS2_PADDING, 8); /* shorter than a header */
	memcpy(m.data + BLOCK, &h, sizeof(h));
	fill_header(&h, JFFS2_PADDING, 0x7ffffff0);
	memcpy(m.data + 2 * BLOCK, &h, sizeof(h));
	out = run_both(&m, BLOCK);
	ck_assert_uint_eq(out.counts.damage[JFFS2_LENGTH], 9);
	ck_assert_uint_eq(out.counts.damaged, 9);
}
END_TEST

START_TEST(foreign_media_are_refused_by_name)
{
	struct outcome out = run_both(&m, BLOCK);

	ck_assert_int_eq(out.status, JFFS2_OK); /* erased: an empty file system */
	ck_assert_uint_eq(out.counts.empty_blocks, 4);
	ck_assert_uint_eq(out.words, 4 * JFFS2_EMPTY_SCAN / 2);
	memset(m.data, 0, m.bytes);
	ck_assert_int_eq(run_both(&m, BLOCK).status, JFFS2_NO_NODES);
	memcpy(m.data + BLOCK, "\x19\x85", 2);
	ck_assert_int_eq(run_both(&m, BLOCK).status, JFFS2_BIG_ENDIAN);
	memcpy(m.data + BLOCK, "\x84\x19", 2);
	ck_assert_int_eq(run_both(&m, BLOCK).status, JFFS2_OLD_FORMAT);
	ck_assert_int_eq(run_both(&m, BLOCK - 4096 + 100).status, JFFS2_BAD_GEOMETRY);
	ck_assert_int_eq(run_both(&m, 2048).status, JFFS2_BAD_GEOMETRY);
	ck_assert_int_eq(run_both(&m, 8 * BLOCK).status, JFFS2_BAD_GEOMETRY);
	ck_assert_int_eq(run_both(&m, 0).status, JFFS2_BAD_GEOMETRY);
}
END_TEST

START_TEST(reader_errors_and_lack_of_memory_end_the_mount)
{
	struct outcome out;

	put_dirent(&m, 1, 1, 2, 8, "file");
	put_inode(&m, 2, 1, FILE_MODE, 3, 0, "abc");
	m.fail_at = 60;
	out = run_reader(&m, BLOCK, true);
	ck_assert_int_eq(out.status, JFFS2_UNREADABLE);
	ck_assert_uint_gt(out.errors, 0);
	m.fail_at = UINT32_MAX;
	for (u32 i = 0; i < 300; i++)
		put_inode(&m, 3 + i, 1, FILE_MODE, 0, 0, "");
	shim_page_limit = 2;
	ck_assert_int_eq(run_reader(&m, BLOCK, true).status, JFFS2_NO_MEMORY);
}
END_TEST

START_TEST(a_piece_outside_the_partition_ends_the_run)
{
	struct flash_reader reader = reader_of(&m, false);

	shim_panic_expected = true;
	if (!setjmp(shim_panic_to)) {
		flash_reader_get(&reader, m.bytes - 8, 12, 12);
		ck_abort_msg("not noticed");
	}
	shim_panic_expected = false;
	ck_assert_str_eq(shim_panic_name, "flash reader out of range");
}
END_TEST

START_TEST(words_and_pages_are_accounted)
{
	u32 touched[1] = { 0 };
	struct flash_reader reader = reader_of(&m, false);

	reader.touched = touched;
	flash_reader_get(&reader, 1, 2, 2); /* two bus words */
	flash_reader_get(&reader, 4, 8, 8);
	flash_reader_get(&reader, 4094, 4, 4); /* two pages */
	flash_reader_get(&reader, 4096, 1, 1);
	ck_assert_uint_eq(reader.words, 2 + 4 + 2 + 1);
	ck_assert_uint_eq(reader.pages_touched, 2);
	ck_assert_uint_eq(touched[0], 3);
}
END_TEST

/* ---- hostile media ----------------------------------------------------------------------------- */

START_TEST(garbage_never_crashes)
{
	for (u32 round = 0; round < 50; round++) {
		for (u32 i = 0; i < m.bytes; i++)
			m.data[i] = draw(256);
		for (u32 i = 0; i < draw(200); i++) { /* with headers that pass */
			struct jffs2_header h;
			static const u16 types[] = { JFFS2_DIRENT,  JFFS2_INODE,      JFFS2_SUMMARY,
						     JFFS2_PADDING, JFFS2_XATTR,      JFFS2_XREF,
						     0x2077,	    JFFS2_CLEANMARKER };

			fill_header(&h, types[draw(ARRAY_LEN(types))],
				    draw(4) ? draw(300) : draw(0x7fffffff));
			memcpy(m.data + draw(m.bytes / 4 - 3) * 4, &h, sizeof(h));
		}
		run_both(&m, BLOCK);
	}
}
END_TEST

/* Small random numbers in all fields under correct CRCs: loops, links to nowhere, overlaps. */
START_TEST(wrong_fields_under_right_checksums_never_crash)
{
	for (u32 round = 0; round < 300; round++) {
		memset(m.data, 0xff, m.bytes);
		builder_at = 0;
		for (u32 i = 0; i < 80; i++) {
			char name[4] = { 'a' + draw(3), draw(2) ? 'a' + draw(3) : 0, 0 };

			if (draw(2))
				put_dirent(&m, 1 + draw(6), draw(5), draw(7), draw(256), name);
			else
				put_inode(&m, 1 + draw(6), draw(5),
					  draw(3) ? DIR_MODE : draw(65536),
					  draw(2) ? draw(9) : draw(0x7fffffff),
					  draw(2) ? draw(9) : draw(0x7fffffff), name);
		}
		ck_assert_int_eq(run_both(&m, BLOCK).status, JFFS2_OK);
	}
}
END_TEST

static void add_rules(Suite *suite)
{
	TCase *c = tcase_create("rules");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, newest_version_wins_and_names_are_deleted);
	tcase_add_test(c, obsolete_nodes_do_not_count);
	tcase_add_test(c, parts_of_a_file_that_no_node_covers_are_holes);
	tcase_add_test(c, live_nodes_agree_with_a_model);
	tcase_add_test(c, names_without_inode_and_inodes_without_name_are_counted);
	tcase_add_test(c, loops_and_second_links_of_directories_end);
	tcase_add_test(c, depth_and_path_are_bounded);
	tcase_add_test(c, unknown_types_by_their_compatibility);
	tcase_add_test(c, bad_names_are_damage);
	tcase_add_test(c, control_bytes_are_escaped);
	tcase_add_test(c, each_kind_of_damage_is_named);
	tcase_add_test(c, lengths_that_cannot_be_are_damage);
	tcase_add_test(c, foreign_media_are_refused_by_name);
	tcase_add_test(c, reader_errors_and_lack_of_memory_end_the_mount);
	tcase_add_test(c, a_piece_outside_the_partition_ends_the_run);
	tcase_add_test(c, words_and_pages_are_accounted);
	suite_add_tcase(suite, c);
}

static void add_hostile(Suite *suite)
{
	TCase *c = tcase_create("hostile");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, garbage_never_crashes);
	tcase_add_test(c, wrong_fields_under_right_checksums_never_crash);
	suite_add_tcase(suite, c);
}

int main(void)
{
	Suite *suite = suite_create("jffs2");
	TCase *base = tcase_create("crc and sort");

	tcase_add_test(base, crc_equals_its_definition);
	tcase_add_test(base, sort_is_stable_and_keeps_all);
	suite_add_tcase(suite, base);
	add_rules(suite);
	add_hostile(suite);
	return run_suite(suite);
}
