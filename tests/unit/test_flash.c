/* SPDX-License-Identifier: MIT */
/*
 * The flash chip's behaviour: every command in every state against a table written down from the
 * data sheet, data that changes step by step, errors, odd accesses, what the owner is told. The
 * query table and the parts are test_flash_query.c.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/flash_rig.h"

#define PROBE 0x20 /* byte offset of word 10h: 'Q' in query mode, nothing like it elsewhere */
#define TARGET 0xA004
#define ELSEWHERE 0x1F0F0

static struct rig *rig;

static void setup(void)
{
	rig = rig_new();
	ck_assert_ptr_nonnull(rig);
}

static void teardown(void)
{
	rig_free(rig);
}

static u16 original_word(u64 offset)
{
	return (u16)(rig_byte(offset) | rig_byte(offset + 1) << 8);
}

static u16 array_word(u64 offset)
{
	return (u16)(rig->array[offset] | rig->array[offset + 1] << 8);
}

static void start_program(u64 offset, u16 data, u64 ns)
{
	rig_put(rig, offset, 0x40, ns);
	rig_put(rig, offset, data, ns);
}

static void start_erase(u64 offset, u64 ns)
{
	rig_put(rig, offset, 0x20, ns);
	rig_put(rig, offset, 0xD0, ns);
}

static void require_untouched_except(u64 start, u64 bytes)
{
	for (u64 i = 0; i < RIG_BYTES; i++)
		if ((i < start || i >= start + bytes) && rig->array[i] != rig_byte(i))
			ck_abort_msg("byte %#lx changed", (long)i);
}

static void require_filled(struct flash_block block, u8 value)
{
	for (u64 i = block.start; i < block.start + block.bytes; i++)
		if (rig->array[i] != value)
			ck_abort_msg("byte %#lx is %02x", (long)i, rig->array[i]);
}

/* Every word of the chip reads @value at time @ns. */
static void require_chip_reads(u16 value, u64 ns)
{
	for (u64 i = 0; i < RIG_BYTES; i += 2)
		if (rig_get(rig, i, ns) != value)
			ck_abort_msg("word at %#lx reads %04x", (long)i, rig_get(rig, i, ns));
}

/* ---- every first-cycle byte in every state --------------------------------------------------- */

enum state { ARRAY, STATUS, ID, CFI, PROGRAM_SETUP, ERASE_SETUP, PROGRAMMING, ERASING, STATES };

/* Brings a fresh chip to @state; a sequence error happened before, so that the error bits show. */
static void bring_to(enum state state)
{
	static const u8 command[STATES] = { 0xFF, 0x70, 0x90, 0x98, 0x40, 0x20, 0x40, 0x20 };

	rig_put(rig, 0, 0x20, 0);
	rig_put(rig, 0, 0xFF, 0);
	rig_put(rig, TARGET, command[state], 0);
	if (state == PROGRAMMING)
		rig_put(rig, TARGET, 0x0000, 0);
	if (state == ERASING)
		rig_put(rig, TARGET, 0xD0, 0);
	rig_forget_events(rig);
}

/* What the data sheet has a chip do with @byte while it is ready and no second cycle is due. */
static enum state after_first_cycle(enum state now, u8 byte)
{
	static const struct {
		u8 byte;
		enum state next;
	} commands[] = { { 0xFF, ARRAY },      { 0x70, STATUS },	{ 0x90, ID },
			 { 0x98, CFI },	       { 0x40, PROGRAM_SETUP }, { 0x10, PROGRAM_SETUP },
			 { 0x20, ERASE_SETUP } };

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (commands[i].byte == byte)
			return commands[i].next;
	return now; /* 50h and everything that is not a command */
}

static enum state expected_state(enum state now, u8 byte)
{
	switch (now) {
	case PROGRAM_SETUP: return PROGRAMMING; /* whatever the data */
	case ERASE_SETUP: return byte == 0xD0 ? ERASING : STATUS;
	case PROGRAMMING:
	case ERASING: return now; /* nothing is recognised that could be told from ignoring it */
	default: return after_first_cycle(now, byte);
	}
}

static u8 expected_errors(enum state now, u8 byte)
{
	return now <= CFI && byte == 0x50 ? 0x00 : 0x30;
}

static u16 expected_read(enum state state, u8 errors)
{
	switch (state) {
	case ARRAY: return original_word(PROBE);
	case ID: return 0x0000; /* word 10h: reserved */
	case CFI: return 'Q';
	case PROGRAMMING:
	case ERASING: return 0x0000;
	default: return 0x80 | errors;
	}
}

/* A probe that tells the setup states apart: what does D0h do next? */
static u64 expected_command_after_confirm(enum state state)
{
	if (state == PROGRAM_SETUP)
		return 0x40;
	return state == ERASE_SETUP ? 0x20 : 0;
}

static void check_cell(enum state now, u8 byte)
{
	enum state next = expected_state(now, byte);
	u8 errors = expected_errors(now, byte);
	bool busy = next == PROGRAMMING || next == ERASING;
	u64 wanted;

	bring_to(now);
	rig_put(rig, TARGET, byte, 10);
	ck_assert_msg(rig_get(rig, PROBE, 10) == expected_read(next, errors),
		      "state %d, byte %02x: reads %04x", now, byte, rig_get(rig, PROBE, 10));
	ck_assert_msg((flash_busy_until(rig->chip) != UINT64_MAX) == busy,
		      "state %d, byte %02x: busy", now, byte);
	ck_assert_msg(flash_is_array(rig->chip) == (next == ARRAY), "state %d, byte %02x: is array",
		      now, byte);

	rig_forget_events(rig);
	rig_put(rig, TARGET, 0xD0, 10);
	wanted = expected_command_after_confirm(next);
	if (wanted == 0x40 && byte == 0x10)
		wanted = 0x10;
	ck_assert_msg(rig->nevents == (wanted ? 2 : 0) && (!wanted || rig->event[0].b == wanted),
		      "state %d, byte %02x: then D0h", now, byte);

	rig_put(rig, 0, 0x70, 2ull * RIG_ERASE_NS);
	ck_assert_msg(rig_get(rig, 0, 2ull * RIG_ERASE_NS) == (0x80 | errors),
		      "state %d, byte %02x: status at the end", now, byte);
}

START_TEST(every_byte_in_every_state)
{
	for (u32 byte = 0; byte < 256; byte++) {
		check_cell((enum state)_i, (u8)byte);
		teardown();
		setup();
	}
}
END_TEST

/* ---- status register ------------------------------------------------------------------------- */

START_TEST(powers_up_in_array_mode_and_ready)
{
	ck_assert(flash_is_array(rig->chip));
	ck_assert_uint_eq(flash_busy_until(rig->chip), UINT64_MAX);
	ck_assert_uint_eq(rig_get(rig, TARGET, 0), original_word(TARGET));
	rig_put(rig, 0, 0x70, 0);
	ck_assert_uint_eq(rig_get(rig, TARGET, 0), 0x80);
	ck_assert_ptr_eq(flash_part_of(rig->chip), &rig_part);
}
END_TEST

START_TEST(cancelled_erase_erases_nothing)
{
	rig_put(rig, TARGET, 0x20, 0);
	rig_put(rig, TARGET, 0xFF, 0);
	flash_advance(rig->chip, 10ull * RIG_ERASE_NS);
	require_untouched_except(0, 0);
	ck_assert_uint_eq(rig_get(rig, 0, 10ull * RIG_ERASE_NS), 0xB0);
}
END_TEST

START_TEST(errors_stay_until_cleared_and_only_they_are_cleared)
{
	u64 ns = RIG_PROGRAM_NS;

	rig_put(rig, TARGET, 0x20, 0);
	rig_put(rig, TARGET, 0x70, 0);
	start_program(TARGET, 0x0000, 0);
	ck_assert_uint_eq(rig_get(rig, 0, ns), 0xB0); /* a good program does not hide them */
	rig_put(rig, 0, 0x50, ns);
	ck_assert_uint_eq(rig_get(rig, 0, ns), 0x80); /* ready, and still in status mode */
	rig_put(rig, 0, 0xFF, ns);
	rig_put(rig, 0, 0x50, ns);
	ck_assert(flash_is_array(rig->chip));
}
END_TEST

START_TEST(whole_chip_returns_status_while_busy)
{
	start_erase(TARGET, 0);
	require_chip_reads(0x00, RIG_ERASE_NS - 1);
	require_chip_reads(0x80, RIG_ERASE_NS);
	ck_assert(!flash_is_array(rig->chip));
	rig_put(rig, 0, 0xFF, RIG_ERASE_NS);
	ck_assert(flash_is_array(rig->chip));
	ck_assert_uint_eq(rig_get(rig, TARGET, RIG_ERASE_NS), 0xFFFF);
}
END_TEST

START_TEST(errors_do_not_show_while_busy)
{
	rig_put(rig, TARGET, 0x20, 0);
	rig_put(rig, TARGET, 0x00, 0);
	start_erase(TARGET, 0);
	ck_assert_uint_eq(rig_get(rig, 0, 5), 0x00);
	ck_assert_uint_eq(rig_get(rig, 0, RIG_ERASE_NS), 0xB0);
}
END_TEST

/* ---- data ------------------------------------------------------------------------------------ */

START_TEST(programming_only_clears_bits)
{
	u64 ns = 0;

	srand(4711);
	for (int i = 0; i < 5000; i++) {
		u64 offset = (u64)(rand() % (int)RIG_BYTES) & ~1ull;
		u16 data = (u16)rand(), old = array_word(offset);

		rig_put(rig, offset, i & 1 ? 0x10 : 0x40, ns);
		rig_put(rig, offset, data, ns);
		ns += RIG_PROGRAM_NS;
		ck_assert_uint_eq(rig_get(rig, offset, ns), 0x80); /* no error for 1 over 0 */
		ck_assert_uint_eq(array_word(offset), old & data);
	}
}
END_TEST

/* Looks at a word while @data is programmed into it, with @old there before. */
static void watch_program(u16 old, u16 data)
{
	u16 final = old & data, seen = old;
	u64 ns;

	memcpy(&rig->array[TARGET], &(u8[]){ old & 0xFF, old >> 8 }, 2);
	start_program(TARGET, data, 0);
	ck_assert_uint_eq(array_word(TARGET), old);
	for (ns = 0; ns < RIG_PROGRAM_NS; ns += RIG_PROGRAM_NS / 50) {
		u16 now;

		flash_advance(rig->chip, ns);
		now = array_word(TARGET);
		ck_assert_uint_eq(now & ~seen, 0);  /* no bit rises */
		ck_assert_uint_eq(final & ~now, 0); /* no bit falls that was not asked for */
		ck_assert(__builtin_popcount(seen) - __builtin_popcount(now) <= 1);
		seen = now;
		if (ns == RIG_PROGRAM_NS / 2 && __builtin_popcount(old ^ final) >= 2)
			ck_assert(now != old && now != final);
	}
	flash_advance(rig->chip, RIG_PROGRAM_NS);
	ck_assert_uint_eq(array_word(TARGET), final);
	ck_assert_uint_eq(flash_busy_until(rig->chip), UINT64_MAX);
}

START_TEST(word_changes_bit_by_bit)
{
	static const u16 words[] = { 0x0000, 0xFFFF, 0x1985, 0xA5A5, 0x8001, 0x0100, 0x7FFE };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		for (size_t k = 0; k < ARRAY_LEN(words); k++) {
			watch_program(words[i], words[k]);
			teardown();
			setup();
		}
}
END_TEST

START_TEST(program_takes_its_time_even_with_nothing_to_clear)
{
	start_program(TARGET, 0xFFFF, 1000);
	ck_assert_uint_eq(flash_busy_until(rig->chip), 1000 + RIG_PROGRAM_NS);
	ck_assert_uint_eq(rig_get(rig, 0, 1000 + RIG_PROGRAM_NS - 1), 0x00);
	ck_assert_uint_eq(rig_get(rig, 0, 1000 + RIG_PROGRAM_NS), 0x80);
	require_untouched_except(0, 0);
}
END_TEST

/* The least and the most bits that are 1 in any word of @block. */
static void count_ones(struct flash_block block, int *least, int *most)
{
	*least = 16;
	*most = 0;
	for (u64 i = 0; i < block.bytes; i += 2) {
		int ones = __builtin_popcount(array_word(block.start + i));

		*least = ones < *least ? ones : *least;
		*most = ones > *most ? ones : *most;
	}
}

START_TEST(erase_zeroes_from_the_end_then_raises_all_words)
{
	struct flash_block block = flash_block_at(&rig_part, TARGET);
	struct flash_block tail = { .start = block.start + block.bytes / 2,
				    .bytes = block.bytes / 2 };
	int least, most;

	start_erase(TARGET, 0);
	flash_advance(rig->chip, RIG_ERASE_NS / 4);
	require_filled(tail, 0x00);
	require_untouched_except(tail.start, tail.bytes);

	flash_advance(rig->chip, RIG_ERASE_NS / 2);
	require_filled(block, 0x00);

	flash_advance(rig->chip, RIG_ERASE_NS / 4 * 3);
	count_ones(block, &least, &most);
	ck_assert(least == 8 && most == 8);

	flash_advance(rig->chip, RIG_ERASE_NS - 1);
	count_ones(block, &least, &most);
	ck_assert_int_lt(most, 16);

	flash_advance(rig->chip, RIG_ERASE_NS);
	require_filled(block, 0xFF);
	require_untouched_except(block.start, block.bytes);
}
END_TEST

START_TEST(erases_the_block_that_the_confirmation_addresses)
{
	for (u64 offset = 0; offset < RIG_BYTES; offset += KiB(4)) {
		struct flash_block block = flash_block_at(&rig_part, offset);

		start_erase(offset, 0);
		flash_advance(rig->chip, RIG_ERASE_NS);
		require_filled(block, 0xFF);
		require_untouched_except(block.start, block.bytes);
		teardown();
		setup();
	}
}
END_TEST

/* The array at a given time does not depend on how often the chip was asked before. */
START_TEST(progress_depends_on_the_time_alone)
{
	struct rig *other = rig_new();
	u64 asked = 0;

	ck_assert_ptr_nonnull(other);
	start_erase(TARGET, 0);
	rig_put(other, TARGET, 0x20, 0);
	rig_put(other, TARGET, 0xD0, 0);
	srand(99);
	while (asked < RIG_ERASE_NS) {
		asked += (u64)(rand() % (RIG_ERASE_NS / 10));
		for (u64 ns = 0; ns < asked; ns += RIG_ERASE_NS / 64)
			flash_advance(rig->chip, ns);
		flash_advance(rig->chip, asked);
		flash_advance(other->chip, asked);
		ck_assert(memcmp(rig->array, other->array, RIG_BYTES) == 0);
	}
	rig_free(other);
}
END_TEST

START_TEST(time_does_not_go_back)
{
	start_program(TARGET, 0x0000, 5000);
	rig_put(rig, 0, 0x70, 10);
	ck_assert_uint_eq(flash_busy_until(rig->chip), 5000 + RIG_PROGRAM_NS);
	flash_advance(rig->chip, 5000 + RIG_PROGRAM_NS);
	start_program(TARGET, 0x0000, 7);
	ck_assert_uint_eq(flash_busy_until(rig->chip), 5000 + 2ull * RIG_PROGRAM_NS);
	flash_advance(rig->chip, 0);
	ck_assert_uint_eq(flash_busy_until(rig->chip), 5000 + 2ull * RIG_PROGRAM_NS);
}
END_TEST

/* ---- bus ------------------------------------------------------------------------------------- */

/* What a read must return, put together from word cycles. */
static u64 read_by_words(u64 offset, u32 bytes)
{
	u64 value = 0;

	for (u32 i = 0; i < bytes && i < 8; i++) {
		u64 at = offset + i;
		u64 byte = 0xFF;

		if (offset < RIG_BYTES && at < RIG_BYTES)
			byte = (rig_get(rig, at & ~1ull, 0) >> (at & 1) * 8) & 0xFF;
		value |= byte << i * 8;
	}
	return value;
}

static const u8 read_modes[] = { 0xFF, 0x70, 0x90, 0x98 };
static const u64 odd_offsets[] = { 0,
				   1,
				   2,
				   3,
				   0x1F,
				   0x20,
				   0x21,
				   TARGET + 1,
				   RIG_BYTES - 9,
				   RIG_BYTES - 3,
				   RIG_BYTES - 1,
				   RIG_BYTES,
				   RIG_BYTES + 1,
				   UINT32_MAX,
				   1ull << 32,
				   UINT64_MAX - 7,
				   UINT64_MAX - 1,
				   UINT64_MAX };

START_TEST(any_offset_and_width_reads_the_right_lanes)
{
	rig_put(rig, 0, read_modes[_i], 0);
	for (size_t i = 0; i < ARRAY_LEN(odd_offsets); i++)
		for (u32 bytes = 0; bytes <= 8; bytes++)
			ck_assert_msg(flash_read(rig->chip, odd_offsets[i], bytes, 0) ==
					      read_by_words(odd_offsets[i], bytes),
				      "%u bytes at %#lx", bytes, (long)odd_offsets[i]);
	flash_read(rig->chip, 0, 9, 0);
	flash_read(rig->chip, RIG_BYTES - 1, UINT32_MAX, 0);
}
END_TEST

START_TEST(writes_beyond_the_chip_do_nothing)
{
	rig_put(rig, 0, 0x40, 0);
	rig_forget_events(rig);
	for (size_t i = 0; i < ARRAY_LEN(odd_offsets); i++)
		if (odd_offsets[i] >= RIG_BYTES)
			for (u32 bytes = 0; bytes <= 16; bytes++)
				flash_write(rig->chip, odd_offsets[i], bytes, 0, 0);
	flash_write(rig->chip, 0, 0, 0, 0);
	ck_assert_uint_eq(rig->nevents, 0);
	flash_write(rig->chip, RIG_BYTES - 2, UINT32_MAX, 0x1234, 0);
	ck_assert_uint_eq(rig->event[0].a, RIG_BYTES - 2);
	ck_assert_uint_eq(rig->event[0].c, 0x1234);
}
END_TEST

START_TEST(byte_write_programs_its_half_of_the_word)
{
	for (u64 lane = 0; lane < 2; lane++) {
		u8 other = rig_byte(TARGET + 1 - lane);

		rig_put(rig, TARGET, 0x40, lane * RIG_PROGRAM_NS);
		flash_write(rig->chip, TARGET + lane, 1, 0x00, lane * RIG_PROGRAM_NS);
		flash_advance(rig->chip, (lane + 1) * RIG_PROGRAM_NS);
		ck_assert_uint_eq(rig->array[TARGET + lane], 0x00);
		ck_assert_uint_eq(rig->array[TARGET + 1 - lane], lane ? 0x00 : other);
	}
	require_untouched_except(TARGET, 2);
}
END_TEST

START_TEST(byte_command_counts_on_the_even_lane_only)
{
	flash_write(rig->chip, TARGET, 1, 0x90, 0);
	ck_assert_uint_eq(rig_get(rig, 2, 0), 0x4321);
	flash_write(rig->chip, TARGET + 1, 1, 0x98, 0); /* DQ7-0 float high: FFh */
	ck_assert(flash_is_array(rig->chip));
	flash_write(rig->chip, TARGET, 1, 0x20, 0);
	flash_write(rig->chip, TARGET, 1, 0xD0, 0);
	ck_assert_uint_eq(flash_busy_until(rig->chip), RIG_ERASE_NS);
}
END_TEST

START_TEST(wide_write_is_one_cycle_for_each_word)
{
	/* 20h at a word, D0h at the next: a whole erase command in one 32-bit store */
	flash_write(rig->chip, TARGET, 4, 0x00D00020, 0);
	ck_assert_uint_eq(flash_busy_until(rig->chip), RIG_ERASE_NS);
	ck_assert_uint_eq(rig->event[1].a, TARGET + 2);
	flash_advance(rig->chip, RIG_ERASE_NS);

	/* 40h, data; then the chip is busy and ignores the rest */
	flash_write(rig->chip, TARGET, 8, 0x5678567812340040, RIG_ERASE_NS);
	flash_advance(rig->chip, 2ull * RIG_ERASE_NS);
	ck_assert_uint_eq(array_word(TARGET + 2), 0x1234);
	ck_assert_uint_eq(array_word(TARGET + 4), 0xFFFF);

	/* a store at an odd offset touches both neighbours, one lane each */
	rig_put(rig, 0, 0x40, 2ull * RIG_ERASE_NS);
	flash_write(rig->chip, ELSEWHERE + 1, 2, 0x0000, 2ull * RIG_ERASE_NS);
	flash_advance(rig->chip, 3ull * RIG_ERASE_NS);
	ck_assert_uint_eq(rig->array[ELSEWHERE], rig_byte(ELSEWHERE));
	ck_assert_uint_eq(rig->array[ELSEWHERE + 1], 0x00);
	ck_assert_uint_eq(rig->array[ELSEWHERE + 2], rig_byte(ELSEWHERE + 2));
}
END_TEST

START_TEST(noise_on_the_bus_is_harmless)
{
	u64 ns = 0;

	srand(1);
	for (int i = 0; i < 200000; i++) {
		u64 offset = (u64)rand() % (RIG_BYTES + 64);
		u32 bytes = (u32)rand() % 17;

		ns += (u64)rand() % RIG_PROGRAM_NS;
		if (rand() & 1)
			flash_write(rig->chip, offset, bytes, (u64)rand() * 0x10001, ns);
		else
			flash_read(rig->chip, offset, bytes, ns);
	}
	flash_advance(rig->chip, ns + 10ull * RIG_ERASE_NS);
	ck_assert_uint_eq(flash_busy_until(rig->chip), UINT64_MAX);
}
END_TEST

/* ---- what the owner is told ------------------------------------------------------------------ */

static void require_event(u32 index, enum rig_event_kind kind, u64 a, u64 b, u64 c, u64 ns)
{
	const struct rig_event *event = &rig->event[index];

	ck_assert_uint_lt(index, rig->nevents);
	ck_assert_int_eq(event->kind, kind);
	ck_assert_uint_eq(event->a, a);
	ck_assert_uint_eq(event->b, b);
	ck_assert_uint_eq(event->c, c);
	ck_assert_uint_eq(event->ns, ns);
}

START_TEST(owner_is_told_once_and_in_order)
{
	u64 end = 300 + RIG_PROGRAM_NS, later = end + 77;

	rig_put(rig, TARGET, 0x10, 100);
	rig_put(rig, TARGET, 0x1985, 300);
	for (u64 ns = 300; ns < end + 1000; ns += 20)
		flash_advance(rig->chip, ns);
	require_event(0, RIG_MODE, KVL_FLASH_READ_STATUS, 0, 0, 100);
	require_event(1, RIG_COMMAND, TARGET, 0x10, 0x1985, 300);
	require_event(2, RIG_STATE, KVL_FLASH_PROGRAM, 0x00, 0, 300);
	require_event(3, RIG_STATE, KVL_FLASH_IDLE, 0x80, 0, end);
	ck_assert_uint_eq(rig->nevents, 4);

	rig_forget_events(rig);
	rig_put(rig, 0, 0x70, later + 1000); /* no change of mode: nothing to tell */
	rig_put(rig, 0, 0x20, later + 1000);
	rig_put(rig, 0, 0x00, later + 1000); /* sequence error: no operation */
	ck_assert_uint_eq(rig->nevents, 0);
	start_erase(ELSEWHERE, later + 1000);
	rig_put(rig, 0, 0xFF, later + 1001); /* busy: ignored */
	rig_put(rig, 0, 0xFF, later + 1000 + 3ull * RIG_ERASE_NS);
	require_event(0, RIG_COMMAND, ELSEWHERE, 0x20, 0xD0, later + 1000);
	require_event(1, RIG_STATE, KVL_FLASH_ERASE, 0x00, 0, later + 1000);
	require_event(2, RIG_STATE, KVL_FLASH_IDLE, 0xB0, 0, later + 1000 + RIG_ERASE_NS);
	require_event(3, RIG_MODE, KVL_FLASH_READ_ARRAY, 0, 0, later + 1000 + 3ull * RIG_ERASE_NS);
	ck_assert_uint_eq(rig->nevents, 4);
}
END_TEST

START_TEST(owner_may_be_deaf)
{
	struct flash_observer silent = { 0 };
	struct flash_chip *chips[] = { flash_create(&rig_part, rig->array, NULL),
				       flash_create(&rig_part, rig->array, &silent) };

	for (size_t i = 0; i < ARRAY_LEN(chips); i++) {
		ck_assert_ptr_nonnull(chips[i]);
		flash_write(chips[i], TARGET, 2, 0x40, 0);
		flash_write(chips[i], TARGET, 2, 0x0000, 0);
		ck_assert_uint_eq(flash_read(chips[i], 0, 2, RIG_PROGRAM_NS), 0x80);
		flash_destroy(chips[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash");
	TCase *tcase = tcase_create("chip");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, every_byte_in_every_state, 0, STATES);
	tcase_add_test(tcase, powers_up_in_array_mode_and_ready);
	tcase_add_test(tcase, cancelled_erase_erases_nothing);
	tcase_add_test(tcase, errors_stay_until_cleared_and_only_they_are_cleared);
	tcase_add_test(tcase, whole_chip_returns_status_while_busy);
	tcase_add_test(tcase, errors_do_not_show_while_busy);
	tcase_add_test(tcase, programming_only_clears_bits);
	tcase_add_test(tcase, word_changes_bit_by_bit);
	tcase_add_test(tcase, program_takes_its_time_even_with_nothing_to_clear);
	tcase_add_test(tcase, erase_zeroes_from_the_end_then_raises_all_words);
	tcase_add_test(tcase, erases_the_block_that_the_confirmation_addresses);
	tcase_add_test(tcase, progress_depends_on_the_time_alone);
	tcase_add_test(tcase, time_does_not_go_back);
	tcase_add_loop_test(tcase, any_offset_and_width_reads_the_right_lanes, 0,
			    ARRAY_LEN(read_modes));
	tcase_add_test(tcase, writes_beyond_the_chip_do_nothing);
	tcase_add_test(tcase, byte_write_programs_its_half_of_the_word);
	tcase_add_test(tcase, byte_command_counts_on_the_even_lane_only);
	tcase_add_test(tcase, wide_write_is_one_cycle_for_each_word);
	tcase_add_test(tcase, noise_on_the_bus_is_harmless);
	tcase_add_test(tcase, owner_is_told_once_and_in_order);
	tcase_add_test(tcase, owner_may_be_deaf);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
