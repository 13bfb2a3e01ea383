/* SPDX-License-Identifier: MIT */
/*
 * Owns the syntax of --segment: [file=]PATH, size=SIZE, or both. A file that is there says how
 * large the segment is; what it may be: vmm/segmentfile.c.
 */
#include <string.h>

#include "vmm/cli/options.h"
#include "vmm/cli/parse.h"
#include "vmm/segmentfile.h"

static int set_size(struct run_segment *segment, const char *value, struct err *err)
{
	u64 bytes;

	if (segment->bytes)
		return err_set(err, EXIT_USAGE, "--segment: size= is given twice");
	if (parse_size("--segment", value, &bytes, err))
		return -1;
	if (!bytes || bytes % PAGE_BYTES || bytes > KVL_SEGMENT_MAX)
		return err_set(err, EXIT_USAGE,
			       "--segment: \"%s\" is no multiple of 4 KiB, %lluM at most", value,
			       (unsigned long long)(KVL_SEGMENT_MAX >> 20));
	segment->bytes = bytes;
	return 0;
}

static int set_file(struct run_segment *segment, const char *path, struct err *err)
{
	if (!*path)
		return err_set(err, EXIT_USAGE, "--segment: the file's name is empty");
	if (segment->file || segment->bytes)
		return err_set(
			err, EXIT_USAGE,
			"--segment: \"%s\" is not size=SIZE (a path has no comma, and stands "
			"first)",
			path);
	segment->file = path;
	return 0;
}

static int set_piece(struct run_segment *segment, const char *piece, struct err *err)
{
	static const char file[] = "file=", size[] = "size=";

	if (strncmp(piece, size, strlen(size)) == 0)
		return set_size(segment, piece + strlen(size), err);
	if (strncmp(piece, file, strlen(file)) == 0)
		piece += strlen(file);
	return set_file(segment, piece, err);
}

int parse_segment(struct options *options, const char *value, struct err *err)
{
	struct run_segment *segment = &options->run.segment;
	char *piece = options_keep(options, value, err), *next;

	if (!piece)
		return -1;
	for (; piece; piece = next) {
		next = strchr(piece, ',');
		if (next)
			*next++ = '\0';
		if (set_piece(segment, piece, err))
			return -1;
	}
	return segmentfile_bytes(segment, &options->run.layout.segment_bytes, err);
}
