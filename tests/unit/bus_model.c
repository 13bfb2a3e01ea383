/* SPDX-License-Identifier: MIT */
/*
 * Owns the bus between the guest's flash driver and the chip model, the faults planted on it, and
 * the rows of its parts: small ones, each in the shape of a real one.
 */
#include "tests/unit/bus_model.h"

#include <stdlib.h>
#include <string.h>

#include "devices/flash/flash.h"

#define CHIP_BYTES KiB(128)
#define MS(n) ((n)*1000u)

#define ERASE                   \
	{                       \
		MS(60), MS(250) \
	}
#define SMALL                    \
	{                        \
		4, KiB(8), ERASE \
	}
#define LARGE                     \
	{                         \
		3, KiB(32), ERASE \
	}

#define COMMON                                                               \
	.compatible = "test,test", .chip_bytes = CHIP_BYTES, .read_ns = 100, \
	.program = { 60, 200 }, .suspend_program = { 20, 30 }, .suspend_erase = { 20, 30 }
#define BOTTOM .nregions = 2, .region = { SMALL, LARGE }
#define TOP .nregions = 2, .region = { LARGE, SMALL }
#define BUFFER .buffer = { 200, 700 }
#define COMMON_CFI                                                                            \
	.vcc_min = 0x27, .vcc_max = 0x36, .program_typ = 6, .program_max = 3, .erase_typ = 6, \
	.erase_max = 3
#define BUFFER_CFI(log2) .buffer_typ = 8, .buffer_max = 3, .buffer_log2 = log2

#define INTEL .manufacturer = 0x0089
#define INTEL_SUSPENDS (FLASH_SUSPEND_ERASE | FLASH_SUSPEND_PROGRAM | FLASH_PROGRAM_IN_SUSPEND)
#define AMD .command_set = 0x0002, .manufacturer = 0x0001
#define AMD_SUSPENDS (FLASH_SUSPEND_ERASE | FLASH_PROGRAM_IN_SUSPEND)

/* The extended table behind "PRI" and its version. */
#define INTEL_EXTENDED(f0, f1) \
	f0, f1, 0x00, 0x00, 0x01, 0x01, 0x00, 0x33, 0x00, 0x01, 0x80, 0x00, 0x03, 0x03, 0x00, 0x00
#define AMD_EXTENDED(suspend, protection, boot) \
	0x00, suspend, 0x01, 0x00, protection, 0x00, 0x00, 0x02, 0xb5, 0xc5, boot

static const struct flash_part parts[BUS_PARTS] = {
	[BUS_J3] = {
		.name = "j3", INTEL, COMMON, BOTTOM, BUFFER, .command_set = 0x0001, .device = { 0x4321 },
		.widths = 1 | 2, .native_bytes = 2,
		.features = INTEL_SUSPENDS | FLASH_LOCK_STORED,
		.lock = { 64, 75 }, .unlock = { MS(500), MS(700) },
		.cfi = {
			COMMON_CFI, BUFFER_CFI(5), .interface = 2, .extended_at = 0x35,
			.version = { '1', '1' }, .extended_bytes = 16,
			.extended = { INTEL_EXTENDED(0x0e, 0x00) },
		},
	},
	[BUS_QEMU] = {
		.name = "qemu", INTEL, COMMON, BOTTOM, BUFFER, .command_set = 0x0001, .device = { 0x0021 },
		.widths = 1, .native_bytes = 1,
		.cfi = {
			COMMON_CFI, BUFFER_CFI(5), .interface = 2, .extended_at = 0x35,
			.version = { '1', '0' }, .extended_bytes = 16,
			.extended = { INTEL_EXTENDED(0x00, 0x00) },
		},
	},
	[BUS_L18] = {
		.name = "l18", INTEL, COMMON, BUFFER, .command_set = 0x0001, .device = { 0x8810 },
		.widths = 2, .native_bytes = 2,
		.nregions = 1, .region = { { 16, KiB(8), ERASE } },
		.nruns = 1, .run = { { 4, KiB(32) } },
		.features = INTEL_SUSPENDS | FLASH_LOCK_INSTANT | FLASH_STATES_P30,
		.cfi = {
			COMMON_CFI, BUFFER_CFI(5), .interface = 1, .extended_at = 0x10a,
			.version = { '1', '3' }, .extended_bytes = 62,
			.extended = {
				0xe6, 0x03, 0x00, 0x00, 0x01, 0x03, 0x00, 0x18, 0x90,
				0x02, 0x80, 0x00, 0x03, 0x03,
				0x89, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x04,
				0x03, 0x04, 0x01, 0x02, 0x03, 0x07, /* pages, four bursts */
				2,
				0x00, 0x00, 0x11, 0x00, 0x00, 2, /* one of 2 + 2 blocks */
				0x01, 0x00, 0x20, 0x00, 0x64, 0x00, 0x02, 0x03,
				0x01, 0x00, 0x20, 0x00, 0x64, 0x00, 0x02, 0x03,
				0x02, 0x00, 0x11, 0x00, 0x00, 1, /* three of 4 blocks */
				0x03, 0x00, 0x20, 0x00, 0x64, 0x00, 0x02, 0x03,
			},
		},
	},
	[BUS_C3] = {
		.name = "c3", INTEL, COMMON, BOTTOM, .command_set = 0x0003, .device = { 0x88cd },
		.widths = 2, .native_bytes = 2,
		.features = INTEL_SUSPENDS | FLASH_LOCK_INSTANT,
		.cfi = {
			COMMON_CFI, .interface = 1, .extended_at = 0x35,
			.version = { '1', '0' }, .extended_bytes = 16,
			.extended = { INTEL_EXTENDED(0x66, 0x00) },
		},
	},
	[BUS_AMD] = {
		.name = "amd", AMD, COMMON, BOTTOM, BUFFER, .device = { 0x227e, 0x2222, 0x2201 },
		.widths = 1 | 2, .native_bytes = 2, .erase_window_us = 50,
		.features = AMD_SUSPENDS | FLASH_SECTOR_PROTECT,
		.cfi = {
			COMMON_CFI, BUFFER_CFI(5), .interface = 2, .extended_at = 0x40,
			.version = { '1', '3' }, .extended_bytes = 12,
			.extended = { AMD_EXTENDED(2, 8, 2), 0x00 },
		},
	},
	[BUS_AMD_X8] = {
		.name = "amd-x8", AMD, COMMON, BOTTOM, .device = { 0x00a4 },
		.widths = 1, .native_bytes = 1, .erase_window_us = 50,
		.cfi = {
			COMMON_CFI, .extended_at = 0x40,
			.version = { '1', '1' }, .extended_bytes = 11,
			.extended = { AMD_EXTENDED(0, 4, 2) },
		},
	},
	[BUS_AMD_TOP] = {
		.name = "amd-top", AMD, COMMON, TOP, .device = { 0x2250 },
		.widths = 1 | 2, .native_bytes = 2, .erase_window_us = 50,
		.features = AMD_SUSPENDS,
		.cfi = {
			COMMON_CFI, .interface = 2, .extended_at = 0x40, .regions_reversed = true,
			.version = { '1', '1' }, .extended_bytes = 11,
			.extended = { AMD_EXTENDED(2, 4, 3) },
		},
	},
	[BUS_AMD_TOP_10] = {
		.name = "amd-top-10", AMD, COMMON, TOP, .device = { 0x22c4 },
		.widths = 1 | 2, .native_bytes = 2, .erase_window_us = 50,
		.features = AMD_SUSPENDS,
		.cfi = {
			COMMON_CFI, .interface = 2, .extended_at = 0x40, .regions_reversed = true,
			.version = { '1', '0' }, .extended_bytes = 8,
			.extended = { AMD_EXTENDED(2, 4, 0) },
		},
	},
	[BUS_AMD_STATUS] = {
		.name = "amd-status", AMD, COMMON, BOTTOM, BUFFER, .device = { 0x227e, 0x2223, 0x2201 },
		.widths = 2, .native_bytes = 2,
		.features = AMD_SUSPENDS | FLASH_SECTOR_PROTECT | FLASH_STATUS_COMMAND,
		.cfi = {
			COMMON_CFI, BUFFER_CFI(9), .interface = 1, .extended_at = 0x40,
			.version = { '1', '5' }, .extended_bytes = 15,
			.extended = { AMD_EXTENDED(2, 8, 4), 0x01, 0x00, 0x09, 0x8f },
		},
	},
	[BUS_AMD_DQ5] = {
		.name = "amd-dq5", AMD, COMMON, BOTTOM, .device = { 0x2249 },
		.widths = 1 | 2, .native_bytes = 2, .erase_window_us = 50,
		.features = AMD_SUSPENDS | FLASH_DQ5_ON_ONES,
		.cfi = {
			COMMON_CFI, .interface = 2, .extended_at = 0x40,
			.version = { '1', '0' }, .extended_bytes = 8,
			.extended = { AMD_EXTENDED(2, 4, 0) },
		},
	},
};

struct bus_faults bus_faults;

static struct flash_config config;
static struct flash_bank *bank;
static u8 *array;
static struct flash_nv *nv[FLASH_MAX_CHIPS];
static const u64 *clock_ns;
static u64 ahead_ns; /* how far the chip's time is before the guest's */
static bool query_mode, errors_shown;
static u32 busy_reads;
static struct {
	u64 offset;
	u32 reads; /* until it is obeyed; 0: there is none */
} held_back;	   /* a command to rest */

static u64 now(void)
{
	return *clock_ns + ahead_ns;
}

static u32 lane(u32 word, u32 n)
{
	u32 bits = 8 * flash_bus_bytes(&config) / (config.chips ? config.chips : 1);

	return bits < 32 ? word >> n * bits & ((1u << bits) - 1) : word;
}

void bus_model_start(const u64 *ns, const struct bus_setup *setup)
{
	config = (struct flash_config){
		.part = &parts[setup->part],
		.bus_bytes = setup->bus_bytes,
		.chips = setup->chips ? setup->chips : 1,
		.timing = setup->slowest ? FLASH_SLOWEST : FLASH_SEEDED,
		.seed = setup->seed,
		.faults = {
			.stuck = setup->stuck,
			.fail_program = setup->fail_program,
			.fail_erase = setup->fail_erase,
			.vpp_low = setup->vpp_low,
			.endurance = setup->first_worn,
		},
	};
	if (flash_config_problem(&config))
		abort();
	clock_ns = ns;
	ahead_ns = 0;
	bus_faults = (struct bus_faults){ 0 };
	query_mode = errors_shown = false;
	busy_reads = held_back.reads = 0;
	array = malloc(bus_model_bytes());
	for (u32 i = 0; i < bus_model_bytes(); i++)
		array[i] = (u8)(i * 37 + (i >> 8) * 11 + 1);
	for (u32 i = 0; i < config.chips; i++) {
		nv[i] = malloc(flash_nv_bytes(config.part));
		flash_nv_init(config.part, nv[i], config.seed, i);
	}
	for (u32 i = 0; setup->first_worn && i < flash_block_count(config.part); i++)
		nv[0]->block[i].cycles = 1;
	bank = flash_create(&config, array, nv, NULL);
	if (!bank)
		abort();
}

void bus_model_stop(void)
{
	flash_destroy(bank);
	for (u32 i = 0; i < config.chips; i++)
		free(nv[i]);
	free(array);
}

/* Once the chips are ready: before that nothing is promised of these bits anyway. */
static u32 faulty_status(u32 status)
{
	bool ready = lane(status, 0) & lane(status, config.chips - 1) & 0x80;

	errors_shown = errors_shown || (ready && bus_faults.status_errors);
	return errors_shown && ready ? status | bus_faults.status_errors : status;
}

/* Query bytes are where they are in the first chip's table; @offset in the bank's. */
static bool is_query_byte(u64 offset, u32 width, u32 at)
{
	u32 address = (u32)(offset / width);

	if (config.part->native_bytes * config.chips > width)
		address /= 2;
	return at && address == at;
}

static u32 both(u32 code)
{
	return config.chips == 1 ? code
				 : code | code << 8 * flash_bus_bytes(&config) / config.chips;
}

/* The operation is over, or at rest, before the next cycle. */
static void skip_to_stop(void)
{
	if (flash_busy_until(bank) != UINT64_MAX)
		ahead_ns = flash_busy_until(bank) - *clock_ns;
}

static u32 with_dq5_at_end(u32 value)
{
	if (!bus_faults.dq5_at_end || flash_busy_until(bank) == UINT64_MAX || ++busy_reads % 2)
		return value;
	skip_to_stop();
	return value | both(0x22);
}

static void rest_behind_reads(void)
{
	if (!held_back.reads || --held_back.reads)
		return;
	flash_write(bank, held_back.offset, flash_bus_bytes(&config), both(0xb0), now());
	skip_to_stop();
}

u32 bus_model_read(u64 offset, u32 width)
{
	u32 value;

	if (bus_faults.silent)
		return width == 1 ? 0xff : 0xffff;
	value = with_dq5_at_end((u32)flash_read(bank, offset, width, now()));
	rest_behind_reads();
	if (query_mode && is_query_byte(offset, width, bus_faults.query_at))
		return bus_faults.query_value;
	return !query_mode && !bus_model_is_array() ? faulty_status(value) : value;
}

static void follow_query_mode(u32 code)
{
	if (bus_model_is_array() || query_mode)
		query_mode = code == 0x98 ||
			     (query_mode && code != 0xff && code != 0xf0 && code != 0x90);
}

void bus_model_write(u64 offset, u32 width, u32 value)
{
	u32 code = lane(value, 0) & 0xff;

	if (bus_faults.silent || (bus_faults.deaf && code == 0xb0))
		return;
	if (bus_faults.rests_behind && code == 0xb0) {
		held_back.reads = bus_faults.rests_behind;
		held_back.offset = offset;
		bus_faults.rests_behind = 0;
		return;
	}
	follow_query_mode(code);
	if (code == 0x50)
		bus_faults.status_errors = errors_shown = 0;
	flash_write(bank, offset, width, value, now());
	if (bus_faults.done_at_once)
		skip_to_stop();
}

u8 *bus_model_array(void)
{
	return array;
}

u64 bus_model_bytes(void)
{
	return flash_bank_bytes(&config);
}

bool bus_model_is_array(void)
{
	flash_advance(bank, now());
	return flash_is_array(bank);
}

bool bus_model_shows(u64 offset, u64 bytes)
{
	struct flash_range range;

	flash_advance(bank, now());
	return flash_next_shown(bank, offset, &range) && range.start <= offset &&
	       offset + bytes <= range.start + range.bytes;
}

u64 bus_model_hidden_bytes(void)
{
	struct flash_range range;
	u64 hidden = bus_model_bytes();

	flash_advance(bank, now());
	for (u64 at = 0; flash_next_shown(bank, at, &range); at = range.start + range.bytes)
		hidden -= range.bytes;
	return hidden;
}

u32 bus_model_status(void)
{
	u32 bytes = flash_bus_bytes(&config), word;

	flash_write(bank, 0, bytes, both(0x70), now());
	word = (u32)flash_read(bank, 0, bytes, now());
	flash_write(bank, 0, bytes, both(0xff), now());
	return lane(word, 0) | lane(word, config.chips - 1);
}
