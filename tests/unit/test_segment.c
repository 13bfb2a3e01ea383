/* SPDX-License-Identifier: MIT */
/* The file behind a shared segment: what it may be, how it is made, what is in it, who reaches
 * it. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm_rig.h"
#include "devices/abi/segment.h"
#include "tests/unit/suite.h"
#include "vmm/cli/options.h"
#include "vmm/image.h"
#include "vmm/plan.h"
#include "vmm/segmentfile.h"

static char dir[64], path[96];
static struct image image;
static struct err err;

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/kvalab-test-segment-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/segment", dir);
	ck_assert_int_eq(image_open_embedded(&image, GiB(3), &err), 0);
	memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
	char command[160];

	image_close(&image);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void make_file(u64 bytes)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_eq(ftruncate(fd, (off_t)bytes), 0);
	close(fd);
}

/* --- the option ------------------------------------------------------------------------------- */

static int parse(const char *value, struct options *options)
{
	const char *argv[] = { "--segment", value };

	options_init(options);
	return options_parse(options, FOR_RUN, 2, argv, &err);
}

static void expect_parsed(const char *value, const char *file, u64 given, u64 bytes)
{
	struct options options;

	ck_assert_msg(parse(value, &options) == 0, "%s: %s", value, err.text);
	if (file)
		ck_assert_str_eq(options.run.segment.file, file);
	else
		ck_assert_ptr_null(options.run.segment.file);
	ck_assert_uint_eq(options.run.segment.bytes, given);
	ck_assert_uint_eq(options.run.layout.segment_bytes, bytes);
	options_free(&options);
}

START_TEST(files_and_sizes)
{
	char text[160];

	expect_parsed("size=2M", NULL, MiB(2), MiB(2));
	snprintf(text, sizeof(text), "%s,size=8K", path);
	expect_parsed(text, path, KiB(8), KiB(8));
	ck_assert_int_ne(access(path, F_OK), 0); /* it is made by a run */
	snprintf(text, sizeof(text), "file=%s,size=8K", path);
	expect_parsed(text, path, KiB(8), KiB(8));
	make_file(KiB(12));
	expect_parsed(path, path, 0, KiB(12));
	snprintf(text, sizeof(text), "%s,size=12K", path);
	expect_parsed(text, path, KiB(12), KiB(12));
}
END_TEST

static void refused(const char *value, const char *said)
{
	struct options options;

	ck_assert_msg(parse(value, &options) == -1, "%s is taken", value);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_msg(strstr(err.text, said), "%s: %s", value, err.text);
	options_free(&options);
}

START_TEST(what_is_no_segment)
{
	static const struct {
		const char *value, *said;
	} row[] = {
		{ "", "the file's name is empty" },
		{ "file=", "the file's name is empty" },
		{ "size=", "is not a size" },
		{ "size=0", "is no multiple of 4 KiB, 1024M at most" },
		{ "size=6K", "is no multiple of 4 KiB" },
		{ "size=1025M", "is no multiple of 4 KiB, 1024M at most" },
		{ "size=1M,size=1M", "size= is given twice" },
		{ "x,y", "\"y\" is not size=SIZE" },
		{ "x,readonly", "\"readonly\" is not size=SIZE" },
		{ "size=1M,x", "\"x\" is not size=SIZE (a path has no comma, and stands first)" },
		{ "x,", "the file's name is empty" },
		{ "/nowhere/segment", "does not exist: give its size, and it is made" },
		{ "/tmp", "is a directory" },
		{ "/dev/null", "is not a regular file" },
	};

	for (u32 i = 0; i < ARRAY_LEN(row); i++)
		refused(row[i].value, row[i].said);
}
END_TEST

START_TEST(files_that_are_no_segment)
{
	char text[160];

	make_file(0);
	refused(path, "is empty: its size is the segment's");
	make_file(PAGE_BYTES + 1);
	refused(path, "has 4097 bytes, which is no multiple of 4 KiB");
	make_file(KVL_SEGMENT_MAX + PAGE_BYTES);
	refused(path, "a segment at most 1024");
	make_file(PAGE_BYTES);
	snprintf(text, sizeof(text), "%s,size=8K", path);
	refused(text, "has 4096 bytes, not the 8192 of size=");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0644), 0);
	refused(path, "is not a regular file");
}
END_TEST

/* --- the file --------------------------------------------------------------------------------- */

static int open_segment(const char *file, u64 given, u64 bytes)
{
	const struct run_segment segment = { file, given };

	return segmentfile_open(&segment, bytes, &image, &err);
}

static void expect_contents(int fd, u64 bytes)
{
	const struct image_symbol *start = image_symbol_find(&image, "user_text_start");
	u64 programs = image_symbol_find(&image, "user_text_end")->va - start->va;
	const u8 *text = image_at(&image, start->va, programs);
	u8 *seen = malloc(bytes);
	struct stat st;

	ck_assert(programs > 0 && text && seen);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq((u64)st.st_size, bytes);
	ck_assert_int_eq(pread(fd, seen, bytes, 0), (ssize_t)bytes);
	ck_assert_mem_eq(seen, text, programs);
	for (u64 at = programs; at < ALIGN_UP(programs, PAGE_BYTES); at++)
		ck_assert_uint_eq(seen[at], 0);
	for (u64 at = ALIGN_UP(programs, PAGE_BYTES); at < bytes; at += 8) {
		u64 word;

		memcpy(&word, seen + at, sizeof(word));
		ck_assert_uint_eq(word, kvl_segment_word(at / PAGE_BYTES, at % PAGE_BYTES / 8));
	}
	free(seen);
}

START_TEST(one_without_a_name)
{
	int fd = open_segment(NULL, MiB(1), MiB(1));

	ck_assert_msg(fd >= 0, "%s", err.text);
	expect_contents(fd, MiB(1));
	close(fd);
}
END_TEST

/* Who comes later has the same file, and cannot write to it. */
START_TEST(a_file_is_made_once)
{
	int first = open_segment(path, KiB(128), KiB(128)), second;
	struct stat made, again;

	ck_assert_msg(first >= 0, "%s", err.text);
	expect_contents(first, KiB(128));
	ck_assert_int_eq(stat(path, &made), 0);
	ck_assert_uint_eq(made.st_mode & 0222, 0);
	second = open_segment(path, KiB(128), KiB(128));
	ck_assert_int_ge(second, 0);
	ck_assert_int_eq(fstat(second, &again), 0);
	ck_assert(made.st_ino == again.st_ino && made.st_nlink == 1);
	ck_assert_int_lt(write(first, "x", 1), 0);
	close(first);
	close(second);
}
END_TEST

START_TEST(a_file_that_is_there_is_kept)
{
	static const char words[] = "somebody's";
	char seen[sizeof(words)];
	int fd = open(path, O_RDWR | O_CREAT, 0644);

	ck_assert_int_eq(ftruncate(fd, KiB(64)), 0);
	ck_assert_int_eq(pwrite(fd, words, sizeof(words), 0), sizeof(words));
	close(fd);
	fd = open_segment(path, KiB(64), KiB(64));
	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert_int_eq(pread(fd, seen, sizeof(seen), 0), sizeof(seen));
	ck_assert_str_eq(seen, words);
	close(fd);
	fd = open_segment(path, 0, KiB(128)); /* it was larger when it was looked at */
	ck_assert_int_lt(fd, 0);
	ck_assert_ptr_nonnull(strstr(err.text, "has 65536 bytes, and had 131072 a moment ago"));
}
END_TEST

START_TEST(nothing_is_left_of_one_that_cannot_be_made)
{
	char none[160];

	snprintf(none, sizeof(none), "%s/x", path);
	ck_assert_int_lt(open_segment(none, MiB(1), MiB(1)), 0);
	ck_assert_msg(strstr(err.text, "cannot be made"), "%s", err.text);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

static struct image_symbol *end_of_programs(void)
{
	for (u32 i = 0; i < image.nsymbols; i++)
		if (strcmp(image.symbol[i].name, "user_text_end") == 0)
			return &image.symbol[i];
	ck_abort_msg("the image has no programs");
}

/* With a page of programs more it has to be larger by as much; and the least one is made. */
START_TEST(one_that_is_too_small)
{
	const char *const file = _i % 2 ? path : NULL;
	u64 start = image_symbol_find(&image, "user_text_start")->va, least;
	char said[64];

	end_of_programs()->va += _i / 2 ? PAGE_BYTES : 0;
	least = ALIGN_UP(end_of_programs()->va - start, PAGE_BYTES) + 16 * PAGE_BYTES;
	ck_assert_int_lt(open_segment(file, least - PAGE_BYTES, least - PAGE_BYTES), 0);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	snprintf(said, sizeof(said), "give --segment size=%lluK at least",
		 (unsigned long long)(least >> 10));
	ck_assert_msg(strstr(err.text, said), "%s", err.text);
	ck_assert_int_eq(rmdir(dir), 0); /* it is empty */
	ck_assert_int_eq(mkdir(dir, 0755), 0);
	ck_assert_int_ge(open_segment(file, least, least), 0);
}
END_TEST

START_TEST(the_disk_of_another_run)
{
	int fd;

	make_file(KiB(64));
	fd = open(path, O_RDWR);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_lt(open_segment(path, 0, KiB(64)), 0);
	ck_assert_msg(strstr(err.text, "is the disk or chip of a run"), "%s", err.text);
	close(fd);
}
END_TEST

/* A link is another name, and no other file. */
START_TEST(the_disk_or_chip_of_this_run)
{
	struct run_config config = { .segment = { path, 0 } };
	char other[128];
	int fd;

	make_file(KiB(64));
	snprintf(other, sizeof(other), "%s.link", path);
	ck_assert_int_eq(symlink(path, other), 0);
	fd = open_segment(path, 0, KiB(64));
	ck_assert_int_eq(segmentfile_check_alone(fd, &config, &err), 0);
	config.disk = (struct run_disk){ .given = true, .file = other };
	ck_assert_int_lt(segmentfile_check_alone(fd, &config, &err), 0);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_msg(strstr(err.text, "give --disk another file, or ,readonly"), "%s", err.text);
	config.disk.readonly = true;
	ck_assert_int_eq(segmentfile_check_alone(fd, &config, &err), 0);
	config.flash.file = "/nowhere/chip"; /* somebody else says so */
	ck_assert_int_eq(segmentfile_check_alone(fd, &config, &err), 0);
	config.flash.file = path;
	ck_assert_int_lt(segmentfile_check_alone(fd, &config, &err), 0);
	ck_assert_msg(strstr(err.text, "give --flash another file"), "%s", err.text);
	close(fd);
}
END_TEST

START_TEST(who_cuts_it_is_found_out)
{
	const struct run_segment segment = { path, 0 };
	int fd;

	make_file(KiB(64));
	fd = open_segment(path, 0, KiB(64));
	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert(!segmentfile_was_cut(fd, &segment, KiB(64), &err));
	ck_assert_int_eq(truncate(path, KiB(128)), 0);
	ck_assert(!segmentfile_was_cut(fd, &segment, KiB(64), &err));
	ck_assert_int_eq(err.status, EXIT_OK);
	ck_assert_int_eq(truncate(path, KiB(8)), 0);
	ck_assert(segmentfile_was_cut(fd, &segment, KiB(64), &err));
	ck_assert_int_eq(err.status, EXIT_HOST);
	ck_assert_msg(strstr(err.text, "/segment has 8192 bytes, and had 65536 when it was opened"),
		      "%s", err.text);
	close(fd);
	ck_assert(!segmentfile_was_cut(-1, &segment, KiB(64), &err)); /* there is none */
}
END_TEST

/* --- the machine ------------------------------------------------------------------------------ */

/* Of what devices and the host may write to it is no part. */
START_TEST(nobody_is_lent_the_segment)
{
	struct vmm_rig *rig = vmm_rig_new();
	const struct kvl_layout_request request = {
		.mem_bytes = MiB(64), .page_offset = GiB(3), .segment_bytes = MiB(1), .ncpus = 1
	};
	u8 *shared = rig->vm.shared;
	u64 start;

	ck_assert_int_eq(layout_plan(&request, NULL, &rig->vm.layout, &err), 0);
	ck_assert_int_eq(vm_make_memory(&rig->vm, -1, &err), 0);
	rig->vm.shared = shared;
	start = rig->vm.layout.segment.start;
	ck_assert_ptr_nonnull(gmem_at(&rig->vm.mem, gpa(start - 1), 1));
	ck_assert_ptr_null(gmem_at(&rig->vm.mem, gpa(start - 1), 2));
	ck_assert_ptr_null(gmem_at(&rig->vm.mem, gpa(start), 1));
	ck_assert_ptr_null(gmem_at(&rig->vm.mem, gpa(start + MiB(1) - 1), 1));
	vmm_rig_free(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("segment");
	TCase *tcase = tcase_create("segment");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, files_and_sizes);
	tcase_add_test(tcase, what_is_no_segment);
	tcase_add_test(tcase, files_that_are_no_segment);
	tcase_add_test(tcase, one_without_a_name);
	tcase_add_test(tcase, a_file_is_made_once);
	tcase_add_test(tcase, a_file_that_is_there_is_kept);
	tcase_add_test(tcase, nothing_is_left_of_one_that_cannot_be_made);
	tcase_add_loop_test(tcase, one_that_is_too_small, 0, 4);
	tcase_add_test(tcase, the_disk_of_another_run);
	tcase_add_test(tcase, the_disk_or_chip_of_this_run);
	tcase_add_test(tcase, who_cuts_it_is_found_out);
	tcase_add_test(tcase, nobody_is_lent_the_segment);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
