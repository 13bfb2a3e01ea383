/* SPDX-License-Identifier: MIT */
/* Owns what a write cycle is taken for: the row of amd_states.c that fits it. */
#include "tests/unit/amd_model.h"

#define CONFIRM_BUFFER 0x29

static u32 word_address(u64 offset)
{
	return (u32)(offset / 2) & 0x7FF;
}

static enum am_rests rests(const struct amd_model *model)
{
	if (amd_model_program_rests(model))
		return amd_model_erase_rests(model) ? AM_RESTS_BOTH : AM_RESTS_PROGRAM;
	return amd_model_erase_rests(model) ? AM_RESTS_ERASE : AM_RESTS_NOTHING;
}

static bool is_here(const struct amd_model *model, const struct am_cycle *cycle)
{
	const struct am_operation *op = model->op.what ? &model->op : &model->erase;

	return cycle->partition == op->partition;
}

static bool is_count(const struct amd_model *model, const struct am_cycle *cycle)
{
	u32 units = (1u << model->part->cfi.buffer_log2) / model->unit_bytes;

	return cycle->block.index == model->sector && cycle->value < units;
}

/* The first word selects the page, which lies in the sector of the command. */
static bool is_word(const struct amd_model *model, const struct am_cycle *cycle)
{
	u64 page = ~((1ull << model->part->cfi.buffer_log2) - 1);

	if (cycle->block.index != model->sector)
		return false;
	return !model->load.taken || (cycle->offset & page) == model->load.start;
}

static bool is_good(const struct amd_model *model, const struct am_cycle *cycle)
{
	switch (model->point) {
	case AM_AT_COUNT: return is_count(model, cycle);
	case AM_AT_LOAD: return is_word(model, cycle);
	case AM_AT_CONFIRM:
		return cycle->block.index == model->sector && cycle->code == CONFIRM_BUFFER;
	default: return false;
	}
}

static bool fits_address(const struct amd_model *model, const struct am_cycle *cycle, enum am_is is)
{
	switch (is) {
	case AM_IS_ANY: return true;
	case AM_IS_555: return word_address(cycle->offset) == 0x555;
	case AM_IS_2AA: return word_address(cycle->offset) == 0x2AA;
	case AM_IS_055: return word_address(cycle->offset) == 0x055;
	case AM_IS_HERE: return is_here(model, cycle);
	case AM_IS_GOOD:
		return is_good(model, cycle) &&
		       !(model->point == AM_AT_LOAD && model->load.taken + 1 == model->load.count);
	case AM_IS_LAST: return is_good(model, cycle);
	}
	return false;
}

static bool fits(const struct amd_model *model, const struct am_cycle *cycle,
		 const struct am_row *row)
{
	return row->point == model->point && row->families & model->family &&
	       row->doing & model->doing && row->maps & model->map && row->rests & rests(model) &&
	       (row->code == AM_ANY_CODE || row->code == cycle->code) &&
	       fits_address(model, cycle, row->is);
}

enum am_act amd_model_decode(struct amd_model *model, const struct am_cycle *cycle)
{
	for (size_t i = 0; i < am_nrows; i++)
		if (fits(model, cycle, &am_rows[i])) {
			model->point = am_rows[i].next;
			return am_rows[i].act;
		}
	model->point = AM_AT_START;
	return AM_NOTHING;
}
