/* SPDX-License-Identifier: MIT */
/*
 * A record as a JSON object on a line of its own. Always the same bytes for the same record:
 * members in the order of the schema, no blanks.
 */
#include <inttypes.h>

#include "vmm/trace/export.h"
#include "vmm/trace/schema.h"

/* Above it not every reader of JSON can tell numbers apart: such ones are strings. */
#define MOST_EXACT ((1ull << 53) - 1)

/* Printable ASCII, as all names of the reader are. */
static void put_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void put_number(FILE *out, u64 value)
{
	fprintf(out, value > MOST_EXACT ? "\"%" PRIu64 "\"" : "%" PRIu64, value);
}

static void put_field(FILE *out, const struct event_schema *event, u32 index, u64 value)
{
	const char *word = field_word(event, index, value);

	put_text(out, field_name(event, index));
	fputc(':', out);
	if (word)
		put_text(out, word);
	else if (field_decimal(event, index))
		put_number(out, value);
	else
		fprintf(out, "\"0x%" PRIx64 "\"", value);
}

static void put_fields(FILE *out, const struct kvl_record *record)
{
	const struct event_schema *event = event_by_id(record->id);
	const char *comma = "";

	for (u32 i = 0; event && i < EVENT_FIELDS; i++) {
		if (!event->field[i][0])
			continue;
		fputs(comma, out);
		put_field(out, event, i, field_value(record, i));
		comma = ",";
	}
}

void ndjson_record(FILE *out, struct trace_reader *reader, const struct kvl_record *record, u32 cpu,
		   bool tsc)
{
	const struct event_schema *event = event_by_id(record->id);
	char who[16], unknown[16];

	snprintf(who, sizeof(who), cpu == TRACE_CPU_VMM ? "\"vmm\"" : "%u", cpu);
	snprintf(unknown, sizeof(unknown), "event %u", record->id);
	fputs("{\"ticket\":", out);
	put_number(out, record->ticket);
	if (tsc) {
		fputs(",\"tsc\":", out);
		put_number(out, record->tsc);
	}
	fprintf(out, ",\"cpu\":%s,\"event\":", who);
	put_text(out, event ? event->name : unknown);
	fputs(",\"site\":", out);
	put_text(out, trace_reader_site(reader, record->site));
	fputs(",\"fields\":{", out);
	put_fields(out, record);
	fputs("}}\n", out);
}
