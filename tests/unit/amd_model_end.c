/* SPDX-License-Identifier: MIT */
/* Owns time: the end of operations and of their parts, what they have changed, and when they
 * rest. */
#include <string.h>

#include "tests/unit/amd_model.h"

/* Of a failure the state is told when it happens; that its status stays is a read mode. */
static void tell_end(struct amd_model *model)
{
	bool rests = amd_model_erase_rests(model) && model->erase.partition == model->op.partition;

	amd_model_tell_state(model, model->op.partition,
			     rests ? KVL_FLASH_ERASE_SUSPENDED : KVL_FLASH_IDLE);
}

void amd_model_end_operation(struct amd_model *model)
{
	model->op.what = AM_NONE;
	model->doing = AM_IDLE;
	tell_end(model);
}

/* ---- what has changed ----------------------------------------------------------------------- */

static void program(u8 *array, const struct am_load *load, u32 unit_bytes)
{
	for (u32 i = 0; i < load->units; i++) {
		u8 *at = &array[load->start + i * unit_bytes];

		if (!load->given[i])
			continue;
		at[0] &= load->data[i] & 0xFF;
		if (unit_bytes == 2)
			at[1] &= load->data[i] >> 8;
	}
}

static void finish_region(struct amd_model *model)
{
	struct am_load load = model->op.load;

	load.start -= flash_block_at(model->part, model->map_at).start;
	program(model->secured, &load, model->unit_bytes);
}

static void finish_sector(struct amd_model *model)
{
	struct flash_block block = amd_model_sector(model, model->op.sector);

	memset(&model->array[block.start], 0xFF, block.bytes);
	model->cycles[block.index]++;
	model->erases++;
	model->interrupted &= ~(1u << block.index);
	model->op.queue &= ~(1u << block.index);
}

static void set_register(struct amd_model *model)
{
	const struct am_load *load = &model->op.load;

	if (model->map == AM_LOCK_REGISTER)
		model->lock_register &= load->last_value | (u16)~7;
	else
		model->ppb[flash_block_at(model->part, load->last).index] = true;
}

static void finish(struct amd_model *model)
{
	switch (model->op.what) {
	case AM_PROGRAM: program(model->array, &model->op.load, model->unit_bytes); break;
	case AM_PROGRAM_REGION: finish_region(model); break;
	case AM_ERASE:
	case AM_ERASE_ALL: finish_sector(model); break;
	case AM_REGISTER_SET: set_register(model); break;
	case AM_PPBS_CLEAR: memset(model->ppb, 0, sizeof(model->ppb)); break;
	case AM_NONE:
	case AM_REFUSED_PROGRAM:
	case AM_REFUSED_ERASE:
	case AM_BLANK_CHECK: break;
	}
}

/* 5.5.1: the status stays until it is reset. */
static void fail(struct amd_model *model)
{
	model->doing = AM_FAILED;
	model->op.queue = 0;
	if (model->op.what == AM_PROGRAM)
		amd_model_take_program(model);
	if (model->op.what == AM_ERASE || model->op.what == AM_ERASE_ALL)
		amd_model_take_sector(model, &model->op, 0);
}

/* 5.4.1, notes 8, 9, 14: the bits are about the most recent program, or erase. */
static void set_errors(struct amd_model *model)
{
	u8 bit = amd_model_is_like_erase(model->op.what) ? AM_SR_ERASE : AM_SR_PROGRAM;

	model->errors &= ~(bit | AM_SR_LOCKED);
	if (model->op.what == AM_REFUSED_PROGRAM || model->op.what == AM_REFUSED_ERASE)
		model->errors |= model->refused;
	if (model->op.fails)
		model->errors |= bit;
}

/* ---- time ------------------------------------------------------------------------------------ */

u64 amd_model_busy_until(const struct flash_model *common)
{
	const struct amd_model *model = (const struct amd_model *)common;

	switch (model->doing) {
	case AM_IDLE:
	case AM_FAILED:
	case AM_ABORTED: return UINT64_MAX;
	case AM_SUSPENDING: return model->rest < model->op.end ? model->rest : model->op.end;
	default: return model->op.end;
	}
}

static void end(struct amd_model *model)
{
	set_errors(model);
	if (model->op.fails) {
		fail(model);
		tell_end(model);
		return;
	}
	finish(model);
	if (amd_model_next_sector(model, model->now))
		return;
	model->doing = AM_IDLE;
	amd_model_tell_modes(model);
	amd_model_end_operation(model);
}

static void come_to_rest(struct amd_model *model)
{
	struct am_operation *op = &model->op;

	op->left = op->end - (model->now > op->begin ? model->now : op->begin);
	model->doing = AM_IDLE;
	amd_model_tell_modes(model);
	if (op->what == AM_PROGRAM) {
		amd_model_tell_state(model, op->partition, KVL_FLASH_PROGRAM_SUSPENDED);
		return;
	}
	model->erase = *op;
	op->what = AM_NONE;
	amd_model_tell_state(model, model->erase.partition, KVL_FLASH_ERASE_SUSPENDED);
}

static void close_window(struct amd_model *model, u64 now)
{
	if (model->doing == AM_WINDOW && now >= model->window_end)
		model->doing = model->op.what == AM_ERASE ? AM_ERASING : AM_BUSY;
}

void amd_model_advance(struct flash_model *common, u64 now)
{
	struct amd_model *model = (struct amd_model *)common;
	u64 due;

	close_window(model, now);
	while ((due = amd_model_busy_until(common)) <= now) {
		model->now = due;
		if (due == model->op.end)
			end(model);
		else
			come_to_rest(model);
	}
	if (now > model->now)
		model->now = now;
}
