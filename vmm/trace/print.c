/* SPDX-License-Identifier: MIT */
/*
 * Records as text. Owns the columns and how a field's value reads; which fields there are and the
 * words for their values are schema.c's, the records reader.c's.
 */
#include "vmm/trace/print.h"

#include <inttypes.h>
#include <string.h>

#include "arch/x86_64/vmm/pte.h"
#include "vmm/trace/filter.h"
#include "vmm/trace/metadata.h"
#include "vmm/trace/schema.h"

#define EVENT_WIDTH 15 /* shootdown_begin */

struct printer {
	FILE *out;
	struct trace_reader *reader;
	const struct trace_print_options *options;
	u32 site_width;
};

static bool wanted(const struct trace_print_options *options, const struct kvl_record *record,
		   u32 cpu)
{
	if (options->one_cpu && cpu != options->cpu)
		return false;
	return !options->nevents || filter_names(options->event, options->nevents, record->id);
}

/* 0x8000000012345063(RW,NX,A,D) */
static void print_entry(FILE *out, u64 entry, u32 level)
{
	static const struct {
		u64 bit;
		const char *name;
	} flag[] = {
		{ PTE_USER, "U" },	{ PTE_NO_EXEC, "NX" },	{ PTE_WRITE_THROUGH, "WT" },
		{ PTE_UNCACHED, "UC" }, { PTE_ACCESSED, "A" },	{ PTE_DIRTY, "D" },
		{ PTE_GLOBAL, "G" },	{ PTE_SOFTWARE, "SW" },
	};

	fprintf(out, "0x%" PRIx64, entry);
	if (!pte_present(entry)) {
		fputs(entry ? "(not present)" : "", out);
		return;
	}
	fputs(entry & PTE_WRITABLE ? "(RW" : "(RO", out);
	for (size_t i = 0; i < ARRAY_LEN(flag); i++)
		if (entry & flag[i].bit)
			fprintf(out, ",%s", flag[i].name);
	if (level > 1 && (entry & PTE_LARGE))
		fputs(",LARGE", out);
	fputc(')', out);
}

static void print_address(FILE *out, const struct trace_reader *reader, u64 va)
{
	u64 offset;
	const char *symbol = trace_reader_symbol(reader, va, &offset);

	fprintf(out, "0x%" PRIx64, va);
	if (symbol)
		fprintf(out, "<%s+0x%" PRIx64 ">", symbol, offset);
}

static void print_field(FILE *out, const struct trace_reader *reader,
			const struct event_schema *event, u32 index,
			const struct kvl_record *record)
{
	u64 value = field_value(record, index);
	const char *name = field_name(event, index), *word = field_word(event, index, value);

	fprintf(out, " %s=", name);
	if (word)
		fputs(word, out);
	else if (event->id == KVL_EV_PT_SET && (!strcmp(name, "old") || !strcmp(name, "new")))
		print_entry(out, value, record->h[1]);
	else if (!strcmp(name, "rip"))
		print_address(out, reader, value);
	else
		fprintf(out, field_decimal(event, index) ? "%" PRIu64 : "0x%" PRIx64, value);
}

void trace_print_record(FILE *out, struct trace_reader *reader, const struct kvl_record *record,
			u32 cpu, bool tsc, u32 site_width)
{
	const struct event_schema *event = event_by_id(record->id);
	char who[16], what[16];

	snprintf(who, sizeof(who), cpu == TRACE_CPU_VMM ? "vmm" : "%u", cpu);
	snprintf(what, sizeof(what), "event %u", record->id);
	fprintf(out, "%10" PRIu64 " ", record->ticket);
	if (tsc)
		fprintf(out, "%18" PRIu64 " ", record->tsc);
	fprintf(out, "%3s %-*s %-*s", who, EVENT_WIDTH, event ? event->name : what, (int)site_width,
		trace_reader_site(reader, record->site));
	for (u32 i = 0; event && i < EVENT_FIELDS; i++)
		if (event->field[i][0])
			print_field(out, reader, event, i, record);
	fputc('\n', out);
}

static void print_heading(const struct printer *printer)
{
	fprintf(printer->out, "%10s ", "# ticket");
	if (printer->options->tsc)
		fprintf(printer->out, "%18s ", "tsc");
	fprintf(printer->out, "%3s %-*s %-*s %s\n", "cpu", EVENT_WIDTH, "event",
		(int)printer->site_width, "site", "fields");
}

static int print_end(const struct printer *printer, const char *dir, struct err *err)
{
	u64 missing = trace_reader_missing(printer->reader);
	const char *text;

	for (u32 i = 0; (text = trace_reader_problem(printer->reader, i)); i++)
		fprintf(printer->out, "# %s\n", text);
	if (missing)
		fprintf(printer->out, "# tickets without a record: %" PRIu64 "\n", missing);
	if (fflush(printer->out) || ferror(printer->out))
		return err_errno(err, EXIT_HOST, "cannot print the trace");
	return trace_reader_verdict(printer->reader, dir, err);
}

static int check_cpu(const struct trace_reader *reader, const struct trace_print_options *options,
		     const char *dir, struct err *err)
{
	u32 ncpus = trace_reader_metadata(reader)->ncpus;

	if (!options->one_cpu || options->cpu == TRACE_CPU_VMM || options->cpu < ncpus)
		return 0;
	return err_set(err, EXIT_USAGE, "--cpu: %s has no CPU %u; there are 0 to %u, and vmm", dir,
		       options->cpu, ncpus - 1);
}

int trace_print(const char *dir, FILE *out, const struct trace_print_options *options,
		struct err *err)
{
	struct printer printer = { .out = out, .options = options };
	struct kvl_record record;
	u64 lines = 0;
	int result;
	u32 cpu;

	if (filter_check(options->event, options->nevents, err))
		return -1;
	printer.reader = trace_reader_open(dir, err);
	if (!printer.reader)
		return -1;
	if (check_cpu(printer.reader, options, dir, err)) {
		trace_reader_close(printer.reader);
		return -1;
	}
	printer.site_width = trace_reader_site_width(printer.reader);
	print_heading(&printer);
	while (!ferror(out) && (!options->limit || lines < options->limit) &&
	       trace_reader_next(printer.reader, &record, &cpu))
		if (wanted(options, &record, cpu)) {
			trace_print_record(out, printer.reader, &record, cpu, options->tsc,
					   printer.site_width);
			lines++;
		}
	result = print_end(&printer, dir, err);
	trace_reader_close(printer.reader);
	return result;
}
