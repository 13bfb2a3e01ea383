/* SPDX-License-Identifier: MIT */
/*
 * A chip of Intel's command sets as its data sheets describe it, for tests to compare devices/flash
 * with: it is told of the same bus cycles at the same times and says what a read returns, when the
 * chip is busy, and what an observer is told. It knows the array, locks and protection registers;
 * of an operation in progress it knows only which words are in its hand.
 */
#ifndef TEST_INTEL_MODEL_H
#define TEST_INTEL_MODEL_H

#include "devices/flash/cfi_query.h"
#include "devices/flash/flash.h"
#include "tests/unit/intel_states.h"

#define IM_MAX_BLOCKS 32
#define IM_MAX_EVENTS 64
#define IM_MAX_UNITS (FLASH_MAX_BUFFER_BYTES / 2)

enum im_event_kind { IM_EVENT_COMMAND, IM_EVENT_STATE, IM_EVENT_MODE };

struct im_event {
	enum im_event_kind kind;
	u32 partition;
	u64 what;    /* command code; enum kvl_flash_state; enum kvl_flash_mode */
	u64 offset;  /* of a command */
	u64 data;    /* of a command; the status of a state */
	u64 unknown; /* bits of the data that are not said */
	u64 ns;
};

/* Bits that are neither defined nor seen to vary are left open by the model. */
struct im_read {
	u16 value;
	u16 defined;
	u16 varies;
};

/* Bus units (words, bytes in x8 mode) from @start, of which those that are @given get programmed. */
struct im_load {
	u64 start;
	u32 units;
	u32 taken;
	u16 data[IM_MAX_UNITS];
	bool given[IM_MAX_UNITS];
};

struct im_operation {
	bool exists, running;
	enum kvl_flash_state is;
	u32 partition, block;
	u64 hand, hand_bytes; /* of the array; 0 bytes: nothing */
	u64 end, left;	      /* while running; when it rests */
};

struct intel_model {
	const struct flash_part *part;
	enum im_family family;
	u32 unit_bytes; /* of the bus */
	u32 partitions;
	u8 *array; /* the caller's */
	u8 query[FLASH_QUERY_BYTES];

	enum im_state state;
	u64 now, rest;
	enum kvl_flash_mode mode[FLASH_MAX_PARTITIONS];
	u8 errors[FLASH_MAX_PARTITIONS];
	u8 lock[IM_MAX_BLOCKS];
	bool erasing[IM_MAX_BLOCKS];
	u16 otp[FLASH_OTP_WORDS];
	u16 config;

	u8 command; /* the first cycle */
	struct im_load load, fill;
	u64 befp_at; /* where the next fill goes */
	u32 befp_partition;
	u32 otp_index;
	u16 otp_data;
	struct im_operation op;	   /* the one that runs, or a suspended program */
	struct im_operation erase; /* suspended */

	u32 dirty; /* blocks that operations were begun in, as bits */
	struct im_event event[IM_MAX_EVENTS];
	u32 nevents;
};

/* As after power-up. @array holds what the chip's does; @otp: its protection registers. */
void intel_model_reset(struct intel_model *model, const struct flash_part *part, u32 bus_bytes,
		       u8 *array, const u16 *otp);
/* Times as for flash_write(); @offset is that of a bus word. */
void intel_model_write(struct intel_model *model, u64 offset, u16 value, u64 now);
void intel_model_advance(struct intel_model *model, u64 now);
/* What a read of the bus word at @offset returns now. */
struct im_read intel_model_read(const struct intel_model *model, u64 offset);
u64 intel_model_busy_until(const struct intel_model *model);
/* Every read of the block returns the array, and no operation holds any of it. */
bool intel_model_shows(const struct intel_model *model, const struct flash_block *block);
bool intel_model_is_busy(const struct intel_model *model);
const char *intel_model_state(const struct intel_model *model);

/* ---- between the files of the model ---------------------------------------------------------- */

/* Protection registers, as identifier words. */
#define IM_OTP_LOCK 0x80      /* bit 0: words 81h to 84h, bit 1: 85h to 88h */
#define IM_OTP_LOCK_WIDE 0x89 /* bit k: 8 words from 8Ah + 8 k */
#define IM_OTP_GROUPS 16

struct im_cycle {
	u64 offset;
	u16 value;
	u8 code;
	u32 partition;
	struct flash_block block;
};

enum im_cycle_is intel_model_decode(const struct intel_model *model, const struct im_cycle *cycle);
u32 intel_model_buffer_units(const struct intel_model *model);
u32 intel_model_otp_index(const struct intel_model *model, u64 offset);
/* Behind the last protection register. */
u32 intel_model_otp_end(const struct intel_model *model);
/* The status register of a partition. */
struct im_read intel_model_status(const struct intel_model *model, u32 partition);

#endif
