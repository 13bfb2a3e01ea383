/* SPDX-License-Identifier: MIT */
/*
 * The table of events (KVL_EVENTS) for programs: names, fields and the words behind field values.
 * The metadata, the printer and the checks of the rings all read this one table.
 */
#ifndef KVL_TRACE_SCHEMA_H
#define KVL_TRACE_SCHEMA_H

#include "devices/abi/trace_abi.h"

#define EVENT_FIELDS 7	   /* h[0], h[1], a[0] … a[4] */
#define EVENT_IDS 64	   /* all ids are below */
#define EVENT_VMM_FIRST 32 /* ids below are the guest's (the VMM may report them too) */

/* A field's value by name, e.g. scope 1 = "page". */
struct event_word {
	u64 value;
	const char *name; /* NULL ends a list */
};

struct event_schema {
	u16 id;
	const char *name;
	const char *field[EVENT_FIELDS]; /* as in KVL_EVENTS; read it through field_…() */
};

extern const struct event_schema event_schema[];
extern const size_t event_schema_count;

const struct event_schema *event_by_id(u16 id); /* NULL: no such event */
const struct event_schema *event_by_name(const char *name);

/* True if a guest may report @id. */
bool event_from_guest(u16 id);

/*
 * True if two runs with the same options have the same of it, whatever the host: what the guest
 * does and what the VMM prepares for it. Exits, memory slots, and what a chip that is a part of
 * this program does differ between engines. docs/trace-format.md: "Two traces".
 */
bool event_comparable(u16 id);
/* True if field @index is a time, which no two runs have in common. */
bool field_is_time(const struct event_schema *event, u32 index);

/* Field @index of an event: its name ("" = unused), and whether people read it in decimal. */
const char *field_name(const struct event_schema *event, u32 index);
bool field_decimal(const struct event_schema *event, u32 index);
/* The words for the field's values; NULL: plain numbers. */
const struct event_word *field_words(const struct event_schema *event, u32 index);
/* The word for @value; NULL if it has none. */
const char *field_word(const struct event_schema *event, u32 index, u64 value);

/* Where in a record field @index lies, and its value. */
u32 field_offset(u32 index);
u32 field_bytes(u32 index);
u64 field_value(const struct kvl_record *record, u32 index);

/* Bytes of a record up to the end of its event's last used field. */
u32 event_used_bytes(u16 id);

#endif
