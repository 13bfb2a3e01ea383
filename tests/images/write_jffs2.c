/* SPDX-License-Identifier: MIT */
/*
 * write_jffs2 IMAGE TREE SEED: an image of JFFS2 as years of use leave it, which mkfs.jffs2 cannot
 * make, and beside it, in the existing directory TREE, the files that it should show. In it: files
 * written over and cut, in all known compressions, their nodes in any order; names of one file; a
 * symbolic link, devices; names that were removed, one of which came back; nodes marked obsolete in
 * place; blocks with a cleanmarker, erased blocks without one, a block whose erasing was
 * interrupted and one whose last node was. The last two are its two damaged things.
 *
 * Tried by hand: Linux 6.1's own JFFS2 (mtdram, mtdblock) shows the same trees for seeds 1 to 4.
 */
#define _XOPEN_SOURCE 700
#define BLOCK KiB(128)
#include "tests/unit/jffs2_history.h"

#include <unistd.h>

#define FILES 12
#define BLOCKS 8

static const char *tree;
static u32 version; /* of the root's entries: one counter for all */

static void name(u32 ino, u32 type, const char *text)
{
	put_dirent(&m, 1, ++version, ino, type, text);
}

static void to_tree(const char *text, const struct history *h)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", tree, text);
	f = fopen(path, "w");
	if (!f || fwrite(h->bytes, 1, h->size, f) != h->size || fclose(f)) {
		perror(path);
		exit(1);
	}
}

static void link_in_tree(const char *from, const char *text, bool symbolic)
{
	char path[4096], other[4096];

	snprintf(path, sizeof(path), "%s/%s", tree, text);
	snprintf(other, sizeof(other), "%s/%s", tree, from);
	if (symbolic ? symlink(from, path) : link(other, path)) {
		perror(path);
		exit(1);
	}
}

/* What a garbage collector leaves: the one bit of a header that its CRC leaves out is cleared. */
static void mark_obsolete(u32 at)
{
	m.data[at + 3] &= ~(JFFS2_ACCURATE >> 8);
}

static void next_block(bool marked)
{
	builder_at = ALIGN_UP(builder_at, BLOCK);
	if (marked)
		put_bare(&m, JFFS2_CLEANMARKER);
}

/* Files that are there to stay; each with a node that was marked obsolete, of other contents. */
static void put_files(void)
{
	for (u32 i = 0; i < FILES; i++) {
		struct history *h = history_new(10 + i);
		struct jffs2_inode_body stale = { .ino = 10 + i,
						  .version = 1000,
						  .mode = FILE_MODE };
		char text[32];

		snprintf(text, sizeof(text), "file%u", i);
		name(10 + i, 8, text);
		stale.isize = stale.csize = stale.dsize = 5;
		mark_obsolete(put_data(&m, &stale, "stale"));
		history_live(h, i, i & 1 ? 500 : 12000);
		if (!h->nodes)
			history_cut(h, 0);
		history_put(&m, h, i & 2);
		to_tree(text, h);
		history_free(h);
	}
}

static void put_names(void)
{
	struct jffs2_inode_body device = { .ino = 51, .version = 1, .mode = 020600 };
	const u8 number[] = { 64, 4 };
	struct history *h = history_new(60);

	name(10 + 3, 8, "hard");
	link_in_tree("file3", "hard", false);
	name(50, 10, "link");
	put_inode(&m, 50, 1, 0120777, 5, 0, "file4");
	link_in_tree("file4", "link", true);
	name(51, 2, "ttyS0");
	device.csize = device.dsize = 2;
	put_data(&m, &device, number);
	/* removed, and back with other contents */
	name(61, 8, "again");
	put_inode(&m, 61, 1, FILE_MODE, 4, 0, "past");
	name(0, 0, "again");
	name(60, 8, "again");
	history_live(h, 10, 5000);
	history_put(&m, h, true);
	to_tree("again", h);
	history_free(h);
	/* removed, and moved */
	name(62, 8, "gone");
	put_inode(&m, 62, 1, FILE_MODE, 4, 0, "gone");
	name(0, 0, "gone");
	name(10 + 5, 8, "moved");
	link_in_tree("file5", "moved", false);
}

/* A program operation that was cut short: the header is there, its data in part. */
static void put_torn_node(void)
{
	struct jffs2_inode_body body = { .ino = 10, .version = 2000, .mode = FILE_MODE };
	u32 at;

	body.isize = body.csize = body.dsize = 4;
	at = put_data(&m, &body, "torn");
	memset(m.data + at + 40, 0xff, builder_at - at - 40);
}

/* An erase that was cut short: neither erased nor anything else. The scan calls it one run. */
static void put_unclean_block(void)
{
	builder_at = ALIGN_UP(builder_at, BLOCK);
	for (u32 i = 0; i < 2048; i++)
		m.data[builder_at + i] = draw(256) & 0x3c;
	builder_at += BLOCK;
}

static void write_image(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(m.data, 1, m.bytes, f) != m.bytes || fclose(f)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: write_jffs2 IMAGE TREE SEED\n");
		return 2;
	}
	tree = argv[2];
	random_state ^= strtoull(argv[3], NULL, 0) * 0x9e3779b97f4a7c15ull;
	m = medium_new(BLOCKS * BLOCK);
	next_block(true);
	put_files();
	next_block(false);
	put_unclean_block();
	next_block(true);
	put_names();
	put_torn_node();
	next_block(true); /* and nothing else: it is clean */
	write_image(argv[1]);
	teardown();
	return 0;
}
