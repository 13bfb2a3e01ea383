/* SPDX-License-Identifier: MIT */
/*
 * Events as a row of bytes for the page, in base64. Each: its id, its CPU (a byte, 255 for the
 * VMM), its ticket less that of the one before, its site, its fields XOR those of the last event of
 * this id. All but the CPU are numbers of seven bits a byte, the lowest first; a byte above 127 is
 * not the last one. Read back in report/events.js.
 */
#ifndef KVL_TRACE_REPORT_EVENTS_H
#define KVL_TRACE_REPORT_EVENTS_H

#include "devices/abi/trace_abi.h"
#include "vmm/trace/report_text.h"
#include "vmm/trace/schema.h"

struct report_events {
	struct base64 base64;
	u64 events, fields; /* put so far */
	u64 ticket;	    /* of the last one */
	u64 last[EVENT_IDS][EVENT_FIELDS];
};

void report_events_begin(struct report_events *events, FILE *out);
/* In the order of tickets. */
void report_events_put(struct report_events *events, const struct kvl_record *record, u32 cpu);
void report_events_end(struct report_events *events);

#endif
