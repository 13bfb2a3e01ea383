/* SPDX-License-Identifier: MIT */
/* QEMU's cfi.pflash02 and the model's command set 0002: the state they share, and the
 * differences. */
#ifndef KVL_TEST_AMD_RULES_H
#define KVL_TEST_AMD_RULES_H

#include "devices/flash/amd.h"
#include "tests/qemu/twins.h"

/*
 * What the chips are doing: of the model that is looked up in the model itself, since reads show
 * whether QEMU's chip is in the same state.
 */
struct amd_watch {
	struct amd_state before; /* of the model, before the last write */
	u32 word;		 /* that was last to be programmed */
	u16 was, data;		 /* what was there, and its data */
	bool phase_known;	 /* how the toggle bits of the two stand to each other */
	u16 phase;
	u32 reads;			    /* twins.qemu_reads, at the last write but F0h */
	u8 forgotten[FLASH_MAX_BLOCKS / 8]; /* sectors that only the model has not erased */
};
extern struct amd_watch amd_watch;

extern struct rule amd_rules[];
extern const size_t amd_nrules;
/* The rows that all tests need: QEMU's program takes no time. */
#define AMD_STRICT_RULES 1

static inline struct flash_chip *amd_chip(void)
{
	return &twins.bank->chip[0];
}

/* twins.alike: bits that a data sheet defines, and toggle bits by whether they toggle. */
bool amd_alike(const struct cycle *cycle);

/* A bus word. A write ends the program that it starts, and the suspension. */
u32 amd_look(u32 word);
void amd_cycle(u32 word, u32 data);
/* AAh, 55h, @command. */
void amd_command(u8 command);

/* Lets the erase end on both; then the sectors are alike. */
void amd_finish(void);

#endif
