/* SPDX-License-Identifier: MIT */
/* Repair: what is cut, what must never be, and who is told. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suite.h"
#include "tests/unit/trace_rig.h"
#include "vmm/trace/reader.h"
#include "vmm/trace/repair.h"

#define RECORDS 5000 /* of each stream: four full packets and one more */
#define PACKETS 5

static const char *const names[] = { "vcpu0", "vcpu1", "vmm" };

static struct rig rig;
static struct repair repair;
static struct err err;
static struct {
	u8 *data;
	size_t bytes;
} file[ARRAY_LEN(names)];

static void setup(void)
{
	rig_init(&rig, 2);
	rig_open(&rig, true);
	for (u32 i = 0; i < RECORDS; i++) {
		rig_use(&rig, 0);
		trace_event(rig.trace, KVL_EV_MARK, 0, 0, 1, i, 0, 0, 0);
		rig_use(&rig, 1);
	}
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	for (u32 i = 0; i < ARRAY_LEN(names); i++) {
		file[i].data = rig_read(&rig, names[i], &file[i].bytes);
		ck_assert_uint_eq(file[i].bytes, PACKETS * KVL_PACKET_BYTES);
	}
	srandom(1);
}

static void teardown(void)
{
	for (u32 i = 0; i < ARRAY_LEN(names); i++)
		free(file[i].data);
	rig_done(&rig);
}

static void expect(int status)
{
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(trace_repair(rig.trace_dir, &repair, &err), status ? -1 : 0);
	ck_assert_msg((int)err.status == status, "%d: %s", err.status, err.text);
}

static void expect_text(int status, const char *part)
{
	expect(status);
	ck_assert_msg(strstr(err.text, part) != NULL, "%s", err.text);
}

/* File @i holds the first @bytes of what it held before all, and nothing else. */
static void holds(u32 i, size_t bytes)
{
	size_t found;
	u8 *data = rig_read(&rig, names[i], &found);

	ck_assert_uint_eq(found, bytes);
	ck_assert_int_eq(memcmp(data, file[i].data, bytes), 0);
	free(data);
}

static void reads_without_problems(void)
{
	struct trace_reader *reader = trace_reader_open(rig.trace_dir, &err);
	struct kvl_record record;
	u32 cpu;

	ck_assert_ptr_nonnull(reader);
	while (trace_reader_next(reader, &record, &cpu))
		;
	ck_assert_uint_eq(trace_reader_problems(reader), 0);
	trace_reader_close(reader);
}

static struct repair_file *of(u32 i)
{
	return &repair.file[i == 2 ? KVL_MAX_CPUS : i];
}

/* --- what is cut ------------------------------------------------------------------------------ */
static size_t whole_bytes(size_t bytes)
{
	return bytes / KVL_PACKET_BYTES * KVL_PACKET_BYTES;
}

static void cut_all_at(const size_t at[])
{
	for (u32 i = 0; i < ARRAY_LEN(names); i++)
		rig_write(&rig, names[i], file[i].data, at[i]);
	expect(EXIT_OK);
	for (u32 i = 0; i < ARRAY_LEN(names); i++) {
		holds(i, whole_bytes(at[i]));
		ck_assert_int_eq(of(i)->cut, at[i] % KVL_PACKET_BYTES != 0);
	}
	reads_without_problems();
	expect(EXIT_OK);
	for (u32 i = 0; i < ARRAY_LEN(names); i++)
		ck_assert(!of(i)->cut);
}

/* One file at each border of a packet and beside it, the others anywhere. */
START_TEST(cut_anywhere)
{
	for (size_t at = 0; at <= PACKETS * KVL_PACKET_BYTES; at += KVL_PACKET_BYTES)
		for (int beside = at ? -1 : 0; beside <= 1; beside++)
			if (at + (size_t)beside <= PACKETS * KVL_PACKET_BYTES)
				cut_all_at((size_t[]){ at + (size_t)beside,
						       (size_t)random() % file[1].bytes,
						       (size_t)random() % file[2].bytes });
	for (u32 i = 0; i < 200; i++)
		cut_all_at((size_t[]){ (size_t)random() % file[0].bytes,
				       (size_t)random() % file[1].bytes,
				       (size_t)random() % file[2].bytes });
}
END_TEST

START_TEST(what_is_known_lost_is_told)
{
	rig_write(&rig, "vcpu0", file[0].data, 4 * KVL_PACKET_BYTES + 64);
	rig_write(&rig, "vcpu1", file[1].data, 4 * KVL_PACKET_BYTES + 63);
	expect(EXIT_OK);
	ck_assert_uint_eq(of(0)->records_lost, RECORDS - 4 * KVL_PACKET_RECORDS);
	ck_assert_uint_eq(of(0)->packets_unknown, 0);
	ck_assert_uint_eq(of(0)->bytes - of(0)->kept, 64);
	ck_assert_uint_eq(of(1)->records_lost, 0);
	ck_assert_uint_eq(of(1)->packets_unknown, 1);
	ck_assert(!of(2)->cut);
}
END_TEST

/* What a file system may leave after a crash: zeros, old bytes, pages of a packet that are
 * missing. */
START_TEST(tails)
{
	u8 *data = calloc(1, 8 * KVL_PACKET_BYTES);

	for (u32 i = 0; i < 40; i++) {
		size_t keep = (1 + (size_t)random() % (PACKETS - 1)) * KVL_PACKET_BYTES;
		size_t tail = 1 + (size_t)random() % (2 * KVL_PACKET_BYTES);

		memset(data, 0, 8 * KVL_PACKET_BYTES);
		memcpy(data, file[0].data, keep + (i % 4 == 1 ? KVL_PACKET_BYTES : 0));
		if (i % 4 == 1) /* torn inside */
			memset(data + keep + 4096 * (1 + (size_t)random() % 4), 0, 4096);
		for (size_t at = 0; i % 4 == 2 && at < tail; at++)
			data[keep + at] = (u8)random();
		rig_write(&rig, "vcpu0", data, keep + tail);
		expect(EXIT_OK);
		holds(0, keep);
		reads_without_problems();
	}
	free(data);
}
END_TEST

/* --- what is not ------------------------------------------------------------------------------ */
START_TEST(whole_files_are_not_touched)
{
	struct stat before[ARRAY_LEN(names)], after;
	char path[128];

	for (u32 i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", rig.trace_dir, names[i]);
		ck_assert_int_eq(stat(path, &before[i]), 0);
	}
	usleep(20000);
	expect(EXIT_OK);
	for (u32 i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", rig.trace_dir, names[i]);
		ck_assert_int_eq(stat(path, &after), 0);
		ck_assert_int_eq(memcmp(&before[i].st_ctim, &after.st_ctim, sizeof(after.st_ctim)),
				 0);
		holds(i, file[i].bytes);
	}
}
END_TEST

/* Behind the damage are whole packets: they stay; what is torn behind those goes. */
START_TEST(damage_in_the_middle_stays)
{
	size_t at = (size_t)_i * KVL_PACKET_BYTES + 5000;

	file[1].data[at] ^= 1;
	rig_write(&rig, "vcpu1", file[1].data, file[1].bytes - 1);
	rig_write(&rig, "vmm", file[2].data, file[2].bytes - 1);
	expect_text(EXIT_VMM, "still damaged: vcpu1: packet ");
	ck_assert_ptr_nonnull(strstr(err.text, "whole ones follow"));
	holds(1, 4 * KVL_PACKET_BYTES);
	holds(2, 4 * KVL_PACKET_BYTES);
	expect_text(EXIT_VMM, "still damaged: vcpu1");
	holds(1, 4 * KVL_PACKET_BYTES);
}
END_TEST

/* Packets of another trace, stream or place are whole: they are not cut off. */
START_TEST(mixed_up_files_stay)
{
	rig_write(&rig, "vcpu0", file[1].data, file[1].bytes);
	expect_text(EXIT_VMM, "vcpu0: packet 0 is whole but in the wrong place");
	rig_write(&rig, "vcpu0", file[0].data, file[0].bytes);
	rig_write(&rig, "vcpu1", file[1].data + KVL_PACKET_BYTES, 2 * KVL_PACKET_BYTES);
	expect_text(EXIT_VMM, "vcpu1: packet 0 is whole but in the wrong place: sequence number");
	ck_assert(!of(1)->cut);
}
END_TEST

START_TEST(metadata_of_another_trace)
{
	size_t bytes;
	char *text = (char *)rig_read(&rig, "metadata", &bytes);
	char *uuid = strstr(text, "uuid = \"") + strlen("uuid = \"");

	*uuid = *uuid == '0' ? '1' : '0';
	rig_write(&rig, "metadata", text, bytes);
	expect_text(EXIT_VMM, "of another trace");
	for (u32 i = 0; i < ARRAY_LEN(names); i++)
		holds(i, file[i].bytes);
	free(text);
}
END_TEST

START_TEST(what_is_no_stream_stays)
{
	static const char text[] = "Dear diary";

	rig_write(&rig, "vcpu0", text, sizeof(text));
	expect_text(EXIT_VMM, "vcpu0: does not begin as a stream of a trace does");
	ck_assert(!of(0)->cut);
}
END_TEST

/* --- bad input -------------------------------------------------------------------------------- */
static void replace_vcpu0(void (*by)(const char *path))
{
	char path[128];

	snprintf(path, sizeof(path), "%s/vcpu0", rig.trace_dir);
	ck_assert_int_eq(unlink(path), 0);
	by(path);
}

static void by_fifo(const char *path)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static char outside[128];

static void by_link(const char *path)
{
	ck_assert_int_eq(symlink(outside, path), 0);
}

START_TEST(a_fifo_is_left)
{
	replace_vcpu0(by_fifo);
	expect_text(EXIT_VMM, "vcpu0: not a regular file");
}
END_TEST

START_TEST(a_link_is_not_followed)
{
	struct stat info;
	FILE *out;

	snprintf(outside, sizeof(outside), "%s/outside", rig.dir);
	out = fopen(outside, "w");
	ck_assert_uint_eq(fwrite(file[0].data, 1, 70000, out), 70000);
	fclose(out);
	replace_vcpu0(by_link);
	expect_text(EXIT_VMM, "vcpu0: is a symbolic link");
	ck_assert_int_eq(stat(outside, &info), 0);
	ck_assert_int_eq(info.st_size, 70000);
}
END_TEST

/* All or none: the one that can be written is not cut either. */
START_TEST(a_file_that_must_not_be_written)
{
	char path[128];

	rig_write(&rig, "vcpu0", file[0].data, 70000);
	rig_write(&rig, "vmm", file[2].data, 70000);
	snprintf(path, sizeof(path), "%s/vcpu0", rig.trace_dir);
	ck_assert_int_eq(chmod(path, 0666), 0);
	snprintf(path, sizeof(path), "%s/vmm", rig.trace_dir);
	ck_assert_int_eq(chmod(path, 0444), 0);
	ck_assert_int_eq(chmod(rig.dir, 0755), 0);
	if (!geteuid())
		ck_assert_int_eq(seteuid(65534), 0);
	expect_text(EXIT_HOST, "vmm has 4464 bytes too many, but must not be written");
	if (!getuid())
		ck_assert_int_eq(seteuid(0), 0);
	holds(0, 70000);
	holds(2, 70000);
}
END_TEST

START_TEST(no_trace)
{
	ck_assert_int_eq(trace_repair("/nonexistent", &repair, &err), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_int_eq(trace_repair(rig.dir, &repair, &err), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "is no trace directory"));
}
END_TEST

/* Wherever it is cut, CTF readers lack something, and repair cannot make it up. */
START_TEST(metadata_cut_anywhere)
{
	size_t bytes;
	u8 *text = rig_read(&rig, "metadata", &bytes);

	for (u32 i = 0; i < ARRAY_LEN(names); i++)
		rig_write(&rig, names[i], file[i].data, KVL_PACKET_BYTES);
	for (size_t cut = 0; cut < bytes - 1; cut += 1 + cut % 7) {
		rig_write(&rig, "metadata", text, cut);
		expect_text(EXIT_VMM, "metadata");
	}
	rig_write(&rig, "metadata", text, bytes);
	expect(EXIT_OK);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace repair");
	TCase *tcase = tcase_create("repair");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, cut_anywhere);
	tcase_add_test(tcase, what_is_known_lost_is_told);
	tcase_add_test(tcase, tails);
	tcase_add_test(tcase, whole_files_are_not_touched);
	tcase_add_loop_test(tcase, damage_in_the_middle_stays, 0, 4 - 1);
	tcase_add_test(tcase, mixed_up_files_stay);
	tcase_add_test(tcase, metadata_of_another_trace);
	tcase_add_test(tcase, what_is_no_stream_stays);
	tcase_add_test(tcase, a_fifo_is_left);
	tcase_add_test(tcase, a_link_is_not_followed);
	tcase_add_test(tcase, a_file_that_must_not_be_written);
	tcase_add_test(tcase, no_trace);
	tcase_add_test(tcase, metadata_cut_anywhere);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
