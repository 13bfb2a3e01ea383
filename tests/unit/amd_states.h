/* SPDX-License-Identifier: MIT */
/*
 * The command state machine of set 0002 as data sheets describe it: which write cycle is taken
 * where, for what, and what it does. A chip's state has four parts: how much of a command it has
 * taken, what it is doing, which map of words it shows, which operations rest. Data only;
 * amd_model.c acts on it. Nothing here was taken from devices/flash: the two must agree because
 * both are right.
 */
#ifndef TEST_AMD_STATES_H
#define TEST_AMD_STATES_H

#include "devices/abi/types.h"

enum am_family {
	AM_LV = 1,
	AM_DL = 2,
	AM_GLN_X16 = 4,
	AM_GLN_X8 = 8, /* on an 8-bit bus */
	AM_GLS = 16,
	/* sets of them */
	AM_GLN = AM_GLN_X16 | AM_GLN_X8,
	AM_GL = AM_GLN | AM_GLS,
	AM_ALL = AM_LV | AM_DL | AM_GL,
	AM_WORD = AM_ALL & ~AM_GLN_X8, /* they have a program command */
};

/* What has been taken of a command. */
#define AM_POINT_TABLE(X)                                                              \
	X(START) X(UNLOCK) X(UNLOCKED) X(PROGRAM) X(COUNT) X(LOAD) X(CONFIRM) X(ERASE) \
		X(ERASE_UNLOCK) X(ERASE_UNLOCKED) X(EXIT) X(REGISTER) X(CLEAR)

enum am_point {
#define X(point) AM_AT_##point,
	AM_POINT_TABLE(X)
#undef X
		AM_POINTS,
};

enum am_doing {
	AM_IDLE = 1,
	AM_WINDOW = 2,	/* an erase has not begun: more sectors may be named */
	AM_ERASING = 4, /* and can be suspended; so can a program */
	AM_PROGRAMMING = 8,
	AM_BUSY = 16, /* with what nothing suspends */
	AM_SUSPENDING = 32,
	AM_FAILED = 64,
	AM_ABORTED = 128, /* a buffer */
};

/* What reads return of a chip, or bank, that is idle. */
enum am_map {
	AM_ARRAY = 1,
	AM_CODES = 2, /* autoselect */
	AM_QUERY = 4,
	AM_BYPASS = 8, /* the array; commands are others */
	AM_REGION = 16,
	AM_LOCK_REGISTER = 32,
	AM_PPB = 64,
	AM_PPB_LOCK = 128,
	AM_DYB = 256,
};

enum am_rests {
	AM_RESTS_NOTHING = 1,
	AM_RESTS_ERASE = 2,
	AM_RESTS_PROGRAM = 4, /* alone */
	AM_RESTS_BOTH = 8,
};

/* Conditions on the cycle. Word addresses: as far as A10 to A0 say. */
enum am_is {
	AM_IS_ANY,
	AM_IS_555,
	AM_IS_2AA,
	AM_IS_055,
	AM_IS_HERE, /* in the bank of the operation at work, or else of the one that rests */
	AM_IS_GOOD, /* count, word or confirmation of a buffer: as it should be */
	AM_IS_LAST, /* so, and the last of its kind */
};

#define AM_ANY_CODE (-1)

enum am_act {
	AM_NOTHING,
	AM_RESET, /* set back to the array, error bits cleared */
	AM_LEAVE, /* back to the map before */
	AM_ENTER_CODES,
	AM_ENTER_QUERY,
	AM_ENTER_BYPASS,
	AM_ENTER_REGION,
	AM_ENTER_LOCK_REGISTER,
	AM_ENTER_PPB,
	AM_ENTER_PPB_LOCK,
	AM_ENTER_DYB,
	AM_BEGIN_PROGRAM,
	AM_NOTE_SECTOR,
	AM_TAKE_COUNT,
	AM_TAKE_WORD,
	AM_BEGIN_BUFFER,
	AM_ABORT,
	AM_NAME_FIRST,
	AM_NAME_ANOTHER,
	AM_FORGET_ERASE,
	AM_ERASE_CHIP,
	AM_SUSPEND,
	AM_RESUME,
	AM_SET_LOCK_REGISTER,
	AM_SET_PPB,
	AM_CLEAR_PPBS,
	AM_FREEZE,
	AM_PROTECT,
	AM_UNPROTECT,
	AM_CHECK_BLANK,
	AM_SHOW_STATUS,
	AM_CLEAR_STATUS,
	AM_END_FAILURE,
	AM_END_ABORT,
};

struct am_row {
	u8 point;
	u8 is;
	int code;
	u8 families;
	u8 doing;
	u16 maps;
	u8 rests;
	u8 next; /* enum am_point */
	u8 act;
};

/* The first row of the cycle's point that fits it counts; none: the command is dropped. */
extern const struct am_row am_rows[];
extern const size_t am_nrows;

#endif
