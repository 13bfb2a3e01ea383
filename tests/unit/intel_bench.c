/* SPDX-License-Identifier: MIT */
/* Owns the chips of test_flash_states.c: which parts, how small, where one looks at them. */

#include "tests/unit/intel_bench.h"

#define CHIP_BYTES KiB(64)
#define BLOCK KiB(4) /* of the boot region, too: a row has no smaller ones */
#define BOOT_BLOCKS 4

/* Rows of devices/flash on a diet: the same features and times, 64 KiB, other partitions. */
static const struct {
	const char *name, *part;
	u32 bus_bytes;
	u32 partitions;
} rows[] = {
	{ "J3", "28f128j3", 2, 0 },
	{ "J3 x8", "28f128j3", 1, 0 },
	{ "J3 65 nm", "28f128j3f", 2, 0 },
	{ "J3 65 nm x8", "28f128j3f", 1, 0 },
	{ "C3", "28f640c3b", 2, 0 },
	{ "L18 of 4", "28f256l18", 2, 4 },
	{ "P30", "28f256p30", 2, 0 },
	{ "P30 65 nm", "28f512p30", 2, 0 },
	{ "P30 65 nm of 2", "28f512p30", 2, 2 },
};

const size_t intel_bench_rows = ARRAY_LEN(rows);

u64 intel_place[PLACES];
static struct intel_model model;

static void shrink(struct flash_part *part, u32 partitions)
{
	part->chip_bytes = CHIP_BYTES;
	part->region[0].blocks = part->nregions == 1 ? CHIP_BYTES / BLOCK : BOOT_BLOCKS;
	part->region[1].blocks = CHIP_BYTES / BLOCK - part->region[0].blocks;
	part->region[0].block_bytes = part->region[1].block_bytes = BLOCK;
	part->nruns = partitions > 0;
	part->run[0].partitions = partitions;
	part->run[0].partition_bytes = partitions ? CHIP_BYTES / partitions : 0;
}

static void set_places(u32 bus_bytes)
{
	u64 home = states->part.nruns ? states->part.run[0].partition_bytes : 0;
	u32 home_bytes = flash_block_at(&states->part, home).bytes;
	u8 buffer = states->part.cfi.buffer_log2; /* 0: none */

	intel_place[HOME] = home;
	intel_place[NEXT] = home + bus_bytes;
	intel_place[NEAR] = home + 0x85 * 2;
	intel_place[LOCK_WORD] = home + 0x80 * 2;
	intel_place[ASIDE] = home + BLOCK;
	intel_place[AWAY] = 2 * BLOCK;
	intel_place[SHUT] = home + 4 * BLOCK;
	intel_place[DOWN] = home + 5 * BLOCK + 0x20;
	intel_place[LAST_FILL] = home + home_bytes - (buffer ? 1u << buffer : bus_bytes);
}

/*
 * Identifier and query words of each partition (on an 8-bit bus both addresses of each), status of
 * each block, array around the places.
 */
static void set_probes(u32 bus_bytes)
{
	static const u32 words[] = { 0, 1, 5, 0x10, 0x15, 0x2A, 0x80, 0x81, 0x85, 0x89, 0x10A };
	u64 step = states->part.nruns ? states->part.run[0].partition_bytes : CHIP_BYTES;

	for (u64 at = 0; at < CHIP_BYTES; at += step)
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			for (u32 byte = 0; byte < 2; byte += bus_bytes)
				states_add_probe(at + words[i] * 2 + byte);
	for (u64 at = 0; at < CHIP_BYTES; at += flash_block_at(&states->part, at).bytes)
		states_add_probe(at + 2 * 2);
	for (u32 i = 0; i < PLACES; i++)
		states_add_probe(intel_place[i]);
	states_add_probe(intel_place[HOME] + 3 * bus_bytes);
	states_add_probe(intel_place[HOME] + 4 * bus_bytes);
	states_add_probe(intel_place[AWAY] + 4 * bus_bytes);
	states_add_probe(intel_place[ASIDE] + BLOCK - 2);
}

void intel_bench_open(size_t row)
{
	states_new(rows[row].name, rows[row].part, rows[row].bus_bytes);
	shrink(&states->part, rows[row].partitions);
	set_places(rows[row].bus_bytes);
	set_probes(rows[row].bus_bytes);
	states->blank = intel_place[ASIDE];
	states->model = &model.common;
	states->ops = &intel_model_ops;
	states_open();
}
