/* SPDX-License-Identifier: MIT */
/*
 * Owns the table of differences between QEMU's cfi.pflash02 and the model's command set 0002: when
 * each of them shows, and how QEMU's chip comes back into the state of the model. Leaves to
 * amd_follow.c the cycles, and which bits of a read are defined at all.
 */
#include "tests/qemu/amd_rules.h"

#include <string.h>

enum { DQ7 = 0x80, DQ6 = 0x40, DQ5 = 0x20, DQ3 = 0x08, DQ2 = 0x04 };

/* --- QEMU's chip alone ------------------------------------------------------------------------ */
static void qemus_cycle(u32 word, u32 data)
{
	qemus_write(word * 2, 2, data);
}

static void qemus_command(u8 command)
{
	qemus_cycle(0x555, 0xAA);
	qemus_cycle(0x2AA, 0x55);
	qemus_cycle(0x555, command);
}

static u32 word_of(const struct cycle *cycle)
{
	return cycle->offset / 2;
}

/* Word 0 is of no erase, and tells the array from codes and query table; word 10h these. */
static void require_qemu_shows(u8 entered)
{
	const u16 *array = (const u16 *)(const void *)twins.array;
	u32 want = array[0], got = qemus_read(0, 2), query = qemus_read(0x20, 2);

	if (entered == AMD_AUTOSELECT)
		want = twins.config->part->manufacturer;
	if (entered == AMD_QUERY ? query != 'Q' : got != want)
		twins_fail("QEMU does not show what it should (%02x): %x, %x", entered, got, query);
}

/* QEMU's chip, which is in read array mode, is to show it as the model does. */
static void enter_again(const struct amd_state *amd)
{
	if (amd->entered == AMD_AUTOSELECT || amd->query_on_codes)
		qemus_command(AMD_AUTOSELECT);
	if (amd->entered == AMD_QUERY)
		qemus_cycle(0x55, AMD_QUERY);
	require_qemu_shows(amd->entered);
}

/* Sectors of @set; QEMU's chip shows the array. */
static void compare_sectors(const u8 *set)
{
	const struct flash_part *part = twins.config->part;

	for (u64 at = 0; at < part->chip_bytes; at += flash_block_at(part, at).bytes) {
		struct flash_block sector = flash_block_at(part, at);

		if (set[sector.index / 8] >> sector.index % 8 & 1)
			twins_compare_array((u32)at, sector.bytes);
	}
}

/* --- time ------------------------------------------------------------------------------------- */
static bool is_status(void)
{
	return twins.mode == KVL_FLASH_READ_STATUS;
}

/* What QEMU's chip has in the array while the model still programs it. */
static bool is_in_array(const struct cycle *cycle)
{
	const u16 *array = (const u16 *)(const void *)twins.array;

	if (op_runs(&amd_chip()->program) && word_of(cycle) == amd_watch.word)
		return cycle->qemus == (amd_watch.was & amd_watch.data);
	return cycle->qemus == array[word_of(cycle)];
}

/* The model programs, or has not come to rest yet. */
static bool busy_read(const struct cycle *cycle)
{
	struct flash_chip *chip = amd_chip();

	if (!is_status() || (!op_runs(&chip->program) && chip->erase.suspend_ns == UINT64_MAX))
		return false;
	if (chip->erase.kind && amd_is_selected(chip, word_of(cycle)))
		return cycle->qemus <= 0xFF; /* status, as it is when the erase rests */
	return is_in_array(cycle);
}

/* It toggles as a chip does that programs. */
static bool before_data_read(const struct cycle *cycle)
{
	return amd_chip()->amd.sequence == AMD_DATA && cycle->qemus <= 0xFF;
}

/* --- status bits ------------------------------------------------------------------------------ */
static bool is_erasing(void)
{
	return is_status() && op_runs(&amd_chip()->erase) && !op_runs(&amd_chip()->program);
}

/* Of the other bits, those that are alike when the toggle bits are. */
static bool differ_by(const struct cycle *cycle, u16 bit, u16 others)
{
	return ((cycle->qemus ^ cycle->value ^ amd_watch.phase) & (bit | others)) == bit;
}

static bool elsewhere_read(const struct cycle *cycle)
{
	if (!is_erasing() || amd_is_selected(amd_chip(), word_of(cycle)) ||
	    !differ_by(cycle, DQ2, DQ6 | DQ5 | DQ3))
		return false;
	amd_watch.phase ^= DQ2;
	return true;
}

static bool chip_erase_read(const struct cycle *cycle)
{
	return is_erasing() && amd_chip()->amd.erasing_chip && !(cycle->qemus & DQ3) &&
	       differ_by(cycle, DQ3, DQ7 | DQ6 | DQ5 | DQ2);
}

static bool is_suspended_sector(const struct cycle *cycle)
{
	enum amd_sequence sequence = amd_chip()->amd.sequence;

	return twins.mode == KVL_FLASH_READ_ARRAY && chip_erase_rests(amd_chip()) &&
	       sequence != AMD_DATA && sequence != AMD_EXIT &&
	       amd_is_selected(amd_chip(), word_of(cycle));
}

static bool suspended_read(const struct cycle *cycle)
{
	return is_suspended_sector(cycle) && cycle->qemus <= 0xFF && !(cycle->qemus & DQ7) &&
	       differ_by(cycle, DQ7, DQ6 | DQ5 | DQ2);
}

#define QEMU_READS 42 /* so many, and its memory is mapped again */

static bool many_reads(const struct cycle *cycle)
{
	if (!is_suspended_sector(cycle) || cycle->qemus != 0xFFFF ||
	    twins.qemu_reads - amd_watch.reads <= QEMU_READS)
		return false;
	amd_watch.phase_known = false; /* the model toggles on */
	return true;
}

/* --- codes and query table -------------------------------------------------------------------- */
static bool left_write(const struct cycle *cycle)
{
	const struct amd_state *amd = &amd_chip()->amd;
	u8 byte = cycle->value & 0xFF;

	if (amd->entered == AMD_QUERY)
		return byte != AMD_RESET;
	return amd->entered == AMD_AUTOSELECT && byte != AMD_RESET &&
	       !(byte == AMD_QUERY && amd_is_at(amd_chip(), word_of(cycle), 0x55));
}

static void settle_left(const struct cycle *cycle)
{
	(void)cycle;
	require_qemu_shows(0);
	enter_again(&amd_watch.before);
}

/* --- erase ------------------------------------------------------------------------------------ */
static bool window_write(const struct cycle *cycle)
{
	u8 byte = cycle->value & 0xFF;

	return amd_window_is_open(amd_chip()) && byte != AMD_SECTOR_ERASE && byte != AMD_SUSPEND;
}

/* What QEMU still has to do and to forget ends with an erase of one of the sectors again. */
static void settle_window(const struct cycle *cycle)
{
	u32 sector = 0;

	(void)cycle;
	require_qemu_shows(0);
	memcpy(amd_watch.forgotten, amd_watch.before.selected, sizeof(amd_watch.forgotten));
	compare_sectors(amd_watch.forgotten);
	while (!(amd_watch.forgotten[sector / 8] >> sector % 8 & 1))
		sector++;
	memset(amd_watch.forgotten, 0, sizeof(amd_watch.forgotten));
	qemus_command(AMD_ERASE_SETUP);
	qemus_cycle(0x555, 0xAA);
	qemus_cycle(0x2AA, 0x55);
	qemus_cycle(sector * 0x8000, AMD_SECTOR_ERASE);
	amd_finish();
}

static bool window_byte(const struct cycle *cycle)
{
	u32 sector = flash_block_at(twins.config->part, cycle->offset).index;

	return amd_watch.forgotten[sector / 8] >> sector % 8 & 1 && cycle->qemus == 0xFF;
}

/* QEMU's chip awaits the unlock cycles behind 80h: "AAh, 55h, 90h" is no autoselect then. */
static void require_midway(void)
{
	qemus_command(AMD_AUTOSELECT);
	require_qemu_shows(0);
}

static bool erase_in_suspend_write(const struct cycle *cycle)
{
	struct flash_chip *chip = amd_chip();

	return chip->amd.sequence == AMD_UNLOCK_2 && chip_erase_rests(chip) && !chip->amd.bypass &&
	       amd_is_at(chip, word_of(cycle), 0x555) && (cycle->value & 0xFF) == AMD_ERASE_SETUP;
}

static bool midway_suspend_write(const struct cycle *cycle)
{
	return amd_chip()->amd.sequence == AMD_ERASE_1 && (cycle->value & 0xFF) == AMD_SUSPEND;
}

static void settle_midway(const struct cycle *cycle)
{
	(void)cycle;
	require_midway();
}

static bool midway_query_write(const struct cycle *cycle)
{
	return amd_chip()->amd.sequence == AMD_ERASE_1 && (cycle->value & 0xFF) == AMD_QUERY &&
	       amd_is_at(amd_chip(), word_of(cycle), 0x55);
}

static void settle_midway_query(const struct cycle *cycle)
{
	(void)cycle;
	require_qemu_shows(AMD_QUERY);
	qemus_cycle(0, AMD_RESET);
}

/* --- unlock bypass ---------------------------------------------------------------------------- */
static bool in_bypass(enum amd_sequence sequence)
{
	return amd_chip()->amd.bypass && amd_chip()->amd.sequence == sequence &&
	       !chip_is_busy(amd_chip());
}

static bool bypass_write(const struct cycle *cycle)
{
	u8 byte = cycle->value & 0xFF;

	if (in_bypass(AMD_EXIT))
		return byte != 0;
	return in_bypass(AMD_NO_SEQUENCE) && byte != AMD_PROGRAM && byte != AMD_AUTOSELECT &&
	       byte != AMD_BYPASS;
}

/* Out of the bypass, codes can be seen behind unlock cycles. */
static void settle_bypass(const struct cycle *cycle)
{
	u8 byte = cycle->value & 0xFF;
	bool in_exit = amd_watch.before.sequence == AMD_EXIT;

	if (byte == AMD_ERASE_SETUP && !in_exit) {
		require_midway();
	} else if (in_exit && byte == AMD_QUERY && amd_is_at(amd_chip(), word_of(cycle), 0x55)) {
		require_qemu_shows(AMD_QUERY);
		qemus_cycle(0, AMD_RESET); /* to autoselect */
		qemus_cycle(0, AMD_RESET);
	}
	qemus_command(AMD_AUTOSELECT);
	require_qemu_shows(AMD_AUTOSELECT);
	qemus_cycle(0, AMD_RESET);
	qemus_command(AMD_BYPASS);
}

static bool bypass_codes_read(const struct cycle *cycle)
{
	const struct flash_part *part = twins.config->part;

	if (!in_bypass(AMD_EXIT))
		return false;
	switch (word_of(cycle) % 0x80) {
	case 0: return cycle->qemus == part->manufacturer;
	case 1: return cycle->qemus == part->device[0];
	case 2:
	case 0xE:
	case 0xF: return cycle->qemus == 0;
	}
	return cycle->qemus == 0xFFFF && amd_is_selected(amd_chip(), word_of(cycle));
}

/* --- the table -------------------------------------------------------------------------------- */
struct rule amd_rules[] = {
	{ "time of a program, of a suspension",
	  "none: the array has the word at once, and an erase rests at once",
	  "128 us (the row's) and 20 us of status",
	  "status bits until the end: GL-M (S29GLxxxM_00A5), table 33; an erase rests after 20 us at "
	  "the longest: Am29LV160M, erase suspend",
	  .read = busy_read },
	{ "reads between A0h and the word to program", "status", "the array, as between all cycles",
	  "status is that of the algorithm, which the last cycle begins: GL-M, write operation status",
	  .read = before_data_read },
	{ "DQ2 while an erase runs, read in another sector", "toggles", "stands still",
	  "toggles in sectors that are being erased alone: GL-M, table 33",
	  .read = elsewhere_read },
	{ "DQ3 in a chip erase", "0", "1",
	  "1 once the erase has begun; a chip erase has no window: GL-M, table 33 and \"DQ3\"",
	  .read = chip_erase_read },
	{ "DQ7 in a suspended sector", "0, or as the last program left it", "1",
	  "1: GL-M, table 33", .read = suspended_read },
	{ "reads in erase suspend behind the 42nd, up to the next write but F0h",
	  "FFFFh in the suspended sector: array data again", "status",
	  "status in the suspended sector as long as it rests: GL-M, table 33",
	  .read = many_reads },
	{ "a write in autoselect or query mode that is neither F0h nor 98h", "back to the array",
	  "ignored",
	  "the reset command ends both: Am29LV160D, autoselect; the vendor's models ignore all else",
	  .write = left_write, .settle = settle_left },
	{ "another command than 30h and B0h in the window of a sector erase",
	  "back to the array; the sectors are erased, the erase's timer and its list of sectors go on",
	  "back to the array; nothing is erased",
	  "resets to the array, the sectors have to be named again: Am29LV160D, sector erase",
	  .write = window_write, .byte = window_byte, .settle = settle_window },
	{ "80h behind unlock cycles in erase suspend",
	  "goes on to the sixth cycle, which is then ignored", "ignored at once",
	  "no erase in erase suspend: GL-N; where it is ignored is not said",
	  .write = erase_in_suspend_write, .settle = settle_midway },
	{ "B0h behind unlock cycles and 80h", "ignored: the sequence goes on", "drops the sequence",
	  "an improper sequence resets the chip: Am29DL16xC, command definitions",
	  .write = midway_suspend_write, .settle = settle_midway },
	{ "98h at 55h behind unlock cycles and 80h", "query mode", "drops the sequence",
	  "an improper sequence resets the chip: Am29DL16xC, command definitions",
	  .write = midway_query_write, .settle = settle_midway_query },
	{ "another code than A0h, 90h, 20h in unlock bypass; another than 00h behind 90h",
	  "leaves unlock bypass (80h: awaits unlock cycles, 98h at 55h behind 90h: query mode)",
	  "ignored, as F0h is",
	  "only program and reset (90h, 00h) are valid: Am29LV160D, GL-N, unlock bypass",
	  .write = bypass_write, .settle = settle_bypass },
	{ "reads between 90h and 00h in unlock bypass",
	  "codes; elsewhere the array, of a suspended sector too",
	  "the array, status of a suspended sector",
	  "90h, 00h is the way out of bypass, not autoselect: Am29LV160D, unlock bypass",
	  .read = bypass_codes_read },
};
const size_t amd_nrules = ARRAY_LEN(amd_rules);
