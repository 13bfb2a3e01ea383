/* SPDX-License-Identifier: MIT */
/* Owns the bench for flash tests: a part small enough to look at every byte after every step. */
#include <stdlib.h>

#include "tests/unit/flash_rig.h"
#include "tests/unit/suite.h"

#define RIG_ERASE                                \
	{                                        \
		RIG_ERASE_NS / 1000, 5000 * 1000 \
	}

const struct flash_part rig_part = {
	.name = "rig",
	.compatible = "test,rig",
	.command_set = 0x0001,
	.manufacturer = 0x0089,
	.device = { 0x4321 },
	.chip_bytes = RIG_BYTES,
	.widths = 2,
	.native_bytes = 2,
	.nregions = 2,
	.region = { { 4, KiB(8), RIG_ERASE }, { 3, KiB(32), RIG_ERASE } },
	.read_ns = 100,
	.program = { RIG_PROGRAM_NS / 1000, 630 },
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
	.command_set = 0x0001,
	.manufacturer = 0x0089,
	.device = { 0x0021 },
	.chip_bytes = RIG_BYTES,
	.widths = 1,
	.native_bytes = 1,
	.nregions = 2,
	.region = { { 4, KiB(8), RIG_ERASE }, { 3, KiB(32), RIG_ERASE } },
	.read_ns = 100,
	.program = { RIG_PROGRAM_NS / 1000, 630 },
	.buffer = { RIG_BUFFER_NS / 1000, 900 },
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

#define RIG_FEATURES                                                                          \
	(FLASH_SUSPEND_ERASE | FLASH_SUSPEND_PROGRAM | FLASH_PROGRAM_IN_SUSPEND | FLASH_OTP | \
	 FLASH_BLANK_CHECK)

#define RIG_FULL                                                                                 \
	.compatible = "test,rig", .command_set = 0x0001, .manufacturer = 0x0089,                 \
	.device = { 0x4321 }, .chip_bytes = RIG_BYTES, .native_bytes = 2, .nregions = 2,         \
	.region = { { 4, KiB(8), RIG_ERASE }, { 3, KiB(32), RIG_ERASE } }, .read_ns = 100,       \
	.program = { RIG_PROGRAM_NS / 1000, 630 }, .buffer = { RIG_BUFFER_NS / 1000, 900 },      \
	.befp = { RIG_BUFFER_NS / 1000, 900 }, .suspend_program = { RIG_SUSPEND_NS / 1000, 75 }, \
	.suspend_erase = { RIG_SUSPEND_NS / 1000, 35 }, .lock = { 64, 75 },                      \
	.unlock = { RIG_UNLOCK_NS / 1000, 700000 }, .blank_check = { 3200, 3200 },               \
	.cfi = {                                                                                 \
		.extended_at = 0x40,                                                             \
		.version = "11",                                                                 \
		.interface = 1,                                                                  \
		.program_typ = 8,                                                                \
		.program_max = 4,                                                                \
		.buffer_typ = 9,                                                                 \
		.buffer_max = 4,                                                                 \
		.buffer_log2 = 5,                                                                \
		.erase_typ = 10,                                                                 \
		.erase_max = 4,                                                                  \
	}

const struct flash_part rig_part_j3 = {
	RIG_FULL,
	.name = "rig-j3",
	.widths = 1 | 2,
	.features = RIG_FEATURES | FLASH_LOCK_STORED | FLASH_ERASE_MARK,
};

const struct flash_part rig_part_l18 = {
	RIG_FULL,
	.name = "rig-l18",
	.widths = 2,
	.features = RIG_FEATURES | FLASH_LOCK_INSTANT | FLASH_WIDE_OTP | FLASH_BEFP |
		    FLASH_STATES_P30,
	.nruns = 1,
	.run = { { 4, KiB(32) } },
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

static void on_power_lost(void *owner, u64 steps, u64 ns)
{
	record(owner, (struct rig_event){ RIG_POWER_LOST, steps, 0, 0, ns });
}

struct rig *rig_new(const struct flash_part *part)
{
	return rig_new_bank(&(struct flash_config){ .part = part });
}

struct rig *rig_new_bank(const struct flash_config *config)
{
	struct rig *fresh = calloc(1, sizeof(*fresh));
	struct flash_observer observer = {
		.owner = fresh,
		.command = on_command,
		.state = on_state,
		.mode = on_mode,
		.power_lost = on_power_lost,
	};

	ck_assert_ptr_nonnull(fresh);
	ck_assert_ptr_null(flash_config_problem(config));
	for (u64 i = 0; i < ARRAY_LEN(fresh->array); i++)
		fresh->array[i] = rig_byte(i);
	fresh->part = config->part;
	fresh->width = flash_bus_bytes(config);
	for (u32 i = 0; i < FLASH_MAX_CHIPS; i++) {
		fresh->nv[i] = calloc(1, flash_nv_bytes(config->part));
		ck_assert_ptr_nonnull(fresh->nv[i]);
		flash_nv_init(config->part, fresh->nv[i], config->seed, i);
	}
	fresh->bank = flash_create(config, fresh->array, fresh->nv, &observer);
	ck_assert_ptr_nonnull(fresh->bank);
	return fresh;
}

void rig_free(struct rig *old)
{
	flash_destroy(old->bank);
	for (u32 i = 0; i < FLASH_MAX_CHIPS; i++)
		free(old->nv[i]);
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

void rig_setup_j3(void)
{
	rig = rig_new(&rig_part_j3);
}

void rig_setup_l18(void)
{
	rig = rig_new(&rig_part_l18);
}

void rig_replace(const struct flash_config *config)
{
	rig_free(rig);
	rig = rig_new_bank(config);
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
	return rig->width == 1 ? 0x00FF : 0xFFFF;
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
	return (u16)flash_read(rig->bank, offset, rig->width, ns);
}

void rig_put(u64 offset, u16 value, u64 ns)
{
	flash_write(rig->bank, offset, rig->width, value, ns);
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

void rig_require_busy(u64 ns)
{
	u16 seen = 0;

	for (u64 i = 0; i < RIG_BYTES; i += rig->width) {
		u16 status = rig_get(i, ns);

		if (status & 0x80 || status >> 8)
			ck_abort_msg("word at %#lx reads %04x", (long)i, status);
		seen |= status;
	}
	ck_assert_uint_eq(seen, 0x7F); /* nothing is promised of these: each is read 1 once */
}

void rig_require_ready(u16 status, u64 ns)
{
	for (u64 i = 0; i < RIG_BYTES; i += rig->width)
		if (rig_get(i, ns) != status)
			ck_abort_msg("word at %#lx reads %04x", (long)i, rig_get(i, ns));
}
