/* SPDX-License-Identifier: MIT */
/*
 * Owns how the array changes while an operation runs. Leaves to intel.c which operation starts, and
 * to chip.c the time and who is told.
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
 *          beginning, in as many chunks as pulses follow. That direction is the one that the authors of
 *          Linux's UBI saw on an S29GL512N (drivers/mtd/ubi/io.c, nor_erase_prepare()): the cut
 *          that hurts most, a node's header intact and its data gone. Then erase pulses: they act
 *          on the whole block at once, so each of them raises one bit in every word.
 *          Half of the time goes to each phase; no source gives a ratio for this family.
 */
#include <string.h>

#include "devices/flash/operation.h"

static u32 word_bits(const struct flash_part *part)
{
	return part->bus_bytes * 8;
}

/* The bit of @word that comes as number @turn: 5 is odd, so as many turns as bits name them all. */
static u16 bit_in_order(const struct flash_op *op, u32 word, u32 turn)
{
	return (u16)(1u << ((word * 7 + turn * 5) % word_bits(op->part)));
}

u16 flash_get_word(const struct flash_part *part, const u8 *at)
{
	u16 value = 0;

	for (u32 i = 0; i < part->bus_bytes; i++)
		value |= (u16)(at[i] << i * 8);
	return value;
}

void flash_put_word(const struct flash_part *part, u8 *at, u16 value)
{
	for (u32 i = 0; i < part->bus_bytes; i++)
		at[i] = (u8)(value >> i * 8);
}

static u16 get_word(const struct flash_op *op, u32 at)
{
	return flash_get_word(op->part, op->target + at);
}

static void put_word(const struct flash_op *op, u32 at, u16 value)
{
	flash_put_word(op->part, op->target + at, value);
}

static void start(struct flash_op *op, enum kvl_flash_state state, u64 now_ns, u64 duration_ns)
{
	op->state = state;
	op->start_ns = now_ns;
	op->end_ns = now_ns + duration_ns;
	op->done = 0;
	op->turn = 0;
}

void flash_op_program(struct flash_op *op, const struct flash_part *part, u8 *array, u32 offset,
		      const u8 *data, u32 bytes, u32 duration_us, u64 now_ns)
{
	op->part = part;
	op->target = array + offset;
	op->bytes = bytes;
	op->word = offset / part->bus_bytes;
	op->at = 0;
	op->steps = 0;
	for (u32 i = 0; i < bytes; i++) {
		op->pending[i] = op->target[i] & (u8)~data[i];
		op->steps += (u32)__builtin_popcount(op->pending[i]);
	}
	start(op, KVL_FLASH_PROGRAM, now_ns, duration_us * 1000ull);
}

void flash_op_erase(struct flash_op *op, const struct flash_part *part, u8 *array, u32 offset,
		    u64 now_ns)
{
	struct flash_block block = flash_block_at(part, offset);

	op->part = part;
	op->target = array + block.start;
	op->bytes = block.bytes;
	op->word = (u32)(block.start / part->bus_bytes);
	op->steps = 2 * word_bits(part);
	start(op, KVL_FLASH_ERASE, now_ns, part->erase_typ_ms * 1000000ull);
}

/* The words in ascending order. There is a bit left, or this would not be due. */
static void program_step(struct flash_op *op)
{
	u16 pending, bit;

	while (!(pending = flash_get_word(op->part, op->pending + op->at))) {
		op->at += op->part->bus_bytes;
		op->word++;
	}
	do
		bit = bit_in_order(op, op->word, op->turn++);
	while (!(pending & bit));
	flash_put_word(op->part, op->pending + op->at, pending & (u16)~bit);
	put_word(op, op->at, get_word(op, op->at) & (u16)~bit);
}

static void precondition(struct flash_op *op, u32 chunk)
{
	u32 chunks = op->steps / 2, bytes = op->bytes / chunks;

	memset(op->target + (chunks - 1 - chunk) * bytes, 0, bytes);
}

static void erase_pulse(struct flash_op *op, u32 pulse)
{
	u32 width = op->part->bus_bytes;

	for (u32 i = 0; i < op->bytes; i += width) {
		u16 bit = bit_in_order(op, op->word + i / width, pulse);

		put_word(op, i, get_word(op, i) | bit);
	}
}

static void step(struct flash_op *op)
{
	u32 n = op->done++;

	if (op->state == KVL_FLASH_PROGRAM)
		program_step(op);
	else if (n < op->steps / 2)
		precondition(op, n);
	else
		erase_pulse(op, n - op->steps / 2);
}

static u32 steps_due(const struct flash_op *op, u64 now_ns)
{
	if (now_ns >= op->end_ns)
		return op->steps;
	return (u32)((now_ns - op->start_ns) * op->steps / (op->end_ns - op->start_ns));
}

bool flash_op_advance(struct flash_op *op, u64 now_ns)
{
	u32 due;

	if (op->state == KVL_FLASH_IDLE)
		return false;
	due = steps_due(op, now_ns);
	while (op->done < due)
		step(op);
	if (now_ns < op->end_ns)
		return false;
	op->state = KVL_FLASH_IDLE;
	return true;
}
