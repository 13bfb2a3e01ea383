/* SPDX-License-Identifier: MIT */
/*
 * Owns the decision how much of a stream file stays. A packet is whole if its header and checksum
 * are those of its records; one that is whole and yet not where it belongs was not cut but mixed
 * up, and stays. So does whatever lies before a whole packet: readers that check packets read
 * around it.
 */
#include "vmm/trace/repair.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One file on its way through the checks. */
struct scan {
	struct repair_file *file;
	struct packet_stream id;
	u64 last_ticket;
	struct packet packet;
};

/* The first damage counts. */
__attribute__((format(printf, 2, 3))) static void damaged(struct repair_file *file,
							  const char *format, ...)
{
	va_list args;

	if (file->damage[0])
		return;
	va_start(args, format);
	vsnprintf(file->damage, sizeof(file->damage), format, args);
	va_end(args);
}

/* Whole in itself, wherever it belongs. Returns its number of records, or 0. */
static u32 whole(const struct packet *packet)
{
	struct packet_stream own = { .stream_id = packet->header.stream_id,
				     .cpu_id = packet->header.cpu_id };
	char why[96];

	memcpy(own.uuid, packet->header.uuid, sizeof(own.uuid));
	return packet_check(packet, &own, packet->header.packet_seq_num, why, sizeof(why));
}

/* A whole packet: it stays, and with it all before it. */
static void keep(struct scan *scan, u64 number, u32 count)
{
	struct repair_file *file = scan->file;
	char why[96];

	if (file->kept != number * sizeof(scan->packet))
		damaged(file,
			"packet %" PRIu64 " is damaged, and whole ones follow, which cutting would "
			"lose; kvalab reads around it",
			file->kept / sizeof(scan->packet));
	if (!packet_check(&scan->packet, &scan->id, (u32)number, why, sizeof(why)))
		damaged(file, "packet %" PRIu64 " is whole but in the wrong place: %s", number,
			why);
	else if (!packet_rises(&scan->packet, count, scan->last_ticket))
		damaged(file, "packet %" PRIu64 ": tickets do not rise", number);
	scan->last_ticket = scan->packet.record[count - 1].ticket;
	file->kept = (number + 1) * sizeof(scan->packet);
	file->records_lost = file->packets_unknown = 0;
}

/* Some @bytes that are no whole packet. */
static void give_up(struct scan *scan, u64 number, size_t bytes)
{
	static const u32 magic = CTF_MAGIC, none;
	u32 claims = packet_claims(&scan->packet, bytes, scan->id.uuid);
	size_t first = bytes < sizeof(magic) ? bytes : sizeof(magic);

	scan->file->records_lost += claims;
	scan->file->packets_unknown += !claims;
	if (!number && memcmp(&scan->packet, &magic, first) && memcmp(&scan->packet, &none, first))
		damaged(scan->file, "does not begin as a stream of a trace does");
}

static int scan_packets(struct scan *scan, int fd, struct err *err)
{
	u64 done = 0;

	for (u64 number = 0;; number++) {
		size_t bytes = files_packet(fd, number, &scan->packet);
		u32 count = bytes == sizeof(scan->packet) ? whole(&scan->packet) : 0;

		if (errno)
			return err_errno(err, EXIT_HOST, "packet %" PRIu64, number);
		if (count)
			keep(scan, number, count);
		else if (bytes)
			give_up(scan, number, bytes);
		done += bytes;
		if (bytes < sizeof(scan->packet))
			break;
	}
	if (done != scan->file->bytes)
		return err_set(err, EXIT_HOST,
			       "its size changes: repair it when the run that writes it is over");
	return 0;
}

/* Looks at one stream; EXIT_HOST: it cannot be read. */
static int look_at(struct scan *scan, int dir, u32 index, struct err *err)
{
	struct repair_file *file = scan->file;
	struct stat info;
	int fd, result;

	files_stream(index, file->name, &scan->id);
	fd = files_open(dir, file->name, O_NOFOLLOW, &info);
	file->there = fd >= 0 || errno != ENOENT;
	if (fd < 0 && file->there && errno != ELOOP && errno != EMEDIUMTYPE)
		return err_errno(err, EXIT_HOST, "%s cannot be read", file->name);
	if (fd < 0 && file->there)
		damaged(file, "%s",
			errno == ELOOP ? "is a symbolic link, which repair does not follow: repair "
					 "the trace that it leads to"
				       : files_error());
	if (fd < 0)
		return 0;
	file->bytes = (u64)info.st_size;
	result = scan_packets(scan, fd, err);
	close(fd);
	return result ? err_prefix(err, "%s", file->name) : 0;
}

/* What is no stream is left alone, however much of it lies behind a whole packet. */
static bool to_be_cut(const struct repair_file *file)
{
	return file->bytes > file->kept && (file->kept || !file->damage[0]);
}

/* A descriptor to cut @file by, which must still be as it was found. */
static int open_to_cut(int dir, const struct repair_file *file, struct err *err)
{
	int fd = openat(dir, file->name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat info;

	if (fd < 0)
		return err_errno(err, EXIT_HOST,
				 "%s has %" PRIu64 " bytes too many, but must not be written (make "
				 "it writable, or repair a copy; no file was cut)",
				 file->name, file->bytes - file->kept);
	if (!fstat(fd, &info) && S_ISREG(info.st_mode) && (u64)info.st_size == file->bytes)
		return fd;
	close(fd);
	return err_set(
		err, EXIT_HOST,
		"%s changes: repair it when the run that writes it is over (no file was cut)",
		file->name);
}

static int cut(int fd, struct repair_file *file, struct err *err)
{
	if (ftruncate(fd, (off_t)file->kept))
		return err_errno(err, EXIT_HOST, "%s cannot be cut", file->name);
	file->cut = true;
	if (fsync(fd))
		return err_errno(err, EXIT_HOST, "%s is cut, perhaps not on the disk", file->name);
	return 0;
}

static int cut_all(int dir, struct repair *repair, struct err *err)
{
	int fd[TRACE_STREAMS], result = 0;

	for (u32 i = 0; i < TRACE_STREAMS; i++) {
		fd[i] = -1;
		if (!result && to_be_cut(&repair->file[i])) {
			fd[i] = open_to_cut(dir, &repair->file[i], err);
			result = fd[i] < 0 ? -1 : 0;
		}
	}
	for (u32 i = 0; i < TRACE_STREAMS; i++) {
		if (!result && fd[i] >= 0)
			result = cut(fd[i], &repair->file[i], err);
		if (fd[i] >= 0)
			close(fd[i]);
	}
	return result;
}

static int look_at_all(int dir, const u8 *uuid, struct repair *repair, struct err *err)
{
	struct scan *scan = malloc(sizeof(*scan));
	int result = 0;

	if (!scan)
		return err_set(err, EXIT_HOST, "no memory for a packet");
	memcpy(scan->id.uuid, uuid, sizeof(scan->id.uuid));
	for (u32 i = 0; i < TRACE_STREAMS && !result; i++) {
		scan->file = &repair->file[i];
		scan->last_ticket = 0;
		result = look_at(scan, dir, i, err);
	}
	free(scan);
	return result;
}

/* What is left when all is done that can be. */
static int verdict(const struct repair *repair, const char *metadata, struct err *err)
{
	if (metadata_cut_off(metadata))
		return err_set(
			err, EXIT_VMM,
			"metadata is cut off: kvalab reads the trace all the same; for other "
			"readers take what is missing from the metadata of another trace");
	for (u32 i = 0; i < TRACE_STREAMS; i++)
		if (repair->file[i].damage[0])
			return err_set(err, EXIT_VMM, "still damaged: %s: %s", repair->file[i].name,
				       repair->file[i].damage);
	return 0;
}

int trace_repair(const char *dir, struct repair *out, struct err *err)
{
	struct metadata_parsed metadata;
	char *text;
	int fd, result;

	memset(out, 0, sizeof(*out));
	fd = files_trace(dir, &metadata, &text, err);
	if (fd < 0)
		return err->status == EXIT_VMM
			       ? err_prefix(err, "nothing is cut: metadata cannot be repaired")
			       : -1;
	result = look_at_all(fd, metadata.uuid, out, err);
	if (!result)
		result = cut_all(fd, out, err);
	if (!result)
		result = verdict(out, text, err);
	free(text);
	metadata_free(&metadata);
	close(fd);
	return result ? err_prefix(err, "trace %s", dir) : 0;
}
