/* SPDX-License-Identifier: MIT */
/* Owns the bench for flash tests: a part small enough to look at every byte after every step. */
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
	.cfi = { .extended_at = 0x40, .version = "11", .interface = 1 },
};

u8 rig_byte(u64 offset)
{
	return (u8)(offset * 37 + (offset >> 8) * 11 + (offset >> 13) + 1);
}

static void record(struct rig *rig, struct rig_event event)
{
	if (rig->nevents < RIG_MAX_EVENTS)
		rig->event[rig->nevents] = event;
	rig->nevents++;
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

struct rig *rig_new(void)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct flash_observer observer = {
		.owner = rig,
		.command = on_command,
		.state = on_state,
		.mode = on_mode,
	};

	if (!rig)
		return NULL;
	for (u64 i = 0; i < RIG_BYTES; i++)
		rig->array[i] = rig_byte(i);
	rig->chip = flash_create(&rig_part, rig->array, &observer);
	if (!rig->chip) {
		free(rig);
		return NULL;
	}
	return rig;
}

void rig_free(struct rig *rig)
{
	flash_destroy(rig->chip);
	free(rig);
}

void rig_forget_events(struct rig *rig)
{
	rig->nevents = 0;
}

u16 rig_get(struct rig *rig, u64 offset, u64 ns)
{
	return (u16)flash_read(rig->chip, offset, 2, ns);
}

void rig_put(struct rig *rig, u64 offset, u16 value, u64 ns)
{
	flash_write(rig->chip, offset, 2, value, ns);
}
