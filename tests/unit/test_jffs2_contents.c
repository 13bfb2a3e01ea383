/* SPDX-License-Identifier: MIT */
/*
 * What the guest's JFFS2 reader finds in files: histories of writes and cuts against the bytes that
 * they should leave, then what a node can say wrongly although its CRCs are right.
 */
#include "tests/unit/jffs2_history.h"
#include "tests/unit/suite.h"

static void setup_contents(void)
{
	m = medium_new(64 * BLOCK);
	builder_at = 0;
	rig_reads_contents = true;
}

/* The row of a regular file that is what @bytes say. */
static void expect_file(const char *path, const void *bytes, u32 n, u32 nodes,
			const char *verdict_text)
{
	char row[128];

	snprintf(row, sizeof(row), "ls: - %9u %5u  %-7s %08x  %s\n", n, nodes, verdict_text,
		 ~bitwise_crc(~0u, bytes, n), path);
	ck_assert_msg(printed(row), "no row %sin\n%s", row, shim_text);
}

START_TEST(zeros_are_skipped_in_the_crc)
{
	static const u8 zeros[5000];

	for (u32 n = 0; n < sizeof(zeros); n = n * 5 / 4 + 1)
		for (u32 k = 0; k < 5; k++) {
			u32 crc = draw(UINT32_MAX);

			ck_assert_uint_eq(crc32_zeros(crc, n), bitwise_crc(crc, zeros, n));
		}
	/* x^(2^32 - 1) is 1 modulo a primitive polynomial, so 8 times that is too */
	ck_assert_uint_eq(crc32_zeros(0x12345678, UINT32_MAX), 0x12345678);
}
END_TEST

START_TEST(histories_leave_what_they_should)
{
	for (u32 turn = 0; turn < 60; turn++) {
		struct history *h = history_new(2);
		struct outcome out;
		char *hole;

		memset(m.data, 0xff, m.bytes);
		builder_at = 0;
		put_dirent(&m, 1, 1, 2, 8, "file");
		history_live(h, 1 + draw(turn < 30 ? 40 : 4), turn & 1 ? 300 : 20000);
		history_put(&m, h, turn & 2);
		out = run_both(&m, BLOCK);
		ck_assert_int_eq(out.status, JFFS2_OK);
		ck_assert_uint_eq(out.counts.damaged, 0);
		ck_assert_uint_eq(out.counts.files_read, 1);
		ck_assert_uint_eq(out.counts.files_unread, 0);
		ck_assert_uint_eq(out.counts.contents_bytes, h->size);
		hole = strstr(shim_text, "  hole ");
		expect_file("/file", h->bytes, h->size, h->nodes, hole ? "hole" : "ok");
		history_free(h);
	}
}
END_TEST

START_TEST(bytes_that_no_node_has_are_zeros)
{
	u8 want[9] = "abc\0\0\0ghi";

	put_dirent(&m, 1, 1, 2, 8, "hole");
	put_inode(&m, 2, 1, FILE_MODE, 9, 0, "abc");
	put_inode(&m, 2, 2, FILE_MODE, 9, 6, "ghi");
	put_dirent(&m, 1, 2, 3, 8, "huge");
	put_inode(&m, 3, 1, FILE_MODE, UINT32_MAX, 0, "");
	put_dirent(&m, 1, 3, 4, 8, "empty");
	put_inode(&m, 4, 1, FILE_MODE, 0, 0, "");
	run_both(&m, BLOCK);
	expect_file("/hole", want, 9, 2, "hole");
	expect_file("/empty", "", 0, 1, "ok");
	ck_assert(printed("ls: - 4294967295     1  hole    00000000  /huge\n"));
}
END_TEST

START_TEST(names_links_and_devices)
{
	const u8 old_number[] = { 3, 4 }, number[] = { 0x2c, 5, 0x10, 0 };
	struct jffs2_inode_body device = { .ino = 4, .version = 1, .mode = 020644 };
	struct outcome out;

	put_dirent(&m, 1, 1, 2, 8, "one");
	put_inode(&m, 2, 1, FILE_MODE, 3, 0, "abc");
	put_dirent(&m, 1, 2, 2, 8, "two"); /* a hard link */
	put_dirent(&m, 1, 3, 3, 10, "link");
	put_inode(&m, 3, 1, 0120777, 3, 0, "one");
	put_dirent(&m, 1, 4, 4, 2, "char");
	device.csize = device.dsize = 2;
	put_data(&m, &device, old_number);
	put_dirent(&m, 1, 5, 5, 6, "block");
	device = (struct jffs2_inode_body){ .ino = 5, .version = 1, .mode = 060644 };
	device.csize = device.dsize = 4;
	put_data(&m, &device, number);
	put_dirent(&m, 1, 6, 6, 4, "dir");
	put_inode(&m, 6, 1, DIR_MODE, 0, 0, "");
	put_dirent(&m, 1, 7, 7, 8, "gone");
	put_inode(&m, 7, 1, FILE_MODE, 3, 0, "xyz");
	put_dirent(&m, 1, 8, 0, 8, "gone");
	out = run_both(&m, BLOCK);
	expect_file("/one", "abc", 3, 1, "ok");
	expect_file("/two", "abc", 3, 1, "ok");
	ck_assert(printed("ls: l         3     1  ok      7a6c86f1  /link\n"));
	ck_assert(printed("ls: c         0     1  ok      4:3       /char\n"));
	ck_assert(printed("ls: b         0     1  ok      5:300     /block\n"));
	ck_assert(printed("ls: d         0     1  ok      -         /dir\n"));
	ck_assert(!printed("/gone"));
	ck_assert_uint_eq(out.counts.files_read, 4); /* not what has no name */
	ck_assert_uint_eq(out.counts.deleted, 1);
}
END_TEST

/* A file of one node of which one thing is wrong, and what is said of its contents. */
static struct outcome one_node(u32 compr, u32 csize, u32 dsize, const void *data, const char *said)
{
	struct jffs2_inode_body body = { .ino = 2, .version = 1, .mode = FILE_MODE };
	struct outcome out;
	char row[80];

	memset(m.data, 0xff, m.bytes);
	builder_at = 0;
	body.isize = body.dsize = dsize;
	body.csize = csize;
	body.compr = compr;
	put_dirent(&m, 1, 1, 2, 8, "file");
	put_data(&m, &body, data);
	out = run_both(&m, BLOCK);
	snprintf(row, sizeof(row), "  ok      %-10s/file\n", said);
	ck_assert_msg(printed(row), "no %sin\n%s", row, shim_text);
	ck_assert_uint_eq(out.counts.files_unread, 1);
	return out;
}

START_TEST(nodes_that_do_not_expand_are_named)
{
	static u8 data[6000];
	const u32 ways[] = { JFFS2_COMPR_NONE, JFFS2_COMPR_RTIME, JFFS2_COMPR_ZLIB };

	for (u32 i = 0; i < 3; i++) {
		struct outcome out;
		u32 bytes;
		u8 *packed = history_pack(data, 1000, ways[i], &bytes);

		out = one_node(ways[i], bytes, 1001, packed, "bad");
		ck_assert_uint_eq(out.counts.damage[JFFS2_EXPANSION], 1);
		out = one_node(ways[i], bytes, 999, packed, "bad");
		ck_assert_uint_eq(out.counts.damage[JFFS2_EXPANSION], 1);
		one_node(ways[i], 0, 5, packed, "bad");
		one_node(ways[i], 100, JFFS2_MAX_NODE_DATA + 1, data, "unknown");
		one_node(ways[i], sizeof(data), 100, data, "unknown");
		free(packed);
	}
	for (u32 way = 0; way < 256; way++)
		if (way != JFFS2_COMPR_NONE && way != JFFS2_COMPR_ZERO &&
		    way != JFFS2_COMPR_RTIME && way != JFFS2_COMPR_ZLIB)
			ck_assert_uint_eq(one_node(way, 10, 10, data, "unknown").counts.damaged, 0);
}
END_TEST

START_TEST(damaged_data_is_not_expanded)
{
	struct outcome out;
	u32 at;

	put_dirent(&m, 1, 1, 2, 8, "file");
	at = put_inode(&m, 2, 1, FILE_MODE, 3, 0, "abc");
	m.data[at + sizeof(struct inode_node)] ^= 1;
	out = run_both(&m, BLOCK);
	ck_assert(printed("ls: -         3     1  bad     bad       /file\n"));
	ck_assert_uint_eq(out.counts.damaged, 1);
	ck_assert_uint_eq(out.counts.files_unread, 1);
}
END_TEST

START_TEST(noise_in_nodes_does_no_harm)
{
	for (u32 turn = 0; turn < 300; turn++) {
		struct jffs2_inode_body body = { .ino = 2, .version = turn, .mode = FILE_MODE };
		u8 data[400];

		memset(m.data, 0xff, m.bytes);
		builder_at = 0;
		put_dirent(&m, 1, 1, 2, draw(16), "file");
		for (u32 i = 0; i < 6; i++) {
			for (u32 k = 0; k < sizeof(data); k++)
				data[k] = draw(256);
			data[0] = 0x78;
			data[1] = 1;
			body.version = draw(10);
			body.mode = draw(4) ? FILE_MODE : draw(65536);
			body.isize = draw(draw(2) ? 5000 : UINT32_MAX);
			body.offset = draw(draw(2) ? 5000 : UINT32_MAX);
			body.dsize = draw(draw(2) ? 5000 : UINT32_MAX - body.offset);
			body.csize = draw(sizeof(data) + 1);
			body.compr = draw(8);
			put_data(&m, &body, data);
		}
		ck_assert_int_eq(run_both(&m, BLOCK).status, JFFS2_OK);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("jffs2 contents");
	TCase *c = tcase_create("contents");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup_contents, teardown);
	tcase_add_test(c, zeros_are_skipped_in_the_crc);
	tcase_add_test(c, histories_leave_what_they_should);
	tcase_add_test(c, bytes_that_no_node_has_are_zeros);
	tcase_add_test(c, names_links_and_devices);
	tcase_add_test(c, nodes_that_do_not_expand_are_named);
	tcase_add_test(c, damaged_data_is_not_expanded);
	tcase_add_test(c, noise_in_nodes_does_no_harm);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
