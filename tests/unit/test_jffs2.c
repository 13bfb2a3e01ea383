/* SPDX-License-Identifier: MIT */
/*
 * The guest's JFFS2 reader against images built node by node: the rules of the format, and how the
 * medium is read. Damage is test_jffs2_damage.c's, images of mkfs.jffs2 are test_jffs2_images.c's.
 */
#include "tests/unit/jffs2_build.h"
#include "tests/unit/suite.h"

/* ---- CRC and sort ---------------------------------------------------------------------------- */

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

/* ---- rules of the format --------------------------------------------------------------------- */

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
	ck_assert(printed("detached inode 9: 1 bytes, 1 nodes"));
	ck_assert_uint_eq(out.counts.detached, 1);
}
END_TEST

/* The directory's own node is damaged; its entries are not, in whatever order they are met. */
START_TEST(a_directory_without_inode_keeps_its_entries)
{
	for (u32 order = 0; order < 2; order++) {
		struct outcome out;

		memset(m.data, 0xff, m.bytes);
		builder_at = 0;
		put_dirent(&m, 1, 1, order ? 2 : 40, 4, "top");
		m.data[put_inode(&m, order ? 2 : 40, 1, DIR_MODE, 0, 0, "") + 30] ^= 4;
		put_dirent(&m, order ? 2 : 40, 1, order ? 3 : 39, 4, "sub");
		put_dirent(&m, order ? 3 : 39, 1, 4, 8, "file");
		put_inode(&m, 4, 1, FILE_MODE, 3, 0, "abc");
		out = run_both(&m, BLOCK);
		ck_assert_uint_eq(out.counts.damaged, 1);
		ck_assert(printed("ls: d         0     0  missing /top\n"));
		ck_assert(printed("ls: d         0     0  missing /top/sub\n"));
		ck_assert(printed("ls: -         3     1  ok      /top/sub/file\n"));
		ck_assert_uint_eq(out.counts.dangling, 2);
		ck_assert_uint_eq(out.counts.orphans + out.counts.detached, 0);
	}
}
END_TEST

/* Two directories, each in the other, and neither in the root. */
START_TEST(loops_without_a_way_in_are_counted_and_named)
{
	struct outcome out;

	put_dirent(&m, 2, 1, 3, 4, "a");
	put_inode(&m, 2, 1, DIR_MODE, 0, 0, "");
	put_dirent(&m, 3, 1, 2, 4, "b");
	put_inode(&m, 3, 1, DIR_MODE, 0, 0, "");
	put_dirent(&m, 3, 2, 4, 8, "file");
	put_inode(&m, 4, 1, FILE_MODE, 3, 0, "abc");
	out = run_both(&m, BLOCK);
	ck_assert_uint_eq(out.counts.orphans, 0);
	ck_assert_uint_eq(out.counts.detached, 3);
	ck_assert(printed("detached inode 4: 3 bytes, 1 nodes"));
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

START_TEST(control_bytes_are_escaped)
{
	put_dirent(&m, 1, 1, 2, 8, "a\n\x1b\\b \xc3\xa4");
	put_inode(&m, 2, 1, FILE_MODE, 0, 0, "");
	run_both(&m, BLOCK);
	ck_assert(printed("/a\\x0a\\x1b\\x5cb \xc3\xa4\n"));
}
END_TEST

/* ---- the reader ------------------------------------------------------------------------------ */

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

int main(void)
{
	Suite *suite = suite_create("jffs2");
	TCase *base = tcase_create("crc and sort"), *c = tcase_create("rules");

	tcase_add_test(base, crc_equals_its_definition);
	tcase_add_test(base, sort_is_stable_and_keeps_all);
	suite_add_tcase(suite, base);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, newest_version_wins_and_names_are_deleted);
	tcase_add_test(c, obsolete_nodes_do_not_count);
	tcase_add_test(c, parts_of_a_file_that_no_node_covers_are_holes);
	tcase_add_test(c, live_nodes_agree_with_a_model);
	tcase_add_test(c, names_without_inode_and_inodes_without_name_are_counted);
	tcase_add_test(c, a_directory_without_inode_keeps_its_entries);
	tcase_add_test(c, loops_without_a_way_in_are_counted_and_named);
	tcase_add_test(c, loops_and_second_links_of_directories_end);
	tcase_add_test(c, depth_and_path_are_bounded);
	tcase_add_test(c, control_bytes_are_escaped);
	tcase_add_test(c, a_piece_outside_the_partition_ends_the_run);
	tcase_add_test(c, words_and_pages_are_accounted);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
