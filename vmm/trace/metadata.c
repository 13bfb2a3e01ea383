/* SPDX-License-Identifier: MIT */
/*
 * Writes "metadata". Owns the mapping from a record's bytes to CTF: ticket (the clock) and id are
 * the event header, the site is the event's context, the rest are its fields. The layout:
 * metadata_layout.c. metadata_parse.c reads the result back.
 */
#include "vmm/trace/metadata.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/trace/metadata_layout.h"
#include "vmm/trace/schema.h"

/*
 * A quoted TSDL string: quotes and backslashes escaped, all that is not printable ASCII in octal.
 * Takes at most @most bytes: names come from the guest's image, or from a board's device tree.
 */
static void write_string(FILE *out, const char *text, size_t most)
{
	size_t length = strnlen(text, most);

	fputc('"', out);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(out, "\\%03o", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

void metadata_write_string(FILE *out, const char *key, const char *value, size_t most)
{
	fprintf(out, "\t%s = ", key);
	write_string(out, value, most);
	fputs(";\n", out);
}

static void write_env_string(FILE *out, const char *key, const char *value)
{
	metadata_write_string(out, key, value ? value : "", SITE_NAME_MAX);
}

/*
 * Alignment stands for fields that are not used, so that readers do not show them: the fields of an
 * event begin behind its 20 bytes of header and context. 32 bits bring a[0] behind one unused h[],
 * 64 bits for all of them behind two, and 512 the next event behind the last used field.
 */
static void write_types(FILE *out)
{
	fputs("typealias integer { size = 16; align = 16; signed = false; } := u16_t;\n"
	      "typealias integer { size = 16; align = 16; signed = false; base = 16; } := u16x_t;\n"
	      "typealias integer { size = 64; align = 32; signed = false; } := u64_t;\n"
	      "typealias integer { size = 64; align = 32; signed = false; base = 16; } := u64x_t;\n"
	      "typealias integer { size = 8; align = 8; signed = false; } := byte_t;\n"
	      "typealias integer { size = 16; align = 8; signed = false; } := packed16_t;\n"
	      "typealias integer { size = 32; align = 8; signed = false; } := packed32_t;\n\n",
	      out);
}

static void write_uuid(FILE *out, const u8 *uuid)
{
	fputs("\tuuid = \"", out);
	for (u32 i = 0; i < TRACE_UUID_BYTES; i++)
		fprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
	fputs("\";\n", out);
}

static void write_trace(FILE *out, const struct metadata *metadata)
{
	fputs("trace {\n\tmajor = 1;\n\tminor = 8;\n\tbyte_order = le;\n", out);
	write_uuid(out, metadata->uuid);
	fputs("\tpacket.header := struct {\n"
	      "\t\tpacked32_t magic;\n"
	      "\t\tbyte_t uuid[16];\n"
	      "\t\tpacked16_t stream_id;\n"
	      "\t};\n};\n\n",
	      out);
}

static void write_env(FILE *out, const struct metadata *metadata)
{
	fprintf(out, "env {\n\ttracer_name = \"kvalab\";\n\tkvalab_trace_version = %d;\n",
		KVL_TRACE_VERSION);
	write_env_string(out, "scenario", metadata->scenario);
	write_env_string(out, "arm", metadata->arm);
	fprintf(out, "\tseed = \"%" PRIu64 "\";\n", metadata->seed);
	write_env_string(out, "host_class", metadata->host_class);
	write_env_string(out, "tier", metadata->tier ? metadata->tier : "ring");
	fprintf(out, "\tlossy = %d;\n\tcpus = %u;\n", metadata->lossy, metadata->ncpus);
	fprintf(out, "\tflash_gpa = %" PRIu64 ";\n\tflash_bytes = %" PRIu64 ";\n",
		metadata->flash_gpa, metadata->flash_bytes);
	write_env_string(out, "tlb", metadata->tlb ? metadata->tlb : "hw");
	fprintf(out, "\tsoft_entries = %u;\n",
		metadata->layout ? metadata->layout->soft_entries : 0);
	fprintf(out, "\tsoft_pcid = %d;\n", metadata->pcid);
	if (metadata->image_hash)
		fprintf(out, "\tguest_image = \"%016" PRIx64 "\";\n", metadata->image_hash);
	if (metadata->layout) {
		write_env_string(out, "layout", metadata->layout_name);
		metadata_write_layout(out, metadata->layout, metadata->board);
	}
	fputs("};\n\n", out);
}

/* Any frequency would do: one tick is one ticket, a reader shows it as a nanosecond. */
static void write_clock(FILE *out)
{
	fputs("clock {\n\tname = ticket;\n"
	      "\tdescription = \"total order of the events: one tick is one ticket\";\n"
	      "\tfreq = 1000000000;\n\toffset = 0;\n};\n\n"
	      "typealias integer { size = 64; align = 8; signed = false; map = clock.ticket.value; "
	      "} := ticket_t;\n\n",
	      out);
}

static void write_sites(FILE *out, const struct metadata *metadata)
{
	fputs("enum site : u16_t {\n\t\"-\" = 0", out);
	for (u32 i = 1; i < metadata->nsites; i++) {
		fputs(",\n\t", out);
		write_string(out, metadata->site[i] ? metadata->site[i] : "", SITE_NAME_MAX);
		fprintf(out, " = %u", i);
	}
	fputs("\n};\n\n", out);
}

/*
 * Two things are hidden from CTF readers, which would show them with every event: the VMM's cpu_id
 * and a packet's xxh3 (bytes 56 to 63).
 */
static void write_stream(FILE *out, enum trace_stream_id id)
{
	fprintf(out, "stream {\n\tid = %d;\n\tpacket.context := struct {\n%s", id,
		id == TRACE_STREAM_VCPU ? "\t\tpacked16_t cpu_id;\n" : "");
	fprintf(out,
		"\t\tticket_t timestamp_begin;\n"
		"\t\tticket_t timestamp_end;\n"
		"\t\tpacked32_t content_size;\n"
		"\t\tpacked32_t packet_size;\n"
		"\t\tpacked32_t events_discarded;\n"
		"\t\tpacked32_t packet_seq_num;\n"
		"\t}%s;\n",
		id == TRACE_STREAM_VCPU ? "" : " align(64)");
	fputs("\tevent.header := struct {\n"
	      "\t\tticket_t ticket;\n"
	      "\t\tu16_t id;\n"
	      "\t} align(512);\n"
	      "\tevent.context := struct {\n"
	      "\t\tenum site site;\n"
	      "\t};\n};\n\n",
	      out);
}

static void write_words(FILE *out, const struct event_word *word, u32 bytes)
{
	fprintf(out, "enum : u%u_t {", bytes * 8);
	for (const char *comma = ""; word->name; word++, comma = ",")
		fprintf(out, "%s \"%s\" = %" PRIu64, comma, word->name, word->value);
	fputs(" }", out);
}

static void write_field(FILE *out, const struct event_schema *event, u32 index)
{
	const struct event_word *words = field_words(event, index);

	fputs("\t\t", out);
	if (words)
		write_words(out, words, field_bytes(index));
	else
		fprintf(out, "u%u%s_t", field_bytes(index) * 8,
			field_decimal(event, index) ? "" : "x");
	if (event->field[index][0])
		fprintf(out, " _%s;\n", field_name(event, index));
	else
		fprintf(out, " _unused%u;\n", index);
}

/*
 * True if the unused field @index must be named all the same, because a used one behind it would
 * otherwise move up; between h[] and tsc alignment does it (write_types()).
 */
static bool holds_place(const struct event_schema *event, u32 index)
{
	u32 end = index < 2 ? 2 : EVENT_FIELDS;

	for (u32 i = index + 1; i < end; i++)
		if (event->field[i][0])
			return true;
	return false;
}

static void write_event(FILE *out, const struct event_schema *event, enum trace_stream_id stream)
{
	fprintf(out, "event {\n\tname = \"%s\";\n\tid = %u;\n\tstream_id = %d;\n", event->name,
		event->id, stream);
	fputs("\tfields := struct {\n", out);
	for (u32 i = 0; i < EVENT_FIELDS; i++) {
		if (i == 2)
			fputs("\t\tu64_t _tsc;\n", out);
		if (event->field[i][0] || holds_place(event, i))
			write_field(out, event, i);
	}
	fprintf(out, "\t}%s;\n};\n\n",
		event->field[0][0] || event->field[1][0] ? "" : " align(64)");
}

/* What follows the sites; the same in each trace of this program. */
static void write_streams(FILE *out)
{
	write_stream(out, TRACE_STREAM_VCPU);
	write_stream(out, TRACE_STREAM_VMM);
	for (size_t i = 0; i < event_schema_count; i++) {
		if (event_from_guest(event_schema[i].id))
			write_event(out, &event_schema[i], TRACE_STREAM_VCPU);
		write_event(out, &event_schema[i], TRACE_STREAM_VMM);
	}
}

void metadata_write(FILE *out, const struct metadata *metadata)
{
	fputs("/* CTF 1.8 */\n\n", out);
	write_types(out);
	write_trace(out, metadata);
	write_env(out, metadata);
	write_clock(out);
	write_sites(out, metadata);
	write_streams(out);
}

bool metadata_cut_off(const char *text)
{
	const char *found = strstr(text, "\nstream {\n");
	char *whole = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&whole, &bytes);
	bool cut = !found;

	if (!out)
		return cut;
	write_streams(out);
	if (!fclose(out) && found)
		cut = strlen(found + 1) < bytes && !strncmp(found + 1, whole, strlen(found + 1));
	free(whole);
	return cut;
}
