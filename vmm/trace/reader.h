/* SPDX-License-Identifier: MIT */
/*
 * Reads a trace directory back, in ticket order. Everything in it is untrusted: packets that are
 * damaged are left out and reported, a file that is cut off is read as far as it is whole.
 */
#ifndef KVL_TRACE_READER_H
#define KVL_TRACE_READER_H

#include "vmm/err.h"
#include "vmm/trace/packet.h"

struct trace_reader;

/* EXIT_USAGE: @dir is no trace directory. EXIT_VMM: its metadata is damaged or of another
 * version. */
struct trace_reader *trace_reader_open(const char *dir, struct err *err);
void trace_reader_close(struct trace_reader *reader);

/* The next record and its stream (a CPU, or TRACE_CPU_VMM); false: that was all. */
bool trace_reader_next(struct trace_reader *reader, struct kvl_record *record, u32 *cpu);

/*
 * The next record of one stream (a CPU, or TRACE_CPU_VMM), without regard to the others: for a
 * reader that is used in this way alone. What is missing is not counted.
 */
bool trace_reader_next_of(struct trace_reader *reader, u32 cpu, struct kvl_record *record);

/* What was found damaged so far, one sentence each; the first 16 are kept. */
u32 trace_reader_problems(const struct trace_reader *reader);
const char *trace_reader_problem(const struct trace_reader *reader, u32 index);
/* Tickets so far that no record has. */
u64 trace_reader_missing(const struct trace_reader *reader);
/*
 * When all is read: EXIT_VMM if the trace in @dir is damaged, or incomplete: more tickets are
 * missing than can be pending, one for each CPU, and the run was not to lose any.
 */
int trace_reader_verdict(const struct trace_reader *reader, const char *dir, struct err *err);

struct metadata_parsed;
/* Valid until the reader is closed. */
const struct metadata_parsed *trace_reader_metadata(const struct trace_reader *reader);

/* A site's name: printable ASCII, "-" for none, "site N" for one that the metadata does not
 * have. */
const char *trace_reader_site(struct trace_reader *reader, u16 site);
/* Where it stands in the guest's sources, "file.c:12"; "": the trace does not say. */
const char *trace_reader_place(const struct trace_reader *reader, u16 site);
/* Length of the longest site name. */
u32 trace_reader_site_width(const struct trace_reader *reader);

/* The symbol that @va lies in, if the trace has symbols. */
const char *trace_reader_symbol(const struct trace_reader *reader, u64 va, u64 *offset);

#endif
