/* SPDX-License-Identifier: MIT */
/*
 * Owns the cycles that a cfi.pflash02 and the model both get, up to the end of what they start; and
 * which bits of a read can be compared.
 */
#include "tests/qemu/amd_rules.h"

#include <string.h>

struct amd_watch amd_watch;

enum { DQ7 = 0x80, DQ6 = 0x40, DQ5 = 0x20, DQ3 = 0x08, DQ2 = 0x04, ALL = 0xFFFF };

/* --- reads ------------------------------------------------------------------------------------ */
static u16 defined_status(u32 word)
{
	struct flash_chip *chip = amd_chip();
	u16 defined = DQ6 | DQ5 | DQ3 | DQ2;

	return amd_is_selected(chip, word) ? defined | DQ7 : defined;
}

/* The extended table ends with byte 4Ch. */
static u16 defined_code(u32 word)
{
	if (amd_chip()->amd.entered == AMD_QUERY)
		return word >= 0x10 && word <= 0x4C ? ALL : 0;
	return word % 0x100 < 3 ? ALL : 0;
}

/* While QEMU and the model are in the same state. */
static u16 defined_bits(u32 word)
{
	struct flash_chip *chip = amd_chip();

	switch (twins.mode) {
	case KVL_FLASH_READ_STATUS: return defined_status(word);
	case KVL_FLASH_READ_ID:
	case KVL_FLASH_READ_CFI: return defined_code(word);
	default: break;
	}
	if (chip_erase_rests(chip) && amd_is_selected(chip, word))
		return DQ7 | DQ6 | DQ5 | DQ2;
	return ALL;
}

/* Only one of the two toggles, or may. */
static bool one_toggles(void)
{
	const struct flash_chip *chip = amd_chip();

	return op_runs(&chip->program) || chip->amd.sequence == AMD_DATA ||
	       chip->amd.sequence == AMD_EXIT;
}

/* QEMU's toggle bits may stand the other way round, but then at all reads. */
bool amd_alike(const struct cycle *cycle)
{
	u16 defined = defined_bits(cycle->offset / 2), toggles = DQ6 | DQ2;
	u16 differ = (cycle->qemus ^ cycle->value) & defined;

	if (one_toggles())
		amd_watch.phase_known = false;
	if (defined == ALL || defined == 0 || one_toggles())
		return differ == 0;
	if (!amd_watch.phase_known)
		amd_watch.phase = differ & toggles;
	amd_watch.phase_known = true;
	return differ == amd_watch.phase;
}

u32 amd_look(u32 word)
{
	return twins_read(word * 2, 2);
}

/* --- writes ----------------------------------------------------------------------------------- */
static void finish_program(u32 word)
{
	amd_watch.phase_known = false;
	amd_look(word);
	amd_look(word);
	twins_finish();
	amd_watch.phase_known = false;
	amd_look(word);
	amd_look(word + 1);
}

static void finish_suspension(u32 word)
{
	amd_look(word);
	twins_finish();
	amd_watch.phase_known = false;
}

void amd_cycle(u32 word, u32 data)
{
	struct flash_chip *chip = amd_chip();

	amd_watch.before = chip->amd;
	if ((data & 0xFF) != AMD_RESET) /* which QEMU does not count from anew */
		amd_watch.reads = twins.qemu_reads;
	if (chip->amd.sequence == AMD_DATA) {
		amd_watch.word = word;
		amd_watch.was = cells_get(&chip->array, word);
		amd_watch.data = (u16)data;
	}
	twins_write(word * 2, 2, data);
	if (op_runs(&chip->program))
		finish_program(word);
	else if (op_runs(&chip->erase) && chip->erase.suspend_ns != UINT64_MAX)
		finish_suspension(word);
}

void amd_command(u8 command)
{
	amd_cycle(0x555, 0xAA);
	amd_cycle(0x2AA, 0x55);
	amd_cycle(0x555, command);
}

/* --- the end of an erase ---------------------------------------------------------------------- */
/* QEMU's clock jumps from timer to timer, since its CPU has nothing to do. */
static void let_qemu_finish(void)
{
	qtest_do(&twins.qemu, "cont");
	while (qemus_read(0, 2) != qemus_read(0, 2))
		;
	qtest_do(&twins.qemu, "stop");
	amd_watch.phase_known = false;
}

void amd_finish(void)
{
	struct amd_state of = amd_chip()->amd;
	const struct flash_part *part = twins.config->part;

	twins_finish();
	let_qemu_finish();
	for (u32 at = 0; at < part->chip_bytes; at += flash_block_at(part, at).bytes) {
		struct flash_block sector = flash_block_at(part, at);

		if (of.selected[sector.index / 8] >> sector.index % 8 & 1)
			twins_compare_array(at, sector.bytes);
	}
}
