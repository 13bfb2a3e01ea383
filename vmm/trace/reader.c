/* SPDX-License-Identifier: MIT */
/*
 * The reader of trace directories: one packet in memory per stream, merged by ticket. What a packet
 * must look like is packet.c's, what the metadata says metadata_parse.c's.
 */
#include "vmm/trace/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/abi/platform.h"
#include "vmm/trace/directory.h"
#include "vmm/trace/metadata.h"
#include "vmm/trace/symtext.h"

#define PROBLEMS_KEPT 16
#define MAX_TEXT_BYTES MiB(64) /* metadata, symbols */

struct input {
	int fd; /* -1: no such stream, or at its end */
	char name[16];
	struct packet_stream id;
	u32 next_packet;
	u32 count, at; /* records in the packet, and the next of them */
	u64 last_ticket;
	struct packet packet;
};

struct trace_reader {
	struct metadata_parsed metadata;
	struct symtext symbols;
	struct input *input[KVL_MAX_CPUS + 1];
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

bool trace_reader_incomplete(const struct trace_reader *reader)
{
	return !reader->metadata.lossy && reader->missing > reader->metadata.ncpus;
}

/* --- packets -------------------------------------------------------------------------------- */
/* Reads as much as there is; a read error counts as the end and is reported. */
static size_t read_bytes(struct trace_reader *reader, struct input *input, off_t start)
{
	u8 *to = (u8 *)&input->packet;
	size_t done = 0;

	while (done < sizeof(input->packet)) {
		ssize_t n = pread(input->fd, to + done, sizeof(input->packet) - done,
				  start + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			problem(reader, "%s: packet %u: %s", input->name, input->next_packet,
				strerror(errno));
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/* A checksum does not make a record ours: tickets must rise all the same. */
static bool tickets_rise(const struct input *input)
{
	u64 last = input->last_ticket;

	for (u32 i = 0; i < input->count; i++) {
		if (input->packet.record[i].ticket <= last)
			return false;
		last = input->packet.record[i].ticket;
	}
	return true;
}

/* Brings the next good packet in; false: the stream is at its end. */
static bool next_packet(struct trace_reader *reader, struct input *input)
{
	for (;;) {
		u32 number = input->next_packet;
		off_t start = (off_t)number * (off_t)sizeof(input->packet);
		size_t bytes = read_bytes(reader, input, start);
		char why[96];

		if (bytes < sizeof(input->packet)) {
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
		if (input->count && tickets_rise(input))
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
	*record = *best;
	*cpu = from->id.cpu_id;
	from->at++;
	from->last_ticket = best->ticket;
	if (record->ticket < reader->expected)
		problem(reader, "%s: ticket %" PRIu64 " is there twice", from->name,
			record->ticket);
	else
		reader->missing += record->ticket - reader->expected;
	reader->expected = record->ticket + 1;
	return true;
}

/* --- opening ----------------------------------------------------------------------------------- */
/* Opens what must be a regular file: a FIFO would hold us for ever. -1 with errno. */
static int open_regular(int dir, const char *name, struct stat *info)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || (!fstat(fd, info) && S_ISREG(info->st_mode)))
		return fd;
	close(fd);
	errno = EMEDIUMTYPE;
	return -1;
}

static const char *open_error(void)
{
	return errno == EMEDIUMTYPE ? "not a regular file" : strerror(errno);
}

/* The whole of a small file as text; NULL with errno. */
static char *read_text(int dir, const char *name)
{
	struct stat info;
	int fd = open_regular(dir, name, &info);
	size_t done = 0;
	char *text = NULL;

	if (fd < 0)
		return NULL;
	errno = EFBIG;
	if (info.st_size < 0 || (u64)info.st_size > MAX_TEXT_BYTES)
		goto out_close;
	text = malloc((size_t)info.st_size + 1);
	while (text && done < (size_t)info.st_size) {
		ssize_t n = read(fd, text + done, (size_t)info.st_size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (text)
		text[done] = '\0';
out_close:
	close(fd);
	return text;
}

static int open_input(struct trace_reader *reader, int dir, u32 index, struct err *err)
{
	bool vmm = index == KVL_MAX_CPUS;
	struct input *input = calloc(1, sizeof(*input));
	struct stat info;

	reader->input[index] = input;
	if (!input)
		return err_set(err, EXIT_HOST, "no memory to read a trace");
	input->id.stream_id = vmm ? TRACE_STREAM_VMM : TRACE_STREAM_VCPU;
	input->id.cpu_id = (u16)(vmm ? TRACE_CPU_VMM : index);
	memcpy(input->id.uuid, reader->metadata.uuid, TRACE_UUID_BYTES);
	if (vmm)
		snprintf(input->name, sizeof(input->name), "vmm");
	else
		snprintf(input->name, sizeof(input->name), "vcpu%u", index);
	input->fd = open_regular(dir, input->name, &info);
	if (input->fd < 0 && errno != ENOENT)
		problem(reader, "%s: %s", input->name, open_error());
	return 0;
}

static int read_directory(struct trace_reader *reader, int dir, const char *path, struct err *err)
{
	char *text = read_text(dir, "metadata");
	int result;

	if (!text)
		return err_set(err, EXIT_USAGE, "%s is no trace directory: metadata: %s", path,
			       open_error());
	result = metadata_parse(text, &reader->metadata, err);
	free(text);
	if (result)
		return err_prefix(err, "%s", path);
	for (u32 i = 0; i < ARRAY_LEN(reader->input) && !result; i++)
		result = open_input(reader, dir, i, err);
	symtext_parse(&reader->symbols, read_text(dir, TRACE_SYMBOLS_FILE));
	return result;
}

struct trace_reader *trace_reader_open(const char *dir, struct err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct trace_reader *reader;
	int result;

	if (fd < 0) {
		err_errno(err, EXIT_USAGE, "cannot open trace directory %s", dir);
		return NULL;
	}
	reader = calloc(1, sizeof(*reader));
	if (!reader) {
		close(fd);
		err_set(err, EXIT_HOST, "no memory to read a trace");
		return NULL;
	}
	reader->expected = 1;
	result = read_directory(reader, fd, dir, err);
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
	free(reader);
}

/* --- names ---------------------------------------------------------------------------------------- */
const char *trace_reader_site(struct trace_reader *reader, u16 site)
{
	if (site < reader->metadata.nsites)
		return reader->metadata.site[site];
	snprintf(reader->site_text, sizeof(reader->site_text), "site %u", site);
	return reader->site_text;
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
