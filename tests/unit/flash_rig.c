/* SPDX-License-Identifier: MIT */
/* Owns the bench for flash tests: a part small enough to look at every byte after every step. */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/flash_rig.h"

const struct flash_part rig_part = {
	.name = "rig",
	.compatible = "test,rig",
	.manufacturer = 0x0089,
	.device = 0x4321,
	.command_set = 0x0001,
	.chip_bytes = RIG_BYTES,
	.bus_bytes = 2,
	.nregions = 2,
	.region = { { 4, KiB(8) }, { 3, KiB(32) } },
	.read_ns = 100,
	.program_typ_us = RIG_PROGRAM_NS / 1000,
	.program_max_us = 630,
	.erase_typ_ms = RIG_ERASE_NS / 1000000,
	.erase_max_ms = 5000,
	.cfi = {
		.extended_at = 0x40,
		.version = "11",
		.interface = 1,
		.program_typ = 7,
		.program_max = 4,
		.erase_typ = 10,
		.erase_max = 4,
	},
};

const struct flash_part rig_part_x8 = {
	.name = "rig-x8",
	.compatible = "test,rig-x8",
	.manufacturer = 0x0089,
	.device = 0x0021,
	.command_set = 0x0001,
	.chip_bytes = RIG_BYTES,
	.bus_bytes = 1,
	.nregions = 2,
	.region = { { 4, KiB(8) }, { 3, KiB(32) } },
	.read_ns = 100,
	.program_typ_us = RIG_PROGRAM_NS / 1000,
	.program_max_us = 630,
	.buffer_typ_us = RIG_BUFFER_NS / 1000,
	.buffer_max_us = 900,
	.erase_typ_ms = RIG_ERASE_NS / 1000000,
	.erase_max_ms = 5000,
	.cfi = {
		.extended_at = 0x40,
		.version = "11",
		.interface = 0,
		.program_typ = 7,
		.program_max = 4,
		.buffer_typ = 8,
		.buffer_max = 4,
		.buffer_log2 = 5,
		.erase_typ = 10,
		.erase_max = 4,
	},
};

struct rig *rig;

u8 rig_byte(u64 offset)
{
	return (u8)(offset * 37 + (offset >> 8) * 11 + (offset >> 13) + 1);
}

static void record(struct rig *to, struct rig_event event)
{
	if (to->nevents < RIG_MAX_EVENTS)
		to->event[to->nevents] = event;
	to->nevents++;
}

static void on_command(void *owner, u32 partition, u64 offset, u8 command, u64 data, u64 ns)
{
	record(owner, (struct rig_event){ RIG_COMMAND, offset + partition, command, data, ns });
}

static void on_state(void *owner, u32 partition, enum kvl_flash_state state, u8 status, u64 ns)
{
	record(owner, (struct rig_event){ RIG_STATE, state + partition, status, 0, ns });
}

static void on_mode(void *owner, u32 partition, enum kvl_flash_mode mode, u64 ns)
{
	record(owner, (struct rig_event){ RIG_MODE, mode + partition, 0, 0, ns });
}

struct rig *rig_new(const struct flash_part *part)
{
	struct rig *fresh = calloc(1, sizeof(*fresh));
	struct flash_observer observer = {
		.owner = fresh,
		.command = on_command,
		.state = on_state,
		.mode = on_mode,
	};

	ck_assert_ptr_nonnull(fresh);
	for (u64 i = 0; i < RIG_BYTES; i++)
		fresh->array[i] = rig_byte(i);
	fresh->part = part;
	fresh->chip = flash_create(part, fresh->array, &observer);
	ck_assert_ptr_nonnull(fresh->chip);
	return fresh;
}

void rig_free(struct rig *old)
{
	flash_destroy(old->chip);
	free(old);
}

void rig_setup(void)
{
	rig = rig_new(&rig_part);
}

void rig_setup_x8(void)
{
	rig = rig_new(&rig_part_x8);
}

void rig_renew(void)
{
	const struct flash_part *part = rig->part;

	rig_free(rig);
	rig = rig_new(part);
}

void rig_teardown(void)
{
	rig_free(rig);
}

u16 rig_word_mask(void)
{
	return rig->part->bus_bytes == 1 ? 0x00FF : 0xFFFF;
}

u16 rig_original_word(u64 offset)
{
	return (rig_byte(offset) | rig_byte(offset + 1) << 8) & rig_word_mask();
}

u16 rig_array_word(u64 offset)
{
	return (rig->array[offset] | rig->array[offset + 1] << 8) & rig_word_mask();
}

void rig_forget_events(void)
{
	rig->nevents = 0;
}

u16 rig_get(u64 offset, u64 ns)
{
	return (u16)flash_read(rig->chip, offset, rig->part->bus_bytes, ns);
}

void rig_put(u64 offset, u16 value, u64 ns)
{
	flash_write(rig->chip, offset, rig->part->bus_bytes, value, ns);
}

void rig_start_program(u64 offset, u16 data, u64 ns)
{
	rig_put(offset, 0x40, ns);
	rig_put(offset, data, ns);
}

void rig_start_erase(u64 offset, u64 ns)
{
	rig_put(offset, 0x20, ns);
	rig_put(offset, 0xD0, ns);
}

void rig_require_untouched_except(u64 start, u64 bytes)
{
	for (u64 i = 0; i < RIG_BYTES; i++)
		if ((i < start || i >= start + bytes) && rig->array[i] != rig_byte(i))
			ck_abort_msg("byte %#lx changed", (long)i);
}

void rig_require_filled(struct flash_block block, u8 value)
{
	for (u64 i = block.start; i < block.start + block.bytes; i++)
		if (rig->array[i] != value)
			ck_abort_msg("byte %#lx is %02x", (long)i, rig->array[i]);
}

void rig_require_chip_reads(u16 value, u64 ns)
{
	for (u64 i = 0; i < RIG_BYTES; i += rig->part->bus_bytes)
		if (rig_get(i, ns) != value)
			ck_abort_msg("word at %#lx reads %04x", (long)i, rig_get(i, ns));
}
