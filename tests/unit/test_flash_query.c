/* SPDX-License-Identifier: MIT */
/*
 * The parts table and the query table, the latter read over the bus and parsed by code that shares
 * nothing with its generator. Also the identifier codes.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/flash_rig.h"
#include "tests/unit/suite.h"

/* ---- parts ----------------------------------------------------------------------------------- */

START_TEST(parts_are_found_by_name)
{
	const struct flash_part *part = flash_part_find("28f128j3");
	size_t n = 0;

	ck_assert_ptr_nonnull(part);
	ck_assert_uint_eq(part->chip_bytes, MiB(16));
	ck_assert_uint_eq(part->region[0].blocks, 128);
	ck_assert_uint_eq(part->region[0].block_bytes, KiB(128));
	ck_assert_ptr_null(flash_part_find("28f128j"));
	ck_assert_ptr_null(flash_part_find("28f128j3 "));
	ck_assert_ptr_null(flash_part_find(""));
	while (flash_part_row(n)) {
		ck_assert_ptr_eq(flash_part_find(flash_part_row(n)->name), flash_part_row(n));
		n++;
	}
	ck_assert_uint_ge(n, 2);
	ck_assert_ptr_null(flash_part_row(n));
	ck_assert_ptr_null(flash_part_row(SIZE_MAX));
}
END_TEST

/* What a row must fulfil for the model to carry it. */
START_TEST(each_row_is_sound)
{
	const struct flash_part *part;

	for (size_t n = 0; (part = flash_part_row(n)); n++) {
		u64 bytes = 0;

		ck_assert(part->bus_bytes == 1 || part->bus_bytes == 2);
		ck_assert_uint_eq(part->command_set, 0x0001);
		ck_assert_uint_eq(part->chip_bytes & (part->chip_bytes - 1), 0);
		ck_assert(part->nregions >= 1 && part->nregions <= FLASH_MAX_REGIONS);
		for (u32 i = 0; i < part->nregions; i++) {
			ck_assert_uint_eq(part->region[i].block_bytes % KiB(4), 0);
			bytes += (u64)part->region[i].blocks * part->region[i].block_bytes;
		}
		ck_assert_uint_eq(bytes, part->chip_bytes);
		ck_assert_uint_ge(part->cfi.extended_at, 0x2D + 4 * part->nregions);
		ck_assert(part->read_ns && part->program_typ_us && part->erase_typ_ms);
		ck_assert_uint_le(part->program_typ_us, part->program_max_us);
		ck_assert_uint_le(part->erase_typ_ms, part->erase_max_ms);
		ck_assert_uint_eq(!part->cfi.buffer_log2, !part->buffer_typ_us);
		ck_assert_uint_le(part->buffer_typ_us, part->buffer_max_us);
		ck_assert_uint_le(1u << part->cfi.buffer_log2, FLASH_MAX_BUFFER_BYTES);
		/* a driver that waits as long as the query table says never gives up too early */
		ck_assert_uint_ge(1u << (part->cfi.program_typ + part->cfi.program_max),
				  part->program_max_us);
		ck_assert_uint_ge(1u << (part->cfi.buffer_typ + part->cfi.buffer_max),
				  part->buffer_max_us);
		ck_assert_uint_ge(1u << (part->cfi.erase_typ + part->cfi.erase_max),
				  part->erase_max_ms);
	}
}
END_TEST

START_TEST(every_offset_has_its_block)
{
	u64 start = 0;
	u32 index = 0;

	for (u32 i = 0; i < rig_part.nregions; i++)
		for (u32 k = 0; k < rig_part.region[i].blocks; k++) {
			u32 bytes = rig_part.region[i].block_bytes;
			u64 probes[] = { start, start + 1, start + bytes / 2, start + bytes - 1 };

			for (size_t p = 0; p < ARRAY_LEN(probes); p++) {
				struct flash_block block = flash_block_at(&rig_part, probes[p]);

				ck_assert_uint_eq(block.index, index);
				ck_assert_uint_eq(block.start, start);
				ck_assert_uint_eq(block.bytes, bytes);
			}
			start += bytes;
			index++;
		}
	ck_assert_uint_eq(flash_block_at(&rig_part, RIG_BYTES).bytes, 0);
	ck_assert_uint_eq(flash_block_at(&rig_part, RIG_BYTES).start, RIG_BYTES);
	ck_assert_uint_eq(flash_block_at(&rig_part, UINT64_MAX).bytes, 0);
}
END_TEST

/* ---- query table, as a driver sees it -------------------------------------------------------- */

static u8 *array;
static struct flash_chip *chip;

static void open_part(const struct flash_part *part, u16 command)
{
	array = malloc(part->chip_bytes);
	ck_assert_ptr_nonnull(array);
	memset(array, 0xA5, part->chip_bytes);
	chip = flash_create(part, array, NULL);
	ck_assert_ptr_nonnull(chip);
	flash_write(chip, 0, part->bus_bytes, command, 0);
}

static void close_part(void)
{
	flash_destroy(chip);
	free(array);
}

/* Query byte @offset: a bus word of its own; of an x16 part on a 16-bit bus the upper byte is 00h. */
static u32 query(u32 offset)
{
	u32 width = flash_part_of(chip)->bus_bytes;
	u64 word = flash_read(chip, (u64)offset * width, width, 0);

	ck_assert_uint_eq(word >> 8, 0);
	for (u32 lane = 0; lane < width; lane++)
		ck_assert_uint_eq(flash_read(chip, (u64)offset * width + lane, 1, 0),
				  lane ? 0 : word);
	return (u32)word;
}

static u32 query16(u32 offset)
{
	return query(offset) | query(offset + 1) << 8;
}

static void require_string(u32 offset, const char *text)
{
	for (u32 i = 0; text[i]; i++)
		ck_assert_uint_eq(query(offset + i), (u8)text[i]);
}

static void require_geometry(const struct flash_part *part)
{
	ck_assert_uint_eq(1ull << query(0x27), part->chip_bytes);
	ck_assert_uint_eq(query16(0x28), part->cfi.interface);
	ck_assert_uint_eq(query(0x2A), part->cfi.buffer_log2);
	ck_assert_uint_eq(query(0x2C), part->nregions);
	for (u32 i = 0; i < part->nregions; i++) {
		u32 at = 0x2D + 4 * i;

		ck_assert_uint_eq(query16(at) + 1, part->region[i].blocks);
		ck_assert_uint_eq(query16(at + 2) * 256, part->region[i].block_bytes);
	}
}

static void require_times(const struct flash_part *part)
{
	ck_assert_uint_eq(query(0x1F), part->cfi.program_typ);
	ck_assert_uint_eq(query(0x21), part->cfi.erase_typ);
	ck_assert_uint_eq(query(0x20), part->cfi.buffer_typ);
	ck_assert_uint_eq(query(0x23), part->cfi.program_max);
	ck_assert_uint_eq(query(0x24), part->cfi.buffer_max);
	ck_assert_uint_eq(query(0x25), part->cfi.erase_max);
}

/* Nothing is promised that the model does not do. */
static void require_absent_features(u32 extended)
{
	static const u8 zeroes[] = { 0x1D, 0x1E, 0x22, 0x26, 0x2B };

	for (size_t i = 0; i < ARRAY_LEN(zeroes); i++)
		ck_assert_uint_eq(query(zeroes[i]), 0);
	for (u32 i = 5; i <= 0x11; i++) /* features … number of synchronous read fields */
		if (i != 0xC && i != 0xE)
			ck_assert_uint_eq(query(extended + i), 0);
}

START_TEST(query_table_matches_the_part)
{
	const struct flash_part *const parts[] = { &rig_part, &rig_part_x8,
						   flash_part_find("28f128j3"),
						   flash_part_find("qemu-x8") };
	const struct flash_part *part = parts[_i];
	u32 extended;

	open_part(part, 0x98);
	require_string(0x10, "QRY");
	ck_assert_uint_eq(query16(0x13), part->command_set);
	ck_assert_uint_eq(query16(0x17), 0);
	ck_assert_uint_eq(query16(0x19), 0);
	extended = query16(0x15);
	require_string(extended, "PRI");
	ck_assert_uint_eq(query(extended + 3), part->cfi.version[0]);
	ck_assert_uint_eq(query(extended + 4), part->cfi.version[1]);
	ck_assert_uint_eq(query(0x1B), part->cfi.vcc_min);
	ck_assert_uint_eq(query(0x1C), part->cfi.vcc_max);
	ck_assert_uint_eq(query(extended + 0xC), part->cfi.vcc_best);
	ck_assert_uint_eq(query(extended + 0xE), part->cfi.protection_fields);
	require_times(part);
	require_geometry(part);
	require_absent_features(extended);
	close_part();
}
END_TEST

/* The bytes that the J3 data sheet and the emulators of this part agree on, literally. */
START_TEST(query_table_of_the_28f128j3)
{
	static const u8 sheet[] = { 'Q',  'R',	'Y',  0x01, 0x00, 0x31, 0x00, 0x00, 0x00, 0x00,
				    0x00, 0x27, 0x36, 0x00, 0x00, 0x07, 0x00, 0x0A, 0x00, 0x04,
				    0x00, 0x04, 0x00, 0x18, 0x02, 0x00, 0x00, 0x00, 0x01, 0x7F,
				    0x00, 0x00, 0x02, 'P',  'R',  'I',	'1',  '1' };

	open_part(flash_part_find("28f128j3"), 0x98);
	ck_assert_uint_eq(query(0x00), 0x89);
	ck_assert_uint_eq(query(0x01), 0x18);
	for (u32 i = 0; i < ARRAY_LEN(sheet); i++)
		ck_assert_uint_eq(query(0x10 + i), sheet[i]);
	close_part();
}
END_TEST

/*
 * Bytes 00h to 4Fh as QEMU 7.2.22 answered them (pc machine, pflash unit 1 of 4 MiB, byte reads
 * from FF800000h after 98h).
 */
START_TEST(query_table_of_the_qemu_x8_is_that_of_qemu)
{
	static const u8 qemu[0x50] = {
		[0x10] = 'Q', 'R',  'Y',  0x01, 0x00, 0x31, 0x00, 0x00, 0x00, 0x00, 0x00, 0x45,
		0x55,	      0x00, 0x00, 0x07, 0x07, 0x0A, 0x00, 0x04, 0x04, 0x04, 0x00, 0x16,
		0x02,	      0x00, 0x08, 0x00, 0x01, 0xFF, 0x03, 0x10, 0x00, 'P',  'R',  'I',
		'1',	      '0',  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
	};

	open_part(flash_part_find("qemu-x8"), 0x98);
	for (u32 i = 0; i < ARRAY_LEN(qemu); i++)
		ck_assert_msg(query(i) == qemu[i], "byte %02x is %02x", i, query(i));
	close_part();
}
END_TEST

START_TEST(only_the_query_table_answers_in_query_mode)
{
	open_part(_i ? &rig_part_x8 : &rig_part, 0x98);
	for (u32 word = 0x60; word < RIG_BYTES / flash_part_of(chip)->bus_bytes; word++)
		if (query(word) != 0)
			ck_abort_msg("word %#x answers", word);
	close_part();
}
END_TEST

START_TEST(identifier_codes)
{
	const struct flash_part *part = flash_part_find("28f128j3");

	open_part(part, 0x90);
	ck_assert_uint_eq(flash_read(chip, 0, 2, 0), 0x0089);
	ck_assert_uint_eq(flash_read(chip, 2, 2, 0), 0x0018);
	ck_assert_uint_eq(flash_read(chip, 0, 4, 0), 0x00180089);
	for (u64 block = 0; block < part->chip_bytes; block += KiB(128))
		ck_assert_uint_eq(flash_read(chip, block + 4, 2, 0), 0); /* not locked */
	close_part();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_query");
	TCase *tcase = tcase_create("table");

	tcase_add_test(tcase, parts_are_found_by_name);
	tcase_add_test(tcase, each_row_is_sound);
	tcase_add_test(tcase, every_offset_has_its_block);
	tcase_add_loop_test(tcase, query_table_matches_the_part, 0, 4);
	tcase_add_test(tcase, query_table_of_the_28f128j3);
	tcase_add_test(tcase, query_table_of_the_qemu_x8_is_that_of_qemu);
	tcase_add_loop_test(tcase, only_the_query_table_answers_in_query_mode, 0, 2);
	tcase_add_test(tcase, identifier_codes);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
