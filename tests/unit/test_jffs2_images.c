/* SPDX-License-Identifier: MIT */
/*
 * The guest's JFFS2 reader against images of mkfs.jffs2: compared with the source tree and with
 * jffs2dump, then truncated, then with single bits flipped.
 */
#define _XOPEN_SOURCE 700
#include "tests/unit/jffs2_rig.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* ---- mkfs.jffs2 ------------------------------------------------------------------------------ */

static char tree[] = "/tmp/test_jffs2.XXXXXX";
static char image[sizeof(tree) + 8];

static void write_file(const char *path, u32 bytes, u32 kind)
{
	char full[4200];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", tree, path);
	f = fopen(full, "w");
	ck_assert_ptr_nonnull(f);
	for (u32 i = 0; i < bytes; i++)
		fputc(kind ? (int)draw(256) : (int)(i / 100 % 26 + 'a'), f);
	fclose(f);
}

static void in_tree(const char *command)
{
	char line[256];

	snprintf(line, sizeof(line), "cd %s && %s", tree, command);
	ck_assert_int_eq(system(line), 0);
}

static void make_tree(void)
{
	char path[300];

	for (u32 n = 1; n <= JFFS2_MAX_NAME; n += n < 20 ? 1 : 13) {
		memset(path, 'a' + n % 26, n);
		path[n] = '\0';
		write_file(path, n * 7, n & 1);
	}
	memset(path, 'L', JFFS2_MAX_NAME);
	path[JFFS2_MAX_NAME] = '\0';
	write_file(path, 1, 0);
	write_file("empty", 0, 0);
	write_file("text", 100000, 0);
	write_file("noise", 70001, 1);
	write_file("page", 4096, 1);
	in_tree("mkdir -p d/e/e/p/d/i/r/s/0/1/2/3/4/5/6/7/8/9 many 'with space' && "
		"ln -s text link && ln -s /no/where dangling && mkfifo pipe && "
		"touch d/e/e/p/leaf 'with space/a b' && "
		"for i in $(seq 300); do echo $i > many/file$i; done");
	if (geteuid() == 0)
		in_tree("mknod tty c 4 1 && mknod disk b 8 0");
	in_tree("ln text hard");
}

static void remove_tree(void)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -rf %s %s %s.dump", tree, image, image);
	if (system(line))
		fprintf(stderr, "cannot remove %s\n", tree);
}

static struct medium load_image(const char *options, u32 block)
{
	char line[256];
	struct medium out;
	struct stat st;
	FILE *f;

	snprintf(line, sizeof(line), "mkfs.jffs2 -l -q -d %s -o %s -e %u %s", tree, image, block,
		 options);
	ck_assert_int_eq(system(line), 0);
	ck_assert_int_eq(stat(image, &st), 0);
	out = medium_new(ALIGN_UP(st.st_size, block) + block);
	f = fopen(image, "r");
	ck_assert_uint_eq(fread(out.data, 1, st.st_size, f), (size_t)st.st_size);
	fclose(f);
	return out;
}

static u32 tree_entries;

/* The column of the contents; links: what they hold. */
static void contents_of(const char *path, const struct stat *st, char *text, size_t bytes)
{
	u8 *data = malloc(st->st_size + 1);
	u32 crc;
	int fd;

	snprintf(text, bytes, "-");
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		snprintf(text, bytes, "%u:%u", major(st->st_rdev), minor(st->st_rdev));
	if (S_ISLNK(st->st_mode)) {
		ck_assert_int_eq(readlink(path, (char *)data, st->st_size), st->st_size);
	} else if (S_ISREG(st->st_mode)) {
		fd = open(path, O_RDONLY);
		ck_assert_int_eq(read(fd, data, st->st_size), st->st_size);
		close(fd);
	}
	crc = ~crc32(~0u, data, st->st_size);
	if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode))
		snprintf(text, bytes, "%08x", crc);
	free(data);
}

/* One row for this file must have been printed, with its type, size and contents. */
static int find_row(const char *path, const struct stat *st, int flag, struct FTW *where)
{
	char row[8192], type = S_ISDIR(st->st_mode)    ? 'd'
			       : S_ISLNK(st->st_mode)  ? 'l'
			       : S_ISREG(st->st_mode)  ? '-'
			       : S_ISFIFO(st->st_mode) ? 'p'
			       : S_ISCHR(st->st_mode)  ? 'c'
						       : 'b';
	bool sized = S_ISREG(st->st_mode) || S_ISLNK(st->st_mode);
	const char *name = path + strlen(tree), *at = shim_text;
	unsigned long size;
	char got_type, verdict_text[8], want[32], contents_text[32];

	(void)flag;
	if (!where->level)
		return 0;
	tree_entries++;
	snprintf(row, sizeof(row), " %s\n", name);
	for (at = strstr(at, row); at && *at != '\n';)
		at--; /* to the start of its line: "ls:" has no newline in front of the path */
	ck_assert_msg(at, "%s is not listed", name);
	ck_assert_int_eq(sscanf(at + 1, "ls: %c %lu %*u %7s %31s", &got_type, &size, verdict_text,
				contents_text),
			 4);
	contents_of(path, st, want, sizeof(want));
	ck_assert_msg(!strcmp(contents_text, want), "%s: contents %s, not %s", name, contents_text,
		      want);
	ck_assert_msg(got_type == type, "%s: type %c", name, got_type);
	ck_assert_msg(!sized || size == (unsigned long)st->st_size, "%s: size %lu", name, size);
	ck_assert_msg(!strcmp(verdict_text, "ok"), "%s: %s", name, verdict_text);
	return 0;
}

/* What jffs2dump says of the same image. */
static void compare_with_dump(const struct outcome *out)
{
	char line[1024];
	u32 dirents = 0, inodes = 0, wrong = 0;
	FILE *f;

	snprintf(line, sizeof(line), "jffs2dump -c %s 2>&1", image);
	f = popen(line, "r");
	while (fgets(line, sizeof(line), f)) {
		dirents += !!strstr(line, "Dirent     node");
		inodes += !!strstr(line, "Inode      node");
		wrong += strstr(line, "Wrong") || strstr(line, "CRC at");
	}
	pclose(f);
	ck_assert_uint_eq(out->counts.dirents, dirents);
	ck_assert_uint_eq(out->counts.inode_nodes, inodes);
	ck_assert_uint_eq(wrong, 0);
}

#define NONE (1u << JFFS2_WAY_NONE)
#define RTIME (1u << JFFS2_WAY_RTIME)
#define ZLIB (1u << JFFS2_WAY_ZLIB)

static const struct {
	const char *options;
	u32 block;
	u32 ways; /* bits of enum jffs2_way */
} variants[] = {
	{ "", KiB(128), ZLIB | RTIME | NONE },
	{ "-p", KiB(64), ZLIB | RTIME | NONE },
	{ "-n", KiB(16), ZLIB | RTIME | NONE },
	{ "-n -x zlib", KiB(128), RTIME | NONE },
	{ "-s 512", KiB(8), ZLIB | RTIME | NONE },
	{ "-m none -p", KiB(32), NONE },
	{ "-m size -x lzo", KiB(32), ZLIB | RTIME | NONE },
	{ "--with-xattr", KiB(64), ZLIB | RTIME | NONE },
};

START_TEST(images_of_mkfs_equal_their_tree)
{
	struct medium image_medium = load_image(variants[_i].options, variants[_i].block);
	struct outcome out;
	u32 ways = 0;

	rig_reads_contents = true;
	out = run_both(&image_medium, variants[_i].block);

	ck_assert_int_eq(out.status, JFFS2_OK);
	ck_assert_msg(!out.counts.damaged, "%s", shim_text);
	ck_assert_uint_eq(out.counts.data_checked, out.counts.inode_nodes);
	ck_assert_uint_eq(out.counts.files_unread, 0);
	for (u32 way = 0; way < JFFS2_WAYS; way++)
		ways |= out.counts.expanded[way] ? 1u << way : 0;
	ck_assert_uint_eq(ways, variants[_i].ways);
	tree_entries = 0;
	ck_assert_int_eq(nftw(tree, find_row, 20, FTW_PHYS), 0);
	ck_assert_uint_eq(out.counts.dirents, tree_entries);
	compare_with_dump(&out);
	free(image_medium.data);
	shim_free();
}
END_TEST

START_TEST(truncated_images_mount_up_to_the_end)
{
	struct medium whole = load_image("-n", KiB(16));

	for (u32 i = 0; i < 40; i++) {
		struct medium part = { malloc(whole.bytes), whole.bytes, NULL, UINT32_MAX };
		u32 cut = draw(whole.bytes);

		memcpy(part.data, whole.data, cut);
		memset(part.data + cut, i & 1 ? 0xff : 0, whole.bytes - cut);
		run_both(&part, KiB(16));
		free(part.data);
	}
	free(whole.data);
	shim_free();
}
END_TEST

/* A listing without its last column can be compared although messages differ. */
static char *listing(void)
{
	const char *start = shim_text ? strstr(shim_text, "ls: t ") : NULL;

	return strdup(start ? start : "");
}

/*
 * One flipped bit may do nothing (padding), make a node obsolete (its one unprotected bit), or be
 * named as damage. It never changes the listing silently.
 */
START_TEST(a_flipped_bit_is_never_silent)
{
	struct medium whole;
	struct outcome out;
	char *want, *got;
	u32 named = 0;

	rig_reads_contents = true;
	in_tree("rm -rf many text noise [a-k]*");
	whole = load_image("-n -p", KiB(16));
	run_reader(&whole, KiB(16), false);
	want = listing();
	for (u32 i = 0; i < 1000; i++) {
		u32 byte = draw(whole.bytes), bit = 1u << draw(8);

		whole.data[byte] ^= bit;
		out = run_reader(&whole, KiB(16), i & 1);
		whole.data[byte] ^= bit;
		ck_assert_int_eq(out.status, JFFS2_OK);
		ck_assert_uint_le(out.counts.damaged, 1);
		got = listing();
		if (!out.counts.damaged && !out.counts.obsolete)
			ck_assert_str_eq(got, want);
		named += out.counts.damaged;
		free(got);
	}
	ck_assert_uint_gt(named, 400); /* the rest: padding, the unseen tails of erased blocks */
	free(want);
	free(whole.data);
	shim_free();
}
END_TEST

static void add_mkfs(Suite *suite)
{
	TCase *c = tcase_create("mkfs");

	tcase_set_timeout(c, 60);
	tcase_add_unchecked_fixture(c, make_tree, remove_tree);
	tcase_add_loop_test(c, images_of_mkfs_equal_their_tree, 0, ARRAY_LEN(variants));
	tcase_add_test(c, truncated_images_mount_up_to_the_end);
	tcase_add_test(c, a_flipped_bit_is_never_silent);
	suite_add_tcase(suite, c);
}

int main(void)
{
	Suite *suite = suite_create("jffs2 images");
	char path[4096];

	snprintf(path, sizeof(path), "%s:/usr/sbin:/sbin",
		 getenv("PATH") ? getenv("PATH") : "/bin");
	setenv("PATH", path, 1); /* where mtd-utils are, and a user's PATH may not lead */
	if (system("command -v mkfs.jffs2 >/dev/null && command -v jffs2dump >/dev/null")) {
		printf("SKIP: images of mkfs.jffs2: mtd-utils is not installed\n");
		return 0;
	}
	if (!mkdtemp(tree)) {
		printf("SKIP: images of mkfs.jffs2: no temporary directory: %s\n", strerror(errno));
		return 0;
	}
	snprintf(image, sizeof(image), "%s.img", tree);
	add_mkfs(suite);
	return run_suite(suite);
}
