/* SPDX-License-Identifier: MIT */
/* Reading traces back: what was written, and what is left of it after it was damaged. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suite.h"
#include "tests/unit/trace_rig.h"
#include "vmm/trace/print.h"
#include "vmm/trace/reader.h"
#include "vmm/trace/schema.h"

#define RECORDS 2500

/* Two CPUs and the VMM, in turns; every event that there is. */
static void write_trace(struct rig *rig)
{
	rig_init(rig, 2);
	rig_open(rig, true);
	for (u32 i = 0; i < RECORDS; i++) {
		const struct event_schema *event = &event_schema[i % event_schema_count];
		u64 a = i;

		if (i % 3 && event_from_guest(event->id))
			rig_event(rig, i % 3 - 1, event->id, (u16)(i % rig_nsites), 1, 2, a, a + 1,
				  a + 2, a + 3, a + 4);
		else
			trace_event(rig->trace, event->id, 1, 2, a, a + 1, a + 2, a + 3, a + 4);
	}
	ck_assert_int_eq(trace_finish(rig->trace, &rig->err), 0);
}

/* Reads all there is; the tickets must rise. */
static u32 read_all(const struct rig *rig, u32 *problems)
{
	struct err err = { 0 };
	struct trace_reader *reader = trace_reader_open(rig->trace_dir, &err);
	struct kvl_record record;
	u64 last = 0;
	u32 cpu, n = 0;

	*problems = 1;
	if (!reader)
		return 0;
	for (; trace_reader_next(reader, &record, &cpu); n++) {
		ck_assert_uint_gt(record.ticket, last);
		last = record.ticket;
	}
	*problems = trace_reader_problems(reader);
	trace_reader_close(reader);
	return n;
}

START_TEST(what_was_written)
{
	struct trace_reader *reader;
	struct kvl_record record;
	struct rig rig;
	u32 cpu;

	write_trace(&rig);
	reader = trace_reader_open(rig.trace_dir, &rig.err);
	ck_assert_msg(reader != NULL, "%s", rig.err.text);
	for (u32 i = 0; i < RECORDS; i++) {
		const struct event_schema *event = &event_schema[i % event_schema_count];
		bool guest = i % 3 && event_from_guest(event->id);

		ck_assert(trace_reader_next(reader, &record, &cpu));
		ck_assert_uint_eq(record.ticket, i + 1);
		ck_assert_uint_eq(record.id, event->id);
		ck_assert_uint_eq(cpu, guest ? i % 3 - 1 : TRACE_CPU_VMM);
		ck_assert_uint_eq(record.site, guest ? i % rig_nsites : 0);
		ck_assert_uint_eq(record.a[4], i + 4);
	}
	ck_assert(!trace_reader_next(reader, &record, &cpu));
	ck_assert_uint_eq(trace_reader_problems(reader), 0);
	ck_assert_uint_eq(trace_reader_missing(reader), 0);
	ck_assert_str_eq(trace_reader_site(reader, 0), "-");
	ck_assert_str_eq(trace_reader_site(reader, 1), "pt.map");
	ck_assert_str_eq(trace_reader_site(reader, 3), "odd \"name\"\\??");
	ck_assert_str_eq(trace_reader_site(reader, 4), "site 4");
	trace_reader_close(reader);
	rig_done(&rig);
}
END_TEST

START_TEST(symbols)
{
	struct trace_reader *reader;
	struct rig rig;
	u64 offset;

	write_trace(&rig);
	reader = trace_reader_open(rig.trace_dir, &rig.err);
	ck_assert_ptr_null(trace_reader_symbol(reader, 0xfff, &offset));
	ck_assert_str_eq(trace_reader_symbol(reader, 0x1fff, &offset), "start");
	ck_assert_uint_eq(offset, 0xfff);
	ck_assert_str_eq(trace_reader_symbol(reader, 0x2000, &offset), "middle");
	ck_assert_ptr_null(trace_reader_symbol(reader, GiB(1), &offset));
	trace_reader_close(reader);
	rig_done(&rig);
}
END_TEST

/* The file is cut behind each possible byte of its last packet (in steps that hit all borders). */
START_TEST(cut_anywhere)
{
	struct rig rig;
	size_t bytes;
	u32 problems, whole, rest;
	u8 *file;

	write_trace(&rig);
	file = rig_read(&rig, "vmm", &bytes);
	ck_assert_uint_gt(bytes, KVL_PACKET_BYTES);
	rest = read_all(&rig, &problems);
	ck_assert_uint_eq(rest, RECORDS);
	rig_write(&rig, "vmm", file, bytes - KVL_PACKET_BYTES);
	whole = read_all(&rig, &problems);
	ck_assert_uint_eq(problems, 0);
	ck_assert_uint_lt(whole, RECORDS);
	for (size_t cut = 1; cut < KVL_PACKET_BYTES; cut += cut < 200 || cut > 65400 ? 1 : 61) {
		rig_write(&rig, "vmm", file, bytes - cut);
		ck_assert_uint_eq(read_all(&rig, &problems), whole);
		ck_assert_uint_eq(problems, 1);
	}
	free(file);
	rig_done(&rig);
}
END_TEST

/* Any byte of a used part of a packet: that packet is left out, the others are read. */
START_TEST(flipped_anywhere)
{
	struct rig rig;
	u32 problems;
	size_t bytes;
	u8 *file;

	write_trace(&rig);
	file = rig_read(&rig, "vmm", &bytes);
	srandom(1);
	for (u32 i = 0; i < 300; i++) {
		size_t at = i < 64 ? i : (size_t)random() % KVL_PACKET_BYTES;
		u8 flip = (u8)(1 << random() % 8);

		if (at >= offsetof(struct packet_header, events_discarded) &&
		    at < offsetof(struct packet_header, packet_seq_num))
			continue; /* any value may be right */
		file[at] ^= flip;
		rig_write(&rig, "vmm", file, bytes);
		ck_assert_uint_eq(read_all(&rig, &problems), RECORDS - KVL_PACKET_RECORDS);
		ck_assert_uint_eq(problems, 1);
		file[at] ^= flip;
	}
	free(file);
	rig_done(&rig);
}
END_TEST

/* Metadata and symbols of any content are refused or read, never worse. */
START_TEST(random_text)
{
	static const char *const name[] = { "metadata", "extra/symbols" };
	struct rig rig;
	u32 problems;
	size_t bytes;
	u8 *file;

	write_trace(&rig);
	file = rig_read(&rig, name[_i % 2], &bytes);
	srandom((unsigned)_i + 1);
	for (u32 i = 0; i < 100; i++) {
		u8 *copy = malloc(bytes);
		size_t length = random() % 4 ? bytes : (size_t)random() % bytes;

		memcpy(copy, file, bytes);
		for (u32 k = 0; k < 8; k++)
			copy[(size_t)random() % bytes] = (u8)random();
		rig_write(&rig, name[_i % 2], copy, length);
		read_all(&rig, &problems);
		free(copy);
	}
	free(file);
	rig_done(&rig);
}
END_TEST

START_TEST(not_a_trace)
{
	struct err err = { 0 };
	struct rig rig;

	rig_init(&rig, 1);
	ck_assert_ptr_null(trace_reader_open("/nonexistent", &err));
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_ptr_null(trace_reader_open(rig.dir, &err));
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "is no trace directory"));
	rig_done(&rig);
}
END_TEST

START_TEST(another_version)
{
	struct err err = { 0 };
	struct rig rig;
	size_t bytes;
	char *text, *at;

	write_trace(&rig);
	text = (char *)rig_read(&rig, "metadata", &bytes);
	at = strstr(text, "kvalab_trace_version = ");
	ck_assert_ptr_nonnull(at);
	memcpy(at + strlen("kvalab_trace_version = "), "07", 2);
	rig_write(&rig, "metadata", text, bytes);
	ck_assert_ptr_null(trace_reader_open(rig.trace_dir, &err));
	ck_assert_int_eq(err.status, EXIT_VMM);
	ck_assert_ptr_nonnull(strstr(err.text, "version 7, this program reads version"));
	free(text);
	rig_done(&rig);
}
END_TEST

/* --- printing --- */
static char *print(const struct rig *rig, const struct trace_print_options *options, int want)
{
	struct err err = { 0 };
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);

	ck_assert_int_eq(trace_print(rig->trace_dir, out, options, &err), want);
	fclose(out);
	return text;
}

static void one_trace(struct rig *rig)
{
	rig_init(rig, 1);
	rig_open(rig, true);
	trace_event(rig->trace, KVL_EV_MM_CREATE, 0, 0, 0, 0x5000, 0, 0, 0);
	rig_event(rig, 0, KVL_EV_PT_SET, 1, 3, 1, 0x3000, 0x5000, 0, 0x8000000012345063, 2);
	rig_event(rig, 0, KVL_EV_TLB_FLUSH, 2, KVL_FLUSH_PAGE, 0, 0x3000, 0x1000, 2, 0, 0);
	rig_event(rig, 0, KVL_EV_FAULT_ENTER, 0, 1, 0, 0x3000, 7, 0x2010, 4, 0);
	ck_assert_int_eq(trace_finish(rig->trace, &rig->err), 0);
}

START_TEST(lines)
{
	struct trace_print_options all = { 0 };
	struct rig rig;
	char *text;

	one_trace(&rig);
	text = print(&rig, &all, 0);
	ck_assert_str_eq(text,
			 "  # ticket cpu event           site          fields\n"
			 "         1 vmm mm_create       -             mm=0 table=0x5000\n"
			 "         2   0 pt_set          pt.map        index=3 level=1 va=0x3000 "
			 "table=0x5000 old=0x0 new=0x8000000012345063(RW,NX,A,D) mm=2\n"
			 "         3   0 tlb_flush       flash.unmap   scope=page va=0x3000 "
			 "bytes=0x1000 mm=2\n"
			 "         4   0 fault_enter     -             user=1 va=0x3000 error=0x7 "
			 "rip=0x2010<middle+0x10> task=4\n");
	free(text);
	rig_done(&rig);
}
END_TEST

static u32 count_lines(char *text)
{
	u32 n = 0;

	for (const char *c = text; *c; c++)
		n += *c == '\n';
	free(text);
	return n - 1; /* heading */
}

START_TEST(filters)
{
	static const char *const names[] = { "pt_set", "mm_create" };
	struct trace_print_options by_name = { .event = names, .nevents = 2 };
	struct trace_print_options by_cpu = { .one_cpu = true, .cpu = TRACE_CPU_VMM };
	struct trace_print_options limited = { .limit = 3, .tsc = true };
	struct rig rig;

	one_trace(&rig);
	ck_assert_uint_eq(count_lines(print(&rig, &by_name, 0)), 2);
	ck_assert_uint_eq(count_lines(print(&rig, &by_cpu, 0)), 1);
	ck_assert_uint_eq(count_lines(print(&rig, &limited, 0)), 3);
	rig_done(&rig);
}
END_TEST

START_TEST(unknown_name)
{
	static const char *const names[] = { "pt_sat" };
	struct trace_print_options options = { .event = names, .nevents = 1 };
	struct err err = { 0 };

	ck_assert_int_eq(trace_print("/nonexistent", stdout, &options, &err), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "unknown event \"pt_sat\"; there are: pt_set"));
}
END_TEST

/* A damaged trace is printed as far as it goes, with a remark and a failure. */
START_TEST(damaged)
{
	struct trace_print_options all = { 0 };
	struct rig rig;
	size_t bytes;
	u8 *file;
	char *text;

	one_trace(&rig);
	file = rig_read(&rig, "vcpu0", &bytes);
	rig_write(&rig, "vcpu0", file, bytes - 1);
	free(file);
	text = print(&rig, &all, -1);
	ck_assert_ptr_nonnull(strstr(text, "mm_create"));
	ck_assert_ptr_nonnull(strstr(text, "# vcpu0: cut off in packet 0"));
	free(text);
	rig_done(&rig);
}
END_TEST

/* --- incomplete --- */
static void remove_file(const struct rig *rig, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", rig->trace_dir, name);
	ck_assert_int_eq(unlink(path), 0);
}

static void expect_print(const struct rig *rig, int status, const char *part)
{
	struct trace_print_options all = { 0 };
	struct err err = { 0 };
	FILE *out = fopen("/dev/null", "w");

	ck_assert_int_eq(trace_print(rig->trace_dir, out, &all, &err), status ? -1 : 0);
	ck_assert_int_eq(err.status, status);
	ck_assert_msg(strstr(err.text, part) != NULL, "%s", err.text);
	fclose(out);
}

static void say_lossy(const struct rig *rig)
{
	size_t bytes;
	char *text = (char *)rig_read(rig, "metadata", &bytes);
	char *at = strstr(text, "lossy = 0");

	ck_assert_ptr_nonnull(at);
	at[strlen("lossy = ")] = '1';
	rig_write(rig, "metadata", text, bytes);
	free(text);
}

START_TEST(stream_missing)
{
	struct rig rig;

	write_trace(&rig);
	expect_print(&rig, 0, "");
	remove_file(&rig, "vcpu1");
	expect_print(&rig, EXIT_VMM, "is incomplete");
	say_lossy(&rig);
	expect_print(&rig, 0, "");
	rig_done(&rig);
}
END_TEST

/* A stopped CPU may hold one ticket. */
START_TEST(one_missing)
{
	struct rig rig;

	rig_init(&rig, 1);
	rig_open(&rig, true);
	rig_use(&rig, 0);
	rig_ticket(&rig);
	rig_use(&rig, 0);
	if (_i)
		rig_ticket(&rig);
	rig_use(&rig, 0);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	expect_print(&rig, _i ? EXIT_VMM : 0, _i ? "2 tickets have no record" : "");
	rig_done(&rig);
}
END_TEST

/* A FIFO must not hold the reader until somebody writes to it. */
START_TEST(fifo)
{
	static const char *const name[] = { "metadata", "vcpu0", "vmm" };
	static const char *const part[] = { "metadata: not a regular file",
					    "vcpu0: not a regular file",
					    "vmm: not a regular file" };
	struct rig rig;
	char path[128];

	write_trace(&rig);
	remove_file(&rig, name[_i]);
	snprintf(path, sizeof(path), "%s/%s", rig.trace_dir, name[_i]);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	expect_print(&rig, _i ? EXIT_VMM : EXIT_USAGE, part[_i]);
	unlink(path);
	rig_done(&rig);
}
END_TEST

/* Records thrown away after the last one that was kept. */
START_TEST(discarded_at_the_end)
{
	const struct packet *packet;
	struct rig rig;
	size_t bytes;
	u8 *file;

	rig_init(&rig, 1);
	rig_open(&rig, true);
	rig_use(&rig, 0);
	ck_assert_int_eq(trace_drain(rig.trace, &rig.err), 0);
	rig.shared->cpu[0].dropped = 9;
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	file = rig_read(&rig, "vcpu0", &bytes);
	ck_assert_uint_eq(bytes, KVL_PACKET_BYTES);
	packet = (const struct packet *)(const void *)file;
	ck_assert_uint_eq(packet->header.events_discarded, 9);
	free(file);
	rig_done(&rig);
}
END_TEST

START_TEST(output_full)
{
	struct trace_print_options all = { 0 };
	struct err err = { 0 };
	struct rig rig;
	FILE *out = fopen("/dev/full", "w");

	write_trace(&rig);
	ck_assert_int_eq(trace_print(rig.trace_dir, out, &all, &err), -1);
	ck_assert_int_eq(err.status, EXIT_HOST);
	fclose(out);
	rig_done(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace reader");
	TCase *reading = tcase_create("reading"), *printing = tcase_create("printing");
	TCase *incomplete = tcase_create("incomplete");

	tcase_set_timeout(reading, 60);
	tcase_add_test(reading, what_was_written);
	tcase_add_test(reading, symbols);
	tcase_add_test(reading, cut_anywhere);
	tcase_add_test(reading, flipped_anywhere);
	tcase_add_loop_test(reading, random_text, 0, 6);
	tcase_add_test(reading, not_a_trace);
	tcase_add_test(reading, another_version);
	suite_add_tcase(suite, reading);
	tcase_add_test(printing, lines);
	tcase_add_test(printing, filters);
	tcase_add_test(printing, unknown_name);
	tcase_add_test(printing, damaged);
	tcase_add_test(printing, output_full);
	suite_add_tcase(suite, printing);
	tcase_add_test(incomplete, stream_missing);
	tcase_add_loop_test(incomplete, one_missing, 0, 2);
	tcase_add_loop_test(incomplete, fifo, 0, 3);
	tcase_add_test(incomplete, discarded_at_the_end);
	suite_add_tcase(suite, incomplete);
	return run_suite(suite);
}
