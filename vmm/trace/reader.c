/* SPDX-License-Identifier: MIT */
/*
 * The reader of trace directories: one packet in memory per stream, merged by ticket. How its
 * files are opened is files.c's, what a packet must look like packet.c's, what the metadata says
 * metadata_parse.c's.
 */
#include "vmm/trace/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/trace/directory.h"
#include "vmm/trace/files.h"
#include "vmm/trace/metadata.h"
#include "vmm/trace/places.h"
#include "vmm/trace/symtext.h"

#define PROBLEMS_KEPT 16

struct input {
	int fd; /* -1: no such stream, or at its end */
	char name[STREAM_NAME_BYTES];
	struct packet_stream id;
	u32 next_packet;
	u32 count, at; /* records in the packet, and the next of them */
	u64 last_ticket;
	struct packet packet;
};

struct trace_reader {
	struct metadata_parsed metadata;
	struct symtext symbols;
	struct places places;
	struct input *input[TRACE_STREAMS];
	u64 expected, missing;
	u32 problems;
	char problem[PROBLEMS_KEPT][192];
	char site_text[16];
};

__attribute__((format(printf, 2, 3))) static void problem(struct trace_reader *reader,
							  const char *format, ...)
{
	va_list args;

	if (reader->problems < PROBLEMS_KEPT) {
		va_start(args, format);
		vsnprintf(reader->problem[reader->problems], sizeof(reader->problem[0]), format,
			  args);
		va_end(args);
	}
	reader->problems++;
}

u32 trace_reader_problems(const struct trace_reader *reader)
{
	return reader->problems;
}

const char *trace_reader_problem(const struct trace_reader *reader, u32 index)
{
	return index < reader->problems && index < PROBLEMS_KEPT ? reader->problem[index] : NULL;
}

u64 trace_reader_missing(const struct trace_reader *reader)
{
	return reader->missing;
}

int trace_reader_verdict(const struct trace_reader *reader, const char *dir, struct err *err)
{
	if (reader->problems)
		return err_set(err, EXIT_VMM, "trace %s is damaged: %s%s", dir, reader->problem[0],
			       reader->problems > 1 ? ", and more" : "");
	if (!reader->metadata.lossy && reader->missing > reader->metadata.ncpus)
		return err_set(err, EXIT_VMM,
			       "trace %s is incomplete: %" PRIu64
			       " tickets have no record, more than "
			       "stopped CPUs can have held",
			       dir, reader->missing);
	return 0;
}

/* --- packets -------------------------------------------------------------------------------- */
/* Brings the next good packet in; false: the stream is at its end. */
static bool next_packet(struct trace_reader *reader, struct input *input)
{
	for (;;) {
		u32 number = input->next_packet;
		size_t bytes = files_packet(input->fd, number, &input->packet);
		char why[96];

		if (bytes < sizeof(input->packet)) {
			if (errno)
				problem(reader, "%s: packet %u: %s", input->name, number,
					strerror(errno));
			if (bytes)
				problem(reader,
					"%s: cut off in packet %u: its %zu bytes are left out",
					input->name, number, bytes);
			close(input->fd);
			input->fd = -1;
			return false;
		}
		input->next_packet++;
		input->at = 0;
		input->count = packet_check(&input->packet, &input->id, number, why, sizeof(why));
		if (input->count && packet_rises(&input->packet, input->count, input->last_ticket))
			return true;
		problem(reader, "%s: packet %u is left out: %s", input->name, number,
			input->count ? "tickets do not rise" : why);
		input->count = 0;
	}
}

/* The input's next record; NULL: it is at its end. */
static const struct kvl_record *front(struct trace_reader *reader, struct input *input)
{
	if (input->at == input->count && (input->fd < 0 || !next_packet(reader, input)))
		return NULL;
	return &input->packet.record[input->at];
}

static void take(struct input *input, struct kvl_record *record)
{
	*record = input->packet.record[input->at++];
	input->last_ticket = record->ticket;
}

bool trace_reader_next_of(struct trace_reader *reader, u32 cpu, struct kvl_record *record)
{
	struct input *input = reader->input[cpu == TRACE_CPU_VMM ? KVL_MAX_CPUS : cpu];

	if (!front(reader, input))
		return false;
	take(input, record);
	return true;
}

bool trace_reader_next(struct trace_reader *reader, struct kvl_record *record, u32 *cpu)
{
	const struct kvl_record *best = NULL;
	struct input *from = NULL;

	for (u32 i = 0; i < ARRAY_LEN(reader->input); i++) {
		const struct kvl_record *candidate =
			reader->input[i] ? front(reader, reader->input[i]) : NULL;

		if (candidate && (!best || candidate->ticket < best->ticket)) {
			best = candidate;
			from = reader->input[i];
		}
	}
	if (!best)
		return false;
	take(from, record);
	*cpu = from->id.cpu_id;
	if (record->ticket < reader->expected)
		problem(reader, "%s: ticket %" PRIu64 " is there twice", from->name,
			record->ticket);
	else
		reader->missing += record->ticket - reader->expected;
	reader->expected = record->ticket + 1;
	return true;
}

/* --- opening ---------------------------------------------------------------------------------- */
static int open_input(struct trace_reader *reader, int dir, u32 index, struct err *err)
{
	struct input *input = calloc(1, sizeof(*input));
	struct stat info;

	reader->input[index] = input;
	if (!input)
		return err_set(err, EXIT_HOST, "no memory to read a trace");
	memcpy(input->id.uuid, reader->metadata.uuid, TRACE_UUID_BYTES);
	files_stream(index, input->name, &input->id);
	input->fd = files_open(dir, input->name, 0, &info);
	if (input->fd < 0 && errno != ENOENT)
		problem(reader, "%s: %s", input->name, files_error());
	return 0;
}

struct trace_reader *trace_reader_open(const char *dir, struct err *err)
{
	struct trace_reader *reader = calloc(1, sizeof(*reader));
	int fd, result = 0;

	if (!reader) {
		err_set(err, EXIT_HOST, "no memory to read a trace");
		return NULL;
	}
	fd = files_trace(dir, &reader->metadata, NULL, err);
	if (fd < 0) {
		free(reader);
		return NULL;
	}
	reader->expected = 1;
	for (u32 i = 0; i < ARRAY_LEN(reader->input) && !result; i++)
		result = open_input(reader, fd, i, err);
	symtext_parse(&reader->symbols, files_text(fd, TRACE_SYMBOLS_FILE));
	places_parse(&reader->places, files_text(fd, TRACE_PLACES_FILE));
	close(fd);
	if (!result)
		return reader;
	trace_reader_close(reader);
	return NULL;
}

void trace_reader_close(struct trace_reader *reader)
{
	for (u32 i = 0; i < ARRAY_LEN(reader->input); i++) {
		if (reader->input[i] && reader->input[i]->fd >= 0)
			close(reader->input[i]->fd);
		free(reader->input[i]);
	}
	metadata_free(&reader->metadata);
	symtext_free(&reader->symbols);
	places_free(&reader->places);
	free(reader);
}

/* --- names ------------------------------------------------------------------------------------ */
const struct metadata_parsed *trace_reader_metadata(const struct trace_reader *reader)
{
	return &reader->metadata;
}

const char *trace_reader_site(struct trace_reader *reader, u16 site)
{
	if (site < reader->metadata.nsites)
		return reader->metadata.site[site];
	snprintf(reader->site_text, sizeof(reader->site_text), "site %u", site);
	return reader->site_text;
}

const char *trace_reader_place(const struct trace_reader *reader, u16 site)
{
	return places_find(&reader->places, site);
}

u32 trace_reader_site_width(const struct trace_reader *reader)
{
	size_t width = 1;

	for (u32 i = 0; i < reader->metadata.nsites; i++) {
		size_t length = strlen(reader->metadata.site[i]);

		width = length > width ? length : width;
	}
	return (u32)width;
}

const char *trace_reader_symbol(const struct trace_reader *reader, u64 va, u64 *offset)
{
	return symtext_find(&reader->symbols, va, offset);
}
