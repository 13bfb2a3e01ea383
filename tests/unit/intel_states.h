/* SPDX-License-Identifier: MIT */
/*
 * The write state machines of Intel's command sets (0001, 0003) as the data sheets tabulate them:
 * state x what a write cycle is taken for -> next state, what the addressed partition shows, the
 * error bits set, and what is begun. Data only; intel_model.c acts on it. Nothing here was taken
 * from devices/flash: the two must agree because both are right.
 */
#ifndef TEST_INTEL_STATES_H
#define TEST_INTEL_STATES_H

#include "devices/abi/types.h"

enum im_family { IM_J3, IM_C3, IM_P30, IM_FAMILIES };

/*
 * X(state, what a cycle is decoded as, ready (1) or busy (0), and where it goes by itself: at the
 * end of the operation, at its point of rest). ES: while an erase is suspended. DROPPED: a command
 * that is not allowed was begun, and its second cycle is swallowed.
 */
#define IM_STATE_TABLE(X)                                                 \
	X(READY, CODE, 1, NONE, NONE)                                     \
	X(PROGRAM_SETUP, PROGRAM_DATA, 1, NONE, NONE)                     \
	X(ERASE_SETUP, ERASE_CONFIRM, 1, NONE, NONE)                      \
	X(COUNT, COUNT, 1, NONE, NONE)                                    \
	X(DATA, DATA, 1, NONE, NONE)                                      \
	X(CONFIRM, CONFIRM, 1, NONE, NONE)                                \
	X(LOCK_SETUP, CODE, 1, NONE, NONE)                                \
	X(OTP_SETUP, OTP_DATA, 1, NONE, NONE)                             \
	X(BEFP_SETUP, BEFP_CONFIRM, 1, NONE, NONE)                        \
	X(CHECK_SETUP, CODE, 1, NONE, NONE)                               \
	X(CONFIG_SETUP, CODE, 1, NONE, NONE)                              \
	X(PROGRAM_BUSY, CODE, 0, READY, NONE)                             \
	X(ERASE_BUSY, CODE, 0, READY, NONE)                               \
	X(OTP_BUSY, CODE, 0, READY, NONE)                                 \
	X(LOCK_BUSY, CODE, 0, READY, NONE)                                \
	X(CHECK_BUSY, CODE, 0, READY, NONE)                               \
	X(BEFP_LOAD, BEFP_DATA, 0, NONE, NONE)                            \
	X(BEFP_BUSY, CODE, 0, BEFP_LOAD, NONE)                            \
	X(PROGRAM_SUSPENDING, CODE, 0, READY, PROGRAM_SUSPENDED)          \
	X(PROGRAM_SUSPENDED, CODE, 1, NONE, NONE)                         \
	X(PROGRAM_DROPPED, CODE, 1, NONE, NONE)                           \
	X(ERASE_SUSPENDING, CODE, 0, READY, ES_READY)                     \
	X(ES_READY, CODE, 1, NONE, NONE)                                  \
	X(ES_DROPPED, CODE, 1, NONE, NONE)                                \
	X(ES_PROGRAM_SETUP, PROGRAM_DATA, 1, NONE, NONE)                  \
	X(ES_COUNT, COUNT, 1, NONE, NONE)                                 \
	X(ES_DATA, DATA, 1, NONE, NONE)                                   \
	X(ES_CONFIRM, CONFIRM, 1, NONE, NONE)                             \
	X(ES_LOCK_SETUP, CODE, 1, NONE, NONE)                             \
	X(ES_PROGRAM_BUSY, CODE, 0, ES_READY, NONE)                       \
	X(ES_PROGRAM_SUSPENDING, CODE, 0, ES_READY, ES_PROGRAM_SUSPENDED) \
	X(ES_PROGRAM_SUSPENDED, CODE, 1, NONE, NONE)                      \
	X(ES_PROGRAM_DROPPED, CODE, 1, NONE, NONE)

enum im_state {
	IM_NONE, /* in a table: not said, the row's word for all others holds */
#define X(state, ...) IM_##state,
	IM_STATE_TABLE(X)
#undef X
		IM_STATES,
	IM_STAYS = IM_STATES, /* in a table: the state does not change */
};

/* What a write cycle can be taken for: a command code, or for what its address and data are. */
enum im_cycle_is {
	IM_IS_OTHER, /* none of those below that the part knows */
	IM_IS_FF,
	IM_IS_40, /* and 10h */
	IM_IS_E8,
	IM_IS_20,
	IM_IS_80,
	IM_IS_D0,
	IM_IS_B0,
	IM_IS_70,
	IM_IS_50,
	IM_IS_90,
	IM_IS_98,
	IM_IS_60,
	IM_IS_C0,
	IM_IS_BC,
	IM_IS_B8,
	IM_IS_01,
	IM_IS_2F,
	IM_IS_03,
	IM_IS_GOOD,    /* data, count or confirmation as it should be */
	IM_IS_LAST,    /* so, and the last of its kind */
	IM_IS_BAD,     /* address or count out of range */
	IM_IS_LOCKED,  /* as it should be, for something that is locked */
	IM_IS_REFUSED, /* as it should be, but errors of before were not cleared */
	IM_IS_EXIT,    /* FFFFh to another block */
	IM_CYCLES,
};

enum im_output { IM_KEEPS, IM_TO_ARRAY, IM_TO_STATUS, IM_TO_ID, IM_TO_QUERY };

enum im_act {
	IM_NOTHING,
	IM_CLEAR_ERRORS,
	IM_CLEAR_ERRORS_ELSEWHERE, /* not those of the busy partition */
	IM_NOTE_COMMAND,	   /* its code, for what is said when it is complete */
	IM_TAKE_COUNT,
	IM_TAKE_DATA,
	IM_BEGIN_PROGRAM,
	IM_BEGIN_BUFFER,
	IM_BEGIN_ERASE,
	IM_BEGIN_OTP,
	IM_BEGIN_CHECK,
	IM_BEGIN_LOCK,	 /* takes time: lock bits that are cells */
	IM_BEGIN_UNLOCK, /* so, of all blocks */
	IM_LOCK,
	IM_UNLOCK,
	IM_LOCK_DOWN,
	IM_SET_CONFIG,
	IM_BEGIN_BEFP,
	IM_TAKE_FILL,
	IM_BEGIN_FILL,
	IM_SUSPEND_PROGRAM,
	IM_SUSPEND_ERASE,
	IM_RESUME_PROGRAM,
	IM_RESUME_ERASE,
};

#define IM_SR1 0x02 /* locked */
#define IM_SR2 0x04 /* program suspended */
#define IM_SR4 0x10 /* program error */
#define IM_SR5 0x20 /* erase error; with SR.4: command sequence error */
#define IM_SR6 0x40 /* erase suspended */
#define IM_SR7 0x80 /* ready */

struct im_cell {
	u8 next; /* enum im_state */
	u8 output;
	u8 act;
	u8 errors;
};

struct im_row {
	struct im_cell other; /* for all cycles that [on] says nothing about */
	struct im_cell on[IM_CYCLES];
};

extern const struct im_row im_rows[IM_FAMILIES][IM_STATES];

/* Which codes a part knows as commands: those of its family, if it has [features] (0: always). */
struct im_code {
	u8 code;
	u8 is; /* enum im_cycle_is */
	u8 families;
	bool needs_buffer;
	u32 features;
};

extern const struct im_code im_codes[];
extern const size_t im_ncodes;

#endif
