/* SPDX-License-Identifier: MIT */
/*
 * Puts the streams in one order. Tickets are dense, so the next record is the one with the ticket
 * after the last, wherever it is; while it is nowhere, a CPU is between taking and committing it.
 */
#include "vmm/trace/internal.h"

#include "vmm/trace/model.h"
#include "vmm/trace/schema.h"

static int ticket_twice(const struct trace *trace, u32 index, u64 ticket, struct err *err)
{
	return err_set(err, EXIT_VMM,
		       "trace: %s has a record with ticket %llu, which another stream had before",
		       trace->stream[index].name, (unsigned long long)ticket);
}

/* Hands over the records of one stream from the expected ticket on. */
static void take_run(struct trace *trace, u32 index)
{
	struct stream *stream = &trace->stream[index];
	const struct kvl_record *record;

	while ((record = stream_front(stream)) && record->ticket == trace->expected) {
		trace->totals.events++;
		trace->totals.by_id[record->id % ARRAY_LEN(trace->totals.by_id)]++;
		if (trace->model)
			model_record(trace->model, stream->id.cpu_id, record);
		trace->expected++;
		stream_next(stream);
	}
	trace->current = index;
}

/*
 * The stream whose front has the smallest ticket; trace_streams() if all are empty. Beginning with
 * the current one saves nothing here: this is for the end and for gaps.
 */
static u32 smallest_front(const struct trace *trace, u64 *ticket)
{
	u32 found = trace_streams(trace);

	for (u32 i = 0; i < trace_streams(trace); i++) {
		const struct kvl_record *record = stream_front(&trace->stream[i]);

		if (record && (found == trace_streams(trace) || record->ticket < *ticket)) {
			found = i;
			*ticket = record->ticket;
		}
	}
	return found;
}

int merge_ready(struct trace *trace, struct err *err)
{
	for (;;) {
		u64 ticket = 0;
		u32 index = smallest_front(trace, &ticket);

		if (index == trace_streams(trace) || ticket > trace->expected)
			return 0;
		if (ticket < trace->expected)
			return ticket_twice(trace, index, ticket, err);
		take_run(trace, index);
	}
}

/* What the stopped CPUs hold. */
struct holders {
	enum ring_pending pending[KVL_MAX_CPUS];
	u64 ticket[KVL_MAX_CPUS];
};

static void find_holders(const struct trace *trace, struct holders *holders)
{
	for (u32 cpu = 0; cpu < KVL_MAX_CPUS; cpu++) {
		struct kvl_record record;

		holders->pending[cpu] = RING_IDLE;
		if (!trace->shared || cpu >= trace->ncpus)
			continue;
		holders->pending[cpu] = ring_pending(trace, cpu, &record);
		holders->ticket[cpu] = record.ticket;
	}
}

/* Finds the CPU that holds @ticket; each CPU explains one ticket. */
static bool explained(const struct trace *trace, struct holders *holders, u64 ticket)
{
	u32 found = KVL_MAX_CPUS;

	for (u32 cpu = 0; cpu < trace->ncpus; cpu++) {
		if (holders->pending[cpu] == RING_TAKEN && holders->ticket[cpu] == ticket) {
			found = cpu;
			break;
		}
		if (holders->pending[cpu] == RING_FILLING &&
		    ticket > trace->stream[cpu].last_ticket)
			found = cpu;
	}
	if (found == KVL_MAX_CPUS)
		return false;
	holders->pending[found] = RING_IDLE;
	return true;
}

/* Goes from the expected ticket over missing ones to @next. */
static void pass_gap(struct trace *trace, struct holders *holders, u64 next)
{
	u64 missing = next - trace->expected;

	/* More than one a CPU cannot be explained; a wild counter must not make us count to it. */
	if (missing <= trace->ncpus)
		for (u64 ticket = trace->expected; ticket < next; ticket++)
			missing -= explained(trace, holders, ticket);
	if (missing && trace->model) {
		model_incomplete(trace->model);
		trace->model = NULL;
	}
	trace->totals.lost += missing;
	trace->expected = next;
}

int merge_rest(struct trace *trace, u64 counter, struct err *err)
{
	struct holders holders;

	find_holders(trace, &holders);
	for (;;) {
		u64 ticket = 0;
		u32 index = smallest_front(trace, &ticket);

		if (index == trace_streams(trace))
			break;
		if (ticket < trace->expected)
			return ticket_twice(trace, index, ticket, err);
		if (ticket > trace->expected)
			pass_gap(trace, &holders, ticket);
		take_run(trace, index);
	}
	if (counter > trace->expected)
		pass_gap(trace, &holders, counter);
	return 0;
}
