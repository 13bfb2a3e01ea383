/* SPDX-License-Identifier: MIT */
/*
 * A chip of Intel's command sets as its data sheets describe it, for tests to compare devices/flash
 * with. It knows the array, locks and protection registers; of an operation in progress it knows
 * only which words are in its hand.
 */
#ifndef TEST_INTEL_MODEL_H
#define TEST_INTEL_MODEL_H

#include "devices/flash/cfi_query.h"
#include "tests/unit/flash_model.h"
#include "tests/unit/intel_states.h"

#define IM_MAX_UNITS (FLASH_MAX_BUFFER_BYTES / 2)

/* Bus units (words, bytes in x8 mode) from @start, of which those that are @given get
 * programmed. */
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
	struct flash_model common; /* first */
	const struct flash_part *part;
	const struct model_cells *chip;
	enum im_family family;
	u32 unit_bytes; /* of the bus */
	u32 partitions;
	u8 *array; /* the caller's */
	u8 query[FLASH_QUERY_BYTES];

	enum im_state state;
	u64 now, rest;
	enum kvl_flash_mode mode[FLASH_MAX_PARTITIONS];
	u8 errors[FLASH_MAX_PARTITIONS];
	u8 lock[MODEL_MAX_BLOCKS];
	bool erasing[MODEL_MAX_BLOCKS];
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
};

extern const struct flash_model_ops intel_model_ops;

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
bool intel_model_is_busy(const struct intel_model *model);
/* The status register of a partition. */
struct model_read intel_model_status(const struct intel_model *model, u32 partition);
struct model_read intel_model_read(struct flash_model *common, u64 offset);
bool intel_model_shows(const struct flash_model *common, const struct flash_block *block);

#endif
