/* SPDX-License-Identifier: MIT */
/*
 * A bench for tests of command state machines: a small chip and its model side by side. Every step
 * is done to both; states_compare() then looks at all that can be seen of them.
 */
#ifndef TEST_FLASH_STATES_RIG_H
#define TEST_FLASH_STATES_RIG_H

#include "tests/unit/flash_model.h"
#include "tests/unit/suite.h"

#define STATES_MAX_BYTES KiB(64)
#define STATES_MAX_PROBES 96
#define STATES_HISTORY 24

struct states_step {
	enum { STEP_NONE, STEP_WRITE, STEP_WAIT } kind;
	u64 offset, value, now;
	const char *state; /* the model's, before it */
};

struct states_rig {
	/* Filled in before states_open(). */
	const char *name;
	struct flash_part part; /* of no more than STATES_MAX_BYTES */
	struct flash_config config;
	struct flash_model *model;
	const struct flash_model_ops *ops;
	u64 blank;  /* where a block is that is erased */
	u32 stored; /* blocks that are locked by a cell, as bits */
	u64 probe[STATES_MAX_PROBES];
	u32 nprobes;

	const char *way; /* for messages */
	u32 bus_bytes;
	struct flash_bank *bank;
	u8 array[STATES_MAX_BYTES], model_array[STATES_MAX_BYTES], pristine[STATES_MAX_BYTES];
	struct flash_nv *nv, *pristine_nv;
	struct model_cells cells;
	u64 now;
	struct flash_block block[MODEL_MAX_BLOCKS];
	u32 nblocks;
	struct told told[MODEL_MAX_TOLD];
	u32 ntold;
	u16 last_read, toggled; /* bits that are to be the other way in the next status read */
	struct {
		u32 reads, ones;
	} once[16]; /* of each bit that varies, where the next read returns something else */
	u64 generation;
	u32 shown;
	struct states_step history[STATES_HISTORY];
	u32 steps;
};

extern struct states_rig *states;

/* A rig to be filled in; the test's own process ends with it. */
void states_new(const char *name, const char *part, u32 bus_bytes);
void states_add_probe(u64 offset);
void states_open(void);
/* Frees the rig; the model is the caller's. */
void states_close(void);

/* The chip after power-up, with its array and cells as they were at first. */
void states_renew(void);

/* The power goes and comes; what operations had in hand is left half done. */
void states_power_cut(void);

void states_write(u64 offset, u16 value);
void states_wait(u64 ns);
/* As states_wait(), but the chip learns of it at the next step. */
void states_pass(u64 ns);
/* Until what runs, if anything, ends or rests. */
void states_wait_until_idle(void);
/* Time until then; 0: nothing runs, or for ever. */
u64 states_time_left(void);

/* All reads at the probes from @first on, every @nth of them. */
void states_compare(u32 first, u32 nth);
void states_compare_all(void);
/* Array and other cells behind the bus, if no operation has them in hand. */
void states_compare_cells(void);

/* A sequence of numbers below @n that depends on the seed alone. */
void states_seed(u64 seed);
u32 states_below(u32 n);

/* A test, and how often it is run, with another number each time. */
struct states_tests {
	const TTest *test;
	int times;
};

/* For main() to return. */
int states_run(const char *name, struct states_tests cells, struct states_tests sequences,
	       struct states_tests walk);

#endif
