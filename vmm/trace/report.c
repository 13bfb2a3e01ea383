/* SPDX-License-Identifier: MIT */
/*
 * Owns the data that a report is made of: the schema, then one trace after the other
 * (report_trace.c). The page around it: report/, vmm/page/.
 */
#include "vmm/trace/report.h"

#include <inttypes.h>

#include "arch/x86_64/vmm/pte.h"
#include "vmm/page/page.h"
#include "vmm/trace/report_text.h"
#include "vmm/trace/report_trace.h"
#include "vmm/trace/schema.h"

static void write_words(FILE *out, const struct event_word *word)
{
	const char *comma = "";

	fputc('{', out);
	for (; word && word->name; word++) {
		fprintf(out, "%s\"%" PRIu64 "\":", comma, word->value);
		report_string(out, word->name);
		comma = ",";
	}
	fputc('}', out);
}

/* The used fields: [name, decimal, words], in the order in which report_events.c writes them. */
static void write_fields(FILE *out, const struct event_schema *event)
{
	const char *comma = "";

	for (u32 i = 0; i < EVENT_FIELDS; i++) {
		if (!event->field[i][0])
			continue;
		fprintf(out, "%s[\"%s\",%d,", comma, field_name(event, i), field_decimal(event, i));
		write_words(out, field_words(event, i));
		fputc(']', out);
		comma = ",";
	}
}

static void write_bits(FILE *out)
{
	static const struct {
		const char *name;
		u64 bits;
	} bit[] = {
		{ "P", PTE_PRESENT },	     { "W", PTE_WRITABLE },  { "U", PTE_USER },
		{ "WT", PTE_WRITE_THROUGH }, { "UC", PTE_UNCACHED }, { "A", PTE_ACCESSED },
		{ "D", PTE_DIRTY },	     { "LARGE", PTE_LARGE }, { "G", PTE_GLOBAL },
		{ "SW", PTE_SOFTWARE },	     { "NX", PTE_NO_EXEC },
	};

	fputs("\"bits\":[", out);
	for (size_t i = 0; i < ARRAY_LEN(bit); i++) {
		fprintf(out, "%s[\"%s\",", i ? "," : "", bit[i].name);
		report_hex(out, bit[i].bits);
		fputc(']', out);
	}
	fputs("],", out);
}

static void write_schema(FILE *out, u32 ntraces)
{
	fprintf(out,
		"<script type=\"application/json\" id=\"schema\">{\"version\":\"" KVALAB_VERSION
		"\",\"traces\":%u,",
		ntraces);
	write_bits(out);
	fputs("\"events\":[", out);
	for (size_t i = 0; i < event_schema_count; i++) {
		fprintf(out, "%s[%u,\"%s\",[", i ? "," : "", event_schema[i].id,
			event_schema[i].name);
		write_fields(out, &event_schema[i]);
		fputs("]]", out);
	}
	fputs("]}</script>\n", out);
}

/* All traces are written; the first that is damaged decides. */
static int write_traces(FILE *out, const struct report_options *options, struct err *err)
{
	u64 most = options->most_events ? options->most_events : REPORT_MOST_EVENTS;
	int result = 0;
	struct err one;

	for (u32 i = 0; i < options->ndirs; i++) {
		if (!report_trace_write(out, options->dir[i], i, most, &one))
			continue;
		if (!result)
			*err = one;
		result = -1;
		if (one.status != EXIT_VMM) {
			*err = one;
			break;
		}
	}
	return result;
}

int report_write(FILE *out, const struct report_options *options, struct err *err)
{
	int result;

	page_begin(out, PAGE_TRACE);
	write_schema(out, options->ndirs);
	result = write_traces(out, options, err);
	page_end(out, PAGE_TRACE);
	if ((!result || err->status == EXIT_VMM) && (ferror(out) || fflush(out)))
		return err_errno(err, EXIT_HOST, "cannot write the report");
	return result;
}
