/* SPDX-License-Identifier: MIT */
/* Owns what commands begin: programs, erases, changes of registers, and what is refused. */
#include <string.h>

#include "tests/unit/amd_model.h"

/* How long a refusal looks like work: GL-M "Program", "Sector Erase"; GL-S table 5.2 (20 to 100). */
#define REFUSED_PROGRAM_US 1
#define REFUSED_ERASE_US 100
#define REFUSED_GLS_US 20

void amd_model_tell_command(struct amd_model *model, const struct am_cycle *cycle, u8 command)
{
	model_tell(&model->common, (struct told){ TOLD_COMMAND, cycle->partition, command,
						  cycle->offset, cycle->value, 0, model->now });
}

/* [D] Set 0002 has no status that all parts have. */
void amd_model_tell_state(struct amd_model *model, u32 partition, enum kvl_flash_state state)
{
	model_tell(&model->common,
		   (struct told){ TOLD_STATE, partition, state, 0, 0, 0, model->now });
}

bool amd_model_is_protected(const struct amd_model *model, u32 block)
{
	return model->ppb[block] || model->dyb[block];
}

static struct am_operation *begin(struct amd_model *model, const struct am_cycle *cycle,
				  enum am_what what, enum kvl_flash_state is, u64 us)
{
	struct am_operation *op = &model->op;

	memset(op, 0, sizeof(*op));
	op->what = what;
	op->is = is;
	op->partition = cycle->partition;
	op->begin = model->now;
	op->end = model->now + us * 1000;
	model->doing = AM_BUSY;
	model->common.dirty |= 1u << cycle->block.index;
	amd_model_tell_state(model, op->partition, is);
	return op;
}

/* ---- programs -------------------------------------------------------------------------------- */

static bool in_region(const struct amd_model *model, u64 offset, u64 bytes)
{
	struct flash_block block = flash_block_at(model->part, model->map_at);

	return offset - block.start < model->part->secured_bytes &&
	       offset - block.start + bytes <= model->part->secured_bytes;
}

/* 0, or the error bits of the status register. */
static u8 refusal(const struct amd_model *model, const struct am_cycle *cycle)
{
	const struct am_load *load = &model->load;

	if (model->map == AM_REGION) {
		bool open = model->lock_register & 1 &&
			    in_region(model, load->start, load->units * model->unit_bytes);

		return open ? 0 : AM_SR_PROGRAM | AM_SR_LOCKED;
	}
	if (amd_model_is_protected(model, cycle->block.index))
		return AM_SR_PROGRAM | AM_SR_LOCKED;
	if (amd_model_erase_rests(model) && model->erase.named >> cycle->block.index & 1)
		return AM_SR_PROGRAM; /* 5.4.1, note 10 */
	return 0;
}

static bool asks_for_ones(const struct amd_model *model)
{
	const struct am_load *load = &model->load;
	const u8 *at = &model->array[load->start];
	u16 is = model->unit_bytes == 2 ? (u16)(at[0] | at[1] << 8) : at[0];

	return load->data[0] & ~is;
}

/* [D] A buffer takes its share of a full one's time, and no less than one word. */
static u64 program_us(const struct amd_model *model)
{
	const struct flash_part *part = model->part;
	u64 share = (u64)part->buffer.typ_us * model->load.count * model->unit_bytes >>
		    part->cfi.buffer_log2;

	return model->load.units > 1 && share > part->program.typ_us ? share
								      : part->program.typ_us;
}

void amd_model_begin_program(struct amd_model *model, const struct am_cycle *cycle, u8 command)
{
	u8 refused = refusal(model, cycle);
	struct am_operation *op;

	if (refused) {
		op = begin(model, cycle, AM_REFUSED_PROGRAM, KVL_FLASH_CHECK,
			   model->family == AM_GLS ? REFUSED_GLS_US : REFUSED_PROGRAM_US);
		op->load = model->load;
		model->refused = refused;
		return;
	}
	amd_model_tell_command(model, cycle, command);
	if (model->map == AM_REGION) {
		op = begin(model, cycle, AM_PROGRAM_REGION, KVL_FLASH_PROGRAM, program_us(model));
		op->load = model->load;
		return;
	}
	op = begin(model, cycle, AM_PROGRAM, KVL_FLASH_PROGRAM, program_us(model));
	op->load = model->load;
	model->doing = AM_PROGRAMMING;
	if (model->part->features & FLASH_DQ5_ON_ONES && asks_for_ones(model)) {
		op->fails = true;
		op->end = model->now + model->part->program.max_us * 1000ull;
	}
}

/* ---- erases ---------------------------------------------------------------------------------- */

static u64 erase_us(const struct amd_model *model, u32 sectors)
{
	u64 us = 0, at = 0;

	for (u32 i = 0; at < model->part->chip_bytes; i++) {
		struct flash_block block = flash_block_at(model->part, at);

		if (sectors >> i & 1)
			us += block.erase.typ_us;
		at += block.bytes;
	}
	return us;
}

/* [D] All that is named is protected: its 100 us begin with the last cycle. */
static void set_erase_times(struct amd_model *model)
{
	struct am_operation *op = &model->op;
	u64 window_us = model->part->erase_window_us;

	op->begin = model->window_end = model->now + window_us * 1000;
	op->total = erase_us(model, op->erased) * 1000;
	op->end = op->begin + op->total;
	if (op->what == AM_REFUSED_ERASE)
		op->end = model->now + (model->family == AM_GLS ? REFUSED_GLS_US
								 : REFUSED_ERASE_US) *
					       1000ull;
	if (op->what == AM_ERASE)
		model->doing = window_us ? AM_WINDOW : AM_ERASING;
	else
		model->doing = window_us ? AM_WINDOW : AM_BUSY;
}

void amd_model_name_sector(struct amd_model *model, const struct am_cycle *cycle, bool first)
{
	struct am_operation *op = &model->op;
	u32 sector = 1u << cycle->block.index;
	bool refused = amd_model_is_protected(model, cycle->block.index);

	if (first) {
		if (!refused)
			amd_model_tell_command(model, cycle, 0x30);
		op = begin(model, cycle, refused ? AM_REFUSED_ERASE : AM_ERASE,
			   refused ? KVL_FLASH_CHECK : KVL_FLASH_ERASE, 0);
		op->first = cycle->block.index;
		model->refused = AM_SR_ERASE | AM_SR_LOCKED;
	} else if (!refused && !(op->named & sector)) {
		amd_model_tell_command(model, cycle, 0x30);
		if (op->what == AM_REFUSED_ERASE) {
			op->what = AM_ERASE;
			op->is = KVL_FLASH_ERASE;
			amd_model_tell_state(model, op->partition, op->is);
		}
	}
	op->named |= sector;
	if (!refused)
		op->erased |= sector;
	model->common.dirty |= op->erased;
	set_erase_times(model);
}

void amd_model_erase_chip(struct amd_model *model, const struct am_cycle *cycle)
{
	u32 sectors = (u32)((1ull << flash_block_count(model->part)) - 1), erased = 0;
	struct am_operation *op;

	for (u32 i = 0; sectors >> i; i++)
		if (!amd_model_is_protected(model, i))
			erased |= 1u << i;
	if (!erased) {
		op = begin(model, cycle, AM_REFUSED_ERASE, KVL_FLASH_CHECK,
			   model->family == AM_GLS ? REFUSED_GLS_US : REFUSED_ERASE_US);
		model->refused = AM_SR_ERASE | AM_SR_LOCKED;
		op->named = sectors;
		return;
	}
	amd_model_tell_command(model, cycle, 0x10);
	op = begin(model, cycle, AM_ERASE_ALL, KVL_FLASH_ERASE, erase_us(model, erased));
	op->named = sectors;
	op->erased = erased;
	op->total = erase_us(model, erased) * 1000;
	model->common.dirty |= erased;
}

void amd_model_check_blank(struct amd_model *model, const struct am_cycle *cycle)
{
	const struct flash_block *block = &cycle->block;
	struct am_operation *op = begin(model, cycle, AM_BLANK_CHECK, KVL_FLASH_CHECK,
					model->part->blank_check.typ_us);

	op->named = 1u << block->index;
	for (u32 i = 0; i < block->bytes; i++)
		op->fails |= model->array[block->start + i] != 0xFF;
}

/* ---- registers ------------------------------------------------------------------------------- */

/* The lock register, or the PPB of the sector addressed. */
void amd_model_set_register(struct amd_model *model, const struct am_cycle *cycle)
{
	bool lock_register = model->map == AM_LOCK_REGISTER;
	struct am_operation *op;

	/* GL-P, note 6: both modes at once abort it. */
	if (lock_register && !(cycle->value & 6))
		return;
	if (!lock_register && model->frozen) {
		op = begin(model, cycle, AM_REFUSED_PROGRAM, KVL_FLASH_LOCK,
			   model->family == AM_GLS ? REFUSED_GLS_US : REFUSED_PROGRAM_US);
		model->refused = AM_SR_PROGRAM | AM_SR_LOCKED;
	} else {
		amd_model_tell_command(model, cycle, lock_register ? 0x40 : 0xC0);
		op = begin(model, cycle, AM_REGISTER_SET, KVL_FLASH_LOCK, model->part->lock.typ_us);
	}
	op->load.last = cycle->offset;
	op->load.last_value = cycle->value;
}

void amd_model_clear_ppbs(struct amd_model *model, const struct am_cycle *cycle)
{
	if (model->frozen) {
		begin(model, cycle, AM_REFUSED_ERASE, KVL_FLASH_LOCK,
		      model->family == AM_GLS ? REFUSED_GLS_US : REFUSED_ERASE_US);
		model->refused = AM_SR_ERASE | AM_SR_LOCKED;
		return;
	}
	amd_model_tell_command(model, cycle, 0xC0);
	begin(model, cycle, AM_PPBS_CLEAR, KVL_FLASH_LOCK, model->part->unlock.typ_us);
}
