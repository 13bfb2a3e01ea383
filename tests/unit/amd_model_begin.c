/* SPDX-License-Identifier: MIT */
/* Owns what commands begin: programs, erases, changes of registers, and what is refused. */
#include <string.h>

#include "tests/unit/amd_model.h"

/* How long a refusal looks like work: GL-M "Program", "Sector Erase"; GL-S table 5.2 (20 to
 * 100). */
#define REFUSED_PROGRAM_US 1
#define REFUSED_ERASE_US 100
#define REFUSED_GLS_US 20

/* Of a last cycle that is a code, not data, the lower byte is told. */
void amd_model_tell_command(struct amd_model *model, const struct am_cycle *cycle, u8 command)
{
	u64 unknown = command == 0xA0 ? 0 : 0xFF00;

	model_tell(&model->common,
		   (struct told){ TOLD_COMMAND, cycle->partition, command, cycle->offset,
				  cycle->value, unknown, model->now });
}

/* With the status register of a part that has one. */
void amd_model_tell_state(struct amd_model *model, u32 partition, enum kvl_flash_state state)
{
	struct model_read status = { .defined = 0xFF };

	if (model->family == AM_GLS)
		status = amd_model_status_register(model);
	model_tell(&model->common, (struct told){ TOLD_STATE, partition, state, 0, status.value,
						  ~(u64)status.defined, model->now });
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
	if (amd_model_erase_rests(model) && model->erase.named >> cycle->block.index & 1)
		return AM_SR_PROGRAM; /* 5.4.1, note 10 */
	return amd_model_is_protected(model, cycle->block.index) ? AM_SR_PROGRAM | AM_SR_LOCKED : 0;
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

	return model->load.units > 1 && share > part->program.typ_us ? share : part->program.typ_us;
}

static u64 longest_program_us(const struct amd_model *model)
{
	const struct flash_part *part = model->part;

	return program_us(model) == part->program.typ_us ? part->program.max_us
							 : part->buffer.max_us;
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
	op->fails = model->faults->fail_program == ++model->programs ||
		    (model->part->features & FLASH_DQ5_ON_ONES && asks_for_ones(model));
	if (op->fails)
		op->end = model->now + longest_program_us(model) * 1000;
}

/* ---- erases ---------------------------------------------------------------------------------- */

struct flash_block amd_model_sector(const struct amd_model *model, u32 index)
{
	struct flash_block block = flash_block_at(model->part, 0);

	while (block.index < index)
		block = flash_block_at(model->part, block.start + block.bytes);
	return block;
}

static void erase_from(struct amd_model *model, u32 sector, u64 begin)
{
	struct am_operation *op = &model->op;

	struct flash_time us = amd_model_sector(model, sector).erase;

	op->sector = sector;
	op->fails = model->faults->fail_erase == model->erases + 1;
	op->begin = begin;
	op->end = begin + (op->fails ? us.max_us : us.typ_us) * 1000ull;
}

bool amd_model_next_sector(struct amd_model *model, u64 begin)
{
	u32 queue = model->op.queue, was;

	if (!queue)
		return false;
	erase_from(model, (u32)__builtin_ctz(queue), begin);
	was = model->op.partition;
	model->op.partition =
		flash_hw_partition_at(model->part, amd_model_sector(model, model->op.sector).start)
			.index;
	if (was != model->op.partition && was != UINT32_MAX)
		amd_model_tell_state(model, was, KVL_FLASH_IDLE);
	amd_model_tell_state(model, model->op.partition, KVL_FLASH_ERASE);
	return true;
}

static u64 refused_erase_ns(const struct amd_model *model)
{
	return (model->family == AM_GLS ? REFUSED_GLS_US : REFUSED_ERASE_US) * 1000ull;
}

/* [D] All that is named is protected: its 100 us begin where the erase would. */
static void open_window(struct amd_model *model)
{
	struct am_operation *op = &model->op;
	u64 window_us = model->part->erase_window_us;

	model->window_end = model->now + window_us * 1000;
	if (op->what == AM_REFUSED_ERASE)
		op->end = model->window_end + refused_erase_ns(model);
	else
		erase_from(model, op->sector, model->window_end);
	if (window_us)
		model->doing = AM_WINDOW;
	else
		model->doing = op->what == AM_ERASE ? AM_ERASING : AM_BUSY;
}

/* The sector that was named first, if it is not protected, is erased first. */
static void queue_sector(struct amd_model *model, const struct am_cycle *cycle)
{
	struct am_operation *op = &model->op;

	amd_model_tell_command(model, cycle, 0x30);
	if (!op->queue) {
		op->what = AM_ERASE;
		op->is = KVL_FLASH_ERASE;
		op->sector = cycle->block.index;
	}
	op->queue |= 1u << cycle->block.index;
	model->common.dirty |= op->queue;
}

void amd_model_name_sector(struct amd_model *model, const struct am_cycle *cycle, bool first)
{
	struct am_operation *op = &model->op;
	u32 sector = 1u << cycle->block.index;
	bool refused = amd_model_is_protected(model, cycle->block.index);
	enum kvl_flash_state was = op->is;

	if (first) {
		memset(op, 0, sizeof(*op));
		op->what = AM_REFUSED_ERASE;
		op->is = was = KVL_FLASH_CHECK;
		op->partition = cycle->partition;
		model->refused = AM_SR_ERASE | AM_SR_LOCKED;
	}
	if (!refused && !(op->named & sector))
		queue_sector(model, cycle);
	op->named |= sector;
	open_window(model);
	if (first || op->is != was)
		amd_model_tell_state(model, op->partition, op->is);
}

void amd_model_erase_chip(struct amd_model *model, const struct am_cycle *cycle)
{
	u32 sectors = (u32)((1ull << flash_block_count(model->part)) - 1), queue = 0;
	struct am_operation *op = &model->op;

	for (u32 i = 0; sectors >> i; i++)
		if (!amd_model_is_protected(model, i))
			queue |= 1u << i;
	if (queue) {
		amd_model_tell_command(model, cycle, 0x10);
		memset(op, 0, sizeof(*op));
		op->what = AM_ERASE_ALL;
		op->is = KVL_FLASH_ERASE;
		op->queue = queue;
		op->partition = UINT32_MAX;
		model->doing = AM_BUSY;
		amd_model_next_sector(model, model->now);
		model->common.dirty |= queue;
	} else {
		begin(model, cycle, AM_REFUSED_ERASE, KVL_FLASH_CHECK, REFUSED_ERASE_US);
		op->end = model->now + refused_erase_ns(model);
		model->refused = AM_SR_ERASE | AM_SR_LOCKED;
	}
	op->named = sectors;
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

	/* GL-P, note 6: both modes abort it. */
	if (lock_register && !(model->lock_register & cycle->value & 6))
		return;
	if (!lock_register && model->frozen) {
		op = begin(model, cycle, AM_REFUSED_PROGRAM, KVL_FLASH_CHECK,
			   model->family == AM_GLS ? REFUSED_GLS_US : REFUSED_PROGRAM_US);
		model->refused = AM_SR_PROGRAM | AM_SR_LOCKED;
	} else {
		if (lock_register)
			amd_model_tell_command(model, cycle, 0xA0);
		op = begin(model, cycle, AM_REGISTER_SET,
			   lock_register ? KVL_FLASH_PROGRAM : KVL_FLASH_LOCK,
			   lock_register ? model->part->program.typ_us : model->part->lock.typ_us);
	}
	op->load.last = cycle->offset;
	op->load.last_value = cycle->value;
}

void amd_model_clear_ppbs(struct amd_model *model, const struct am_cycle *cycle)
{
	if (model->frozen) {
		begin(model, cycle, AM_REFUSED_ERASE, KVL_FLASH_CHECK,
		      model->family == AM_GLS ? REFUSED_GLS_US : REFUSED_ERASE_US);
		model->refused = AM_SR_ERASE | AM_SR_LOCKED;
		return;
	}
	begin(model, cycle, AM_PPBS_CLEAR, KVL_FLASH_LOCK, model->part->unlock.typ_us);
}
