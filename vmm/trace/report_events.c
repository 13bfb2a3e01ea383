/* SPDX-License-Identifier: MIT */
/* Owns the form in which the page holds events. No more than a base64 group of it stays in
 * memory. */
#include "vmm/trace/report_events.h"

#include <string.h>

#include "vmm/trace/packet.h"

#define CPU_VMM 255

void report_events_begin(struct report_events *events, FILE *out)
{
	memset(events, 0, sizeof(*events));
	events->base64.out = out;
}

static void put_number(struct report_events *events, u64 value)
{
	for (; value > 127; value >>= 7)
		base64_put(&events->base64, (u8)(value | 128));
	base64_put(&events->base64, (u8)value);
}

static void put_fields(struct report_events *events, const struct event_schema *event,
		       const struct kvl_record *record)
{
	u64 *last = events->last[event->id];

	for (u32 i = 0; i < EVENT_FIELDS; i++) {
		u64 value = field_value(record, i);

		if (!event->field[i][0])
			continue;
		put_number(events, value ^ last[i]);
		last[i] = value;
		events->fields++;
	}
}

void report_events_put(struct report_events *events, const struct kvl_record *record, u32 cpu)
{
	const struct event_schema *event = event_by_id(record->id);

	put_number(events, record->id);
	base64_put(&events->base64, cpu == TRACE_CPU_VMM ? CPU_VMM : (u8)cpu);
	put_number(events, record->ticket - events->ticket);
	put_number(events, record->site);
	if (event)
		put_fields(events, event, record);
	events->ticket = record->ticket;
	events->events++;
}

void report_events_end(struct report_events *events)
{
	base64_end(&events->base64);
}
