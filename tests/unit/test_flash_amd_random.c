/* SPDX-License-Identifier: MIT */
/*
 * AMD's command set under cycles at random, of which many make commands. Whatever they were: a
 * sector that may be mapped reads as its cells; the cells do not depend on how often time was told;
 * and a reset of each kind brings every chip back.
 */
#include <check.h>
#include <string.h>

#include "tests/unit/amd_rig.h"
#include "tests/unit/suite.h"

#define CYCLES 60000

static const struct flash_part *const parts[] = { &amd_rig_gln, &amd_rig_gls, &amd_rig_lv,
						  &amd_rig_dl };

static u64 state;

static u32 draw(u32 n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(state >> 33) % n;
}

/* Few places, so that they meet. */
static u32 place(void)
{
	return amd_sector(draw(7)) + draw(40);
}

static void command(void)
{
	static const u8 commands[] = { 0xA0, 0xA0, 0x25, 0x25, 0x80, 0x90, 0x88,
				       0x20, 0x40, 0xC0, 0x50, 0xE0, 0xF0, 0x71 };
	u8 byte = commands[draw(ARRAY_LEN(commands))];
	u32 word = place();

	amd_unlock();
	amd_put(byte == 0x25 ? word : amd_at(0x555), byte);
	if (byte == 0x80) {
		bool chip = !draw(16);

		amd_unlock();
		amd_put(chip ? amd_at(0x555) : word, chip ? 0x10 : 0x30);
		if (draw(2)) /* one more sector, and a suspension */
			amd_put(place(), 0x30);
		if (draw(2))
			amd_put(word, 0xB0);
	} else if (byte == 0x25) {
		u32 n = 1 + draw(16);

		amd_put(word, (u16)(n - 1));
		for (u32 i = 0; i < n; i++)
			amd_put(draw(40) ? word : place(), (u16)(0x8421 * i));
		amd_put(word, draw(10) ? 0x29 : 0x28);
	}
}

static void act(void)
{
	static const u8 bytes[] = { 0xF0, 0xB0, 0x30, 0x50, 0x51, 0x70, 0x71, 0x98,
				    0x33, 0x90, 0x00, 0xA0, 0x80, 0x29, 0x25, 0x01 };

	/* drawn one by one, so that all compilers draw the same */
	u8 byte = bytes[draw(ARRAY_LEN(bytes))];
	u16 data = (u16)draw(0x10000);

	switch (draw(8)) {
	case 0:
	case 1: command(); break;
	case 2: amd_put(place(), data); break;
	case 3: amd_put(draw(2) ? 0x55 : amd_at(0x555), byte); break;
	case 4: amd_put(place(), byte); break;
	case 5: amd_get(place()); break;
	case 6: amd_rig->ns += draw(100000); break;
	default: amd_rig->ns += draw(8) ? draw(1000) : draw(1000000000); break;
	}
}

static void require_shown_sectors_to_read_as_cells(void)
{
	struct flash_range range = { 0 };
	u32 bus = flash_bus_bytes(&amd_rig->config);

	flash_advance(amd_rig->bank, amd_rig->ns);
	while (flash_next_shown(amd_rig->bank, range.start + range.bytes, &range)) {
		u32 word = (u32)((range.start + draw((u32)range.bytes)) / bus);

		ck_assert_uint_eq(amd_get(word), amd_cells(word));
	}
}

/* However it was left: after these a chip that is not busy shows its array. */
static void reset_everything(void)
{
	for (u32 i = 0; i < 20; i++) /* a word is programmed, a buffer aborted */
		amd_put(0x77, 0x00);
	amd_pass_us(AMD_BUFFER_US + AMD_PROGRAM_MAX_US);
	amd_command(0xF0);
	amd_put(0x77, 0xF0);
	amd_command(0x90); /* the secured region */
	amd_put(0x77, 0x00);
	amd_put(0x77, 0xF0);
	amd_put(0x77, 0x90); /* registers, bypass */
	amd_put(0x77, 0x00);
	for (u32 i = 0; i < 4; i++) { /* a program, an erase, in either bank */
		amd_put(amd_sector(i % 2 * 6), 0x30);
		amd_pass_us(10 * AMD_ERASE_MAX_US);
		amd_put(0x77, 0xF0);
	}
}

/* Or soon all would be programmed, protected, and in a state that few cycles leave. */
static void start_afresh(void)
{
	struct flash_nv *nv = amd_rig->nv[0];

	flash_advance(amd_rig->bank, amd_rig->ns); /* what is due before the power goes */
	for (u32 i = 0; i < 7; i++)
		nv->block[i].locked = 0;
	nv->lock_register = 0xFFFF;
	memset(amd_rig->array, 0xFF, AMD_RIG_BYTES);
	amd_power_cycle();
}

static void run(const struct flash_config *config, u64 seed, bool often, u8 *cells)
{
	amd_open(config);
	state = seed;
	for (u32 i = 0; i < CYCLES; i++) {
		u64 before = amd_rig->ns;

		act();
		for (u32 step = 0; often && step < 4; step++)
			flash_advance(amd_rig->bank, before + (amd_rig->ns - before) * step / 4);
		if (i % 8 == 0)
			require_shown_sectors_to_read_as_cells();
		if (i % 100 == 0)
			start_afresh();
	}
	amd_pass_us(10 * AMD_ERASE_MAX_US);
	reset_everything();
	require_shown_sectors_to_read_as_cells();
	ck_assert_uint_eq(flash_busy_until(amd_rig->bank), UINT64_MAX);
	for (u32 i = 0; i < 7; i++)
		if (!flash_nv_unstable(&amd_rig->nv[0]->block[i]))
			amd_require_shown(i, i, true);
	memcpy(cells, amd_rig->array, AMD_RIG_BYTES);
	ck_assert_uint_gt(flash_steps(amd_rig->bank), 1000);
	amd_close();
}

START_TEST(cycles_at_random)
{
	static u8 once[AMD_RIG_BYTES], again[AMD_RIG_BYTES];
	struct flash_config config = {
		.part = parts[_i / 2],
		.bus_bytes = _i % 2 ? 1 : 2,
		.seed = 7,
		.faults = { .fail_erase = 3, .fail_program = 5 },
	};

	if (flash_config_problem(&config))
		return;
	run(&config, 100 + (u32)_i, false, once);
	run(&config, 100 + (u32)_i, true, again);
	ck_assert_int_eq(memcmp(once, again, sizeof(once)), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_amd_random");
	TCase *tcase = tcase_create("random");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, cycles_at_random, 0, 2 * (int)ARRAY_LEN(parts));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
