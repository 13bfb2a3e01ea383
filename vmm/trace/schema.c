/* SPDX-License-Identifier: MIT */
/*
 * Turns KVL_EVENTS into a table. Owns the words that stand for field values; the values themselves
 * are the enums of trace_abi.h and shared.h.
 */
#include "vmm/trace/schema.h"

#include <linux/kvm.h>
#include <string.h>

#include "devices/abi/shared.h"

static const struct event_word scope_words[] = {
	{ KVL_FLUSH_PAGE, "page" },
	{ KVL_FLUSH_SPACE, "space" },
	{ KVL_FLUSH_ALL, "all" },
	{ 0, NULL },
};

static const struct event_word evict_words[] = {
	{ KVL_EVICT_CAPACITY, "capacity" },
	{ KVL_EVICT_FLUSH, "flush" },
	{ KVL_EVICT_SWITCH, "switch" },
	{ KVL_EVICT_FAULT, "fault" },
	{ 0, NULL },
};

static const struct event_word wait_words[] = {
	{ KVL_WAIT_CHIP, "chip" }, { KVL_WAIT_CHIP_WRITE, "chip_write" },
	{ KVL_WAIT_ACK, "ack" },   { KVL_WAIT_TASK, "task" },
	{ KVL_WAIT_DISK, "disk" }, { KVL_WAIT_PAGE, "page" },
	{ KVL_WAIT_KVA, "kva" },   { 0, NULL },
};

static const struct event_word outcome_words[] = {
	{ KVL_FAULT_SYNCED, "synced" },		{ KVL_FAULT_SPURIOUS, "spurious" },
	{ KVL_FAULT_KERNEL_VMA, "kernel_vma" }, { KVL_FAULT_USER_VMA, "user_vma" },
	{ KVL_FAULT_KILLED, "killed" },		{ KVL_FAULT_FIXUP, "fixup" },
	{ KVL_FAULT_PANIC, "panic" },		{ 0, NULL },
};

static const struct event_word flash_mark_words[] = {
	{ KVL_FLASH_READABLE, "readable" },
	{ KVL_FLASH_WRITING, "writing" },
	{ KVL_FLASH_ARRAY, "array" },
	{ 0, NULL },
};

static const struct event_word state_words[] = {
	{ KVL_FLASH_IDLE, "idle" },
	{ KVL_FLASH_PROGRAM, "program" },
	{ KVL_FLASH_ERASE, "erase" },
	{ KVL_FLASH_PROGRAM_SUSPENDED, "program_suspended" },
	{ KVL_FLASH_ERASE_SUSPENDED, "erase_suspended" },
	{ KVL_FLASH_CHECK, "check" },
	{ KVL_FLASH_LOCK, "lock" },
	{ 0, NULL },
};

static const struct event_word mode_words[] = {
	{ KVL_FLASH_READ_ARRAY, "array" }, { KVL_FLASH_READ_STATUS, "status" },
	{ KVL_FLASH_READ_ID, "id" },	   { KVL_FLASH_READ_CFI, "cfi" },
	{ KVL_FLASH_READ_OTHER, "other" }, { 0, NULL },
};

static const struct event_word mark_words[] = {
	{ KVL_MARK_FIRST_C, "first_c" },
	{ KVL_MARK_SCENARIO, "scenario" },
	{ KVL_MARK_DONE, "done" },
	{ 0, NULL },
};

static const struct event_word disk_words[] = {
	{ KVL_DISK_READ, "read" },     { KVL_DISK_WRITE, "write" }, { KVL_DISK_FLUSH, "flush" },
	{ KVL_DISK_GET_ID, "get_id" }, { KVL_DISK_OTHER, "other" }, { 0, NULL },
};

static const struct event_word disk_outcome_words[] = {
	{ KVL_DISK_DONE, "done" },	     { KVL_DISK_UNSUPPORTED, "unsupported" },
	{ KVL_DISK_READ_ONLY, "read_only" }, { KVL_DISK_SHAPE, "shape" },
	{ KVL_DISK_RANGE, "range" },	     { KVL_DISK_UNREACHABLE, "unreachable" },
	{ KVL_DISK_STORAGE, "storage" },     { 0, NULL },
};

static const struct event_word reason_words[] = {
	{ KVM_EXIT_IO, "io" },
	{ KVM_EXIT_HLT, "hlt" },
	{ KVM_EXIT_MMIO, "mmio" },
	{ KVM_EXIT_SHUTDOWN, "shutdown" },
	{ KVM_EXIT_FAIL_ENTRY, "fail_entry" },
	{ KVM_EXIT_INTERNAL_ERROR, "internal_error" },
	{ 0, NULL },
};

/* Which field of which event has words; a field name alone would not tell ("mark" is two
 * things). */
static const struct {
	u16 id;
	const char *field;
	const struct event_word *words;
} worded[] = {
	{ KVL_EV_TLB_FLUSH, "scope", scope_words },
	{ KVL_EV_TLB_EVICT, "reason", evict_words },
	{ KVL_EV_FAULT_EXIT, "outcome", outcome_words },
	{ KVL_EV_WAIT_BEGIN, "what", wait_words },
	{ KVL_EV_WAIT_END, "what", wait_words },
	{ KVL_EV_FLASH_MARK, "mark", flash_mark_words },
	{ KVL_EV_MARK, "mark", mark_words },
	{ KVL_EV_VM_EXIT, "reason", reason_words },
	{ KVL_EV_FLASH_STATE, "state", state_words },
	{ KVL_EV_FLASH_MODE, "mode", mode_words },
	{ KVL_EV_DISK_REQUEST, "what", disk_words },
	{ KVL_EV_DISK_REQUEST, "outcome", disk_outcome_words },
};

#define X(id, number, name, h0, h1, a0, a1, a2, a3, a4) \
	{ (number), name, { h0, h1, a0, a1, a2, a3, a4 } },
const struct event_schema event_schema[] = { KVL_EVENTS(X) };
#undef X
const size_t event_schema_count = ARRAY_LEN(event_schema);

/* Position in event_schema, plus one; 0 = no such event. */
#define X(id, number, ...) POSITION_##id,
enum { KVL_EVENTS(X) };
#undef X
#define X(id, number, ...) [number] = POSITION_##id + 1,
static const u8 position[EVENT_IDS] = { KVL_EVENTS(X) };
#undef X

const struct event_schema *event_by_id(u16 id)
{
	if (id >= EVENT_IDS || !position[id])
		return NULL;
	return &event_schema[position[id] - 1];
}

const struct event_schema *event_by_name(const char *name)
{
	for (size_t i = 0; i < event_schema_count; i++)
		if (!strcmp(event_schema[i].name, name))
			return &event_schema[i];
	return NULL;
}

bool event_from_guest(u16 id)
{
	return id < EVENT_VMM_FIRST && position[id];
}

bool event_comparable(u16 id)
{
	switch (id) {
	case KVL_EV_FLASH_COMMAND:
	case KVL_EV_FLASH_STATE:
	case KVL_EV_FLASH_MODE:
	case KVL_EV_VM_EXIT:
	case KVL_EV_SLOT_CHANGE:
	case KVL_EV_UNCLAIMED:
	case KVL_EV_PT_STORE:
	case KVL_EV_DISK_REQUEST: return false;
	default: return true;
	}
}

bool field_is_time(const struct event_schema *event, u32 index)
{
	return !strcmp(field_name(event, index), "ns");
}

const char *field_name(const struct event_schema *event, u32 index)
{
	return event->field[index] + field_decimal(event, index);
}

bool field_decimal(const struct event_schema *event, u32 index)
{
	return event->field[index][0] == '#';
}

const struct event_word *field_words(const struct event_schema *event, u32 index)
{
	const char *name = field_name(event, index);

	for (size_t i = 0; i < ARRAY_LEN(worded); i++)
		if (worded[i].id == event->id && !strcmp(worded[i].field, name))
			return worded[i].words;
	return NULL;
}

const char *field_word(const struct event_schema *event, u32 index, u64 value)
{
	const struct event_word *word = field_words(event, index);

	for (; word && word->name; word++)
		if (word->value == value)
			return word->name;
	return NULL;
}

u32 field_offset(u32 index)
{
	if (index < 2)
		return offsetof(struct kvl_record, h) + index * sizeof(u16);
	return offsetof(struct kvl_record, a) + (index - 2) * sizeof(u64);
}

u32 field_bytes(u32 index)
{
	return index < 2 ? sizeof(u16) : sizeof(u64);
}

u64 field_value(const struct kvl_record *record, u32 index)
{
	return index < 2 ? record->h[index] : record->a[index - 2];
}

u32 event_used_bytes(u16 id)
{
	const struct event_schema *event = event_by_id(id);

	for (u32 i = EVENT_FIELDS; event && i-- > 0;)
		if (event->field[i][0])
			return field_offset(i) + field_bytes(i);
	return offsetof(struct kvl_record, h);
}
