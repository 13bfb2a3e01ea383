/* SPDX-License-Identifier: MIT */
/*
 * Owns what makes two records the same, and the search for the first pair that is not. Streams are
 * compared each for itself: by how much they are ahead of each other may differ from run to run.
 */
#include "vmm/trace/diff.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/trace/files.h"
#include "vmm/trace/filter.h"
#include "vmm/trace/print.h"
#include "vmm/trace/schema.h"

#define BEFORE 3 /* records of context */

/* One trace, at one place of one stream. */
struct side {
	bool there; /* false: the stream has ended */
	struct kvl_record record;
	struct kvl_record before[BEFORE]; /* number n in n % BEFORE */
};

struct difference {
	u32 cpu;
	u64 number; /* of the record in its stream, among those that are compared; from 0 */
	struct side side[2];
};

struct diff {
	const struct trace_diff_options *options;
	const char *const *dir;
	FILE *out;
	struct trace_reader *reader[2];
	u64 records;	  /* that are the same */
	u32 ndifferences; /* streams that differ */
	struct difference difference[TRACE_STREAMS];
};

/* --- records ---------------------------------------------------------------------------------- */
/* Appends to a list of at most @bytes; more is cut. */
static void add_name(char *list, size_t bytes, const char *name)
{
	size_t used = strlen(list);

	snprintf(list + used, bytes - used, "%s%s", used ? ", " : "", name);
}

static void add_fields(char *list, size_t bytes, const struct kvl_record *a,
		       const struct kvl_record *b)
{
	const struct event_schema *event = event_by_id(a->id);

	for (u32 i = 0; i < EVENT_FIELDS; i++)
		if (field_value(a, i) != field_value(b, i) && (!event || event->field[i][0]) &&
		    !(event && field_is_time(event, i)))
			add_name(list, bytes, event ? field_name(event, i) : "a field");
}

/* In @list what of two records differs; empty: nothing. */
static void compare_records(struct diff *diff, const struct kvl_record *a,
			    const struct kvl_record *b, char *list, size_t bytes)
{
	list[0] = '\0';
	if (a->id != b->id) {
		add_name(list, bytes, "event");
		return;
	}
	if (strcmp(trace_reader_site(diff->reader[0], a->site),
		   trace_reader_site(diff->reader[1], b->site)))
		add_name(list, bytes, "site");
	add_fields(list, bytes, a, b);
}

static bool same_records(struct diff *diff, const struct side side[2])
{
	char list[128];

	if (!side[0].there || !side[1].there)
		return false;
	compare_records(diff, &side[0].record, &side[1].record, list, sizeof(list));
	return !list[0];
}

/* --- streams ---------------------------------------------------------------------------------- */
static bool wanted(const struct trace_diff_options *options, u16 id)
{
	return options->nevents ? filter_names(options->event, options->nevents, id)
				: event_comparable(id);
}

static void advance(struct diff *diff, u32 i, u32 cpu, struct side *side)
{
	do
		side->there = trace_reader_next_of(diff->reader[i], cpu, &side->record);
	while (side->there && !wanted(diff->options, side->record.id));
}

/* Up to the first difference; the streams' end is one if they do not end together. */
static void compare_stream(struct diff *diff, u32 cpu)
{
	struct difference *at = &diff->difference[diff->ndifferences];

	memset(at, 0, sizeof(*at));
	at->cpu = cpu;
	for (;; at->number++) {
		advance(diff, 0, cpu, &at->side[0]);
		advance(diff, 1, cpu, &at->side[1]);
		if (!at->side[0].there && !at->side[1].there)
			return;
		if (!same_records(diff, at->side))
			break;
		for (u32 i = 0; i < 2; i++)
			at->side[i].before[at->number % BEFORE] = at->side[i].record;
		diff->records++;
	}
	diff->ndifferences++;
}

static u64 first_ticket(const struct difference *difference)
{
	u64 a = difference->side[0].there ? difference->side[0].record.ticket : UINT64_MAX;
	u64 b = difference->side[1].there ? difference->side[1].record.ticket : UINT64_MAX;

	return a < b ? a : b;
}

/* --- what is printed -------------------------------------------------------------------------- */
static const char *stream_name(u32 cpu, char name[STREAM_NAME_BYTES])
{
	struct packet_stream id;

	files_stream(cpu == TRACE_CPU_VMM ? KVL_MAX_CPUS : cpu, name, &id);
	return name;
}

static void print_line(struct diff *diff, u32 i, u32 cpu, const char *mark,
		       const struct kvl_record *record)
{
	u32 a = trace_reader_site_width(diff->reader[0]);
	u32 b = trace_reader_site_width(diff->reader[1]);

	fputs(mark, diff->out);
	trace_print_record(diff->out, diff->reader[i], record, cpu, false, a > b ? a : b);
}

static void print_side(struct diff *diff, u32 i, const struct difference *difference)
{
	const struct side *side = &difference->side[i];
	u64 number = difference->number;

	fprintf(diff->out, "%s\n", diff->dir[i]);
	for (u64 n = number < BEFORE ? 0 : number - BEFORE; n < number; n++)
		print_line(diff, i, difference->cpu, "  ", &side->before[n % BEFORE]);
	if (side->there)
		print_line(diff, i, difference->cpu, "> ", &side->record);
	else
		fputs(">  (no record more)\n", diff->out);
}

static void print_first(struct diff *diff, const struct difference *first)
{
	char what[160] = "one trace has no more", name[STREAM_NAME_BYTES];

	if (first->side[0].there && first->side[1].there)
		compare_records(diff, &first->side[0].record, &first->side[1].record, what,
				sizeof(what));
	fprintf(diff->out, "%s: record %" PRIu64 " differs: %s\n", stream_name(first->cpu, name),
		first->number, what);
	print_side(diff, 0, first);
	print_side(diff, 1, first);
}

static void print_result(struct diff *diff)
{
	const struct difference *first = diff->difference;
	char name[STREAM_NAME_BYTES];

	if (!diff->ndifferences) {
		fprintf(diff->out, "the same: %" PRIu64 " records\n", diff->records);
		return;
	}
	for (u32 i = 1; i < diff->ndifferences; i++)
		if (first_ticket(&diff->difference[i]) < first_ticket(first))
			first = &diff->difference[i];
	print_first(diff, first);
	for (u32 i = 0; i < diff->ndifferences; i++)
		if (&diff->difference[i] != first)
			fprintf(diff->out, "%s: differs from record %" PRIu64 " on\n",
				stream_name(diff->difference[i].cpu, name),
				diff->difference[i].number);
}

/* --- traces ----------------------------------------------------------------------------------- */
/* Reads all of it in its order, for what only that shows. EXIT_VMM: damaged or incomplete. */
static int check_trace(const char *dir, struct err *err)
{
	struct trace_reader *reader = trace_reader_open(dir, err);
	struct kvl_record record;
	int result;
	u32 cpu;

	if (!reader)
		return -1;
	while (trace_reader_next(reader, &record, &cpu))
		;
	result = trace_reader_verdict(reader, dir, err);
	trace_reader_close(reader);
	return result;
}

static int compare(struct diff *diff, struct err *err)
{
	for (u32 i = 0; i < 2; i++) {
		diff->reader[i] = trace_reader_open(diff->dir[i], err);
		if (!diff->reader[i])
			return -1;
	}
	for (u32 cpu = 0; cpu < KVL_MAX_CPUS; cpu++)
		compare_stream(diff, cpu);
	compare_stream(diff, TRACE_CPU_VMM);
	print_result(diff);
	if (ferror(diff->out) || fflush(diff->out))
		return err_errno(err, EXIT_HOST, "cannot print the difference");
	return 0;
}

int trace_diff(const char *const dir[2], FILE *out, const struct trace_diff_options *options,
	       bool *same, struct err *err)
{
	struct diff *diff;
	int result = 0;

	if (filter_check(options->event, options->nevents, err))
		return -1;
	for (u32 i = 0; i < 2; i++) {
		struct err damage;

		if (!check_trace(dir[i], &damage))
			continue;
		*err = damage;
		result = -1;
		if (damage.status != EXIT_VMM)
			return -1;
	}
	diff = calloc(1, sizeof(*diff));
	if (!diff)
		return err_set(err, EXIT_HOST, "no memory to compare traces");
	diff->options = options;
	diff->dir = dir;
	diff->out = out;
	if (compare(diff, err))
		result = -1;
	*same = !diff->ndifferences;
	for (u32 i = 0; i < 2; i++)
		if (diff->reader[i])
			trace_reader_close(diff->reader[i]);
	free(diff);
	return result;
}
