/* SPDX-License-Identifier: MIT */
/* The files of a trace directory as untrusted input: which there are, and how they are opened and
 * read. */
#ifndef KVL_TRACE_FILES_H
#define KVL_TRACE_FILES_H

#include <sys/stat.h>
#include <sys/types.h>

#include "devices/abi/shared.h"
#include "vmm/err.h"
#include "vmm/trace/metadata.h"
#include "vmm/trace/packet.h"

#define TRACE_STREAMS (KVL_MAX_CPUS + 1) /* the vCPUs', then the VMM's */
#define STREAM_NAME_BYTES 16

/*
 * Opens the trace in @dir: its descriptor, and what its metadata says (metadata_free()). @text: the
 * metadata itself, to be freed; may be NULL. -1, EXIT_USAGE: no trace directory; EXIT_VMM: its
 * metadata is damaged or of another version.
 */
int files_trace(const char *dir, struct metadata_parsed *metadata, char **text, struct err *err);

/* File name and identity of stream @index (uuid left alone). */
void files_stream(u32 index, char name[STREAM_NAME_BYTES], struct packet_stream *id);

/*
 * Opens what must be a regular file (a FIFO would hold us for ever); @flags beside O_RDONLY.
 * Returns its descriptor, or -1 with errno, which files_error() puts into words.
 */
int files_open(int dir, const char *name, int flags, struct stat *info);
const char *files_error(void);

/* The whole of a small file as text, to be freed; NULL with errno. */
char *files_text(int dir, const char *name);

/* Reads packet @number as far as it is there. Returns the bytes; errno is 0 unless reading
 * failed. */
size_t files_packet(int fd, u64 number, struct packet *packet);

#endif
