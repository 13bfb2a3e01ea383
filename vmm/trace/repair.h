/* SPDX-License-Identifier: MIT */
/* "kvalab trace repair": cuts the stream files of a trace back to their last whole packet. */
#ifndef KVL_TRACE_REPAIR_H
#define KVL_TRACE_REPAIR_H

#include "vmm/trace/files.h"

struct repair_file {
	char name[STREAM_NAME_BYTES];
	bool there;
	bool cut;	     /* it was longer than @kept, and is no more */
	u64 bytes;	     /* as it was found */
	u64 kept;	     /* of these; up to the end of the last whole packet */
	u64 records_lost;    /* behind that: records that headers of packets tell of … */
	u64 packets_unknown; /* … and packets that do not tell how many they had */
	char damage[224];    /* what cutting does not repair, and was left; "": nothing */
};

struct repair {
	struct repair_file file[TRACE_STREAMS];
};

/*
 * Repairs the trace in @dir. Cuts, and changes nothing else; a packet that is whole is never lost;
 * a file without anything behind its last whole packet is not touched. All files are looked at
 * before the first is cut. What was done is in @out, also if it fails. EXIT_USAGE: no trace there;
 * EXIT_VMM: the metadata or something else is damaged and was left; EXIT_HOST: a file cannot be
 * read or written.
 */
int trace_repair(const char *dir, struct repair *out, struct err *err);

#endif
