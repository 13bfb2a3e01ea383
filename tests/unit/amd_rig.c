/* SPDX-License-Identifier: MIT */
/* Owns the bench for tests of AMD's command set. */
#include <stdlib.h>

#include "tests/unit/amd_rig.h"
#include "tests/unit/suite.h"

#define SMALL_PART                                                                  \
	.command_set = 0x0002, .manufacturer = 0x0001, .chip_bytes = AMD_RIG_BYTES, \
	.native_bytes = 2, .nregions = 2,                                           \
	.region = { { 4, KiB(8), { AMD_ERASE_US, AMD_ERASE_MAX_US } },              \
		    { 3, KiB(32), { AMD_ERASE_US, AMD_ERASE_MAX_US } } },           \
	.read_ns = 90, .program = { AMD_PROGRAM_US, AMD_PROGRAM_MAX_US },           \
	.suspend_erase = { AMD_SUSPEND_ERASE_US, 20 }

#define SMALL_CFI                                                                            \
	.extended_at = 0x40, .version = { '1', '3' }, .interface = 2, .vcc_min = 0x27,       \
	.vcc_max = 0x36, .program_typ = 6, .program_max = 2, .erase_typ = 9, .erase_max = 3, \
	.extended_bytes = 2, .extended = { 0x10, 0x02 }

#define WITH_BUFFER                                                                           \
	.buffer = { AMD_BUFFER_US, 4096 }, .suspend_program = { AMD_SUSPEND_PROGRAM_US, 15 }, \
	.lock = { AMD_PROGRAM_US, AMD_PROGRAM_MAX_US },                                       \
	.unlock = { AMD_ERASE_US, AMD_ERASE_MAX_US }

const struct flash_part amd_rig_gln = {
	.name = "gln",
	SMALL_PART,
	WITH_BUFFER,
	.device = { 0x227E, 0x2222, 0x2201 },
	.widths = 1 | 2,
	.features = FLASH_SUSPEND_ERASE | FLASH_SUSPEND_PROGRAM | FLASH_PROGRAM_IN_SUSPEND |
		    FLASH_OTP | FLASH_UNLOCK_BYPASS | FLASH_SECTOR_PROTECT,
	.erase_window_us = AMD_WINDOW_US,
	.secured_bytes = 256,
	.secured_code = 0x0008,
	.cfi = { SMALL_CFI, .buffer_typ = 8, .buffer_max = 4, .buffer_log2 = 5 },
};

const struct flash_part amd_rig_gls = {
	.name = "gls",
	SMALL_PART,
	WITH_BUFFER,
	.device = { 0x227E, 0x2223, 0x2201 },
	.widths = 2,
	.features = FLASH_SUSPEND_ERASE | FLASH_SUSPEND_PROGRAM | FLASH_PROGRAM_IN_SUSPEND |
		    FLASH_OTP | FLASH_BLANK_CHECK | FLASH_SECTOR_PROTECT | FLASH_STATUS_COMMAND,
	.blank_check = { AMD_CHECK_US, 8500 },
	.resume_us = AMD_RESUME_US,
	.secured_bytes = 1024,
	.secured_code = 0xFF2F,
	.cfi = { SMALL_CFI, .buffer_typ = 8, .buffer_max = 4, .buffer_log2 = 5 },
};

const struct flash_part amd_rig_lv = {
	.name = "lv",
	SMALL_PART,
	.device = { 0x2249 },
	.widths = 1 | 2,
	.features = FLASH_SUSPEND_ERASE | FLASH_PROGRAM_IN_SUSPEND | FLASH_UNLOCK_BYPASS |
		    FLASH_DQ5_ON_ONES,
	.erase_window_us = AMD_WINDOW_US,
	.cfi = { SMALL_CFI },
};

const struct flash_part amd_rig_dl = {
	.name = "dl",
	SMALL_PART,
	.device = { 0x2253 },
	.widths = 1 | 2,
	.nruns = 2,
	.run = { { 1, KiB(32) }, { 1, KiB(96) } },
	.features = FLASH_SUSPEND_ERASE | FLASH_PROGRAM_IN_SUSPEND | FLASH_UNLOCK_BYPASS,
	.erase_window_us = AMD_WINDOW_US,
	.secured_code = 0x0001,
	.cfi = { SMALL_CFI },
};

struct amd_rig *amd_rig;

/* --- the bank --------------------------------------------------------------------------------- */
static void record(struct amd_event event)
{
	if (amd_rig->nevents < AMD_RIG_EVENTS)
		amd_rig->event[amd_rig->nevents] = event;
	amd_rig->nevents++;
}

static void on_command(void *owner, u32 partition, u64 offset, u8 command, u64 data, u64 ns)
{
	(void)owner;
	record((struct amd_event){ AMD_COMMAND_EVENT, partition, offset, command, data, ns });
}

static void on_state(void *owner, u32 partition, enum kvl_flash_state state, u8 status, u64 ns)
{
	(void)owner;
	record((struct amd_event){ AMD_STATE_EVENT, partition, state, status, 0, ns });
}

static void on_mode(void *owner, u32 partition, enum kvl_flash_mode mode, u64 ns)
{
	(void)owner;
	record((struct amd_event){ AMD_MODE_EVENT, partition, mode, 0, 0, ns });
}

static u8 original_byte(u64 offset)
{
	return (u8)(offset * 37 + (offset >> 8) * 11 + (offset >> 13) + 1);
}

static const struct flash_observer observer = {
	.command = on_command,
	.state = on_state,
	.mode = on_mode,
};

void amd_open(const struct flash_config *config)
{
	amd_rig = calloc(1, sizeof(*amd_rig));
	ck_assert_ptr_nonnull(amd_rig);
	amd_rig->config = *config;
	ck_assert_ptr_null(flash_config_problem(config));
	for (u64 i = 0; i < sizeof(amd_rig->array); i++)
		amd_rig->array[i] = original_byte(i);
	for (u32 i = 0; i < FLASH_MAX_CHIPS; i++) {
		amd_rig->nv[i] = malloc(flash_nv_bytes(config->part));
		ck_assert_ptr_nonnull(amd_rig->nv[i]);
		flash_nv_init(config->part, amd_rig->nv[i], config->seed, i);
	}
	amd_rig->bank = flash_create(config, amd_rig->array, amd_rig->nv, &observer);
	ck_assert_ptr_nonnull(amd_rig->bank);
}

void amd_open_part(const struct flash_part *part)
{
	struct flash_config config = { .part = part };

	amd_open(&config);
}

void amd_open_x8(const struct flash_part *part)
{
	struct flash_config config = { .part = part, .bus_bytes = 1 };

	amd_open(&config);
}

void amd_close(void)
{
	flash_destroy(amd_rig->bank);
	for (u32 i = 0; i < FLASH_MAX_CHIPS; i++)
		free(amd_rig->nv[i]);
	free(amd_rig);
}

void amd_power_cycle(void)
{
	flash_power_cut(amd_rig->bank);
	flash_power_up(amd_rig->bank);
}

/* --- words ------------------------------------------------------------------------------------ */
static u32 bus(void)
{
	return flash_bus_bytes(&amd_rig->config);
}

u16 amd_original(u32 word)
{
	u64 at = (u64)word * bus();

	return bus() == 1 ? original_byte(at)
			  : (u16)(original_byte(at) | original_byte(at + 1) << 8);
}

u16 amd_cells(u32 word)
{
	const u8 *at = &amd_rig->array[(u64)word * bus()];

	return bus() == 1 ? at[0] : (u16)(at[0] | at[1] << 8);
}

void amd_pass_us(u64 us)
{
	amd_rig->ns += us * 1000;
	flash_advance(amd_rig->bank, amd_rig->ns);
}

u16 amd_get(u32 word)
{
	return (u16)flash_read(amd_rig->bank, (u64)word * bus(), bus(), amd_rig->ns);
}

void amd_put(u32 word, u16 data)
{
	flash_write(amd_rig->bank, (u64)word * bus(), bus(), data, amd_rig->ns);
}

u32 amd_sector(u32 sector)
{
	return (u32)((sector < 4 ? sector * KiB(8) : (sector - 3) * KiB(32)) / bus());
}

u32 amd_words(void)
{
	return (u32)(AMD_RIG_BYTES / bus());
}

u32 amd_at(u32 address)
{
	return address * (bus() == 1 ? 2 : 1);
}

/* --- commands --------------------------------------------------------------------------------- */
void amd_unlock(void)
{
	amd_put(amd_at(0x555), 0xAA);
	amd_put(amd_at(0x2AA), 0x55);
}

void amd_command(u8 command)
{
	amd_unlock();
	amd_put(amd_at(0x555), command);
}

void amd_start_program(u32 word, u16 data)
{
	amd_command(0xA0);
	amd_put(word, data);
}

void amd_start_erase(u32 word)
{
	amd_command(0x80);
	amd_unlock();
	amd_put(word, 0x30);
}

void amd_load_begin(u32 word, u32 n)
{
	amd_unlock();
	amd_put(word, 0x25);
	amd_put(word, (u16)(n - 1));
}

void amd_load_confirm(u32 word)
{
	amd_put(word, 0x29);
}

u8 amd_status_register_now(void)
{
	amd_put(0x555, 0x70);
	return (u8)amd_get(0) & 0xFE;
}

u8 amd_toggling(u32 word, u8 mask)
{
	u16 first = amd_get(word);

	return (u8)(first ^ amd_get(word)) & mask;
}

/* --- requirements ----------------------------------------------------------------------------- */
void amd_require_array(void)
{
	for (u32 i = 0; i < amd_words(); i++)
		if (amd_get(i) != amd_cells(i))
			ck_abort_msg("word %#x reads %04x, not %04x", i, amd_get(i), amd_cells(i));
}

void amd_require_untouched_except(u32 word, u32 n)
{
	for (u32 i = 0; i < amd_words(); i++)
		if (i - word >= n && amd_cells(i) != amd_original(i))
			ck_abort_msg("word %#x changed to %04x", i, amd_cells(i));
}

void amd_require_erased(u32 word, u32 n)
{
	for (u32 i = word; i < word + n; i++)
		if (amd_cells(i) != (bus() == 1 ? 0xFF : 0xFFFF))
			ck_abort_msg("word %#x is %04x", i, amd_cells(i));
}

void amd_require_shown(u32 first, u32 last, bool is)
{
	for (u32 sector = first; sector <= last; sector++) {
		u64 at = (u64)amd_sector(sector) * bus();
		struct flash_range range = { 0 };
		bool shown = flash_next_shown(amd_rig->bank, at, &range) && range.start == at;

		ck_assert_msg(shown == is, "sector %u: shown %d", sector, shown);
	}
}

void amd_forget_events(void)
{
	amd_rig->nevents = 0;
}

void amd_require_event(u32 index, enum amd_event_kind kind, u64 a, u64 b, u64 c, u64 ns)
{
	const struct amd_event *event = &amd_rig->event[index];

	ck_assert_uint_lt(index, amd_rig->nevents);
	ck_assert_int_eq(event->kind, kind);
	ck_assert_uint_eq(event->a, a);
	ck_assert_uint_eq(event->b, b);
	ck_assert_uint_eq(event->c, c);
	ck_assert_uint_eq(event->ns, ns);
}
