/* SPDX-License-Identifier: MIT */
/* Records for Perfetto (ui.perfetto.dev): its trace format, the part that is called track
 * events. */
#ifndef KVL_TRACE_PERFETTO_H
#define KVL_TRACE_PERFETTO_H

#include "vmm/trace/export.h"
#include "vmm/trace/files.h"
#include "vmm/trace/proto.h"

#define PERFETTO_TASKS 64

/* Tracks are described when they are first used; a task's again when another has taken its place
 * here. */
struct perfetto {
	FILE *out;
	struct trace_reader *reader;
	bool tsc;
	bool begun;
	bool stream_known[TRACE_STREAMS];
	u64 task_known[TRACE_STREAMS][PERFETTO_TASKS]; /* plus one */
	u64 task[TRACE_STREAMS];		       /* that runs there */
	bool counter_known;
	u64 pages, tables; /* that are handed out */
	struct proto proto;
};

/* All else zero. */
void perfetto_record(struct perfetto *perfetto, const struct kvl_record *record, u32 cpu);

#endif
