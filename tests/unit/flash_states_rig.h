/* SPDX-License-Identifier: MIT */
/*
 * A bench for test_flash_states.c: a small chip of each family and its model, side by side. Every
 * step is done to both; states_compare() then looks at all that can be seen of them.
 */
#ifndef TEST_FLASH_STATES_RIG_H
#define TEST_FLASH_STATES_RIG_H

#include "tests/unit/intel_model.h"

/* Where cycles go. In a chip without partitions all are in the one. */
enum place {
	HOME,	   /* start of partition 1 */
	NEXT,	   /* the word behind it */
	NEAR,	   /* same block: a protection register's place */
	LOCK_WORD, /* same block: that of the register that locks those */
	ASIDE,	   /* another block of the partition, blank */
	AWAY,	   /* another partition */
	SHUT,	   /* a locked block in a third */
	DOWN,	   /* one that is locked down, where there is that */
	LAST_FILL, /* of HOME's block: where a last buffer begins */
	PLACES,
};

#define STATES_BYTES KiB(32)
#define STATES_MAX_PROBES 96
#define STATES_HISTORY 24

struct states_step {
	enum { STEP_NONE, STEP_WRITE, STEP_WAIT } kind;
	u64 offset, value, now;
	const char *state; /* the model's, before it */
};

struct states_rig {
	const char *name, *way; /* for messages */
	struct flash_part part;
	struct flash_config config;
	u32 bus_bytes;
	struct flash_bank *bank;
	struct intel_model model;
	u8 array[STATES_BYTES], model_array[STATES_BYTES], pristine[STATES_BYTES];
	struct flash_nv *nv;
	u64 now;
	u64 place[PLACES];
	u64 probe[STATES_MAX_PROBES];
	u32 nprobes;
	struct flash_block block[IM_MAX_BLOCKS];
	u32 nblocks;
	struct im_event event[IM_MAX_EVENTS];
	u32 nevents;
	u64 generation;
	u32 shown;
	struct states_step history[STATES_HISTORY];
	u32 steps;
};

extern struct states_rig *states;

extern const size_t states_nrows;
const char *states_row_name(size_t row);

/* A rig of row @row. The test's own process ends with it. */
void states_open(size_t row);
void states_close(void);

/* Power-up of a chip with its array as it was at first, after a look at what the last one left. */
void states_renew(void);

void states_write(u64 offset, u16 value);
void states_wait(u64 ns);
/* As states_wait(), but the chip learns of it at the next step. */
void states_pass(u64 ns);
/* Until what runs, if anything, ends or rests. */
void states_wait_until_idle(void);

/* All reads at the probes from @first on, every @nth of them. */
void states_compare(u32 first, u32 nth);
void states_compare_all(void);
/* Array and protection registers behind the bus. */
void states_compare_cells(void);

#endif
