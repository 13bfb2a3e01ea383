/* SPDX-License-Identifier: MIT */
/*
 * The parts table, and the query table against it, read over the bus and parsed by code that shares
 * nothing with its generator. What each table says byte by byte: test_flash_intel_parts.c,
 * test_flash_amd_parts.c.
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

/* A driver that waits as long as the query table says never gives up too early. */
static void require_times_covered(const struct flash_part *part)
{
	const struct flash_cfi *cfi = &part->cfi;

	ck_assert_uint_ge(1u << (cfi->program_typ + cfi->program_max), part->program.max_us);
	ck_assert_uint_ge(1u << (cfi->buffer_typ + cfi->buffer_max), part->buffer.max_us);
	for (u32 i = 0; i < part->nregions; i++)
		ck_assert_uint_ge(1000u << (cfi->erase_typ + cfi->erase_max),
				  part->region[i].erase.max_us);
}

static void require_order(struct flash_time time)
{
	ck_assert(time.typ_us);
	ck_assert_uint_le(time.typ_us, time.max_us);
}

START_TEST(each_row_is_sound)
{
	const struct flash_part *part;

	for (size_t n = 0; (part = flash_part_row(n)); n++) {
		ck_assert_msg(!flash_part_problem(part), "%s: %s", part->name,
			      flash_part_problem(part));
		for (u32 i = 0; i < part->nregions; i++) {
			ck_assert_uint_eq(part->region[i].block_bytes % PAGE_BYTES, 0); /* slots */
			require_order(part->region[i].erase);
		}
		ck_assert(part->read_ns);
		require_order(part->program);
		ck_assert_uint_eq(!part->cfi.buffer_log2, !part->buffer.typ_us);
		ck_assert_uint_le(part->buffer.typ_us, part->buffer.max_us);
		require_times_covered(part);
	}
}
END_TEST

static void require_refused(struct flash_part part, const char *why)
{
	struct flash_config config = { .part = &part };
	const char *problem = flash_config_problem(&config);

	ck_assert_msg(problem && strstr(problem, why), "%s: %s", why, problem);
}

/* What the model cannot carry is said before anything is written out of bounds. */
START_TEST(rows_that_cannot_be_carried_are_refused)
{
	struct flash_part part = rig_part_l18;

	require_refused((part.nregions = 0, part), "no region");
	part = rig_part_l18;
	part.nregions = 1;
	part.region[0] = (struct flash_region){ 2048, KiB(4), { 1, 1 } };
	part.chip_bytes = MiB(8);
	require_refused(part, "too many erase blocks");
	part.region[0] = (struct flash_region){ 64, KiB(2) + 128, { 1, 1 } };
	require_refused(part, "256 bytes");
	part = rig_part_l18;
	require_refused((part.chip_bytes *= 2, part), "do not add up");
	part = rig_part_l18;
	part.run[0] = (struct flash_partition_run){ 64, KiB(2) };
	require_refused(part, "too many hardware partitions");
	part.run[0] = (struct flash_partition_run){ 2, KiB(32) };
	require_refused(part, "hardware partitions do not add up");
	part.run[0] = (struct flash_partition_run){ 8, KiB(16) };
	require_refused(part, "in two hardware partitions");
	part = rig_part_l18;
	require_refused((part.cfi.buffer_log2 = 11, part), "write buffer");
	part = rig_part_l18;
	require_refused((part.cfi.extended_at = 0x17D, part), "extended query table");
	part = rig_part_l18;
	require_refused((part.secured_bytes = 1026, part), "secured region");
	part = rig_part_l18;
	require_refused((part.widths = 0, part), "width");
}
END_TEST

static void require_partitions_meet(const struct flash_part *part)
{
	u64 start = 0;

	for (u32 i = 0; i < flash_hw_partition_count(part); i++) {
		struct flash_hw_partition first = flash_hw_partition_at(part, start);
		struct flash_hw_partition last =
			flash_hw_partition_at(part, start + first.bytes - 1);

		ck_assert_uint_eq(first.index, i);
		ck_assert_uint_eq(first.start, start);
		ck_assert_uint_eq(last.index, i);
		ck_assert_uint_eq(last.start, start);
		ck_assert_uint_eq(last.bytes, first.bytes);
		start += first.bytes;
	}
	ck_assert_uint_eq(start, part->chip_bytes);
	ck_assert_uint_eq(flash_hw_partition_at(part, start).index,
			  flash_hw_partition_count(part) - 1);
}

START_TEST(every_offset_has_its_hardware_partition)
{
	struct flash_part uneven = { .chip_bytes = MiB(4),
				     .nruns = 3,
				     .run = { { 3, MiB(1) }, { 2, KiB(256) }, { 1, KiB(512) } } };
	const struct flash_part *part;

	require_partitions_meet(&uneven);
	for (size_t n = 0; (part = flash_part_row(n)); n++)
		require_partitions_meet(part);
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
static struct flash_bank *bank;
static u32 width; /* bytes of a bus word */

static void open_bank(const struct flash_config *config, u8 command)
{
	u64 bytes = flash_bank_bytes(config), replicated = command;

	width = flash_bus_bytes(config);
	array = malloc(bytes);
	ck_assert_ptr_nonnull(array);
	memset(array, 0xA5, bytes);
	bank = flash_create(config, array, NULL, NULL);
	ck_assert_ptr_nonnull(bank);
	if (config->chips == 2)
		replicated |= (u64)command << 4 * width;
	flash_write(bank, 0, width, replicated, 0);
}

static void open_part(const struct flash_part *part, u8 command)
{
	open_bank(&(struct flash_config){ .part = part }, command);
}

static void close_part(void)
{
	flash_destroy(bank);
	free(array);
}

/* Query byte @offset: a bus word of its own; of an x16 part on a 16-bit bus the upper byte is
 * 00h. */
static u32 query(u32 offset)
{
	u64 word = flash_read(bank, (u64)offset * width, width, 0);

	ck_assert_uint_eq(word >> 8, 0);
	for (u32 lane = 0; lane < width; lane++)
		ck_assert_uint_eq(flash_read(bank, (u64)offset * width + lane, 1, 0),
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

/* What the extended table promises is what the row lets the model do (J3 data sheet, 4.2.7). */
static void require_features(const struct flash_part *part, u32 extended)
{
	u32 features = query16(extended + 5), can = part->features;

	ck_assert_uint_eq(features >> 1 & 1, !!(can & FLASH_SUSPEND_ERASE));
	ck_assert_uint_eq(features >> 2 & 1, !!(can & FLASH_SUSPEND_PROGRAM));
	ck_assert_uint_eq(features >> 3 & 1, !!(can & FLASH_LOCK_STORED));
	ck_assert_uint_eq(features >> 5 & 1, !!(can & FLASH_LOCK_INSTANT));
	ck_assert_uint_eq(features >> 6 & 1, !!(can & FLASH_OTP));
	ck_assert_uint_eq(features >> 9 & 1, part->nruns != 0);
	ck_assert_uint_eq(query(extended + 9) & 1, !!(can & FLASH_PROGRAM_IN_SUSPEND));
	if (can & FLASH_OTP)
		ck_assert_uint_eq(query(extended + 0xF), 0x80);
}

/* The hardware partitions that it lists are those of the row, and cover the chip (1.3 and
 * later). */
static void require_partitions(const struct flash_part *part, u32 extended)
{
	u32 at = extended + 0x23, regions, count = 0;
	u64 bytes = 0;

	if (part->cfi.version[1] < '3')
		return;
	regions = query(at++);
	at += part->cfi.version[1] >= '4' ? 2 : 0; /* the length of a region's field */
	while (regions--) {
		u32 partitions = query16(at) + 1, types = query(at + 5);
		u64 one = 0;

		for (at += 6; types--; at += 8)
			one += (u64)(query16(at) + 1) * query16(at + 2) * 256;
		bytes += partitions * one;
		count += partitions;
	}
	ck_assert_uint_eq(bytes, part->chip_bytes);
	ck_assert_uint_eq(count, flash_hw_partition_count(part));
}

START_TEST(query_table_matches_the_part)
{
	const struct flash_part *part = flash_part_row((size_t)_i);
	u32 extended;

	if (part->command_set == 0x0002)
		return; /* test_flash_amd_parts.c */
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
	require_times(part);
	require_geometry(part);
	require_features(part, extended);
	require_partitions(part, extended);
	close_part();
}
END_TEST

/* In x8 mode each query byte comes twice; two chips give it side by side, at twice the address. */
START_TEST(query_bytes_in_other_arrangements)
{
	const struct flash_part *part = flash_part_find("28f128j3");
	static const struct {
		u32 bus_bytes, chips, scale;
		u64 q;
	} arrangement[] = { { 1, 1, 2, 0x51 }, { 2, 2, 4, 0x5151 }, { 4, 2, 4, 0x510051 } };

	for (size_t i = 0; i < ARRAY_LEN(arrangement); i++) {
		struct flash_config config = { .part = part,
					       .bus_bytes = arrangement[i].bus_bytes,
					       .chips = arrangement[i].chips };
		u64 at = 0x10 * arrangement[i].scale;

		open_bank(&config, 0x98);
		ck_assert_uint_eq(flash_read(bank, at, width, 0), arrangement[i].q);
		if (arrangement[i].scale == 2 * width) /* x8 mode: the other byte of the word */
			ck_assert_uint_eq(flash_read(bank, at + width, width, 0), arrangement[i].q);
		close_part();
	}
}
END_TEST

START_TEST(only_the_query_table_answers_in_query_mode)
{
	open_part(_i ? &rig_part_x8 : &rig_part, 0x98);
	for (u32 word = 0x60; word < RIG_BYTES / width; word++)
		if (query(word) != 0)
			ck_abort_msg("word %#x answers", word);
	close_part();
}
END_TEST

static int count_rows(void)
{
	int n = 0;

	while (flash_part_row((size_t)n))
		n++;
	return n;
}

int main(void)
{
	Suite *suite = suite_create("flash_query");
	TCase *tcase = tcase_create("table");

	tcase_add_test(tcase, parts_are_found_by_name);
	tcase_add_test(tcase, each_row_is_sound);
	tcase_add_test(tcase, rows_that_cannot_be_carried_are_refused);
	tcase_add_test(tcase, every_offset_has_its_block);
	tcase_add_test(tcase, every_offset_has_its_hardware_partition);
	tcase_add_loop_test(tcase, query_table_matches_the_part, 0, count_rows());
	tcase_add_test(tcase, query_bytes_in_other_arrangements);
	tcase_add_loop_test(tcase, only_the_query_table_answers_in_query_mode, 0, 2);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
