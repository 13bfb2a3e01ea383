/* SPDX-License-Identifier: MIT */
/*
 * The rows of Intel's parts as the bus shows them: identifier codes and query at every offset, in
 * every partition, on every width of bus. The tables are written out as they are to be read.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "devices/flash/flash.h"
#include "tests/unit/suite.h"

/* --- query tables, from offset 10h ------------------------------------------------------------ */
#define QRY 'Q', 'R', 'Y'
#define PRI 'P', 'R', 'I'
#define ZEROS_5 0x00, 0x00, 0x00, 0x00, 0x00

/* clang-format off */
#define J3_EXTENDED \
	PRI, '1', '1', 0xCE, 0x00, 0x00, 0x00, 0x01, 0x01, 0x00, 0x33, 0x00, \
	0x01, 0x80, 0x00, 0x03, 0x03, 0x03, 0x00

static const u8 query_28f128j3[] = {
	QRY, 0x01, 0x00, 0x31, ZEROS_5,
	0x27, 0x36, 0x00, 0x00, 0x07, 0x07, 0x0A, 0x00, 0x04, 0x04, 0x04, 0x00,
	0x18, 0x02, 0x00, 0x05, 0x00, 0x01, 0x7F, 0x00, 0x00, 0x02,
	J3_EXTENDED,
};

static const u8 query_28f128j3f[] = {
	QRY, 0x01, 0x00, 0x31, ZEROS_5,
	0x27, 0x36, 0x00, 0x00, 0x08, 0x0A, 0x0A, 0x00, 0x01, 0x01, 0x02, 0x00,
	0x18, 0x02, 0x00, 0x09, 0x00, 0x01, 0x7F, 0x00, 0x00, 0x02,
	J3_EXTENDED,
};

static const u8 query_28f640c3b[] = {
	QRY, 0x03, 0x00, 0x35, ZEROS_5,
	0x27, 0x36, 0xB4, 0xC6, 0x05, 0x00, 0x0A, 0x00, 0x04, 0x00, 0x03, 0x00,
	0x17, 0x01, 0x00, 0x00, 0x00, 0x02, 0x07, 0x00, 0x20, 0x00, 0x7E, 0x00, 0x00, 0x01,
	PRI, '1', '0', 0x66, 0x00, 0x00, 0x00, 0x01, 0x03, 0x00, 0x33, 0xC0,
	0x01, 0x80, 0x00, 0x03, 0x03,
};

/* L18 and P30: the extended table lies behind the protection registers, at 10Ah. */
#define HEAD_1_8V QRY, 0x01, 0x00, 0x0A, 0x01, 0x00, 0x00, 0x00, 0x00, 0x17, 0x20, 0x85, 0x95
#define TIMES_130NM 0x08, 0x09, 0x0A, 0x00, 0x01, 0x01, 0x02, 0x00
#define TIMES_65NM 0x09, 0x0A, 0x0A, 0x00, 0x01, 0x01, 0x02, 0x00
#define BOTTOM(n) 0x02, 0x03, 0x00, 0x80, 0x00, (n) & 0xFF, (n) >> 8, 0x00, 0x02
#define TOP(n) 0x02, (n) & 0xFF, (n) >> 8, 0x00, 0x02, 0x03, 0x00, 0x80, 0x00
#define EXTENDED_1_8V(v, f1, f3) \
	PRI, '1', v, 0xE6, f1, 0x00, f3, 0x01, 0x03, 0x00, 0x18, 0x90, \
	0x02, 0x80, 0x00, 0x03, 0x03, 0x89, ZEROS_5, 0x00, 0x10, 0x00, 0x04, \
	0x03, 0x04, 0x01, 0x02, 0x03, 0x07
#define SMALL 0x03, 0x00, 0x80, 0x00, 0x64, 0x00, 0x02, 0x03
#define LARGE(n) (n) & 0xFF, (n) >> 8, 0x00, 0x02, 0x64, 0x00, 0x02, 0x03

static const u8 query_28f256l18[] = {
	HEAD_1_8V, TIMES_130NM,
	0x19, 0x01, 0x00, 0x06, 0x00, BOTTOM(0xFE),
	[0xFA] = EXTENDED_1_8V('3', 0x03, 0x40), 0x02,
	0x00, 0x00, 0x11, 0x00, 0x00, 0x02, SMALL, LARGE(14), /* the boot partition */
	0x0E, 0x00, 0x11, 0x00, 0x00, 0x01, LARGE(15),	      /* fifteen others */
	0x10, 0x00, 0x00, 0x40, 0x30,
};

static const u8 query_28f256l18t[] = {
	HEAD_1_8V, TIMES_130NM,
	0x19, 0x01, 0x00, 0x06, 0x00, TOP(0xFE),
	[0xFA] = EXTENDED_1_8V('3', 0x03, 0x40), 0x02,
	0x0E, 0x00, 0x11, 0x00, 0x00, 0x01, LARGE(15),
	0x00, 0x00, 0x11, 0x00, 0x00, 0x02, LARGE(14), SMALL,
	0x10, 0x00, 0x00, 0x40, 0x30,
};

static const u8 query_28f256p30[] = {
	HEAD_1_8V, TIMES_130NM,
	0x19, 0x01, 0x00, 0x06, 0x00, BOTTOM(0xFE),
	[0xFA] = EXTENDED_1_8V('3', 0x01, 0x00), 0x01,
	0x00, 0x00, 0x11, 0x00, 0x00, 0x02, SMALL, LARGE(0xFE),
};

static const u8 query_28f256p30t[] = {
	HEAD_1_8V, TIMES_130NM,
	0x19, 0x01, 0x00, 0x06, 0x00, TOP(0xFE),
	[0xFA] = EXTENDED_1_8V('3', 0x01, 0x00), 0x01,
	0x00, 0x00, 0x11, 0x00, 0x00, 0x02, LARGE(0xFE), SMALL,
};

static const u8 query_28f512p30[] = {
	HEAD_1_8V, TIMES_65NM,
	0x1A, 0x01, 0x00, 0x0A, 0x00, BOTTOM(0x1FE),
	[0xFA] = EXTENDED_1_8V('4', 0x01, 0x00), 0x01,
	0x18, 0x00, 0x00, 0x00, 0x11, 0x00, 0x00, 0x02, SMALL, LARGE(0x1FE),
};

/*
 * As QEMU 7.2.22 answered (pc machine, pflash unit 1 of 4 MiB, byte reads from FF800000h after
 * 98h).
 */
static const u8 query_qemu_x8[] = {
	QRY, 0x01, 0x00, 0x31, ZEROS_5,
	0x45, 0x55, 0x00, 0x00, 0x07, 0x07, 0x0A, 0x00, 0x04, 0x04, 0x04, 0x00,
	0x16, 0x02, 0x00, 0x08, 0x00, 0x01, 0xFF, 0x03, 0x10, 0x00,
	PRI, '1', '0', ZEROS_5, 0x00, 0x00, 0x00, 0x00, 0x01,
};
/* clang-format on */

/* --- what is to be read ----------------------------------------------------------------------- */
enum kind { J3, C3, P30, QEMU };

static const struct table {
	const char *part;
	enum kind kind;
	u16 manufacturer, device;
	u32 partitions;
	const u8 *query; /* from 10h */
	size_t query_bytes;
} tables[] = {
#define TABLE(name, kind, manufacturer, device, partitions)                                       \
	{                                                                                         \
#name, kind, manufacturer, device, partitions, query_##name, sizeof(query_##name) \
	}
	TABLE(28f128j3, J3, 0x89, 0x18, 1),
	TABLE(28f128j3f, J3, 0x89, 0x18, 1),
	TABLE(28f640c3b, C3, 0x89, 0x88CD, 1),
	TABLE(28f256l18, P30, 0x89, 0x8810, 16),
	TABLE(28f256l18t, P30, 0x89, 0x880D, 16),
	TABLE(28f256p30, P30, 0x89, 0x891C, 1),
	TABLE(28f256p30t, P30, 0x89, 0x8919, 1),
	TABLE(28f512p30, P30, 0x89, 0x8961, 1),
	{ "qemu-x8", QEMU, 0, 0, 1, query_qemu_x8, sizeof(query_qemu_x8) },
};

#define NTABLES ((int)ARRAY_LEN(tables))

/*
 * Protection registers of a chip from the factory: the lock word says that the factory's part is
 * locked, that part is the chip's serial number, the rest is blank.
 */
static bool registers_word(const struct table *table, const struct flash_nv *nv, u32 word,
			   u16 *value)
{
	u32 end = table->kind == P30 ? 0x10A : table->kind == QEMU ? 0 : 0x89;

	if (word < 0x80 || word >= end)
		return false;
	*value = word == 0x80 ? 0xFFFE : word < 0x85 ? nv->otp[word - 0x80] : 0xFFFF;
	return true;
}

/* Words of the x16 tables; @in_partition, and the same from the start of its block. */
static u16 expected(const struct table *table, const struct flash_nv *nv, bool query,
		    u32 in_partition, u32 in_block)
{
	bool one_map = table->kind == P30;
	u16 value;

	if (in_block == 2)
		return table->kind == P30 || table->kind == C3 ? 1 : 0; /* locked at power-up */
	if (in_partition == 0)
		return table->manufacturer;
	if (in_partition == 1)
		return table->device;
	if (in_partition == 5 && one_map)
		return 0xBFCF; /* of the configuration register, at power-up */
	if ((!query || one_map) && registers_word(table, nv, in_partition, &value))
		return value;
	if ((query || one_map) && in_partition >= 0x10 && in_partition - 0x10 < table->query_bytes)
		return table->query[in_partition - 0x10];
	return 0;
}

/* --- a bank of the part ----------------------------------------------------------------------- */
static struct {
	const struct table *table;
	const struct flash_part *part;
	struct flash_bank *bank;
	struct flash_nv *nv;
	u8 *array;
	u32 bus;     /* bytes of its word */
	u32 address; /* bytes that one address of the tables stands for */
} big;

static void open_big(const struct table *table, u32 bus)
{
	struct flash_nv *nvs[FLASH_MAX_CHIPS] = { NULL };
	struct flash_config config = { .part = flash_part_find(table->part), .bus_bytes = bus };

	ck_assert_ptr_nonnull(config.part);
	big.table = table;
	big.part = config.part;
	big.bus = bus;
	big.address = table->kind == QEMU ? 1 : 2;
	big.array = calloc(1, config.part->chip_bytes);
	big.nv = nvs[0] = malloc(flash_nv_bytes(config.part));
	ck_assert(big.array && big.nv);
	flash_nv_init(config.part, big.nv, 1, 0);
	big.bank = flash_create(&config, big.array, nvs, NULL);
	ck_assert_ptr_nonnull(big.bank);
}

static void close_big(void)
{
	flash_destroy(big.bank);
	free(big.nv);
	free(big.array);
}

/* An x16 part on an 8-bit bus: codes and query bytes come twice, registers in halves. */
static u16 on_this_bus(u32 in_partition, u16 value, u64 offset)
{
	bool halves = in_partition >= 0x80 && in_partition < 0x89;

	if (big.bus == 2)
		return value;
	return halves && big.address == 2 && offset & 1 ? value >> 8 : value & 0xFF;
}

static void require_word(bool query, u64 partition, u64 offset)
{
	u64 block = flash_block_at(big.part, offset).start;
	u32 in_partition = (u32)((offset - partition) / big.address);
	u16 value = expected(big.table, big.nv, query, in_partition,
			     (u32)((offset - block) / big.address));
	u16 got = (u16)flash_read(big.bank, offset, big.bus, 0);

	if (got != on_this_bus(in_partition, value, offset))
		ck_abort_msg("%s, %u bits, %s: partition %#lx: word %#x is %#x, not %#x",
			     big.part->name, big.bus * 8, query ? "query" : "identifier",
			     (long)partition, in_partition, got,
			     on_this_bus(in_partition, value, offset));
}

static void require_words(bool query, u64 partition, u64 from, u64 to)
{
	for (u64 offset = from; offset < to; offset += big.bus)
		require_word(query, partition, offset);
}

#define EDGE_BYTES 0x40

/* Every word of the first block, which is longer than the tables, and both edges of the others. */
static void require_partition(bool query, u64 start, u64 end)
{
	struct flash_block block = flash_block_at(big.part, start);

	require_words(query, start, start, start + block.bytes);
	for (u64 at = start + block.bytes; at < end; at += block.bytes) {
		block = flash_block_at(big.part, at);
		require_words(query, start, at, at + EDGE_BYTES);
		require_words(query, start, at + block.bytes - EDGE_BYTES, at + block.bytes);
	}
}

static void check_partition(u64 start, u64 end)
{
	flash_write(big.bank, start, big.bus, 0x90, 0);
	require_partition(false, start, end);
	flash_write(big.bank, start, big.bus, 0x98, 0);
	require_partition(true, start, end);
	flash_write(big.bank, start, big.bus, 0xFF, 0);
}

START_TEST(codes_and_query_at_every_offset)
{
	const struct table *table = &tables[_i % NTABLES];
	u32 bus = _i < NTABLES ? 1 : 2;
	u64 bytes;

	if (!(flash_part_find(table->part)->widths & bus))
		return;
	open_big(table, bus);
	ck_assert_uint_eq(flash_hw_partition_count(big.part), table->partitions);
	bytes = big.part->chip_bytes / table->partitions;
	for (u64 start = 0; start < big.part->chip_bytes; start += bytes)
		check_partition(start, start + bytes);
	ck_assert(flash_is_array(big.bank));
	close_big();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_intel_parts");
	TCase *tcase = tcase_create("rows");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, codes_and_query_at_every_offset, 0, 2 * NTABLES);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
