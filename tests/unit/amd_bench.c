/* SPDX-License-Identifier: MIT */
/* Owns the chips of test_flash_amd_states.c: which parts, how small, where one looks at them. */
#include "tests/unit/amd_bench.h"

#include <string.h>

/*
 * Rows of devices/flash on a diet: features, times and kinds of regions are the same. No sector is
 * smaller than 4 Kbytes, so that A10 to A0 lie below the sector address, as on the real parts.
 */
static const struct {
	const char *name, *part;
	u32 bus_bytes;
	u32 kbytes[FLASH_MAX_REGIONS], blocks[FLASH_MAX_REGIONS];
	u32 bank_kbytes;	    /* of the first of two; 0: the chip is one */
	u8 home, aside, away, shut; /* sectors */
} rows[] = {
	{ "LV", "am29lv160db", 2, { 8, 4, 8, 8 }, { 1, 2, 1, 1 }, 0, 2, 1, 3, 4 },
	{ "LV x8", "am29lv160db", 1, { 8, 4, 8, 8 }, { 1, 2, 1, 1 }, 0, 2, 1, 3, 4 },
	{ "DL", "am29dl323db", 2, { 4, 4 }, { 2, 6 }, 8, 3, 4, 1, 5 },
	{ "DL x8", "am29dl323db", 1, { 4, 4 }, { 2, 6 }, 8, 3, 4, 1, 5 },
	{ "GL-N", "s29gl256n", 2, { 4 }, { 8 }, 0, 2, 3, 4, 5 },
	{ "GL-N x8", "s29gl256n", 1, { 4 }, { 8 }, 0, 2, 3, 4, 5 },
	{ "GL-S", "s29gl512s", 2, { 4 }, { 8 }, 0, 2, 3, 4, 5 },
};

const size_t amd_bench_rows = ARRAY_LEN(rows);

u64 amd_place[AMD_PLACES];
struct amd_model amd_bench_model;

#define CHIP_BYTES KiB(32)

static void shrink(struct flash_part *part, size_t row)
{
	part->chip_bytes = CHIP_BYTES;
	for (u32 i = 0; i < part->nregions; i++) {
		part->region[i].blocks = rows[row].blocks[i];
		part->region[i].block_bytes = KiB(rows[row].kbytes[i]);
	}
	if (!part->nruns)
		return;
	part->run[0].partition_bytes = KiB(rows[row].bank_kbytes);
	part->run[1].partition_bytes = CHIP_BYTES - part->run[0].partition_bytes;
}

static u64 sector(u32 index)
{
	u64 at = 0;

	for (u32 i = 0; i < index; i++)
		at += flash_block_at(&states->part, at).bytes;
	return at;
}

static void set_places(size_t row)
{
	u64 home = sector(rows[row].home);
	u32 unit = rows[row].bus_bytes, buffer = states->part.cfi.buffer_log2;

	amd_place[U1] = 0x555 * 2;
	amd_place[U2] = 0x2AA * 2;
	amd_place[CFI] = 0x55 * 2;
	amd_place[HOME] = home;
	amd_place[NEXT] = home + unit;
	amd_place[LAST] = home + flash_block_at(&states->part, home).bytes - unit;
	amd_place[PAGE] = home + (buffer ? 1u << buffer : 0x20);
	amd_place[HU1] = home + 0x555 * 2;
	amd_place[ASIDE] = sector(rows[row].aside);
	amd_place[AWAY] = sector(rows[row].away);
	amd_place[SHUT] = sector(rows[row].shut);
}

/* Codes, query, both regions' ends; each sector's protection; array around the places. */
static void set_probes(void)
{
	static const u32 words[] = { 0,	   1,	 3,    0x0C, 0x0E, 0x0F,  0x10, 0x13,
				     0x2A, 0x2D, 0x48, 0x7F, 0x80, 0x1FF, 0x200 };

	for (u32 i = 0; i < ARRAY_LEN(words); i++)
		states_add_probe(words[i] * 2);
	for (u32 i = 0; i < flash_block_count(&states->part); i++)
		states_add_probe(sector(i) + 2 * 2);
	for (u32 i = 0; i < AMD_PLACES; i++)
		states_add_probe(amd_place[i]);
	states_add_probe(amd_place[HOME] + 2);
	states_add_probe(amd_place[HOME] + 2 * 3);
	states_add_probe(amd_place[AWAY] + 2 * 3);
	states_add_probe(CHIP_BYTES - states->bus_bytes);
}

void amd_bench_open(size_t row, u32 fail_program, u32 fail_erase)
{
	states_new(rows[row].name, rows[row].part, rows[row].bus_bytes);
	shrink(&states->part, row);
	set_places(row);
	set_probes();
	states->blank = amd_place[ASIDE];
	states->stored = 1u << rows[row].shut;
	states->config.faults.fail_program = fail_program;
	states->config.faults.fail_erase = fail_erase;
	states->model = &amd_bench_model.common;
	states->ops = &amd_model_ops;
	states_open();
}
