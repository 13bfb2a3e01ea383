/* SPDX-License-Identifier: MIT */
/*
 * Owns what is known of a cfi.pflash01 and the model from the cycles that both got: what they
 * await, what an operation was to change; and which version of QEMU's chip this is.
 */
#include "tests/qemu/intel_rules.h"

#include <string.h>

struct intel_state intel;

/* --- which QEMU this is ----------------------------------------------------------------------- */
/* A buffer of two words, or one, at @at, the count's cycle being at @count_at: the status at its
 * end. */
static u32 try_buffer(u32 count_at, u32 at, u32 words, u32 confirmation)
{
	u32 status;

	qemus_write(at, 1, 0xE8);
	qemus_write(count_at, 1, words - 1);
	for (u32 i = 0; i < words; i++)
		qemus_write(at + i, 1, twins.array[at + i] ^ 0xFF);
	status = qemus_read(at, 1);
	qemus_write(at, 1, confirmation);
	intel_clear_qemu_status();
	qemus_write(0, 1, 0xFF);
	return status;
}

bool intel_learn(void)
{
	u32 at = INTEL_BLOCK_BYTES;

	try_buffer(at, at, 2, 0xFF);
	if (qemus_read(at, 1) != twins.array[at])
		return false;
	intel.line_by_count = try_buffer(2 * at, at, 2, 0xFF) == INTEL_QEMU_REFUSES;
	intel.never_one = try_buffer(at, at, 1, 0xFF) == INTEL_QEMU_REFUSES;
	return true;
}

/* QEMU's refuses this word, and with it the buffer. */
static bool is_refused(u32 offset)
{
	u32 line = intel.line_by_count ? intel.count_at : intel.loaded ? intel.start : offset;

	return offset / INTEL_LINE_BYTES != line / INTEL_LINE_BYTES ||
	       (intel.bytes == 1 && intel.never_one);
}

/* --- following the cycles --------------------------------------------------------------------- */
static void note_words(u32 start, u32 bytes)
{
	intel.start = start;
	intel.bytes = bytes;
	intel.erased = false;
	memset(intel.data, 0xFF, sizeof(intel.data));
	memcpy(intel.before, twins.array + start, bytes);
}

static void first_cycle(u32 offset, u8 command)
{
	switch (command) {
	case 0x10:
	case 0x40: intel.awaits = INTEL_DATA; break;
	case 0x20:
		intel.awaits = INTEL_CONFIRM;
		intel.erase_at = offset;
		intel.bytes = 0;
		intel.not_ready = false;
		break;
	case 0xE8:
		intel.awaits = INTEL_COUNT;
		intel.not_ready = false;
		break;
	case 0x50: intel.errors = false; break;
	default: break;
	}
}

/* A word of the buffer has come, which the model has taken. */
static void load(u32 offset, u8 value)
{
	if (!intel.loaded)
		note_words(offset, intel.bytes);
	if (is_refused(offset))
		intel.refused = true;
	intel.data[offset - intel.start] = value;
	if (++intel.loaded == intel.bytes)
		intel.awaits = INTEL_GO;
}

/* Before the cycle is made: what of it the rules for bytes need. */
static void prepare(u32 offset, u32 bytes, u32 value)
{
	if (intel.awaits != INTEL_DATA)
		return;
	note_words(offset, bytes);
	for (u32 i = 0; i < bytes; i++)
		intel.data[i] = (u8)(value >> 8 * i);
	intel.bytes = 1;
	intel.wide = bytes > 1;
}

static void finish_operation(u32 offset)
{
	twins_read(offset, 1);
	twins_finish();
	twins_read(offset, 1);
	intel_compare_block(intel.start);
	if (intel.erased)
		intel_compare_block(intel.erase_at);
	intel.erased = intel.wide = false;
}

static void follow(u32 offset, u32 value, bool taken)
{
	enum intel_awaits awaited = intel.awaits;

	if (awaited == INTEL_LOAD) {
		if (taken)
			load(offset, (u8)value);
		else
			intel.awaits = INTEL_IDLE;
		return;
	}
	intel.awaits = INTEL_IDLE;
	switch (awaited) {
	case INTEL_IDLE: first_cycle(offset, (u8)value); break;
	case INTEL_COUNT:
		intel.awaits = INTEL_LOAD;
		intel.count_at = offset;
		intel.bytes = value + 1;
		intel.loaded = 0;
		break;
	case INTEL_CONFIRM:
		intel.start = intel_block_of(offset);
		intel.erased = value == 0xD0 && intel.start != intel_block_of(intel.erase_at);
		break;
	case INTEL_DATA: intel.not_ready = false; break;
	case INTEL_LOAD:
	case INTEL_GO: break;
	}
}

void intel_write(u32 offset, u32 bytes, u32 value)
{
	bool taken = intel.awaits != INTEL_LOAD || intel_may_load(offset);

	prepare(offset, bytes, value);
	twins_write(offset, bytes, value);
	follow(offset, value, taken);
	if (twins.busy)
		finish_operation(offset);
}
