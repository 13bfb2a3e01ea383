/* SPDX-License-Identifier: MIT */
/* The trace directory: how it comes about, and what happens when it cannot be written. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suite.h"
#include "tests/unit/trace_rig.h"
#include "vmm/trace/packet.h"

static void expect_refused(const char *dir, enum exit_status status, const char *part)
{
	struct trace_config config = { .dir = dir, .ncpus = 1 };
	struct err err = { 0 };

	ck_assert_ptr_null(trace_open(&config, &err));
	ck_assert_int_eq(err.status, status);
	ck_assert_msg(strstr(err.text, part) && strstr(err.text, dir), "%s", err.text);
}

START_TEST(exists_already)
{
	struct rig rig;

	rig_init(&rig, 1);
	expect_refused(rig.dir, EXIT_USAGE, "exists already");
	rig_done(&rig);
}
END_TEST

START_TEST(parent_missing)
{
	struct rig rig;
	char path[128];

	rig_init(&rig, 1);
	snprintf(path, sizeof(path), "%s/no/trace", rig.dir);
	expect_refused(path, EXIT_USAGE, "does not exist");
	rig_done(&rig);
}
END_TEST

START_TEST(parent_is_a_file)
{
	expect_refused("/dev/null/trace", EXIT_USAGE, "not a directory");
}
END_TEST

START_TEST(not_writable)
{
	struct rig rig;
	uid_t me = geteuid();

	rig_init(&rig, 1);
	ck_assert_int_eq(chmod(rig.dir, 0555), 0);
	if (!me)
		ck_assert_int_eq(seteuid(65534), 0);
	expect_refused(rig.trace_dir, EXIT_HOST, "must not write");
	ck_assert_int_eq(seteuid(me), 0);
	ck_assert_int_eq(chmod(rig.dir, 0755), 0);
	rig_done(&rig);
}
END_TEST

static void limit_file_size(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Nothing is left behind when not even the metadata can be written. */
START_TEST(no_room_for_metadata)
{
	struct rig rig;
	struct stat info;

	rig_init(&rig, 1);
	limit_file_size(100);
	expect_refused(rig.trace_dir, EXIT_HOST, "cannot write");
	limit_file_size(RLIM_INFINITY);
	ck_assert_int_ne(stat(rig.trace_dir, &info), 0);
	rig_done(&rig);
}
END_TEST

/* The second packet is cut in the middle: it goes, the first one stays. */
START_TEST(disk_full)
{
	struct err again = { 0 };
	struct rig rig;
	size_t bytes;
	u8 *file;

	rig_init(&rig, 2);
	rig_open(&rig, true);
	for (u32 i = 0; i < 10; i++)
		rig_use(&rig, 1);
	for (u32 i = 0; i < 2 * KVL_PACKET_RECORDS; i++)
		rig_use(&rig, 0);
	limit_file_size(100000);
	ck_assert_int_eq(trace_drain(rig.trace, &rig.err), -1);
	ck_assert_int_eq(rig.err.status, EXIT_HOST);
	ck_assert_msg(strstr(rig.err.text, "cannot write packet 1 of") &&
			      strstr(rig.err.text, "trace/vcpu0") &&
			      strstr(rig.err.text, "errno 27"),
		      "%s", rig.err.text);
	ck_assert_int_eq(trace_drain(rig.trace, &again), -1);
	ck_assert_str_eq(again.text, rig.err.text);
	ck_assert_int_eq(trace_finish(rig.trace, &again), -1);
	limit_file_size(RLIM_INFINITY);
	file = rig_read(&rig, "vcpu0", &bytes);
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(bytes, KVL_PACKET_BYTES);
	free(file);
	rig_done(&rig);
}
END_TEST

START_TEST(stream_file_cannot_be_made)
{
	struct rig rig;
	char path[128];

	rig_init(&rig, 1);
	rig_open(&rig, true);
	snprintf(path, sizeof(path), "%s/vcpu0", rig.trace_dir);
	ck_assert_int_eq(symlink("/dev/full", path), 0);
	rig_use(&rig, 0);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), -1);
	ck_assert_int_eq(rig.err.status, EXIT_HOST);
	ck_assert_ptr_nonnull(strstr(rig.err.text, "cannot create"));
	rig_done(&rig);
}
END_TEST

/* A CPU without an event has no file; a file consists of whole packets. */
START_TEST(only_streams_with_events)
{
	struct rig rig;
	size_t bytes;
	u8 *file;
	const struct packet_header *header;

	rig_init(&rig, 3);
	rig_open(&rig, true);
	rig_use(&rig, 2);
	trace_event(rig.trace, KVL_EV_MARK, 0, 0, 1, 0, 0, 0, 0);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_ptr_null(rig_read(&rig, "vcpu0", &bytes));
	ck_assert_ptr_null(rig_read(&rig, "vcpu1", &bytes));
	file = rig_read(&rig, "vcpu2", &bytes);
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(bytes, KVL_PACKET_BYTES);
	header = (const struct packet_header *)(const void *)file;
	ck_assert_uint_eq(header->packet_size, KVL_PACKET_BYTES * 8);
	/* "use" ends behind its va */
	ck_assert_uint_eq(header->content_size, (64 + 32) * 8);
	ck_assert_uint_eq(header->timestamp_begin, 1);
	ck_assert_uint_eq(header->cpu_id, 2);
	free(file);
	rig_done(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace files");
	TCase *tcase = tcase_create("files");

	tcase_add_test(tcase, exists_already);
	tcase_add_test(tcase, parent_missing);
	tcase_add_test(tcase, parent_is_a_file);
	tcase_add_test(tcase, not_writable);
	tcase_add_test(tcase, no_room_for_metadata);
	tcase_add_test(tcase, disk_full);
	tcase_add_test(tcase, stream_file_cannot_be_made);
	tcase_add_test(tcase, only_streams_with_events);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
