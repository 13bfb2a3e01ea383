/* SPDX-License-Identifier: MIT */
/*
 * Owns what failures and power cuts leave: the bounds of what the chip's cells may hold then.
 * Within them the model takes over what they do hold.
 */
#include <string.h>

#include "tests/unit/amd_model.h"

/* Of the bits that a word was to lose it keeps any, and has lost no other. */
void amd_model_take_program(struct amd_model *model)
{
	const struct am_load *load = &model->op.load;

	for (u32 i = 0; i < load->units * model->unit_bytes; i++) {
		u32 unit = i / model->unit_bytes, shift = i % model->unit_bytes * 8;
		u8 *at = &model->array[load->start + i];
		u8 wanted = *at & (u8)(load->data[unit] >> shift);
		u8 is = model->chip->array[load->start + i];

		if (!load->given[unit])
			continue;
		if ((is & ~*at) || (wanted & ~is))
			model->problem = "a word that a program was stopped in";
		*at = is;
	}
}

/* What the sector holds now: nothing is said of it, if there was time for anything. */
void amd_model_take_sector(struct amd_model *model, const struct am_operation *op, u64 left)
{
	struct flash_block block = amd_model_sector(model, op->sector);

	if (left == block.erase.typ_us * 1000ull)
		return;
	memcpy(&model->array[block.start], &model->chip->array[block.start], block.bytes);
	model->interrupted |= 1u << block.index;
}

static u64 time_left(const struct amd_model *model)
{
	const struct am_operation *op = &model->op;

	return op->end - (model->now > op->begin ? model->now : op->begin);
}

static void take_operation(struct amd_model *model)
{
	const struct flash_nv *nv = model->chip->nv;

	switch (model->op.what) {
	case AM_PROGRAM: amd_model_take_program(model); break;
	case AM_ERASE:
	case AM_ERASE_ALL: amd_model_take_sector(model, &model->op, time_left(model)); break;
	case AM_PROGRAM_REGION: memcpy(model->secured, nv->otp, sizeof(model->secured)); break;
	case AM_REGISTER_SET:
	case AM_PPBS_CLEAR:
		for (u32 i = 0; i < flash_block_count(model->part); i++)
			model->ppb[i] = nv->block[i].locked;
		model->lock_register = nv->lock_register;
		break;
	default: break;
	}
}

void amd_model_power_cut(struct flash_model *common)
{
	struct amd_model *model = (struct amd_model *)common;

	if (model->doing != AM_FAILED)
		take_operation(model);
	if (amd_model_erase_rests(model))
		amd_model_take_sector(model, &model->erase, model->erase.left);
	model->op.what = model->erase.what = AM_NONE;
	model->point = AM_AT_START;
	model->doing = AM_IDLE;
	model->map = AM_ARRAY;
	model->errors = 0;
	model->status_shown = false;
	memset(model->dyb, 0, sizeof(model->dyb));
	model->frozen = !(model->lock_register & 4);
	memset(model->mode, 0, sizeof(model->mode));
}
