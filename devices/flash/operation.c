/* SPDX-License-Identifier: MIT */
/*
 * Owns how cells change while an operation runs. Leaves to the command sets which operation starts,
 * and to chip.c the time and who is told.
 *
 * Data sheets promise only the end: bits programmed are 0, a block erased is FFh. What lies between
 * is internal ("invisible to the system", J3 data sheet, section 4.6), but a power cut shows it. So
 * the steps below are a choice, made to leave the states that real chips were seen to leave:
 *
 * program  The requested bits go from 1 to 0 one after another, in an order of their own for each
 *          word: cells reach their level after different numbers of pulses. Cut short, any of the
 *          requested bits may be missing, and no other bit has changed. The words of a write buffer
 *          come one after another.
 *
 * erase    First "block preconditioning": the block is programmed to 00h, from its end to its
 *          beginning, in as many chunks as pulses follow. That direction is the one that the
 *          authors of Linux's UBI saw on an S29GL512N (drivers/mtd/ubi/io.c, nor_erase_prepare()):
 *          the cut that hurts most, a node's header intact and its data gone. Then erase pulses:
 *          they act on the whole block at once, so each of them raises one bit in every word. Half
 *          of the time goes to each phase; no source gives a ratio for this family.
 *
 * The block's mark (struct flash_nv_block, erasing) is stored before the step that it announces, so
 * that whoever is killed in between leaves a mark that is true.
 */
#include <string.h>

#include "devices/flash/operation.h"

/* 5 is odd, so as many turns as bits (8 or 16) name them all. */
static u32 nth_in_order(u32 word, u32 turn, u32 bits)
{
	return (word * 7 + turn * 5) & (bits - 1);
}

u16 flash_bit_in_order(u32 word, u32 turn, u32 bits)
{
	return (u16)(1u << nth_in_order(word, turn, bits));
}

static u32 word_bits(const struct flash_op *op)
{
	return op->cells.word_bytes * 8;
}

/* What the compiler must not move: the process may be killed between any two stores. */
static void store_in_order(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void set_mark(struct flash_nv_block *block, u8 mark)
{
	store_in_order();
	block->erasing = mark;
	store_in_order();
}

/* --- start ------------------------------------------------------------------------------------ */
static void plan(struct flash_op *op);

static void start(struct flash_op *op, enum flash_op_kind kind, const struct flash_fate *fate,
		  u64 now_ns)
{
	op->kind = kind;
	op->suspended = false;
	op->failed = false;
	op->fate = *fate;
	op->ran_ns = 0;
	op->run_ns = now_ns;
	op->suspend_ns = UINT64_MAX;
	op->done = 0;
	if (fate->fails)
		op->steps /= 2;
	plan(op);
}

/* splitmix64's finalizer. */
u64 flash_mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* A weak word keeps the lowest bit that it should lose, and nobody is told. */
static u16 weakened(const struct flash_fate *fate, u32 word, u16 bits)
{
	if (!fate->weak || flash_mix(fate->seed + word) % fate->weak)
		return bits;
	return bits & (u16)(bits - 1);
}

void op_program(struct flash_op *op, const struct flash_cells *cells, u32 first, const u16 *data,
		u32 words, const struct flash_fate *fate, u64 now_ns)
{
	op->cells = *cells;
	op->start = first;
	op->words = words;
	op->word = 0;
	op->turn = 0;
	op->steps = 0;
	for (u32 i = 0; i < words; i++) {
		u16 bits = cells_get(cells, first + i) & (u16)~data[i];

		op->pending[i] = weakened(fate, first + i, bits);
		op->steps += (u32)__builtin_popcount(op->pending[i]);
	}
	start(op, FLASH_OP_PROGRAM, fate, now_ns);
}

void op_erase(struct flash_op *op, const struct flash_cells *cells, u32 first, u32 words,
	      struct flash_nv_block *block, const struct flash_fate *fate, u64 now_ns)
{
	op->cells = *cells;
	op->start = first;
	op->words = words;
	op->block = block;
	op->steps = 2 * word_bits(op);
	start(op, FLASH_OP_ERASE, fate, now_ns);
}

void op_check(struct flash_op *op, u32 first, u32 words, const struct flash_fate *fate, u64 now_ns)
{
	op->start = first;
	op->words = words;
	op->steps = 0;
	start(op, FLASH_OP_CHECK, fate, now_ns);
}

void op_lock(struct flash_op *op, struct flash_nv_block *block, const struct flash_fate *fate,
	     u64 now_ns)
{
	op->words = 0;
	op->block = block;
	op->steps = 1;
	start(op, FLASH_OP_LOCK, fate, now_ns);
}

void op_unlock(struct flash_op *op, struct flash_nv_block *blocks, u32 count,
	       const struct flash_fate *fate, u64 now_ns)
{
	op->words = 0;
	op->block = blocks;
	op->steps = count;
	start(op, FLASH_OP_UNLOCK, fate, now_ns);
}

/* A program may be one of cells beside the array, whose words have numbers of their own. */
bool op_has(const struct flash_op *op, const struct flash_cells *cells, u32 first, u32 words)
{
	return op->kind && op->cells.base == cells->base && op->start < first + words &&
	       first < op->start + op->words;
}

/* --- steps ------------------------------------------------------------------------------------ */
/* There is a bit left, or this would not be due. */
static void program_step(struct flash_op *op)
{
	u16 bit;

	while (!op->pending[op->word])
		op->word++;
	do
		bit = flash_bit_in_order(op->start + op->word, op->turn++, word_bits(op));
	while (!(op->pending[op->word] & bit));
	op->pending[op->word] &= (u16)~bit;
	cells_put(&op->cells, op->start + op->word,
		  cells_get(&op->cells, op->start + op->word) & (u16)~bit);
}

static void precondition(struct flash_op *op, u32 chunk)
{
	u32 chunks = word_bits(op), words = op->words / chunks;
	u32 at = op->start + (chunks - 1 - chunk) * words;

	/* The mark of an earlier pulse stays: what is not zeroed yet is still between the
	 * levels. */
	if (!flash_nv_unstable(op->block))
		set_mark(op->block, 1);
	for (u32 end = at + words; at < end; at++)
		cells_put(&op->cells, at, 0);
}

static void erase_pulse(struct flash_op *op, u32 pulse)
{
	u8 *at = op->cells.base + (size_t)op->start * op->cells.stride;
	u32 bits = word_bits(op);

	set_mark(op->block, (u8)(2 + pulse));
	for (u32 i = 0; i < op->words; i++, at += op->cells.stride) {
		u32 bit = nth_in_order(op->start + i, pulse, bits);

		at[bit / 8] |= (u8)(1u << bit % 8);
	}
}

static void step(struct flash_op *op)
{
	u32 n = op->done++;

	switch (op->kind) {
	case FLASH_OP_PROGRAM: program_step(op); break;
	case FLASH_OP_ERASE:
		if (n < word_bits(op))
			precondition(op, n);
		else
			erase_pulse(op, n - word_bits(op));
		break;
	case FLASH_OP_LOCK: op->block->locked = 1; break;
	case FLASH_OP_UNLOCK: op->block[n].locked = 0; break;
	case FLASH_OP_CHECK:
	case FLASH_OP_NONE: break;
	}
}

/* --- time ------------------------------------------------------------------------------------- */
static u64 end_ns(const struct flash_op *op)
{
	return op->fate.stuck ? UINT64_MAX : op->run_ns + (op->fate.duration_ns - op->ran_ns);
}

u64 op_stops_at(const struct flash_op *op)
{
	u64 end = end_ns(op);

	if (!op_runs(op))
		return UINT64_MAX;
	return op->suspend_ns < end ? op->suspend_ns : end;
}

/* When the step after @done is due, if the operation goes on; the last step of a stuck one never
 * is. */
static u64 step_ns(const struct flash_op *op)
{
	u64 after;

	if (op->done >= op->steps || (op->fate.stuck && op->done + 1 == op->steps))
		return UINT64_MAX;
	after = ((op->done + 1) * op->fate.duration_ns + op->steps - 1) / op->steps;
	return op->run_ns + (after - op->ran_ns);
}

static void plan(struct flash_op *op)
{
	u64 stop = op_stops_at(op), next = step_ns(op);

	op->next_ns = next < stop ? next : stop;
}

static void end(struct flash_op *op)
{
	if (op->kind == FLASH_OP_ERASE && !op->fate.fails) {
		op->block->cycles += op->block->cycles != UINT32_MAX;
		set_mark(op->block, 0);
	}
	op->failed = op->fate.fails;
	op->kind = FLASH_OP_NONE;
}

static void rest(struct flash_op *op)
{
	if (op->suspend_ns > op->run_ns)
		op->ran_ns += op->suspend_ns - op->run_ns;
	op->suspended = true;
}

bool op_proceed(struct flash_op *op)
{
	if (step_ns(op) <= op_stops_at(op) && step_ns(op) != UINT64_MAX) {
		step(op);
		plan(op);
		return true;
	}
	if (end_ns(op) <= op->suspend_ns)
		end(op);
	else
		rest(op);
	return false;
}

void op_suspend(struct flash_op *op, u64 at_ns)
{
	if (at_ns < op->suspend_ns)
		op->suspend_ns = at_ns;
	plan(op);
}

void op_postpone(struct flash_op *op, u64 from_ns)
{
	op->run_ns = from_ns;
	plan(op);
}

void op_resume(struct flash_op *op, u64 from_ns)
{
	op->suspended = false;
	op->suspend_ns = UINT64_MAX;
	op->run_ns = from_ns;
	plan(op);
}
