/* SPDX-License-Identifier: MIT */
/*
 * Owns the next-state tables. Sources: L18 and P30: the "next state table" and the output table of
 * the L30, W30 and P30 sheets (order numbers 251903, 290702, 306666); J3: 290667 and the suspend
 * table of 208032; C3: 290645. [D]: the sheets are silent, and this is what devices/flash decided.
 */
#include "tests/unit/intel_states.h"

#include "devices/flash/part.h"

#define SEQUENCE (IM_SR5 | IM_SR4)

#define ON(cycle, to, ...) [IM_IS_##cycle] = { .next = IM_##to, __VA_ARGS__ }
#define OTHER(to, ...)                       \
	{                                    \
		.next = IM_##to, __VA_ARGS__ \
	}
/* A wrong second cycle is not carried out as a command, whatever it is. */
#define WRONG(next) OTHER(next, IM_KEEPS, IM_NOTHING, SEQUENCE)

/*
 * Program and buffer: the same whether an erase is suspended meanwhile (es: ES_) or not. An address
 * outside ends the loading at once. [D]: so does a wrong count.
 */
#define PROGRAM_CYCLES(es)                                                                        \
	[IM_##es##PROGRAM_SETUP] = { WRONG(es##READY),                                            \
				     { ON(GOOD, es##PROGRAM_BUSY, IM_KEEPS, IM_BEGIN_PROGRAM),    \
				       ON(LOCKED, es##READY, IM_KEEPS, IM_NOTHING,                \
					  IM_SR4 | IM_SR1) } },                                   \
	[IM_##es##COUNT] = { WRONG(es##READY), { ON(GOOD, es##DATA, IM_KEEPS, IM_TAKE_COUNT) } }, \
	[IM_##es##DATA] = { WRONG(es##READY),                                                     \
			    { ON(GOOD, STAYS, IM_KEEPS, IM_TAKE_DATA),                            \
			      ON(LAST, es##CONFIRM, IM_KEEPS, IM_TAKE_DATA) } },                  \
	[IM_##es##CONFIRM] = { WRONG(es##READY),                                                  \
			       { ON(GOOD, es##PROGRAM_BUSY, IM_KEEPS, IM_BEGIN_BUFFER),           \
				 ON(REFUSED, es##READY, IM_KEEPS, IM_NOTHING, SEQUENCE),          \
				 ON(LOCKED, es##READY, IM_KEEPS, IM_NOTHING, IM_SR4 | IM_SR1) } }

#define ERASE_CYCLES                                                           \
	[IM_ERASE_SETUP] = { WRONG(READY),                                     \
			     { ON(GOOD, ERASE_BUSY, IM_KEEPS, IM_BEGIN_ERASE), \
			       ON(LOCKED, READY, IM_KEEPS, IM_NOTHING, IM_SR5 | IM_SR1) } }

/* SR.4 alone for an address that is no protection register. */
#define OTP_CYCLES                                                                     \
	[IM_OTP_SETUP] = { WRONG(READY),                                               \
			   { ON(GOOD, OTP_BUSY, IM_KEEPS, IM_BEGIN_OTP),               \
			     ON(LOCKED, READY, IM_KEEPS, IM_NOTHING, IM_SR4 | IM_SR1), \
			     ON(BAD, READY, IM_KEEPS, IM_NOTHING, IM_SR4) } }

#define CHECK_CYCLES \
	[IM_CHECK_SETUP] = { WRONG(READY), { ON(D0, CHECK_BUSY, IM_KEEPS, IM_BEGIN_CHECK) } }

#define INSTANT_LOCKS(next)                                                 \
	ON(D0, next, IM_KEEPS, IM_UNLOCK), ON(01, next, IM_KEEPS, IM_LOCK), \
		ON(2F, next, IM_KEEPS, IM_LOCK_DOWN)

/* ---- J3 and C3 ------------------------------------------------------------------------------- */

/* What is no command changes nothing. [D] */
#define NOTHING_ELSE OTHER(STAYS)

#define READ_MODES                                                                        \
	ON(FF, STAYS, IM_TO_ARRAY), ON(70, STAYS, IM_TO_STATUS), ON(90, STAYS, IM_TO_ID), \
		ON(98, STAYS, IM_TO_QUERY), ON(50, STAYS, IM_KEEPS, IM_CLEAR_ERRORS)

#define PROGRAM_SETUPS(es)                                        \
	ON(40, es##PROGRAM_SETUP, IM_TO_STATUS, IM_NOTE_COMMAND), \
		ON(E8, es##COUNT, IM_TO_STATUS, IM_NOTE_COMMAND)

#define READY_SETUPS                                                          \
	PROGRAM_SETUPS(), ON(20, ERASE_SETUP, IM_TO_STATUS, IM_NOTE_COMMAND), \
		ON(60, LOCK_SETUP, IM_TO_STATUS, IM_NOTE_COMMAND),            \
		ON(C0, OTP_SETUP, IM_TO_STATUS, IM_NOTE_COMMAND),             \
		ON(BC, CHECK_SETUP, IM_TO_STATUS, IM_NOTE_COMMAND)

/* Codes that a suspend does not allow; their second cycle is swallowed (P30 sheet, note 4). */
#define DROP(code, dropped) ON(code, dropped, IM_TO_STATUS)
#define NO_PROGRAM(dropped) DROP(40, dropped), DROP(E8, dropped)
#define NO_OTHER_SETUP(dropped) DROP(20, dropped), DROP(C0, dropped), DROP(BC, dropped)

/* Busy: status and suspend, nothing else. A resume ends in status mode (J3 65 nm sheet). */
#define J3_C3_ROWS                                                                                 \
	PROGRAM_CYCLES(), PROGRAM_CYCLES(ES_), ERASE_CYCLES, OTP_CYCLES, CHECK_CYCLES,             \
		[IM_READY] = { NOTHING_ELSE,                                                       \
			       { READ_MODES, READY_SETUPS, ON(B8, CONFIG_SETUP, IM_TO_STATUS) } }, \
		[IM_CONFIG_SETUP] = { OTHER(READY), { { 0 } } },                                   \
		[IM_PROGRAM_BUSY] = { NOTHING_ELSE,                                                \
				      { ON(B0, PROGRAM_SUSPENDING, IM_KEEPS,                       \
					   IM_SUSPEND_PROGRAM) } },                                \
		[IM_ERASE_BUSY] = { NOTHING_ELSE,                                                  \
				    { ON(B0, ERASE_SUSPENDING, IM_KEEPS, IM_SUSPEND_ERASE) } },    \
		[IM_OTP_BUSY] = { NOTHING_ELSE, { { 0 } } },                                       \
		[IM_LOCK_BUSY] = { NOTHING_ELSE, { { 0 } } },                                      \
		[IM_CHECK_BUSY] = { NOTHING_ELSE, { { 0 } } },                                     \
		[IM_PROGRAM_SUSPENDING] = { NOTHING_ELSE, { { 0 } } },                             \
		[IM_PROGRAM_SUSPENDED] = { NOTHING_ELSE,                                           \
					   { READ_MODES, NO_PROGRAM(PROGRAM_DROPPED),              \
					     NO_OTHER_SETUP(PROGRAM_DROPPED),                      \
					     DROP(60, PROGRAM_DROPPED), DROP(B8, PROGRAM_DROPPED), \
					     ON(D0, PROGRAM_BUSY, IM_TO_STATUS,                    \
						IM_RESUME_PROGRAM) } },                            \
		[IM_PROGRAM_DROPPED] = { OTHER(PROGRAM_SUSPENDED), { { 0 } } },                    \
		[IM_ERASE_SUSPENDING] = { NOTHING_ELSE, { { 0 } } },                               \
		[IM_ES_DROPPED] = { OTHER(ES_READY), { { 0 } } },                                  \
		[IM_ES_PROGRAM_BUSY] = { NOTHING_ELSE,                                             \
					 { ON(B0, ES_PROGRAM_SUSPENDING, IM_KEEPS,                 \
					      IM_SUSPEND_PROGRAM) } },                             \
		[IM_ES_PROGRAM_SUSPENDING] = { NOTHING_ELSE, { { 0 } } },                          \
		[IM_ES_PROGRAM_SUSPENDED] = { NOTHING_ELSE,                                        \
					      { READ_MODES, NO_PROGRAM(ES_PROGRAM_DROPPED),        \
						NO_OTHER_SETUP(ES_PROGRAM_DROPPED),                \
						DROP(60, ES_PROGRAM_DROPPED),                      \
						DROP(B8, ES_PROGRAM_DROPPED),                      \
						ON(D0, ES_PROGRAM_BUSY, IM_TO_STATUS,              \
						   IM_RESUME_PROGRAM) } },                         \
		[IM_ES_PROGRAM_DROPPED] = { OTHER(ES_PROGRAM_SUSPENDED), { { 0 } } }

#define J3_C3_ERASE_SUSPENDED                                                              \
	READ_MODES, PROGRAM_SETUPS(ES_), NO_OTHER_SETUP(ES_DROPPED), DROP(B8, ES_DROPPED), \
		ON(D0, ERASE_BUSY, IM_TO_STATUS, IM_RESUME_ERASE)

/* ---- L18, P30 -------------------------------------------------------------------------------- */

/* Read modes change even while it is busy; a code that is no command shows the array. */
#define P30_NOTHING_ELSE OTHER(STAYS, IM_TO_ARRAY)
#define P30_READ_MODES                                                                    \
	ON(FF, STAYS, IM_TO_ARRAY), ON(70, STAYS, IM_TO_STATUS), ON(90, STAYS, IM_TO_ID), \
		ON(98, STAYS, IM_TO_QUERY), ON(01, STAYS), ON(2F, STAYS), ON(03, STAYS)
#define P30_READY_MODES P30_READ_MODES, ON(50, STAYS, IM_KEEPS, IM_CLEAR_ERRORS)
#define P30_BUSY_MODES                                                      \
	P30_READ_MODES, ON(50, STAYS, IM_KEEPS, IM_CLEAR_ERRORS_ELSEWHERE), \
		ON(40, STAYS, IM_TO_STATUS), ON(E8, STAYS, IM_TO_STATUS),   \
		ON(20, STAYS, IM_TO_STATUS), ON(80, STAYS, IM_TO_STATUS),   \
		ON(60, STAYS, IM_TO_STATUS), ON(C0, STAYS, IM_TO_STATUS),   \
		ON(BC, STAYS, IM_TO_STATUS), ON(D0, STAYS)
#define P30_NO_SUSPEND                                \
	{                                             \
		P30_NOTHING_ELSE,                     \
		{                                     \
			P30_BUSY_MODES, ON(B0, STAYS) \
		}                                     \
	}
#define P30_SUSPENDS_TO(next, act)                                  \
	{                                                           \
		P30_NOTHING_ELSE,                                   \
		{                                                   \
			P30_BUSY_MODES, ON(B0, next, IM_KEEPS, act) \
		}                                                   \
	}
#define P30_PROGRAM_SUSPENDED(dropped, busy)                                           \
	{                                                                              \
		P30_NOTHING_ELSE,                                                      \
		{                                                                      \
			P30_READY_MODES, NO_PROGRAM(dropped), NO_OTHER_SETUP(dropped), \
				DROP(60, dropped), DROP(80, dropped), ON(B0, STAYS),   \
				ON(D0, busy, IM_KEEPS, IM_RESUME_PROGRAM)              \
		}                                                                      \
	}
#define P30_LOCK_CYCLES(next)                                                         \
	{                                                                             \
		WRONG(next),                                                          \
		{                                                                     \
			INSTANT_LOCKS(next), ON(03, next, IM_TO_ARRAY, IM_SET_CONFIG) \
		}                                                                     \
	}

const struct im_row im_rows[IM_FAMILIES][IM_STATES] = {
	[IM_J3] = {
		J3_C3_ROWS,
		[IM_LOCK_SETUP] = { WRONG(READY),
				    { ON(D0, LOCK_BUSY, IM_KEEPS, IM_BEGIN_UNLOCK),
				      ON(01, LOCK_BUSY, IM_KEEPS, IM_BEGIN_LOCK) } },
		[IM_ES_READY] = { NOTHING_ELSE, { J3_C3_ERASE_SUSPENDED, DROP(60, ES_DROPPED) } },
	},
	[IM_C3] = {
		J3_C3_ROWS,
		[IM_LOCK_SETUP] = { WRONG(READY), { INSTANT_LOCKS(READY) } },
		[IM_ES_LOCK_SETUP] = { WRONG(ES_READY), { INSTANT_LOCKS(ES_READY) } },
		[IM_ES_READY] = { NOTHING_ELSE,
				  { J3_C3_ERASE_SUSPENDED,
				    ON(60, ES_LOCK_SETUP, IM_TO_STATUS, IM_NOTE_COMMAND) } },
	},
	[IM_P30] = {
		PROGRAM_CYCLES(),
		PROGRAM_CYCLES(ES_),
		ERASE_CYCLES,
		OTP_CYCLES,
		CHECK_CYCLES,
		[IM_READY] = { P30_NOTHING_ELSE,
			       { P30_READY_MODES, READY_SETUPS,
				 ON(80, BEFP_SETUP, IM_TO_STATUS, IM_NOTE_COMMAND), ON(D0, STAYS),
				 ON(B0, STAYS) } },
		[IM_LOCK_SETUP] = P30_LOCK_CYCLES(READY),
		[IM_BEFP_SETUP] = { WRONG(READY),
				    { ON(GOOD, BEFP_LOAD, IM_KEEPS, IM_BEGIN_BEFP),
				      ON(LOCKED, READY, IM_KEEPS, IM_NOTHING, IM_SR4 | IM_SR1),
				      ON(BAD, READY, IM_KEEPS, IM_NOTHING, IM_SR4) } },
		/* no command, no suspend; another block ends it, but while a fill is programmed */
		[IM_BEFP_LOAD] = { OTHER(STAYS),
				   { ON(GOOD, STAYS, IM_KEEPS, IM_TAKE_FILL),
				     ON(LAST, BEFP_BUSY, IM_KEEPS, IM_BEGIN_FILL),
				     ON(BAD, READY), ON(EXIT, READY) } },
		[IM_BEFP_BUSY] = { OTHER(STAYS), { { 0 } } },
		[IM_PROGRAM_BUSY] = P30_SUSPENDS_TO(PROGRAM_SUSPENDING, IM_SUSPEND_PROGRAM),
		[IM_ERASE_BUSY] = P30_SUSPENDS_TO(ERASE_SUSPENDING, IM_SUSPEND_ERASE),
		[IM_OTP_BUSY] = P30_NO_SUSPEND,
		[IM_CHECK_BUSY] = P30_NO_SUSPEND,
		[IM_PROGRAM_SUSPENDING] = P30_NO_SUSPEND,
		[IM_PROGRAM_SUSPENDED] = P30_PROGRAM_SUSPENDED(PROGRAM_DROPPED, PROGRAM_BUSY),
		[IM_PROGRAM_DROPPED] = { OTHER(PROGRAM_SUSPENDED), { { 0 } } },
		[IM_ERASE_SUSPENDING] = P30_NO_SUSPEND,
		[IM_ES_READY] = { P30_NOTHING_ELSE,
				  { P30_READY_MODES, PROGRAM_SETUPS(ES_),
				    ON(60, ES_LOCK_SETUP, IM_TO_STATUS, IM_NOTE_COMMAND),
				    NO_OTHER_SETUP(ES_DROPPED), DROP(80, ES_DROPPED), ON(B0, STAYS),
				    ON(D0, ERASE_BUSY, IM_KEEPS, IM_RESUME_ERASE) } },
		[IM_ES_DROPPED] = { OTHER(ES_READY), { { 0 } } },
		[IM_ES_LOCK_SETUP] = P30_LOCK_CYCLES(ES_READY),
		[IM_ES_PROGRAM_BUSY] = P30_SUSPENDS_TO(ES_PROGRAM_SUSPENDING, IM_SUSPEND_PROGRAM),
		[IM_ES_PROGRAM_SUSPENDING] = P30_NO_SUSPEND,
		[IM_ES_PROGRAM_SUSPENDED] =
			P30_PROGRAM_SUSPENDED(ES_PROGRAM_DROPPED, ES_PROGRAM_BUSY),
		[IM_ES_PROGRAM_DROPPED] = { OTHER(ES_PROGRAM_SUSPENDED), { { 0 } } },
	},
};

/* ---- codes ----------------------------------------------------------------------------------- */

#define J3 (1 << IM_J3)
#define C3 (1 << IM_C3)
#define P30 (1 << IM_P30)
#define ALL (J3 | C3 | P30)

const struct im_code im_codes[] = {
	{ 0xFF, IM_IS_FF, ALL, false, 0 },
	{ 0x40, IM_IS_40, ALL, false, 0 },
	{ 0x10, IM_IS_40, ALL, false, 0 },
	{ 0xE8, IM_IS_E8, ALL, true, 0 },
	{ 0x20, IM_IS_20, ALL, false, 0 },
	{ 0x80, IM_IS_80, P30, false, FLASH_BEFP },
	{ 0xD0, IM_IS_D0, ALL, false, 0 },
	{ 0xB0, IM_IS_B0, ALL, false, 0 },
	{ 0x70, IM_IS_70, ALL, false, 0 },
	{ 0x50, IM_IS_50, ALL, false, 0 },
	{ 0x90, IM_IS_90, ALL, false, 0 },
	{ 0x98, IM_IS_98, ALL, false, 0 },
	{ 0x60, IM_IS_60, ALL, false, 0 },
	{ 0xC0, IM_IS_C0, ALL, false, FLASH_OTP },
	{ 0xBC, IM_IS_BC, ALL, false, FLASH_BLANK_CHECK },
	{ 0xB8, IM_IS_B8, J3, false, 0 },
	{ 0x01, IM_IS_01, ALL, false, 0 },
	{ 0x2F, IM_IS_2F, C3 | P30, false, 0 },
	{ 0x03, IM_IS_03, P30, false, 0 },
};

const size_t im_ncodes = ARRAY_LEN(im_codes);
