/* SPDX-License-Identifier: MIT */
/* Exports, read back: lines of JSON by jansson, Perfetto's messages by a decoder that shares no
 * code. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "tests/unit/trace_rig.h"
#include "vmm/trace/export.h"
#include "vmm/trace/schema.h"

static struct rig rig;
static struct err err;
static char *output;
static size_t output_bytes;

static void setup(void)
{
	rig_init(&rig, 2);
	rig_open(&rig, true);
	output = NULL;
	srandom(1);
}

static void teardown(void)
{
	free(output);
	rig_done(&rig);
}

static void export(enum export_format format, bool tsc, int want)
{
	struct trace_export_options options = { .format = format, .tsc = tsc };
	FILE *out;

	free(output);
	out = open_memstream(&output, &output_bytes);
	ck_assert_int_eq(trace_export(rig.trace_dir, out, &options, &err), want ? -1 : 0);
	ck_assert_int_eq(want ? (int)err.status : 0, want);
	fclose(out);
}

static void finish(void)
{
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
}

/* Values of all sizes, more small ones. */
static u64 any(void)
{
	u64 bits = (u64)random() << 62 ^ (u64)random() << 31 ^ (u64)random();

	return random() % 4 ? bits >> random() % 64 : bits | 1ull << 63;
}

/* Each event, many times, with values of all kinds. */
static void write_all(u32 records)
{
	for (u32 i = 0; i < records; i++) {
		const struct event_schema *event = &event_schema[i % event_schema_count];

		if (event_from_guest(event->id) && random() % 3)
			rig_event(&rig, (u32)random() % 2, event->id, (u16)(random() % rig_nsites),
				  (u16)any(), (u16)any(), any(), any(), any(), any(), any());
		else
			trace_event(rig.trace, event->id, (u16)any(), (u16)any(), any(), any(),
				    any(), any(), any());
		if (i % 1000 == 0)
			ck_assert_int_eq(trace_drain(rig.trace, &rig.err), 0);
	}
	finish();
}

/* --- NDJSON ----------------------------------------------------------------------------------- */
START_TEST(lines)
{
	trace_event(rig.trace, KVL_EV_MM_CREATE, 0, 0, 0, 0x5000, 0, 0, 0);
	rig_event(&rig, 0, KVL_EV_PT_SET, 3, 3, 1, 0x3000, 0x5000, 0, 0x8000000012345063, 2);
	rig_event(&rig, 1, KVL_EV_TLB_FLUSH, 2, KVL_FLUSH_PAGE, 0, 0x3000, 0x1000, (1ull << 53) - 1,
		  0, 0);
	rig_event(&rig, 0, KVL_EV_TLB_FLUSH, 0, 9, 0, 0, 0, 1ull << 53, 0, 0);
	finish();
	export(EXPORT_NDJSON, false, 0);
	ck_assert_str_eq(
		output,
		"{\"ticket\":1,\"cpu\":\"vmm\",\"event\":\"mm_create\",\"site\":\"-\",\"fields\":{"
		"\"mm\":0,\"table\":\"0x5000\"}}\n"
		"{\"ticket\":2,\"cpu\":0,\"event\":\"pt_set\",\"site\":\"odd \\\"name\\\"\\\\??\","
		"\"fields\":{\"index\":3,\"level\":1,\"va\":\"0x3000\",\"table\":\"0x5000\","
		"\"old\":\"0x0\",\"new\":\"0x8000000012345063\",\"mm\":2}}\n"
		"{\"ticket\":3,\"cpu\":1,\"event\":\"tlb_flush\",\"site\":\"flash.unmap\","
		"\"fields\":{\"scope\":\"page\",\"va\":\"0x3000\",\"bytes\":\"0x1000\","
		"\"mm\":9007199254740991}}\n"
		"{\"ticket\":4,\"cpu\":0,\"event\":\"tlb_flush\",\"site\":\"-\",\"fields\":{"
		"\"scope\":9,\"va\":\"0x0\",\"bytes\":\"0x0\",\"mm\":\"9007199254740992\"}}\n");
}
END_TEST

START_TEST(every_line_is_an_object)
{
	u32 n = 0;

	write_all(3000);
	export(EXPORT_NDJSON, true, 0);
	for (char *rest = output, *line; (line = strsep(&rest, "\n")) && *line; n++) {
		json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		ck_assert_msg(object != NULL, "%s", line);
		ck_assert_int_eq(json_integer_value(json_object_get(object, "ticket")), n + 1);
		ck_assert(json_is_object(json_object_get(object, "fields")));
		ck_assert_ptr_nonnull(json_object_get(object, "tsc"));
		json_decref(object);
	}
	ck_assert_uint_eq(n, 3000);
}
END_TEST

START_TEST(an_event_that_is_unknown)
{
	struct kvl_record record = { .ticket = 7, .id = 63, .site = 99 };
	struct trace_reader *reader;
	FILE *out;

	finish();
	reader = trace_reader_open(rig.trace_dir, &err);
	ck_assert_ptr_nonnull(reader);
	out = open_memstream(&output, &output_bytes);
	ndjson_record(out, reader, &record, 1, false);
	fclose(out);
	ck_assert_str_eq(output, "{\"ticket\":7,\"cpu\":1,\"event\":\"event 63\",\"site\":\"site "
				 "99\",\"fields\":{}}\n");
	trace_reader_close(reader);
}
END_TEST

START_TEST(times_only_if_wanted)
{
	rig_use(&rig, 0);
	finish();
	export(EXPORT_NDJSON, false, 0);
	ck_assert_ptr_null(strstr(output, "tsc"));
	export(EXPORT_NDJSON, true, 0);
	ck_assert_ptr_nonnull(strstr(output, "{\"ticket\":1,\"tsc\":1,\"cpu\""));
}
END_TEST

/* What can be read goes out, and the status says that it is not all. */
START_TEST(damaged)
{
	enum export_format format = (enum export_format)_i;
	size_t bytes;
	u8 *file;

	write_all(3000);
	file = rig_read(&rig, "vcpu0", &bytes);
	rig_write(&rig, "vcpu0", file, bytes - 1);
	free(file);
	export(format, false, EXIT_VMM);
	ck_assert_uint_gt(output_bytes, 10000);
}
END_TEST

START_TEST(output_full)
{
	struct trace_export_options options = { .format = (enum export_format)_i };
	FILE *out = fopen("/dev/full", "w");

	write_all(3000);
	ck_assert_int_eq(trace_export(rig.trace_dir, out, &options, &err), -1);
	ck_assert_int_eq(err.status, EXIT_HOST);
	ck_assert_msg(strstr(err.text, "No space left") != NULL, "%s", err.text);
	fclose(out);
}
END_TEST

/* --- Perfetto: a decoder ---------------------------------------------------------------------- */
struct field {
	u32 number, wire;
	u64 value; /* or the length of … */
	const u8 *bytes;
};

static bool varint(const u8 **at, const u8 *end, u64 *value)
{
	*value = 0;
	for (u32 shift = 0; *at < end && shift < 70; shift += 7) {
		u8 byte = *(*at)++;

		*value |= (u64)(byte & 0x7f) << (shift < 64 ? shift : 63);
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

/* The next field of a message; false at its end. Anything but a well-formed field fails the
 * test. */
static bool next_field(const u8 **at, const u8 *end, struct field *field)
{
	u64 tag;

	if (*at == end)
		return false;
	ck_assert(varint(at, end, &tag));
	field->number = (u32)(tag >> 3);
	field->wire = tag & 7;
	ck_assert_uint_ne(field->number, 0);
	if (field->wire == 1) {
		ck_assert_int_ge(end - *at, 8);
		memcpy(&field->value, *at, 8);
		*at += 8;
		return true;
	}
	ck_assert(field->wire == 0 || field->wire == 2);
	ck_assert(varint(at, end, &field->value));
	if (field->wire == 2) {
		ck_assert_uint_le(field->value, (size_t)(end - *at));
		field->bytes = *at;
		*at += field->value;
	}
	return true;
}

#define SEEN 8192

static struct seen {
	u64 timestamp, type, track, counter;
	char name[32];
	u32 annotations, flows, flow_ends;
	u64 flow[KVL_MAX_CPUS], flow_end;
	char annotation[16][32]; /* name=value */
} seen[SEEN];

static struct track {
	u64 uuid, parent;
	char name[32];
	bool counter;
} tracks[SEEN];

static u32 nseen, ntracks;

static void text_of(const struct field *field, char text[32])
{
	ck_assert_uint_eq(field->wire, 2);
	snprintf(text, 32, "%.*s", (int)field->value, (const char *)field->bytes);
}

static void decode_annotation(const struct field *in, struct seen *event)
{
	char *text = event->annotation[event->annotations++ % 16];
	const u8 *at = in->bytes, *end = at + in->value;
	char name[32] = "", value[32] = "";
	struct field field;

	while (next_field(&at, end, &field)) {
		if (field.number == 10)
			text_of(&field, name);
		else if (field.number == 6)
			text_of(&field, value);
		else if (field.number == 3)
			snprintf(value, sizeof(value), "%llu", (unsigned long long)field.value);
		else if (field.number == 7)
			snprintf(value, sizeof(value), "0x%llx", (unsigned long long)field.value);
		else
			ck_abort_msg("field %u in an annotation", field.number);
	}
	ck_assert(name[0] && value[0]);
	snprintf(text, 32, "%.15s=%.15s", name, value);
}

static void decode_event(const struct field *in, struct seen *event)
{
	const u8 *at = in->bytes, *end = at + in->value;
	struct field field;

	while (next_field(&at, end, &field)) {
		switch (field.number) {
		case 4: decode_annotation(&field, event); break;
		case 9: event->type = field.value; break;
		case 11: event->track = field.value; break;
		case 23: text_of(&field, event->name); break;
		case 30: event->counter = field.value; break;
		case 47:
			ck_assert_uint_eq(field.wire, 1);
			ck_assert_uint_lt(event->flows, KVL_MAX_CPUS);
			event->flow[event->flows++] = field.value;
			break;
		case 48:
			ck_assert_uint_eq(field.wire, 1);
			event->flow_end = field.value;
			event->flow_ends++;
			break;
		default: ck_abort_msg("field %u in an event", field.number);
		}
	}
}

static void decode_track(const struct field *in, struct track *track)
{
	const u8 *at = in->bytes, *end = at + in->value;
	struct field field;

	while (next_field(&at, end, &field)) {
		switch (field.number) {
		case 1: track->uuid = field.value; break;
		case 2: text_of(&field, track->name); break;
		case 5: track->parent = field.value; break;
		case 8: track->counter = true; break;
		default: ck_abort_msg("field %u in a track", field.number);
		}
	}
}

static const struct track *track_of(u64 uuid)
{
	for (u32 i = 0; i < ntracks; i++)
		if (tracks[i].uuid == uuid)
			return &tracks[i];
	ck_abort_msg("an event on a track that is not described before it");
	return NULL;
}

static void decode_packet(const struct field *in)
{
	const u8 *at = in->bytes, *end = at + in->value;
	struct seen event = { 0 };
	struct track track = { 0 };
	u64 sequence = 0, flags = 0;
	struct field field;

	while (next_field(&at, end, &field)) {
		switch (field.number) {
		case 8: event.timestamp = field.value; break;
		case 10: sequence = field.value; break;
		case 11: decode_event(&field, &event); break;
		case 13: flags = field.value; break;
		case 60: decode_track(&field, &track); break;
		default: ck_abort_msg("field %u in a packet", field.number);
		}
	}
	ck_assert_uint_eq(sequence, 1);
	ck_assert_uint_eq(flags, nseen + ntracks == 0);
	ck_assert_uint_lt(nseen, SEEN);
	ck_assert_uint_lt(ntracks, SEEN);
	if (track.uuid) {
		if (track.parent)
			track_of(track.parent);
		tracks[ntracks++] = track;
	} else {
		ck_assert_int_eq(track_of(event.track)->counter, event.type == 4);
		seen[nseen++] = event;
	}
}

static void decode(void)
{
	const u8 *at = (const u8 *)output, *end = at + output_bytes;
	struct field field;

	nseen = ntracks = 0;
	while (next_field(&at, end, &field)) {
		ck_assert_uint_eq(field.number, 1);
		ck_assert_uint_eq(field.wire, 2);
		decode_packet(&field);
	}
}

/* --- Perfetto: what is in it ------------------------------------------------------------------ */
static void expect_event(u32 i, u64 type, const char *track, const char *name)
{
	ck_assert_uint_lt(i, nseen);
	ck_assert_uint_eq(seen[i].type, type);
	ck_assert_str_eq(seen[i].name, name);
	ck_assert_str_eq(track_of(seen[i].track)->name, track);
}

/* Two tasks of one CPU, whose waits do not nest. */
START_TEST(slices)
{
	rig_event(&rig, 0, KVL_EV_WAIT_BEGIN, 1, KVL_WAIT_CHIP, 1, 5, 0, 1, 0, 0);
	rig_event(&rig, 0, KVL_EV_TASK_SWITCH, 0, 0, 0, 1, 2, 0, 0, 0);
	rig_event(&rig, 0, KVL_EV_WAIT_BEGIN, 1, KVL_WAIT_TASK, 1, 5, 0, 2, 0, 0);
	rig_event(&rig, 0, KVL_EV_TASK_SWITCH, 0, 0, 0, 2, 1, 0, 0, 0);
	rig_event(&rig, 0, KVL_EV_WAIT_END, 1, KVL_WAIT_CHIP, 0, 5, 0, 1, 0, 0);
	rig_event(&rig, 0, KVL_EV_FAULT_ENTER, 0, 1, 0, 0x3000, 7, 0x2010, 1, 0);
	rig_event(&rig, 0, KVL_EV_FAULT_EXIT, 0, KVL_FAULT_SYNCED, 0, 0x3000, 0, 0, 0, 0);
	finish();
	export(EXPORT_PERFETTO, false, 0);
	decode();
	ck_assert_uint_eq(nseen, 7);
	expect_event(0, 1, "task 1", "wait");
	expect_event(1, 3, "vCPU 0", "task_switch");
	expect_event(2, 1, "task 2", "wait");
	expect_event(4, 2, "task 1", "wait");
	expect_event(5, 1, "task 1", "fault");
	expect_event(6, 2, "task 1", "fault");
	ck_assert_uint_eq(seen[6].timestamp, 7);
	ck_assert_str_eq(seen[0].annotation[0], "site=pt.map");
	ck_assert_str_eq(seen[0].annotation[1], "what=chip");
	ck_assert_str_eq(seen[5].annotation[2], "va=0x3000");
	ck_assert_str_eq(track_of(track_of(seen[0].track)->parent)->name, "vCPU 0");
}
END_TEST

START_TEST(flows)
{
	rig_event(&rig, 0, KVL_EV_SHOOTDOWN_BEGIN, 0, 0, 0, 0x3000, 0x1000, 0, 0xfff2, 9);
	rig_event(&rig, 1, KVL_EV_IPI_ACK, 0, 0, 0, 9, 0, 0, 0, 0);
	rig_event(&rig, 1, KVL_EV_IPI_ACK, 0, 0, 33, 9, 0, 0, 0, 0);
	finish();
	export(EXPORT_PERFETTO, false, 0);
	decode();
	ck_assert_uint_eq(seen[0].flows, 13);
	ck_assert_uint_eq(seen[1].flow_ends, 1);
	ck_assert_uint_eq(seen[1].flow_end, seen[0].flow[0]);
	ck_assert_uint_eq(seen[2].flow_ends, 0);
}
END_TEST

START_TEST(counters)
{
	rig_event(&rig, 0, KVL_EV_PAGE_ALLOC, 0, 3, 0, 0x3000, 0, 0, 0, 0);
	rig_event(&rig, 0, KVL_EV_TABLE_ALLOC, 0, 0, 1, 0x3000, 0, 0, 0, 0);
	rig_event(&rig, 0, KVL_EV_PAGE_FREE, 0, 1, 0, 0x3000, 0, 0, 0, 0);
	finish();
	export(EXPORT_PERFETTO, false, 0);
	decode();
	ck_assert_uint_eq(nseen, 6);
	expect_event(1, 4, "pages in use", "");
	ck_assert_uint_eq(seen[1].counter, 8);
	expect_event(3, 4, "page tables", "");
	ck_assert_uint_eq(seen[3].counter, 1);
	ck_assert_uint_eq(seen[5].counter, 6);
}
END_TEST

/* Any values; no event is lost, and all that it has is there. */
START_TEST(everything)
{
	u32 instants = 0;

	write_all(3000);
	export(EXPORT_PERFETTO, true, 0);
	decode();
	for (u32 i = 0; i < nseen; i++) {
		if (seen[i].type == 4)
			continue;
		ck_assert_uint_eq(seen[i].timestamp, ++instants);
		ck_assert_uint_ge(seen[i].annotations, 2);
	}
	ck_assert_uint_eq(instants, 3000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace export");
	TCase *json = tcase_create("ndjson"), *perfetto = tcase_create("perfetto");

	tcase_add_checked_fixture(json, setup, teardown);
	tcase_add_test(json, lines);
	tcase_add_test(json, every_line_is_an_object);
	tcase_add_test(json, an_event_that_is_unknown);
	tcase_add_test(json, times_only_if_wanted);
	tcase_add_loop_test(json, damaged, 0, 2);
	tcase_add_loop_test(json, output_full, 0, 2);
	suite_add_tcase(suite, json);
	tcase_add_checked_fixture(perfetto, setup, teardown);
	tcase_add_test(perfetto, slices);
	tcase_add_test(perfetto, flows);
	tcase_add_test(perfetto, counters);
	tcase_add_test(perfetto, everything);
	suite_add_tcase(suite, perfetto);
	return run_suite(suite);
}
