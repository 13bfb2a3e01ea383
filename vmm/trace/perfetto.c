/* SPDX-License-Identifier: MIT */
/*
 * Owns what of a record Perfetto is shown, and as what: an instant on the track of its CPU, or the
 * begin or end of a slice on a track of the task that runs there, because slices on one track must
 * nest, and those of two tasks do not. Field numbers are those of protos/perfetto/trace in
 * Perfetto's sources.
 */
#include "vmm/trace/perfetto.h"

#include <string.h>

#include "vmm/trace/schema.h"

enum trace_fields { TRACE_PACKET = 1 };

enum packet_fields {
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE = 10,
	PACKET_TRACK_EVENT = 11,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_TRACK_DESCRIPTOR = 60,
};
#define SEQUENCE_BEGINS 1 /* SEQ_INCREMENTAL_STATE_CLEARED */

enum descriptor_fields {
	DESCRIPTOR_UUID = 1,
	DESCRIPTOR_NAME = 2,
	DESCRIPTOR_PARENT = 5,
	DESCRIPTOR_COUNTER = 8,
};

enum event_fields {
	EVENT_ANNOTATION = 4,
	EVENT_TYPE = 9,
	EVENT_TRACK = 11,
	EVENT_NAME = 23,
	EVENT_COUNTER_VALUE = 30,
	EVENT_FLOW = 47,
	EVENT_FLOW_ENDS = 48,
};

enum event_type { SLICE_BEGIN = 1, SLICE_END = 2, INSTANT = 3, COUNTER = 4 };

enum annotation_fields {
	ANNOTATION_UINT = 3,
	ANNOTATION_TEXT = 6,
	ANNOTATION_POINTER = 7, /* shown in hexadecimal */
	ANNOTATION_NAME = 10,
};

/* Tracks: 1 to TRACE_STREAMS are the streams', then two counters; those of tasks have the stream on
 * top. */
enum { PAGES_TRACK = TRACE_STREAMS + 1, TABLES_TRACK };
#define TASK_TRACK_SHIFT 56

static const struct slice {
	u16 id;
	enum event_type type;
	const char *name;
} slices[] = {
	{ KVL_EV_FAULT_ENTER, SLICE_BEGIN, "fault" },
	{ KVL_EV_FAULT_EXIT, SLICE_END, "fault" },
	{ KVL_EV_WAIT_BEGIN, SLICE_BEGIN, "wait" },
	{ KVL_EV_WAIT_END, SLICE_END, "wait" },
	{ KVL_EV_SHOOTDOWN_BEGIN, SLICE_BEGIN, "shootdown" },
	{ KVL_EV_SHOOTDOWN_END, SLICE_END, "shootdown" },
};

static const struct slice *slice_of(u16 id)
{
	for (size_t i = 0; i < ARRAY_LEN(slices); i++)
		if (slices[i].id == id)
			return &slices[i];
	return NULL;
}

/* --- packets ---------------------------------------------------------------------------------- */
static size_t begin_packet(struct perfetto *perfetto)
{
	size_t packet = proto_begin(&perfetto->proto, TRACE_PACKET);

	proto_varint(&perfetto->proto, PACKET_SEQUENCE, 1);
	if (!perfetto->begun)
		proto_varint(&perfetto->proto, PACKET_SEQUENCE_FLAGS, SEQUENCE_BEGINS);
	perfetto->begun = true;
	return packet;
}

static void end_packet(struct perfetto *perfetto, size_t packet)
{
	proto_end(&perfetto->proto, packet);
	proto_put(&perfetto->proto, perfetto->out);
}

/* @parent 0: none. */
static void describe(struct perfetto *perfetto, u64 track, u64 parent, const char *name,
		     bool counter)
{
	struct proto *proto = &perfetto->proto;
	size_t packet = begin_packet(perfetto);
	size_t descriptor = proto_begin(proto, PACKET_TRACK_DESCRIPTOR);

	proto_varint(proto, DESCRIPTOR_UUID, track);
	proto_text(proto, DESCRIPTOR_NAME, name);
	if (parent)
		proto_varint(proto, DESCRIPTOR_PARENT, parent);
	if (counter)
		proto_end(proto, proto_begin(proto, DESCRIPTOR_COUNTER));
	proto_end(proto, descriptor);
	end_packet(perfetto, packet);
}

/* --- tracks ----------------------------------------------------------------------------------- */
static u64 stream_track(struct perfetto *perfetto, u32 stream)
{
	char name[16];

	snprintf(name, sizeof(name), stream == KVL_MAX_CPUS ? "VMM" : "vCPU %u", stream);
	if (!perfetto->stream_known[stream])
		describe(perfetto, stream + 1, 0, name, false);
	perfetto->stream_known[stream] = true;
	return stream + 1;
}

/* The track of the task that runs there. Numbers of tasks may be anything; what is kept is
 * bounded. */
static u64 task_track(struct perfetto *perfetto, u32 stream)
{
	u64 parent = stream_track(perfetto, stream), task = perfetto->task[stream];
	u64 track = parent << TASK_TRACK_SHIFT | (task & ((1ull << TASK_TRACK_SHIFT) - 1));
	u64 *known = &perfetto->task_known[stream][task % PERFETTO_TASKS];
	char name[32];

	snprintf(name, sizeof(name), "task %llu", (unsigned long long)task);
	if (*known != task + 1)
		describe(perfetto, track, parent, name, false);
	*known = task + 1;
	return track;
}

/* Events name the task that they are of; a switch, the one that goes on. */
static void follow_task(struct perfetto *perfetto, const struct event_schema *event,
			const struct kvl_record *record, u32 stream)
{
	const char *name = event->id == KVL_EV_TASK_SWITCH ? "next" : "task";

	for (u32 i = 0; i < EVENT_FIELDS; i++)
		if (!strcmp(field_name(event, i), name))
			perfetto->task[stream] = field_value(record, i);
}

/* --- events ----------------------------------------------------------------------------------- */
static void annotate(struct proto *proto, const char *name, enum annotation_fields kind, u64 value,
		     const char *text)
{
	size_t annotation = proto_begin(proto, EVENT_ANNOTATION);

	proto_text(proto, ANNOTATION_NAME, name);
	if (kind == ANNOTATION_TEXT)
		proto_text(proto, ANNOTATION_TEXT, text);
	else
		proto_varint(proto, kind, value);
	proto_end(proto, annotation);
}

static void annotate_field(struct proto *proto, const struct event_schema *event, u32 index,
			   u64 value)
{
	const char *word = field_word(event, index, value);
	enum annotation_fields kind = word			    ? ANNOTATION_TEXT
				      : field_decimal(event, index) ? ANNOTATION_UINT
								    : ANNOTATION_POINTER;

	annotate(proto, field_name(event, index), kind, value, word);
}

static void annotate_all(struct perfetto *perfetto, const struct event_schema *event,
			 const struct kvl_record *record)
{
	struct proto *proto = &perfetto->proto;

	annotate(proto, "site", ANNOTATION_TEXT, 0,
		 trace_reader_site(perfetto->reader, record->site));
	for (u32 i = 0; event && i < EVENT_FIELDS; i++)
		if (event->field[i][0])
			annotate_field(proto, event, i, field_value(record, i));
	if (perfetto->tsc)
		annotate(proto, "tsc", ANNOTATION_UINT, record->tsc, NULL);
}

/* An arrow goes from a shootdown's begin to each CPU's acknowledgement. */
static void add_flows(struct proto *proto, const struct kvl_record *record, u32 stream)
{
	const u64 of_shootdown = KVL_MAX_CPUS;

	if (record->id == KVL_EV_IPI_ACK && !record->h[1])
		proto_fixed64(proto, EVENT_FLOW_ENDS, record->a[0] * of_shootdown + stream);
	for (u32 cpu = 0; record->id == KVL_EV_SHOOTDOWN_BEGIN && cpu < KVL_MAX_CPUS; cpu++)
		if (record->a[3] >> cpu & 1)
			proto_fixed64(proto, EVENT_FLOW, record->a[4] * of_shootdown + cpu);
}

/*
 * A packet holds a name, a site of at most SITE_NAME_MAX bytes, EVENT_FIELDS fields with a word
 * each and a flow for each CPU: less than a quarter of what struct proto takes.
 */
static void put_event(struct perfetto *perfetto, const struct kvl_record *record, u32 stream)
{
	const struct event_schema *schema = event_by_id(record->id);
	const struct slice *slice = slice_of(record->id);
	u64 track = slice ? task_track(perfetto, stream) : stream_track(perfetto, stream);
	struct proto *proto = &perfetto->proto;
	size_t packet = begin_packet(perfetto), event;
	char unknown[16];

	snprintf(unknown, sizeof(unknown), "event %u", record->id);
	proto_varint(proto, PACKET_TIMESTAMP, record->ticket);
	event = proto_begin(proto, PACKET_TRACK_EVENT);
	proto_varint(proto, EVENT_TYPE, slice ? slice->type : INSTANT);
	proto_varint(proto, EVENT_TRACK, track);
	proto_text(proto, EVENT_NAME, slice ? slice->name : schema ? schema->name : unknown);
	annotate_all(perfetto, schema, record);
	add_flows(proto, record, stream);
	proto_end(proto, event);
	end_packet(perfetto, packet);
}

/* --- counters --------------------------------------------------------------------------------- */
static void put_counter(struct perfetto *perfetto, u64 track, u64 ticket, u64 value)
{
	struct proto *proto = &perfetto->proto;
	size_t packet, event;

	if (!perfetto->counter_known) {
		describe(perfetto, PAGES_TRACK, 0, "pages in use", true);
		describe(perfetto, TABLES_TRACK, 0, "page tables", true);
	}
	perfetto->counter_known = true;
	packet = begin_packet(perfetto);
	proto_varint(proto, PACKET_TIMESTAMP, ticket);
	event = proto_begin(proto, PACKET_TRACK_EVENT);
	proto_varint(proto, EVENT_TYPE, COUNTER);
	proto_varint(proto, EVENT_TRACK, track);
	proto_varint(proto, EVENT_COUNTER_VALUE, value);
	proto_end(proto, event);
	end_packet(perfetto, packet);
}

static void count(struct perfetto *perfetto, const struct kvl_record *record)
{
	u64 pages = record->h[0] < 64 ? 1ull << record->h[0] : 0;

	switch (record->id) {
	case KVL_EV_PAGE_ALLOC: perfetto->pages += pages; break;
	case KVL_EV_PAGE_FREE: perfetto->pages -= pages; break;
	case KVL_EV_TABLE_ALLOC: perfetto->tables++; break;
	case KVL_EV_TABLE_FREE: perfetto->tables--; break;
	default: return;
	}
	if (record->id == KVL_EV_PAGE_ALLOC || record->id == KVL_EV_PAGE_FREE)
		put_counter(perfetto, PAGES_TRACK, record->ticket, perfetto->pages);
	else
		put_counter(perfetto, TABLES_TRACK, record->ticket, perfetto->tables);
}

void perfetto_record(struct perfetto *perfetto, const struct kvl_record *record, u32 cpu)
{
	const struct event_schema *event = event_by_id(record->id);
	u32 stream = cpu == TRACE_CPU_VMM ? KVL_MAX_CPUS : cpu;

	if (event)
		follow_task(perfetto, event, record, stream);
	put_event(perfetto, record, stream);
	count(perfetto, record);
}
