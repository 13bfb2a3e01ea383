/* SPDX-License-Identifier: MIT */
/*
 * A chip of set 0002 as its data sheets describe it, for tests to compare devices/flash with. It
 * knows the array, the cells of protection, the status register; of an operation in progress it
 * knows only what is in its hand.
 */
#ifndef TEST_AMD_MODEL_H
#define TEST_AMD_MODEL_H

#include "devices/flash/cfi_query.h"
#include "tests/unit/amd_states.h"
#include "tests/unit/flash_model.h"

#define AM_MAX_UNITS (FLASH_MAX_BUFFER_BYTES / 2)
#define AM_SECURED_BYTES (FLASH_OTP_WORDS * 2)

/* Bus units (words, bytes in x8 mode) from @start, of which those that are @given get
 * programmed. */
struct am_load {
	u64 start;
	u32 units; /* of the page, or 1 */
	u32 count, taken;
	u64 last; /* where the last one goes, and what it is */
	u16 last_value;
	u16 data[AM_MAX_UNITS];
	bool given[AM_MAX_UNITS];
};

enum am_what {
	AM_NONE,
	AM_PROGRAM,
	AM_PROGRAM_REGION,
	AM_REFUSED_PROGRAM,
	AM_ERASE,
	AM_ERASE_ALL,
	AM_REFUSED_ERASE,
	AM_BLANK_CHECK,
	AM_REGISTER_SET, /* lock register or a PPB */
	AM_PPBS_CLEAR,
};

struct am_operation {
	enum am_what what; /* none: there is no operation */
	enum kvl_flash_state is;
	u32 partition;
	bool fails;
	u64 begin, end, left; /* of its time, or a sector's; @left: when it rests */
	struct am_load load;  /* of a program; the cell to be set */
	u32 named, queue;     /* sectors, as bits: given to an erase; yet to be erased */
	u32 sector;	      /* that is being erased */
};

struct amd_model {
	struct flash_model common; /* first */
	const struct flash_part *part;
	const struct model_cells *chip; /* what is left to it is taken over from there */
	enum am_family family;
	u32 unit_bytes; /* of the bus */
	u32 partitions;
	u8 *array; /* the caller's */
	u8 query[FLASH_QUERY_BYTES];
	u32 query_end;

	u64 now;
	enum am_point point;
	enum am_doing doing;
	enum am_map map;
	u64 map_at;	  /* where it was entered */
	bool codes_below; /* the query was entered from autoselect */
	u64 window_end, rest;
	u32 sector; /* of the buffer */
	struct am_load load;
	struct am_operation op;	   /* at work, failed, or a program that rests */
	struct am_operation erase; /* that rests */
	enum kvl_flash_mode mode[FLASH_MAX_PARTITIONS];

	u8 errors;		  /* of the status register */
	u8 refused;		  /* those that a refusal ends in */
	const char *problem;	  /* of the chip's cells, where the model had to take them over */
	struct model_read status; /* as captured by 70h */
	bool status_shown;

	bool ppb[MODEL_MAX_BLOCKS], dyb[MODEL_MAX_BLOCKS]; /* true: protected (a 0 on the chip) */
	const struct flash_faults *faults;
	u32 programs, erases; /* so far: begun, ended */
	u32 cycles[MODEL_MAX_BLOCKS];
	u16 lock_register;
	bool frozen;
	u8 secured[AM_SECURED_BYTES];
	u32 interrupted; /* sectors whose erase was, as bits */
};

extern const struct flash_model_ops amd_model_ops;

/* ---- between the files of the model ---------------------------------------------------------- */

#define AM_SR_READY 0x80
#define AM_SR_ERASE_RESTS 0x40
#define AM_SR_ERASE 0x20
#define AM_SR_PROGRAM 0x10
#define AM_SR_ABORT 0x08
#define AM_SR_PROGRAM_RESTS 0x04
#define AM_SR_LOCKED 0x02

struct am_cycle {
	u64 offset;
	u16 value;
	u8 code;
	u32 partition;
	struct flash_block block;
};

static inline bool amd_model_erase_rests(const struct amd_model *model)
{
	return model->erase.what != AM_NONE;
}

bool amd_model_is_like_erase(enum am_what what);
bool amd_model_program_rests(const struct amd_model *model);
struct flash_block amd_model_sector(const struct amd_model *model, u32 index);
bool amd_model_is_protected(const struct amd_model *model, u32 block);
/* What the cycle does; the model's point is what it goes on to. */
enum am_act amd_model_decode(struct amd_model *model, const struct am_cycle *cycle);
struct model_read amd_model_read(struct flash_model *common, u64 offset);
bool amd_model_shows(const struct flash_model *common, const struct flash_block *block);
enum kvl_flash_mode amd_model_mode(const struct amd_model *model, u32 partition);
struct model_read amd_model_status_register(const struct amd_model *model);
/* Tells of the modes that have changed. */
void amd_model_tell_modes(struct amd_model *model);

/* amd_model_end.c */
void amd_model_end_operation(struct amd_model *model);
u64 amd_model_busy_until(const struct flash_model *common);
void amd_model_advance(struct flash_model *common, u64 now);

/* amd_model_cut.c */
void amd_model_take_program(struct amd_model *model);
void amd_model_take_sector(struct amd_model *model, const struct am_operation *op, u64 left);
void amd_model_power_cut(struct flash_model *common);

/* amd_model_begin.c: what acts begin. */
void amd_model_begin_program(struct amd_model *model, const struct am_cycle *cycle, u8 command);
void amd_model_name_sector(struct amd_model *model, const struct am_cycle *cycle, bool first);
/* The next sector of an erase; false: there is none. */
bool amd_model_next_sector(struct amd_model *model, u64 begin);
void amd_model_erase_chip(struct amd_model *model, const struct am_cycle *cycle);
void amd_model_check_blank(struct amd_model *model, const struct am_cycle *cycle);
void amd_model_set_register(struct amd_model *model, const struct am_cycle *cycle);
void amd_model_clear_ppbs(struct amd_model *model, const struct am_cycle *cycle);
void amd_model_tell_command(struct amd_model *model, const struct am_cycle *cycle, u8 command);
void amd_model_tell_state(struct amd_model *model, u32 partition, enum kvl_flash_state state);

#endif
