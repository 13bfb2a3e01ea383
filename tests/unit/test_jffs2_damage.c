/* SPDX-License-Identifier: MIT */
/*
 * The guest's JFFS2 reader against what is wrong: damage of each kind, other formats, media that
 * cannot be read, garbage, and wrong fields under right CRCs.
 */
#include "tests/unit/jffs2_build.h"
#include "tests/unit/suite.h"

/* ---- damage and refusal ---------------------------------------------------------------------- */

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

/* ---- hostile media --------------------------------------------------------------------------- */

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

int main(void)
{
	Suite *suite = suite_create("jffs2 damage");
	TCase *c = tcase_create("damage"), *hostile = tcase_create("hostile");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, bad_names_are_damage);
	tcase_add_test(c, each_kind_of_damage_is_named);
	tcase_add_test(c, lengths_that_cannot_be_are_damage);
	tcase_add_test(c, unknown_types_by_their_compatibility);
	tcase_add_test(c, foreign_media_are_refused_by_name);
	tcase_add_test(c, reader_errors_and_lack_of_memory_end_the_mount);
	suite_add_tcase(suite, c);
	tcase_set_timeout(hostile, 60);
	tcase_add_checked_fixture(hostile, setup, teardown);
	tcase_add_test(hostile, garbage_never_crashes);
	tcase_add_test(hostile, wrong_fields_under_right_checksums_never_crash);
	suite_add_tcase(suite, hostile);
	return run_suite(suite);
}
