/* SPDX-License-Identifier: MIT */
/*
 * Accesses of any width at any offset of one flash chip or two, across the ends of blocks, of
 * hardware partitions and of the bank: each is the cycles of the bus words that it touches.
 */
#include <check.h>
#include <string.h>

#include "tests/unit/flash_rig.h"
#include "tests/unit/suite.h"

/* ---- arrangements ---------------------------------------------------------------------------- */

/* Blocks of 8 and 32 KiB; of the L18, hardware partitions too. */
static const struct flash_config arrangements[] = {
	{ .part = &rig_part_x8 },
	{ .part = &rig_part_x8, .chips = 2 },
	{ .part = &rig_part_j3, .bus_bytes = 1 },
	{ .part = &rig_part_j3, .bus_bytes = 2 },
	{ .part = &rig_part_j3, .bus_bytes = 2, .chips = 2 },
	{ .part = &rig_part_j3, .bus_bytes = 4, .chips = 2 },
	{ .part = &rig_part_l18, .bus_bytes = 2 },
	{ .part = &rig_part_l18, .bus_bytes = 4, .chips = 2 },
};

#define NARRANGEMENTS ARRAY_LEN(arrangements)

static const struct flash_config *config;

static u64 bank_bytes(void)
{
	return flash_bank_bytes(config);
}

/* The end of the block that holds @offset; of the bank, behind its last. */
static u64 next_edge(u64 offset)
{
	struct flash_block block = flash_bank_block_at(config, offset);

	return block.start + block.bytes;
}

/* A command for each chip, in one bus cycle. */
static void put_all(struct rig *to, u64 offset, u8 code, u64 ns)
{
	u32 word = code;

	if (config->chips == 2)
		word |= (u32)code << 4 * to->width;
	flash_write(to->bank, offset & ~(u64)(to->width - 1), to->width, word, ns);
}

/* ---- reads ----------------------------------------------------------------------------------- */

/* What a read must return, put together from cycles of one bus word. */
static u64 read_by_words(u64 offset, u32 bytes)
{
	u64 value = 0, lane = rig->width - 1;

	for (u32 i = 0; i < bytes && i < 8; i++) {
		u64 at = offset + i;
		u64 byte = 0xFF;

		if (offset < bank_bytes() && at < bank_bytes())
			byte = flash_read(rig->bank, at & ~lane, rig->width, 0) >> (at & lane) * 8;
		value |= (byte & 0xFF) << i * 8;
	}
	return value;
}

static void check_reads(u64 offset)
{
	for (u32 bytes = 0; bytes <= 8; bytes++) {
		u64 got = flash_read(rig->bank, offset, bytes, 0);

		if (got != read_by_words(offset, bytes))
			ck_abort_msg("%u bytes at %#lx are %#lx, not %#lx", bytes, (long)offset,
				     (long)got, (long)read_by_words(offset, bytes));
	}
}

static const u64 far_offsets[] = {
	UINT32_MAX, 1ull << 32, UINT64_MAX - 7, UINT64_MAX - 1, UINT64_MAX,
};
static const u8 read_modes[] = { 0xFF, 0x70, 0x90, 0x98 };

#define NMODES ARRAY_LEN(read_modes)

/* Another mode in each partition, and another lock in each block, so that no two read alike. */
static void set_modes(u32 first)
{
	u32 chips = config->chips == 2 ? 2 : 1;

	rig_replace(config);
	for (u32 chip = 0; chip < chips; chip++)
		for (u32 i = 1; i < flash_block_count(config->part); i += 2)
			rig->nv[chip]->block[i].locked = 1;
	for (u32 i = 0; i < flash_hw_partition_count(config->part); i++)
		put_all(rig, i * KiB(32) * chips, read_modes[(first + i) % NMODES], 0);
}

START_TEST(any_offset_and_width_reads_the_right_lanes)
{
	config = &arrangements[_i / NMODES];
	set_modes(_i % NMODES);
	for (u64 at = 0; at < 40; at++)
		check_reads(at);
	for (u64 edge = next_edge(0); edge < bank_bytes(); edge = next_edge(edge))
		for (u64 at = edge - 16; at < edge + 16; at++)
			check_reads(at);
	for (u64 at = bank_bytes() - 16; at < bank_bytes() + 16; at++)
		check_reads(at);
	for (size_t i = 0; i < ARRAY_LEN(far_offsets); i++)
		check_reads(far_offsets[i]);
	flash_read(rig->bank, 0, 9, 0);
	flash_read(rig->bank, bank_bytes() - 1, UINT32_MAX, 0);
}
END_TEST

START_TEST(array_reads_are_the_bytes_of_the_array)
{
	config = &arrangements[_i];
	rig_replace(config);
	for (u64 edge = next_edge(0); edge < bank_bytes(); edge = next_edge(edge))
		for (u64 at = edge - 8; at <= edge; at++) {
			u64 want = 0;

			for (u32 i = 0; i < 8; i++)
				want |= (u64)rig_byte(at + i) << 8 * i;
			ck_assert_uint_eq(flash_read(rig->bank, at, 8, 0), want);
		}
}
END_TEST

/* ---- writes ---------------------------------------------------------------------------------- */

static struct rig *twin; /* a second bank, that is given the same in cycles of one bus word */

/* Lanes that the access does not cover carry FFh. */
static void write_by_words(u64 offset, u32 bytes, u64 value, u64 ns)
{
	u64 lane = twin->width - 1, end = offset + bytes;

	for (u64 at = offset & ~lane; at < end && at < bank_bytes(); at += twin->width) {
		u64 word = 0;

		for (u32 i = 0; i < twin->width; i++) {
			bool covered = at + i >= offset && at + i < end;
			u64 byte = covered ? value >> (at + i - offset) * 8 & 0xFF : 0xFF;

			word |= byte << i * 8;
		}
		flash_write(twin->bank, at, twin->width, word, ns);
	}
}

/* What went before the access: nothing; a program's, an erase's first cycle; a write buffer's
 * count. */
enum before { IDLE, PROGRAM, ERASE, BUFFER, BEFORES };

static void prepare(struct rig *to, u64 at, enum before before, u64 ns)
{
	static const u8 first[BEFORES] = { 0xFF, 0x40, 0x20, 0xE8 };

	flash_power_cut(to->bank);
	flash_power_up(to->bank);
	if (config->part == &rig_part_l18)
		for (u64 block = at - 8; block <= at + 8 && block < bank_bytes(); block += 16) {
			put_all(to, block, 0x60, ns);
			put_all(to, block, 0xD0, ns);
		}
	put_all(to, at, first[before], ns);
	if (before == BUFFER)
		put_all(to, at, 8 / to->width - 1, ns);
	to->nevents = 0;
}

/* Around the end of a block that is written across: from 32 bytes before it on. */
static u32 near_bytes(u64 edge)
{
	return edge == bank_bytes() ? 32 : 64;
}

static bool same(const struct rig_event *a, const struct rig_event *b)
{
	return a->kind == b->kind && a->a == b->a && a->b == b->b && a->c == b->c && a->ns == b->ns;
}

static void compare_twins(u64 edge, u64 ns)
{
	u64 from = edge - 32;

	ck_assert_uint_eq(flash_busy_until(rig->bank), flash_busy_until(twin->bank));
	ck_assert_uint_eq(rig->nevents, twin->nevents);
	for (u32 i = 0; i < rig->nevents && i < RIG_MAX_EVENTS; i++)
		ck_assert(same(&rig->event[i], &twin->event[i]));
	ck_assert_mem_eq(&rig->array[from], &twin->array[from], near_bytes(edge));
	put_all(rig, from, 0x70, ns);
	put_all(twin, from, 0x70, ns);
	ck_assert_uint_eq(flash_read(rig->bank, from, rig->width, ns),
			  flash_read(twin->bank, from, twin->width, ns));
}

static bool has_begun_something(void)
{
	for (u32 i = 0; i < rig->nevents && i < RIG_MAX_EVENTS; i++)
		if (rig->event[i].kind == RIG_COMMAND)
			return true;
	return false;
}

/* Returns whether an operation has begun. */
static bool write_both(u64 edge, u64 offset, u32 bytes, enum before before, u64 *ns)
{
	/* any data; confirmations; commands of two cycles each, on 8 and on 16 bits */
	static const u64 values[] = { 0x0123456789ABCDEF, 0xD0D0D0D0D0D0D0D0, 0x3140214012401240,
				      0x1234004000D00020 };
	bool begun = false;

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		memset(&rig->array[edge - 32], 0xFF, near_bytes(edge));
		memset(&twin->array[edge - 32], 0xFF, near_bytes(edge));
		prepare(rig, offset, before, *ns);
		prepare(twin, offset, before, *ns);
		flash_write(rig->bank, offset, bytes, values[i], *ns);
		write_by_words(offset, bytes, values[i], *ns);
		if (before == BUFFER) {
			put_all(rig, edge - 8, 0xD0, *ns);
			put_all(twin, edge - 8, 0xD0, *ns);
		}
		*ns += 2 * RIG_BUFFER_NS;
		flash_advance(rig->bank, *ns);
		flash_advance(twin->bank, *ns);
		begun |= has_begun_something();
		compare_twins(edge, *ns);
	}
	return begun;
}

static void write_across(u64 edge, enum before before, u64 *ns)
{
	bool begun = false;

	for (u64 offset = edge - 8; offset <= edge && offset < bank_bytes(); offset++)
		for (u32 bytes = 1; bytes <= 8; bytes += bytes < 4 ? 1 : 4)
			begun |= write_both(edge, offset, bytes, before, ns);
	ck_assert(begun); /* or nothing was tried */
}

START_TEST(any_write_is_the_cycles_of_its_words)
{
	u64 edge = 0, ns = 0;

	config = &arrangements[_i / BEFORES];
	rig_replace(config);
	twin = rig_new_bank(config);
	do {
		edge = next_edge(edge);
		write_across(edge, _i % BEFORES, &ns);
	} while (edge < bank_bytes());
	rig_free(twin);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_lanes");
	TCase *tcase = tcase_create("arrangements");

	tcase_add_checked_fixture(tcase, rig_setup, rig_teardown);
	tcase_add_loop_test(tcase, any_offset_and_width_reads_the_right_lanes, 0,
			    (int)(NARRANGEMENTS * NMODES));
	tcase_add_loop_test(tcase, array_reads_are_the_bytes_of_the_array, 0, NARRANGEMENTS);
	tcase_add_loop_test(tcase, any_write_is_the_cycles_of_its_words, 0,
			    (int)(NARRANGEMENTS * BEFORES));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
