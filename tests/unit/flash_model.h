/* SPDX-License-Identifier: MIT */
/*
 * What the bench of flash_states_rig.h needs of a model of a chip, one for each command set: it is
 * told of the same bus cycles at the same times as the chip and says what a read returns, when the
 * chip is busy, which blocks may be mapped, and what an observer is told.
 */
#ifndef TEST_FLASH_MODEL_H
#define TEST_FLASH_MODEL_H

#include "devices/flash/flash.h"

#define MODEL_MAX_BLOCKS 32
#define MODEL_MAX_TOLD 64

enum told_kind { TOLD_COMMAND, TOLD_STATE, TOLD_MODE };

struct told {
	enum told_kind kind;
	u32 partition;
	u64 what;    /* command code; enum kvl_flash_state; enum kvl_flash_mode */
	u64 offset;  /* of a command */
	u64 data;    /* of a command; the status of a state */
	u64 unknown; /* bits of the data that are not said */
	u64 ns;
};

/* Bits of which nothing is said are left open by the model. */
struct model_read {
	u16 value;
	u16 defined;
	u16 varies;  /* seen to, in many reads */
	u16 toggles; /* from each read to the next */
	u16 steady;  /* of no said value, but the same in the next read */
	bool once;   /* the next read returns something else */
};

/* Behind the bus: the chip's own. */
struct model_cells {
	const u8 *array;
	const struct flash_nv *nv;
};

struct flash_model {
	const struct flash_model_ops *ops;
	u32 dirty; /* blocks that operations were begun in, as bits */
	struct told told[MODEL_MAX_TOLD];
	u32 ntold;
};

struct flash_model_ops {
	/* As after power-up. @array is the model's and holds what the chip's does now. */
	void (*reset)(struct flash_model *model, const struct flash_config *config, u8 *array,
		      const struct model_cells *chip);
	/* Times as for flash_write(); @offset is that of a bus word. */
	void (*write)(struct flash_model *model, u64 offset, u16 value, u64 now);
	void (*advance)(struct flash_model *model, u64 now);
	/* What a read of the bus word at @offset returns now. It counts as one. */
	struct model_read (*read)(struct flash_model *model, u64 offset);
	u64 (*busy_until)(const struct flash_model *model);
	/* Every read of the block returns the array, and no operation holds any of it. */
	bool (*shows)(const struct flash_model *model, const struct flash_block *block);
	/* No operation is under way, at work or suspended. */
	bool (*is_idle)(const struct flash_model *model);
	/* Of the chip's cells but its array; NULL: none. */
	const char *(*cells_problem)(const struct flash_model *model);
	/* The power went, and came back; NULL: the model cannot say. */
	void (*power_cut)(struct flash_model *model);
	const char *(*state)(const struct flash_model *model);
};

/* Ends the test if there is no room. */
struct told *model_tell(struct flash_model *model, struct told told);

#endif
