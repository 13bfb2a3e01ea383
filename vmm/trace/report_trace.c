/* SPDX-License-Identifier: MIT */
/*
 * Owns the passes over a trace: one that counts, one that judges (check.h), one that writes the
 * events, or counts them in slices. None of them keeps events, so memory does not grow with their
 * number.
 */
#include "vmm/trace/report_trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/trace/check.h"
#include "vmm/trace/metadata.h"
#include "vmm/trace/model.h"
#include "vmm/trace/report_code.h"
#include "vmm/trace/report_counts.h"
#include "vmm/trace/report_events.h"
#include "vmm/trace/report_layout.h"
#include "vmm/trace/report_tables.h"
#include "vmm/trace/report_text.h"

#define AROUND_TICKETS 100 /* of a finding, if not all events are in the page */

struct report_trace {
	FILE *out;
	const char *dir;
	u32 number;
	struct trace_reader *reader;
	struct trace_checked checked; /* model NULL: not judged, because: */
	struct err unjudged;
	struct report_counts counts;
	struct report_code code;
	struct report_events events;
	struct report_tables *tables;
	struct report_bins *bins; /* NULL: all events are in the page */
	u64 kernel_start;	  /* 0: not known */
	u64 before_ticket;
	char *before; /* the map at the mark "scenario", as JSON; NULL: never reached */
};

/* --- first pass ------------------------------------------------------------------------------- */
static void keep_before(struct report_trace *trace, u64 ticket)
{
	size_t bytes;
	FILE *text = open_memstream(&trace->before, &bytes);

	if (!text)
		return;
	report_tables_write(trace->tables, trace->kernel_start, text);
	if (fclose(text)) {
		free(trace->before);
		trace->before = NULL;
	}
	trace->before_ticket = ticket;
	report_tables_watch(trace->tables);
}

static bool is_scenario(const struct kvl_record *record)
{
	return record->id == KVL_EV_MARK && record->a[0] == KVL_MARK_SCENARIO;
}

static void count_all(struct report_trace *trace)
{
	struct kvl_record record;
	u32 cpu;

	while (trace_reader_next(trace->reader, &record, &cpu)) {
		report_counts_put(&trace->counts, &record, cpu);
		report_code_put(&trace->code, &record);
		report_tables_put(trace->tables, &record);
		if (is_scenario(&record) && !trace->before)
			keep_before(trace, record.ticket);
	}
}

/* --- last pass -------------------------------------------------------------------------------- */
static bool is_near(u64 ticket, u64 other)
{
	return other && ticket + AROUND_TICKETS >= other && ticket <= other + AROUND_TICKETS;
}

static bool is_near_finding(const struct report_trace *trace, u64 ticket)
{
	const struct finding *finding;

	for (u32 i = 0; trace->checked.model && (finding = model_finding(trace->checked.model, i));
	     i++)
		if (is_near(ticket, finding->ticket) || is_near(ticket, finding->cause))
			return true;
	return false;
}

static void put_record(struct report_trace *trace, const struct kvl_record *record, u32 cpu)
{
	if (trace->bins)
		report_bins_put(trace->bins, record, cpu);
	if (!trace->bins || record->id == KVL_EV_MARK || is_near_finding(trace, record->ticket))
		report_events_put(&trace->events, record, cpu);
}

static int write_events(struct report_trace *trace, struct err *err)
{
	struct trace_reader *reader = trace_reader_open(trace->dir, err);
	struct kvl_record record;
	u32 cpu;

	if (!reader)
		return -1;
	fprintf(trace->out, "<script type=\"text/plain\" id=\"events-%u\">", trace->number);
	report_events_begin(&trace->events, trace->out);
	/* Not more than were counted: the trace may be one that is still written. */
	for (u64 i = 0; i < trace->counts.events && !ferror(trace->out) &&
			trace_reader_next(reader, &record, &cpu);
	     i++)
		put_record(trace, &record, cpu);
	report_events_end(&trace->events);
	fputs("</script>\n", trace->out);
	trace_reader_close(reader);
	return 0;
}

/* --- what is said of the trace ---------------------------------------------------------------- */
static void write_env(const struct report_trace *trace)
{
	static const char *const key[] = { "scenario", "arm",  "seed", "host_class", "tier",
					   "lossy",    "cpus", "tlb",  "guest_image" };
	const struct metadata_parsed *metadata = trace_reader_metadata(trace->reader);
	char value[96];

	fputs("\"env\":{", trace->out);
	for (size_t i = 0; i < ARRAY_LEN(key); i++) {
		metadata_env(metadata, key[i], value, sizeof(value));
		fprintf(trace->out, "%s\"%s\":", i ? "," : "", key[i]);
		report_string(trace->out, value);
	}
	fprintf(trace->out, "},\"ncpus\":%u,\"flash\":[", metadata->ncpus);
	report_hex(trace->out, metadata->flash_gpa);
	fprintf(trace->out, ",%" PRIu64 "],", metadata->flash_bytes);
}

static void write_sites(const struct report_trace *trace)
{
	u32 nsites = trace_reader_metadata(trace->reader)->nsites;

	fputs("\"sites\":[", trace->out);
	for (u32 i = 0; i < nsites; i++) {
		fputs(i ? ",[" : "[", trace->out);
		report_string(trace->out, trace_reader_site(trace->reader, (u16)i));
		fputc(',', trace->out);
		report_string(trace->out, trace_reader_place(trace->reader, (u16)i));
		fputc(']', trace->out);
	}
	fputs("],", trace->out);
}

static void write_damage(const struct report_trace *trace)
{
	const char *text;

	fputs("\"problems\":[", trace->out);
	for (u32 i = 0; (text = trace_reader_problem(trace->reader, i)); i++) {
		fputs(i ? "," : "", trace->out);
		report_string(trace->out, text);
	}
	fprintf(trace->out,
		"],\"missing\":%" PRIu64 ",\"unjudged\":", trace_reader_missing(trace->reader));
	report_string(trace->out, trace->checked.model ? "" : trace->unjudged.text);
}

static void write_findings(const struct report_trace *trace)
{
	const struct model *model = trace->checked.model;
	const struct finding *finding;

	fprintf(trace->out, ",\"nfindings\":%u,\"ended\":%s,\"findings\":[",
		model ? model_findings(model) : 0, trace->checked.ended ? "true" : "false");
	for (u32 i = 0; model && (finding = model_finding(model, i)); i++) {
		fputs(i ? ",[" : "[", trace->out);
		report_string(trace->out, finding_kind_name(finding->kind));
		fprintf(trace->out, ",%" PRIu64 ",", finding->ticket);
		report_string(trace->out, finding->text);
		fputc(']', trace->out);
	}
	fputs("],", trace->out);
}

static void write_oracle(const struct report_trace *trace)
{
	const struct oracle o = model_oracle(trace->checked.model);

	fprintf(trace->out,
		"\"oracle\":{\"exact\":%s,\"stale_uses\":%" PRIu64 ",\"reuse_windows\":%" PRIu64
		",\"reuse_longest\":%" PRIu64 ",\"flushes\":%" PRIu64
		",\"flushes_unneeded\":%" PRIu64 ",\"ipis\":%" PRIu64 ",\"ipis_unneeded\":%" PRIu64,
		o.exact ? "true" : "false", o.stale_uses, o.reuse_windows, o.reuse_longest,
		o.flushes, o.flushes_unneeded, o.ipis, o.ipis_unneeded);
	if (o.needed_known)
		fprintf(trace->out, ",\"ipis_needed\":%" PRIu64, o.ipis_needed);
	fputs("},", trace->out);
}

static void write_maps(const struct report_trace *trace)
{
	fprintf(trace->out,
		"\"maps\":{\"scenario\":%" PRIu64 ",\"before\":%s,\"after\":", trace->before_ticket,
		trace->before ? trace->before : "null");
	report_tables_write(trace->tables, trace->kernel_start, trace->out);
	fputs(",\"touched\":", trace->out);
	report_tables_touched(trace->tables, trace->out);
	fputs("},", trace->out);
}

static void write_about(struct report_trace *trace)
{
	FILE *out = trace->out;

	fprintf(out, "<script type=\"application/json\" id=\"trace-%u\">{\"name\":", trace->number);
	report_string(out, trace->dir);
	fputc(',', out);
	write_env(trace);
	report_layout_write(trace_reader_metadata(trace->reader), out);
	write_sites(trace);
	write_damage(trace);
	write_findings(trace);
	if (trace->checked.model)
		write_oracle(trace);
	report_counts_write(&trace->counts, trace_reader_metadata(trace->reader)->ncpus, out);
	fputc(',', out);
	write_maps(trace);
	report_code_write(&trace->code, trace->reader, out);
	fprintf(out, ",\"held\":[%" PRIu64 ",%" PRIu64 "],\"bins\":", trace->events.events,
		trace->events.fields);
	if (trace->bins)
		report_bins_write(trace->bins, out);
	else
		fputs("null", out);
	fputs("}</script>\n", out);
}

/* --- all of it -------------------------------------------------------------------------------- */
static int no_memory(struct err *err)
{
	return err_set(err, EXIT_HOST, "no memory to report a trace");
}

/* Its place in the page says why it is empty. */
static void write_unreadable(const struct report_trace *trace, const struct err *err)
{
	fprintf(trace->out,
		"<script type=\"application/json\" id=\"trace-%u\">{\"name\":", trace->number);
	report_string(trace->out, trace->dir);
	fputs(",\"unreadable\":", trace->out);
	report_string(trace->out, err->text);
	fputs("}</script>\n", trace->out);
}

/* A trace that cannot be judged is shown all the same. */
static int judge(struct report_trace *trace, struct err *err)
{
	if (!trace_check(trace->dir, NULL, 0, &trace->checked, &trace->unjudged) ||
	    trace->unjudged.status == EXIT_VMM)
		return 0;
	*err = trace->unjudged;
	return -1;
}

static int write_all(struct report_trace *trace, u64 most, struct err *err)
{
	const struct metadata_parsed *metadata;

	trace->reader = trace_reader_open(trace->dir, err);
	if (!trace->reader) {
		if (err->status == EXIT_VMM)
			write_unreadable(trace, err);
		return -1;
	}
	metadata = trace_reader_metadata(trace->reader);
	if (metadata->layout_known)
		trace->kernel_start = metadata->plan.user_end;
	trace->tables = report_tables_create(metadata->flash_gpa, metadata->flash_bytes);
	if (!trace->tables)
		return no_memory(err);
	count_all(trace);
	if (judge(trace, err))
		return -1;
	if (trace->counts.events > most) {
		trace->bins = report_bins_create(trace->counts.first, trace->counts.last);
		if (!trace->bins)
			return no_memory(err);
	}
	if (write_events(trace, err))
		return -1;
	write_about(trace);
	return trace_reader_verdict(trace->reader, trace->dir, err);
}

int report_trace_write(FILE *out, const char *dir, u32 number, u64 most, struct err *err)
{
	struct report_trace *trace = calloc(1, sizeof(*trace));
	int result;

	if (!trace)
		return no_memory(err);
	trace->out = out;
	trace->dir = dir;
	trace->number = number;
	result = write_all(trace, most, err);
	trace_check_done(&trace->checked);
	report_tables_destroy(trace->tables);
	if (trace->reader)
		trace_reader_close(trace->reader);
	free(trace->bins);
	free(trace->before);
	free(trace);
	return result;
}
