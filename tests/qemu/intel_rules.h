/* SPDX-License-Identifier: MIT */
/* QEMU's cfi.pflash01 and the model's command set 0001: the state they share, and the
 * differences. */
#ifndef KVL_TEST_INTEL_RULES_H
#define KVL_TEST_INTEL_RULES_H

#include "tests/qemu/twins.h"

#define INTEL_BLOCK_BYTES 4096
#define INTEL_LINE_BYTES 256 /* QEMU's write buffer holds such a piece of the array */

enum intel_awaits { INTEL_IDLE = 0, INTEL_DATA, INTEL_CONFIRM, INTEL_COUNT, INTEL_LOAD, INTEL_GO };

/* What the chips are doing, from the cycles that they got. */
struct intel_state {
	enum intel_awaits awaits;
	u32 erase_at;	    /* where the first cycle of an erase was */
	u32 start, bytes;   /* of the words to program, the word to program, the block to erase */
	u32 count_at;	    /* where the count's cycle was */
	u32 loaded;	    /* cycles of words */
	u8 data[1024];	    /* the words; FFh where none was loaded */
	u8 before[1024];    /* what the array had there */
	bool erased;	    /* the last operation was an erase, of another block than erase_at */
	bool refused;	    /* QEMU's SR.4: it refuses the buffer */
	bool errors;	    /* the model's SR.5 and SR.4: command sequence error */
	bool not_ready;	    /* QEMU's SR.7 is 0 though it is ready */
	bool wide;	    /* the word to program came in an access of two bytes */
	bool line_by_count; /* QEMU's line is that of the count, not of the first word */
	bool never_one;	    /* it refuses a buffer of one word */
	bool after_error;   /* QEMU has programmed a buffer that the model refused */
};
extern struct intel_state intel;

static inline u32 intel_block_of(u32 offset)
{
	return offset & ~(INTEL_BLOCK_BYTES - 1u);
}

/* Status: ready; a buffer that QEMU will refuse. */
enum { INTEL_READY = 0x80, INTEL_QEMU_REFUSES = 0x90 };

/* The rows; row 0 is that QEMU's operations take no time. */
extern struct rule intel_rules[];
extern const size_t intel_nrules;

/* The model takes this word of a buffer. */
bool intel_may_load(u32 offset);
/* QEMU's chip, which awaits a first cycle: status 80h, and shown. */
void intel_clear_qemu_status(void);
/* The block of @offset is alike. The model is in read status mode, and QEMU's chip is so then. */
void intel_compare_block(u32 offset);

/* --- intel_follow.c --- */
/* Learns which version QEMU's chip is. False: it has words of a buffer in the array before D0h. */
bool intel_learn(void);

/* A write on both, followed: when it starts an operation, up to its end and to equal arrays. */
void intel_write(u32 offset, u32 bytes, u32 value);

#endif
