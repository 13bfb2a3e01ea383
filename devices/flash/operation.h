/* SPDX-License-Identifier: MIT */
/* A program or erase operation: how the array changes, step by step, while it runs. */
#ifndef KVL_FLASH_OPERATION_H
#define KVL_FLASH_OPERATION_H

#include "devices/flash/flash.h"

struct flash_op {
	const struct flash_part *part;
	enum kvl_flash_state state; /* KVL_FLASH_IDLE: nothing runs, the rest has no meaning */
	u64 start_ns, end_ns;
	u32 steps, done; /* step n (from 1) is due at start + n/steps of the time */
	u8 *target;	 /* the word or the block, in the array */
	u32 bytes;
	u32 word; /* index of the word now, or of a block's first: seeds the order of its bits */
	/* program: */
	u8 pending[FLASH_MAX_BUFFER_BYTES]; /* bits of the target still to be cleared */
	u32 at;				    /* byte of the target, of the word now */
	u32 turn;			    /* bits of that word's order that were looked at */
};

/* The bus word at @at, in the array. */
u16 flash_get_word(const struct flash_part *part, const u8 *at);

/* A word as it lies in the array. */
void flash_put_word(const struct flash_part *part, u8 *at, u16 value);

/*
 * Starts to program @bytes of @data, at most a write buffer of them, into the bus words that begin
 * at @offset (all inside the chip); done after @duration_us.
 */
void flash_op_program(struct flash_op *op, const struct flash_part *part, u8 *array, u32 offset,
		      const u8 *data, u32 bytes, u32 duration_us, u64 now_ns);

/* Starts to erase the block that holds @offset (inside the chip). */
void flash_op_erase(struct flash_op *op, const struct flash_part *part, u8 *array, u32 offset,
		    u64 now_ns);

/* Applies the steps that are due at @now_ns. True if the operation has ended with this call. */
bool flash_op_advance(struct flash_op *op, u64 now_ns);

#endif
