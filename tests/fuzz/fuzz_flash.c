/* SPDX-License-Identifier: MIT */
/*
 * A libFuzzer target: bytes become a bank and what is done to it. Owns the language of these bytes;
 * leaves to flash_watch.c what must hold after each step. FUZZ_TRACE=1 prints the steps.
 *
 * A header (bench.h), then steps, each of one byte (bits 2..0: what; 5..3: width; 7..6: on which
 * lanes) and operands:
 *
 *	0 place data	    a write
 *	1 place data data   two writes at one place
 *	2 place		    a read
 *	3 time		    time passes
 *	4 place data	    two unlock cycles of set 0002 in the place's partition, data at 555h
 *	5 place count data  writes to consecutive bus words
 *	6		    power and time, by width: power_actions
 *	7 place count	    reads of one place, some time apart
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/bench.h"
#include "tests/fuzz/told.h"

#define MAX_CYCLES 2048u   /* of one input */
#define MAX_REAL_STEPS 24u /* of one about a part in its real size, of which each takes long */
#define LAST_NS (1ull << 62)

enum { DO_WRITE, DO_TWO_WRITES, DO_READ, DO_WAIT, DO_UNLOCKED, DO_RUN, DO_POWER, DO_POLL };
enum {
	POWER_CYCLE,
	POWER_CUT,
	POWER_UP,
	POWER_REOPEN,
	POWER_SOME_STEPS, /* of an operation pass, not power */
	POWER_EARLIER,	  /* a read at a time that has been */
	POWER_UP_AGAIN,
	POWER_NOTHING,
};

struct fuzz {
	struct input input;
	struct bench bench;
	u64 last; /* the place before */
	u32 cycles;
};

static bool verbose;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
const char *__asan_default_options(void);

/* Inputs take microseconds: what was freed need not be kept long. */
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=16:malloc_context_size=4";
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	verbose = getenv("FUZZ_TRACE");
	bench_init(verbose);
	return 0;
}

/* --- places and data -------------------------------------------------------------------------- */
static u64 take16(struct fuzz *fuzz)
{
	u64 low = input_byte(&fuzz->input);

	return low | (u64)input_byte(&fuzz->input) << 8;
}

/* A word address of the data sheet's tables, in the partition of block @block. */
static u64 table_address(const struct fuzz *fuzz, u32 block, u64 address)
{
	const struct geometry *geometry = &fuzz->bench.geometry;
	u32 partition = geometry->partition[block];

	return (geometry->partition_start[partition] +
		address * fuzz->bench.config.flash.part->native_bytes) *
	       geometry->chips;
}

static u64 beyond(const struct fuzz *fuzz, u32 which)
{
	switch (which) {
	case 0: return fuzz->bench.geometry.bytes;
	case 1: return fuzz->bench.geometry.bytes + 1;
	case 2: return 2 * fuzz->bench.geometry.bytes;
	case 3: return UINT64_MAX;
	case 4: return UINT64_MAX - 7;
	case 5: return 1ull << 32;
	case 6: return (1ull << 32) * fuzz->bench.geometry.bus;
	default: return (u64)which << 60;
	}
}

static u32 choose_block(const struct fuzz *fuzz, u32 which)
{
	u32 blocks = fuzz->bench.geometry.blocks, nth = (which & 7) % blocks;

	return which & 8 ? blocks - 1 - nth : nth;
}

/* Bits 7..4: which block, from either end; 3..0: which place of it. */
static u64 take_place(struct fuzz *fuzz)
{
	const struct geometry *geometry = &fuzz->bench.geometry;
	u8 place = input_byte(&fuzz->input);
	u32 block = choose_block(fuzz, place >> 4);
	u64 start = (u64)geometry->start[block] * geometry->chips;
	u64 end = (u64)geometry->start[block + 1] * geometry->chips;

	switch (place & 15) {
	case 0: return start;
	case 1: return end - geometry->bus;
	case 2: return start + (u64)input_byte(&fuzz->input) * geometry->bus;
	case 3: return start + take16(fuzz);
	case 4: return table_address(fuzz, block, 0x555);
	case 5: return table_address(fuzz, block, 0x2AA);
	case 6: return table_address(fuzz, block, 0xAAA);
	case 7: return table_address(fuzz, block, 0x55);
	case 8: return table_address(fuzz, block, 0x80 + input_byte(&fuzz->input));
	case 9: return table_address(fuzz, block, input_byte(&fuzz->input));
	case 10: return fuzz->last;
	case 11: return fuzz->last + geometry->bus;
	case 12: return fuzz->bench.geometry.bytes - 1 - (place >> 4);
	case 13: return beyond(fuzz, place >> 4);
	case 14: return start - (place >> 4 ? 1 : 0);
	default: return table_address(fuzz, block, take16(fuzz));
	}
}

static u64 place(struct fuzz *fuzz)
{
	fuzz->last = take_place(fuzz);
	return fuzz->last;
}

static u32 width_of(const struct fuzz *fuzz, u8 step)
{
	static const u32 widths[] = { 0, 0, 0, 1, 2, 4, 8 };
	static const u32 odd[] = { 0, 3, 5, 6, 7, 9, 16, UINT32_MAX };
	u32 which = step >> 3 & 7;

	if (which == 7)
		return odd[fuzz->input.left & 7];
	return widths[which] ? widths[which] : fuzz->bench.geometry.bus;
}

/* @data for each chip; in every byte; anything; for the first chip, with an odd upper byte. */
static u64 on_lanes(const struct fuzz *fuzz, u8 step, u8 data)
{
	u32 lane_bits = fuzz->bench.geometry.lane * 8;
	u64 value = 0;

	switch (step >> 6) {
	case 0:
		for (u32 i = 0; i < 64; i += lane_bits)
			value |= (u64)data << i;
		return value;
	case 1: return data * 0x0101010101010101ull;
	case 2: return told_mix(data, fuzz->bench.config.flash.seed);
	default: return lane_bits == 8 ? data | ~0xFFull : data | 0xFFFFFFFFFFFFA500ull;
	}
}

/* --- steps ------------------------------------------------------------------------------------ */
static void trace(const struct fuzz *fuzz, const char *what, u64 offset, u32 bytes, u64 value)
{
	if (verbose)
		fprintf(stderr, "%llu ns: %s %llx, %u bytes: %llx\n",
			(unsigned long long)watch_now(fuzz->bench.watch), what,
			(unsigned long long)offset, bytes, (unsigned long long)value);
}

static void write_at(struct fuzz *fuzz, u64 offset, u32 bytes, u64 value)
{
	fuzz->cycles++;
	trace(fuzz, "write", offset, bytes, value);
	watch_write(fuzz->bench.watch, offset, bytes, value, watch_now(fuzz->bench.watch));
}

static void read_at(struct fuzz *fuzz, u64 offset, u32 bytes)
{
	fuzz->cycles++;
	trace(fuzz, "read", offset, bytes,
	      watch_read(fuzz->bench.watch, offset, bytes, watch_now(fuzz->bench.watch)));
}

/* Of a part in its real size a sector is erased at a time: a whole chip takes seconds. */
static void wait_until(struct fuzz *fuzz, u64 now_ns)
{
	if (now_ns > LAST_NS)
		now_ns = LAST_NS;
	if (fuzz->bench.config.sparse && now_ns > watch_busy_until(fuzz->bench.watch))
		now_ns = watch_busy_until(fuzz->bench.watch);
	trace(fuzz, "wait until", now_ns, 0, 0);
	watch_advance(fuzz->bench.watch, now_ns);
}

/* Bits 2..0: of what; 7..3: how much. */
static void pass_time(struct fuzz *fuzz, u8 time)
{
	u64 now = watch_now(fuzz->bench.watch), until = watch_busy_until(fuzz->bench.watch);
	u32 n = time >> 3;

	if (until == UINT64_MAX)
		until = now;
	switch (time & 7) {
	case 0: wait_until(fuzz, now + n); break;
	case 1: wait_until(fuzz, now + n * 1000); break;
	case 2: wait_until(fuzz, now + n * 64000); break;
	case 3: wait_until(fuzz, now + n * 16000000ull); break;
	case 4: wait_until(fuzz, until + n); break;
	case 5: wait_until(fuzz, until - (until > now)); break;
	case 6: wait_until(fuzz, now + (until - now) / 32 * n); break;
	case 7: wait_until(fuzz, now + (1000000000ull << n)); break;
	}
}

static void unlocked(struct fuzz *fuzz, u8 step, u64 offset, u8 data)
{
	u32 bytes = width_of(fuzz, step);
	u32 block =
		offset < fuzz->bench.geometry.bytes
			? geometry_block(&fuzz->bench.geometry, offset / fuzz->bench.geometry.chips)
			: 0;

	write_at(fuzz, table_address(fuzz, block, 0x555), bytes, on_lanes(fuzz, step, 0xAA));
	write_at(fuzz, table_address(fuzz, block, 0x2AA), bytes, on_lanes(fuzz, step, 0x55));
	write_at(fuzz, table_address(fuzz, block, 0x555), bytes, on_lanes(fuzz, step, data));
}

/* One to 128 words, or up to as many as a write buffer has bytes. */
static void run(struct fuzz *fuzz, u8 step, u64 offset, u8 count, u8 data)
{
	u32 words = count < 128 ? count + 1u : (count - 127u) * 8;

	for (u32 i = 0; i < words && fuzz->cycles < MAX_CYCLES; i++)
		write_at(fuzz, offset + (u64)i * fuzz->bench.geometry.bus, width_of(fuzz, step),
			 on_lanes(fuzz, step, (u8)(data + i)));
	fuzz->last = offset + (u64)(words - 1) * fuzz->bench.geometry.bus;
}

static void poll(struct fuzz *fuzz, u8 step, u64 offset, u8 count)
{
	u32 bytes = width_of(fuzz, step);

	for (u32 i = 0; i <= (count & 15u); i++) {
		read_at(fuzz, offset, bytes);
		if (count >> 4 && !fuzz->bench.config.sparse)
			wait_until(fuzz,
				   watch_now(fuzz->bench.watch) + (100ull << (count >> 4) * 2));
	}
}

static void act_on_power(struct fuzz *fuzz, u32 action)
{
	struct watch *watch = fuzz->bench.watch;
	u64 now = watch_now(watch);

	trace(fuzz, "power", action, 0, 0);
	switch (action) {
	case POWER_CYCLE:
		watch_power_cut(watch);
		watch_step(watch);
		watch_power_up(watch);
		break;
	case POWER_CUT: watch_power_cut(watch); break;
	case POWER_UP:
	case POWER_UP_AGAIN: watch_power_up(watch); break;
	case POWER_REOPEN: watch_reopen(watch); break;
	case POWER_SOME_STEPS: pass_time(fuzz, 6 | 2 << 3); break;
	case POWER_EARLIER: watch_read(watch, fuzz->last, 1, now / 2); break;
	case POWER_NOTHING: break;
	}
}

static void do_step(struct fuzz *fuzz)
{
	u8 step = input_byte(&fuzz->input), data;
	u64 offset = 0;

	switch (step & 7) {
	case DO_WAIT:
	case DO_POWER: break;
	default: offset = place(fuzz);
	}
	data = (step & 7) == DO_READ || (step & 7) == DO_POWER ? 0 : input_byte(&fuzz->input);
	switch (step & 7) {
	case DO_TWO_WRITES:
		write_at(fuzz, offset, width_of(fuzz, step), on_lanes(fuzz, step, data));
		data = input_byte(&fuzz->input);
		write_at(fuzz, offset, width_of(fuzz, step), on_lanes(fuzz, step, data));
		break;
	case DO_WRITE:
		write_at(fuzz, offset, width_of(fuzz, step), on_lanes(fuzz, step, data));
		break;
	case DO_READ: read_at(fuzz, offset, width_of(fuzz, step)); break;
	case DO_WAIT: pass_time(fuzz, data); break;
	case DO_UNLOCKED: unlocked(fuzz, step, offset, data); break;
	case DO_RUN: run(fuzz, step, offset, data, input_byte(&fuzz->input)); break;
	case DO_POWER: act_on_power(fuzz, step >> 3 & 7); break;
	case DO_POLL: poll(fuzz, step, offset, data); break;
	}
	watch_step(fuzz->bench.watch);
}

/* --- an input --------------------------------------------------------------------------------- */
/* Does it all. @again: in another way, from which the same must come. */
static u64 run_input(const u8 *data, size_t size, bool again)
{
	static struct fuzz fuzz;
	struct bench_header header;
	u64 digest;

	fuzz = (struct fuzz){ .input = { data, size } };
	header = bench_header(&fuzz.input);
	if (!bench_has_row(&header))
		return 0;
	bench_open(&fuzz.bench, &header, again);
	if (verbose)
		fprintf(stderr, "%s, %u blocks, %u chips on %u bytes, %s\n",
			fuzz.bench.config.flash.part->name, fuzz.bench.geometry.blocks,
			fuzz.bench.geometry.chips, fuzz.bench.geometry.bus,
			again ? "again" : "for the first time");
	watch_step(fuzz.bench.watch);
	for (u32 i = 0; fuzz.input.left && fuzz.cycles < MAX_CYCLES; i++) {
		if (fuzz.bench.config.sparse && i == MAX_REAL_STEPS)
			break;
		do_step(&fuzz);
	}
	watch_finish(fuzz.bench.watch);
	digest = watch_digest(fuzz.bench.watch);
	bench_close(&fuzz.bench);
	return digest;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u64 digest = run_input(data, size, false);

	if (size && data[0] & 64)
		demand(run_input(data, size, true) == digest,
		       "the same again, with other strides of time, has another end");
	return 0;
}
