/* SPDX-License-Identifier: MIT */
/*
 * Owns the table of differences between QEMU's cfi.pflash01 and the model's command set 0001: when
 * each of them shows, and how QEMU's chip comes back into the state of the model. Leaves to
 * intel_follow.c what must be known of the cycles so far.
 */
#include "tests/qemu/intel_rules.h"

#include <string.h>

enum { SR_SEQUENCE = 0xB0 }; /* ready, and a command sequence error */

/* --- what QEMU's chip shows ------------------------------------------------------------------- */
/* Words 0, 1 and 10h tell all modes from each other: the tests leave block 0 as it is. */
static void require_shown(const char *what, u32 first, u32 second, u32 third)
{
	u32 got[] = { qemus_read(0, 1), qemus_read(1, 1), qemus_read(0x10, 1) };

	if (got[0] != first || got[1] != second || got[2] != third)
		twins_fail("QEMU does not show %s: %x %x %x", what, got[0], got[1], got[2]);
}

static void require_qemu_shows(enum kvl_flash_mode mode)
{
	const struct flash_part *part = twins.config->part;

	if (mode == KVL_FLASH_READ_ARRAY)
		require_shown("the array", twins.array[0], twins.array[1], twins.array[0x10]);
	else if (mode == KVL_FLASH_READ_CFI)
		require_shown("its query table", 0, 0, 'Q');
	else if (mode == KVL_FLASH_READ_ID)
		require_shown("its codes", part->manufacturer, part->device[0], 0);
}

static void require_qemu_status(u32 status)
{
	require_shown("the status that it should have", status, status, status);
}

static void require_status(u32 status)
{
	u32 got = (u32)flash_read(twins.bank, 0, 1, twins.now_ns);

	if (got != status)
		twins_fail("kvalab's status is %x, not %x", got, status);
}

/* QEMU's chip awaits a first cycle, and does not show its query table. */
static void set_qemu_mode(enum kvl_flash_mode mode)
{
	static const u8 command[] = { [KVL_FLASH_READ_ARRAY] = 0xFF,
				      [KVL_FLASH_READ_STATUS] = 0x70,
				      [KVL_FLASH_READ_ID] = 0x90,
				      [KVL_FLASH_READ_CFI] = 0x98 };

	qemus_write(0, 1, command[mode]);
}

/* 50h takes SR.7 along with the error bits; it comes back with a lock command. */
void intel_clear_qemu_status(void)
{
	qemus_write(0, 1, 0x50);
	qemus_write(0, 1, 0x60);
	qemus_write(0, 1, 0x01);
	require_qemu_status(INTEL_READY);
	intel.refused = false;
}

void intel_compare_block(u32 offset)
{
	qemus_write(0, 1, 0xFF);
	twins_compare_array(intel_block_of(offset), INTEL_BLOCK_BYTES);
	qemus_write(0, 1, 0x70);
}

static bool is_status(const struct cycle *cycle)
{
	return cycle->bytes == 1 && twins.mode == KVL_FLASH_READ_STATUS;
}

static bool is_first_cycle(const struct cycle *cycle)
{
	return cycle->bytes == 1 && intel.awaits == INTEL_IDLE;
}

/* --- time ------------------------------------------------------------------------------------- */
static bool busy_read(const struct cycle *cycle)
{
	return is_status(cycle) && twins.busy && !(cycle->value & INTEL_READY) &&
	       cycle->qemus == INTEL_READY;
}

/* --- program: QEMU replaces ------------------------------------------------------------------- */
/* A byte that was to be programmed, and when ones met zeroes. */
static bool was_programmed(const struct cycle *cycle)
{
	u32 i = cycle->offset - intel.start;

	return i < intel.bytes && cycle->value == (intel.before[i] & intel.data[i]);
}

static bool replaced_byte(const struct cycle *cycle)
{
	return was_programmed(cycle) && !intel.refused && !intel.after_error &&
	       cycle->qemus == intel.data[cycle->offset - intel.start];
}

/* --- erase ------------------------------------------------------------------------------------ */
static bool unconfirmed_write(const struct cycle *cycle)
{
	return intel.awaits == INTEL_CONFIRM && cycle->value != 0xD0;
}

static void settle_unconfirmed(const struct cycle *cycle)
{
	(void)cycle;
	require_qemu_shows(KVL_FLASH_READ_ARRAY);
	require_status(SR_SEQUENCE);
	intel_compare_block(intel.erase_at);
	require_qemu_status(INTEL_READY);
	intel.errors = true;
}

static bool erased_byte(const struct cycle *cycle)
{
	if (intel.awaits == INTEL_CONFIRM) /* and it did not come */
		return intel_block_of(cycle->offset) == intel_block_of(intel.erase_at) &&
		       cycle->qemus == 0xFF;
	if (!intel.erased)
		return false;
	if (intel_block_of(cycle->offset) == intel_block_of(intel.erase_at))
		return cycle->qemus == 0xFF;
	return intel_block_of(cycle->offset) == intel.start && cycle->value == 0xFF;
}

/* --- status ----------------------------------------------------------------------------------- */
static bool errors_read(const struct cycle *cycle)
{
	return is_status(cycle) && intel.errors && cycle->value == SR_SEQUENCE &&
	       cycle->qemus == INTEL_READY;
}

static bool clear_write(const struct cycle *cycle)
{
	return is_first_cycle(cycle) && cycle->value == 0x50 && twins.mode != KVL_FLASH_READ_CFI;
}

static void settle_clear(const struct cycle *cycle)
{
	(void)cycle;
	require_qemu_shows(KVL_FLASH_READ_ARRAY);
	qemus_write(0, 1, 0x70);
	require_qemu_status(0);
	intel.not_ready = true;
	set_qemu_mode(twins.mode);
}

static bool not_ready_read(const struct cycle *cycle)
{
	return is_status(cycle) && intel.not_ready && cycle->qemus == 0 &&
	       cycle->value == INTEL_READY;
}

/* --- first cycles ----------------------------------------------------------------------------- */
static bool is_known(u32 command)
{
	return strchr("\xFF\x70\x90\x98\x50\x10\x40\x20\xE8\x60", (int)command) && command;
}

static bool unknown_write(const struct cycle *cycle)
{
	return is_first_cycle(cycle) && !is_known(cycle->value) &&
	       (twins.mode == KVL_FLASH_READ_STATUS || twins.mode == KVL_FLASH_READ_ID);
}

static void settle_unknown(const struct cycle *cycle)
{
	(void)cycle;
	require_qemu_shows(KVL_FLASH_READ_ARRAY);
	set_qemu_mode(twins.mode);
}

static bool lock_write(const struct cycle *cycle)
{
	return is_first_cycle(cycle) && cycle->value == 0x60 && twins.mode != KVL_FLASH_READ_CFI;
}

static void settle_lock(const struct cycle *cycle)
{
	(void)cycle;
	require_qemu_status(intel.not_ready ? 0 : INTEL_READY);
	qemus_write(0, 1, 0x01);
	require_qemu_status(INTEL_READY);
	intel.not_ready = false;
	set_qemu_mode(twins.mode);
}

static bool in_query_write(const struct cycle *cycle)
{
	return is_first_cycle(cycle) && twins.mode == KVL_FLASH_READ_CFI && cycle->value &&
	       strchr("\x70\x90\x10\x40\x20\xE8", (int)cycle->value);
}

static void settle_in_query(const struct cycle *cycle)
{
	require_qemu_shows(KVL_FLASH_READ_CFI);
	qemus_write(0, 1, 0xFF);
	qemus_write(cycle->offset, 1, cycle->value);
}

/* --- write to buffer -------------------------------------------------------------------------- */
/* J3, 4.8. */
bool intel_may_load(u32 offset)
{
	u32 last = offset + intel.bytes - 1;

	if (intel.loaded)
		return offset - intel.start < intel.bytes;
	return intel_block_of(last) == intel_block_of(offset);
}

static bool outside_write(const struct cycle *cycle)
{
	return intel.awaits == INTEL_LOAD && !intel_may_load(cycle->offset);
}

/* QEMU awaits the rest of the words, and then D0h, which it does not get. */
static void settle_outside(const struct cycle *cycle)
{
	require_status(SR_SEQUENCE);
	for (u32 i = intel.loaded + 1; i < intel.bytes; i++)
		qemus_write(cycle->offset, 1, 0);
	qemus_write(cycle->offset, 1, 0xFF);
	require_qemu_shows(KVL_FLASH_READ_ARRAY);
	intel_clear_qemu_status();
	intel_compare_block(cycle->offset);
	intel.errors = true;
}

static bool refused_read(const struct cycle *cycle)
{
	return is_status(cycle) && intel.refused && cycle->qemus == INTEL_QEMU_REFUSES &&
	       cycle->value == (intel.errors ? SR_SEQUENCE : INTEL_READY);
}

static bool refused_write(const struct cycle *cycle)
{
	return intel.awaits == INTEL_GO && intel.refused && cycle->value == 0xD0;
}

/* The model programs it, unless it has errors. */
static void settle_refused(const struct cycle *cycle)
{
	(void)cycle;
	require_qemu_shows(KVL_FLASH_READ_ARRAY);
	if (intel.errors)
		require_status(SR_SEQUENCE);
	twins_finish();
	intel_compare_block(intel.start);
	require_qemu_status(INTEL_QEMU_REFUSES);
	intel_clear_qemu_status();
}

static bool refused_byte(const struct cycle *cycle)
{
	return was_programmed(cycle) && intel.refused &&
	       cycle->qemus == intel.before[cycle->offset - intel.start];
}

static bool after_error_write(const struct cycle *cycle)
{
	return intel.awaits == INTEL_GO && intel.errors && !intel.refused && cycle->value == 0xD0;
}

static void settle_after_error(const struct cycle *cycle)
{
	(void)cycle;
	require_status(SR_SEQUENCE);
	require_qemu_status(INTEL_READY);
	intel.after_error = true;
	intel_compare_block(intel.start);
	intel.after_error = false;
}

static bool after_error_byte(const struct cycle *cycle)
{
	u32 i = cycle->offset - intel.start;

	return intel.after_error && i < intel.bytes && cycle->value == intel.before[i] &&
	       cycle->qemus == intel.data[i];
}

static bool aborted_write(const struct cycle *cycle)
{
	return intel.awaits == INTEL_GO && cycle->value != 0xD0;
}

static void settle_aborted(const struct cycle *cycle)
{
	(void)cycle;
	require_qemu_shows(KVL_FLASH_READ_ARRAY);
	require_status(SR_SEQUENCE);
	if (intel.refused)
		intel_clear_qemu_status();
	intel_compare_block(intel.start);
	intel.errors = true;
}

/* --- addresses and widths --------------------------------------------------------------------- */
static bool repeated_read(const struct cycle *cycle)
{
	return cycle->bytes == 1 && cycle->offset >= 0x100 &&
	       (twins.mode == KVL_FLASH_READ_CFI || twins.mode == KVL_FLASH_READ_ID) &&
	       cycle->qemus == qemus_read(cycle->offset & 0xFF, 1) && cycle->value == 0;
}

static bool query_codes_read(const struct cycle *cycle)
{
	const struct flash_part *of = twins.config->part;

	return cycle->bytes == 1 && twins.mode == KVL_FLASH_READ_CFI && cycle->offset < 2 &&
	       cycle->qemus == 0 &&
	       cycle->value == (cycle->offset ? of->device[0] : of->manufacturer);
}

static bool wide_read(const struct cycle *cycle)
{
	u32 one = qemus_read(cycle->offset, 1);

	if (cycle->bytes == 1 || twins.mode == KVL_FLASH_READ_ARRAY)
		return false;
	for (u32 i = 0; i < cycle->bytes; i++)
		if ((cycle->value >> 8 * i & 0xFF) !=
		    flash_read(twins.bank, cycle->offset + i, 1, twins.now_ns))
			return false;
	if (cycle->bytes == 4 && twins.mode == KVL_FLASH_READ_STATUS)
		one |= one << 16;
	return cycle->qemus == one;
}

static bool wide_write(const struct cycle *cycle)
{
	return cycle->bytes == 2 && intel.awaits == INTEL_IDLE &&
	       (cycle->value & 0xFF) != cycle->value >> 8;
}

static void settle_wide(const struct cycle *cycle)
{
	u32 low = cycle->value & 0xFF;

	if (low == 0x70)
		require_qemu_status(intel.not_ready ? 0 : INTEL_READY);
	else
		require_qemu_shows(low == 0x90 ? KVL_FLASH_READ_ID : KVL_FLASH_READ_ARRAY);
	set_qemu_mode(twins.mode);
}

/* The model's second cycle finds it busy, and is ignored. */
static bool wide_byte(const struct cycle *cycle)
{
	return intel.wide && cycle->offset == intel.start + 1 && cycle->qemus == intel.data[1] &&
	       cycle->value == intel.before[1];
}

/* --- the table -------------------------------------------------------------------------------- */
struct rule intel_rules[] = {
	{ "time", "status 80h right after the last cycle of a program or an erase",
	  "00h for 128 us (byte, buffer), 1.024 s (block)",
	  "SR.7 tells when the write state machine is done: J3 (290667) 4.6", .read = busy_read },
	{ "a word programmed over zeroes", "replaces what was there, so bits become 1",
	  "bits are only cleared",
	  "the verify looks for ones that do not become zeroes alone: J3 4.9; an erase is what "
	  "makes FFh: 4.6",
	  .byte = replaced_byte },
	{ "block erase that is not confirmed, or whose confirmation names another block",
	  "the block of the first cycle (20h) is erased by that cycle; what follows only ends it, in "
	  "read array mode unless it is D0h",
	  "erased after D0h alone, the block that the D0h addresses; else SR.5 and SR.4",
	  "two cycles, so that nothing is erased by accident; an invalid sequence sets SR.4 and SR.5: "
	  "J3 4.6. The block of the second cycle: W30",
	  .write = unconfirmed_write, .byte = erased_byte, .settle = settle_unconfirmed },
	{ "command sequence errors in the status register", "never", "SR.5 and SR.4 until 50h",
	  "both are set, and can only be reset by 50h: J3 4.5, 4.6", .read = errors_read },
	{ "50h, clear status", "back to read array mode",
	  "the read mode stays; error bits are cleared",
	  "it resets SR.5, SR.4, SR.3, SR.1; of the read mode nothing is said: J3 4.5",
	  .write = clear_write, .settle = settle_clear },
	{ "status after 50h", "00h, so \"busy\", until the next program, erase, E8h or lock", "80h",
	  "SR.7 is not among the bits that 50h resets: J3 4.5", .read = not_ready_read },
	{ "a code that is no command", "back to read array mode", "ignored, the read mode stays",
	  "a read mode lasts \"until another valid command is written\": 28F320J5 4.4. A P30 goes to "
	  "the array as well, but for a few codes: 306666, next state table",
	  .write = unknown_write, .settle = settle_unknown },
	{ "60h, lock",
	  "two cycles, status mode between them; locks nothing, programs and erases go on in a "
	  "\"locked\" block",
	  "a code that is no command: the query table has no lock bits",
	  "a locked block refuses, SR.1 with SR.4 or SR.5: J3 4.6, 4.9", .write = lock_write,
	  .settle = settle_lock },
	{ "commands in query mode", "all but FFh are ignored", "as in any other read mode",
	  "any valid command ends a read mode: 28F320J5 4.3, 4.4; J3-65nm 7.3, 7.4",
	  .write = in_query_write, .settle = settle_in_query },
	{ "words of a buffer outside of its range",
	  "taken if they lie within the same 256 bytes of the array; else SR.4, and the buffer is "
	  "refused at its end",
	  "within start and count, in one block; else SR.5 and SR.4 at once",
	  "all must lie within the start address plus the count: J3 4.8; another block is an invalid "
	  "sequence: P30",
	  .write = outside_write, .settle = settle_outside },
	{ "a buffer that is not in one line of 256 bytes",
	  "the line is that of the count's cycle (7.2.22; newer: of the first word, and a buffer of "
	  "one word fails as well); a word elsewhere: SR.4, D0h leads to read array mode, nothing is "
	  "programmed",
	  "programmed",
	  "the first word's address is the start; alignment is for performance: J3 4.8 (that crossing "
	  "a line is allowed: not checked)",
	  .read = refused_read, .write = refused_write, .byte = refused_byte,
	  .settle = settle_refused },
	{ "a buffer after a sequence error", "programmed: it knows no such errors",
	  "refused until 50h", "refused while SR.4 or SR.5 is set: J3 4.8",
	  .write = after_error_write, .byte = after_error_byte, .settle = settle_after_error },
	{ "a buffer that is not confirmed", "read array mode, no error", "SR.5 and SR.4",
	  "another code than D0h is an invalid sequence, SR.5 and SR.4: J3 4.8",
	  .write = aborted_write, .settle = settle_aborted },
	{ "words 0 and 1 in query mode", "00h", "the codes, as in identifier mode",
	  "the query structure begins with both codes: 28F128J3, table 25",
	  .read = query_codes_read },
	{ "codes and query table beyond 256 bytes", "again every 256 bytes", "once",
	  "nothing is defined there: JESD68.01", .read = repeated_read },
	{ "an access of 2 or 4 bytes on the 8-bit bus",
	  "one cycle: a command is its lowest byte, a byte to program as many as there are, status "
	  "and tables come once (status in 4 bytes twice)",
	  "a cycle for each byte, upwards",
	  "none: a chip with an 8-bit bus carries a byte in a cycle, the bus makes the cycles",
	  .read = wide_read, .write = wide_write, .byte = wide_byte, .settle = settle_wide },
};
const size_t intel_nrules = ARRAY_LEN(intel_rules);
