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
	u32 word;    /* index of the first word, which seeds the order of its bits */
	u16 pending; /* program: bits still to be cleared */
	u32 turn;    /* program: bits of the order that were looked at */
};

/* The bus word at @at, in the array. */
u16 flash_get_word(const struct flash_part *part, const u8 *at);

/* Starts to program @data into the bus word that begins at @offset (inside the chip). */
void flash_op_program(struct flash_op *op, const struct flash_part *part, u8 *array, u32 offset,
		      u16 data, u64 now_ns);

/* Starts to erase the block that holds @offset (inside the chip). */
void flash_op_erase(struct flash_op *op, const struct flash_part *part, u8 *array, u32 offset,
		    u64 now_ns);

/* Applies the steps that are due at @now_ns. True if the operation has ended with this call. */
bool flash_op_advance(struct flash_op *op, u64 now_ns);

#endif
