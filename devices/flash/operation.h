/* SPDX-License-Identifier: MIT */
/* An operation: how cells change, step by step, while it runs, rests, runs again and ends. */
#ifndef KVL_FLASH_OPERATION_H
#define KVL_FLASH_OPERATION_H

#include "devices/flash/flash.h"

/* Cells that are programmed in words: the array as one chip sees it, or what lies beside it. */
struct flash_cells {
	u8 *base;
	u32 stride;	/* bytes from one word to the next */
	u32 word_bytes; /* 1, 2 */
};

static inline u16 cells_get(const struct flash_cells *cells, u32 word)
{
	const u8 *at = cells->base + (size_t)word * cells->stride;

	return cells->word_bytes == 1 ? at[0] : (u16)(at[0] | at[1] << 8);
}

static inline void cells_put(const struct flash_cells *cells, u32 word, u16 value)
{
	u8 *at = cells->base + (size_t)word * cells->stride;

	at[0] = (u8)value;
	if (cells->word_bytes == 2)
		at[1] = (u8)(value >> 8);
}

enum flash_op_kind {
	FLASH_OP_NONE = 0, /* the rest has no meaning */
	FLASH_OP_PROGRAM,
	FLASH_OP_ERASE,
	FLASH_OP_CHECK,	 /* blank check: nothing changes */
	FLASH_OP_LOCK,	 /* one lock bit is set */
	FLASH_OP_UNLOCK, /* all lock bits are cleared, one after another */
};

/* How long an operation takes and how it ends; from the part, the seed and the faults. */
struct flash_fate {
	u64 duration_ns;
	bool stuck; /* it never ends */
	bool fails; /* it ends, but halfway */
	u32 weak;   /* one word in so many keeps a bit; 0: none does */
	u64 seed;   /* which words, and which bits */
};

struct flash_op {
	enum flash_op_kind kind;
	u32 partition;
	bool suspended;
	bool failed; /* once it has ended */
	struct flash_fate fate;
	u64 ran_ns;	 /* until it last began to run */
	u64 run_ns;	 /* when that was; may lie ahead: until then it makes no progress */
	u64 suspend_ns;	 /* when it comes to rest; UINT64_MAX: nobody asked */
	u64 next_ns;	 /* when its next step is due, or it ends or comes to rest */
	u32 steps, done; /* step n (from 1) is due after n/steps of the duration */
	/* program, erase: */
	struct flash_cells cells;
	u32 start, words; /* of the target; none: lock bits */
	u32 word, turn;	  /* program: the word now, and how many bits of its order were looked at */
	u16 pending[FLASH_MAX_BUFFER_BYTES]; /* program: bits of each word still to be cleared */
	/* erase, lock, unlock: */
	struct flash_nv_block *block, *blocks;
};

/*
 * Starts to program @words of @data into @cells from word @start on, at most a write buffer of
 * them, at @now_ns. Bits only go from 1 to 0.
 */
void op_program(struct flash_op *op, const struct flash_cells *cells, u32 start, const u16 *data,
		u32 words, const struct flash_fate *fate, u64 now_ns);

/* Starts to erase @words of @cells from @start on: the erase block that @block keeps account of. */
void op_erase(struct flash_op *op, const struct flash_cells *cells, u32 start, u32 words,
	      struct flash_nv_block *block, const struct flash_fate *fate, u64 now_ns);

/* Starts an operation that only takes time. */
void op_check(struct flash_op *op, u32 start, u32 words, const struct flash_fate *fate, u64 now_ns);

/* Starts to set the lock bit of @block, or to clear those of all @count of @blocks. */
void op_lock(struct flash_op *op, struct flash_nv_block *block, const struct flash_fate *fate,
	     u64 now_ns);
void op_unlock(struct flash_op *op, struct flash_nv_block *blocks, u32 count,
	       const struct flash_fate *fate, u64 now_ns);

static inline bool op_runs(const struct flash_op *op)
{
	return op->kind && !op->suspended;
}

/* It has any of @words of @cells from @first on in hand, running or suspended. */
bool op_has(const struct flash_op *op, const struct flash_cells *cells, u32 first, u32 words);

/* When it ends, or comes to rest; UINT64_MAX: it never does, or it does not run. */
u64 op_stops_at(const struct flash_op *op);

/*
 * Does what is due at @next_ns, of a running operation. True: a step was taken. False: it is over
 * (kind FLASH_OP_NONE, @failed tells how it ended) or suspended.
 */
bool op_proceed(struct flash_op *op);

/* Asks it to come to rest at @at_ns, if it has not ended by then. */
void op_suspend(struct flash_op *op, u64 at_ns);
/* It has not begun yet, and shall not before @from_ns. */
void op_postpone(struct flash_op *op, u64 from_ns);
/* Lets it go on; there is progress from @from_ns on. */
void op_resume(struct flash_op *op, u64 from_ns);

/* A hash in which every bit of @x counts. */
u64 flash_mix(u64 x);

/* The bit of @word that comes as number @turn, of a word of @bits: all of them in as many turns. */
u16 flash_bit_in_order(u32 word, u32 turn, u32 bits);

#endif
