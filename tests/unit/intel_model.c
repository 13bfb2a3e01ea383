/* SPDX-License-Identifier: MIT */
/*
 * Owns what the tables of intel_states.c are acted on with: operations and their times, the
 * registers. What a cycle is taken for is in intel_model_cycle.c, what reads return in
 * intel_model_read.c.
 */
#include <string.h>

#include "tests/unit/intel_model.h"

static u32 partition_at(const struct intel_model *model, u64 offset)
{
	return flash_hw_partition_at(model->part, offset).index;
}

static struct flash_block block_at(const struct intel_model *model, u64 offset)
{
	return flash_block_at(model->part, offset);
}

/* ---- what the observer is told --------------------------------------------------------------- */

static void tell_command(struct intel_model *model, const struct im_cycle *cycle, u8 command,
			 u64 unknown)
{
	model_tell(&model->common,
		   (struct told){ TOLD_COMMAND, cycle->partition, command, cycle->offset,
				  cycle->value, unknown, model->now });
}

/* The confirmation is a code: the lower byte of its cycle. */
static void tell_confirmed(struct intel_model *model, const struct im_cycle *cycle, u8 command)
{
	tell_command(model, cycle, command, 0xFF00);
}

static void tell_state(struct intel_model *model, u32 partition, enum kvl_flash_state state)
{
	struct model_read status = intel_model_status(model, partition);

	model_tell(&model->common,
		   (struct told){ TOLD_STATE, partition, state, 0, status.value & 0xFF,
				  ~(u64)status.defined, model->now });
}

static void set_mode(struct intel_model *model, u32 partition, enum im_output output)
{
	static const enum kvl_flash_mode modes[] = {
		[IM_TO_ARRAY] = KVL_FLASH_READ_ARRAY,
		[IM_TO_STATUS] = KVL_FLASH_READ_STATUS,
		[IM_TO_ID] = KVL_FLASH_READ_ID,
		[IM_TO_QUERY] = KVL_FLASH_READ_CFI,
	};

	if (output == IM_KEEPS || model->mode[partition] == modes[output])
		return;
	model->mode[partition] = modes[output];
	model_tell(&model->common,
		   (struct told){ TOLD_MODE, partition, modes[output], 0, 0, 0, model->now });
}

/* ---- states ---------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool ready;
	enum im_state at_end, at_rest;
} states[IM_STATES] = {
#define X(state, decoder, ready, at_end, at_rest) \
	[IM_##state] = { #state, ready, IM_##at_end, IM_##at_rest },
	IM_STATE_TABLE(X)
#undef X
};

bool intel_model_is_busy(const struct intel_model *model)
{
	return !states[model->state].ready;
}

static const char *state_name(const struct flash_model *common)
{
	return states[((const struct intel_model *)common)->state].name;
}

/* ---- operations ------------------------------------------------------------------------------ */

static struct im_operation *begin(struct intel_model *model, enum kvl_flash_state is, u64 offset,
				  u64 us)
{
	struct im_operation *op = &model->op;

	*op = (struct im_operation){ .exists = true,
				     .running = true,
				     .is = is,
				     .partition = partition_at(model, offset),
				     .block = block_at(model, offset).index,
				     .end = model->now + us * 1000 };
	model->common.dirty |= 1u << op->block;
	tell_state(model, op->partition, is);
	return op;
}

static void begin_load(struct intel_model *model, u64 us)
{
	struct im_operation *op = begin(model, KVL_FLASH_PROGRAM, model->load.start, us);

	op->hand = model->load.start;
	op->hand_bytes = (u64)model->load.units * model->unit_bytes;
}

/* [D] A buffer takes its share of a full one's time, and no less than one word. */
static u64 buffer_us(const struct intel_model *model)
{
	const struct flash_part *part = model->part;
	u32 bytes = model->load.units * model->unit_bytes;
	u64 share = (u64)part->buffer.typ_us * bytes >> part->cfi.buffer_log2;

	return share > part->program.typ_us ? share : part->program.typ_us;
}

static void begin_erase(struct intel_model *model, const struct flash_block *block)
{
	struct im_operation *op = begin(model, KVL_FLASH_ERASE, block->start, block->erase.typ_us);

	op->hand = block->start;
	op->hand_bytes = block->bytes;
	model->erasing[block->index] = true;
}

static u64 unit(const struct intel_model *model, u64 offset)
{
	return offset / model->unit_bytes * model->unit_bytes;
}

static void take_data(struct im_load *load, u32 at, u16 value)
{
	load->data[at] = value;
	load->given[at] = true;
	load->taken++;
}

static void empty(struct im_load *load, u64 start, u32 units)
{
	load->start = start;
	load->units = units;
	load->taken = 0;
	memset(load->given, 0, sizeof(load->given));
}

static void take_buffer_data(struct intel_model *model, const struct im_cycle *cycle)
{
	struct im_load *load = &model->load;

	if (!load->taken)
		load->start = unit(model, cycle->offset);
	take_data(load, (u32)(cycle->offset - load->start) / model->unit_bytes, cycle->value);
}

static void note_lock(struct intel_model *model, const struct im_cycle *cycle, enum im_act act)
{
	u8 *lock = &model->lock[cycle->block.index];

	switch (act) {
	case IM_LOCK: *lock |= 1; break;
	case IM_LOCK_DOWN: *lock = 3; break;
	default: *lock &= *lock & 2 ? 3 : 2; break; /* WP# is low: locked down stays locked */
	}
}

static void suspend(struct intel_model *model, const struct flash_time *latency)
{
	model->rest = model->now + latency->typ_us * 1000ull;
}

static void resume(struct intel_model *model, const struct im_cycle *cycle)
{
	struct im_operation *op = &model->op;

	tell_confirmed(model, cycle, 0xD0);
	op->running = true;
	op->end = model->now + op->left;
	tell_state(model, op->partition, op->is);
}

static void act_on_program(struct intel_model *model, const struct im_cycle *cycle, enum im_act act)
{
	switch (act) {
	case IM_TAKE_COUNT: empty(&model->load, 0, cycle->value + 1u); break;
	case IM_TAKE_DATA: take_buffer_data(model, cycle); break;
	case IM_BEGIN_PROGRAM:
		empty(&model->load, unit(model, cycle->offset), 1);
		take_data(&model->load, 0, cycle->value);
		tell_command(model, cycle, model->command, 0);
		begin_load(model, model->part->program.typ_us);
		break;
	case IM_BEGIN_BUFFER:
		tell_confirmed(model, cycle, model->command);
		begin_load(model, buffer_us(model));
		break;
	default: break;
	}
}

static void act_on_befp(struct intel_model *model, const struct im_cycle *cycle, enum im_act act)
{
	if (act == IM_BEGIN_BEFP) {
		tell_confirmed(model, cycle, model->command);
		model->befp_at = cycle->offset;
		model->befp_partition = cycle->partition;
		empty(&model->fill, model->befp_at, intel_model_buffer_units(model));
		return;
	}
	take_data(&model->fill, model->fill.taken, cycle->value);
	if (act == IM_BEGIN_FILL)
		begin(model, KVL_FLASH_PROGRAM, model->befp_at, model->part->befp.typ_us);
}

static void act_on_lock(struct intel_model *model, const struct im_cycle *cycle, enum im_act act)
{
	const struct flash_part *part = model->part;

	if (act == IM_BEGIN_LOCK || act == IM_BEGIN_UNLOCK) {
		begin(model, KVL_FLASH_LOCK, cycle->offset,
		      act == IM_BEGIN_LOCK ? part->lock.typ_us : part->unlock.typ_us);
		if (act == IM_BEGIN_LOCK)
			model->lock[cycle->block.index] = 1;
		else
			memset(model->lock, 0, sizeof(model->lock));
		return;
	}
	note_lock(model, cycle, act);
}

static void begin_otp(struct intel_model *model, const struct im_cycle *cycle)
{
	u32 shift = model->unit_bytes == 1 && cycle->offset & 1 ? 8 : 0;
	u16 others = model->unit_bytes == 1 ? (u16)(0xFF00 >> shift) : 0;

	tell_command(model, cycle, model->command, 0);
	begin(model, KVL_FLASH_PROGRAM, cycle->offset, model->part->program.typ_us);
	model->otp_index = intel_model_otp_index(model, cycle->offset);
	model->otp_data = (u16)(cycle->value << shift) | others;
}

static void act_on(struct intel_model *model, const struct im_cycle *cycle, enum im_act act)
{
	const struct flash_part *part = model->part;

	switch (act) {
	case IM_NOTHING: break;
	case IM_NOTE_COMMAND: model->command = cycle->code; break;
	case IM_CLEAR_ERRORS: model->errors[cycle->partition] = 0; break;
	case IM_CLEAR_ERRORS_ELSEWHERE:
		if (cycle->partition != model->op.partition)
			model->errors[cycle->partition] = 0;
		break;
	case IM_TAKE_COUNT:
	case IM_TAKE_DATA:
	case IM_BEGIN_PROGRAM:
	case IM_BEGIN_BUFFER: act_on_program(model, cycle, act); break;
	case IM_BEGIN_BEFP:
	case IM_TAKE_FILL:
	case IM_BEGIN_FILL: act_on_befp(model, cycle, act); break;
	case IM_BEGIN_LOCK:
	case IM_BEGIN_UNLOCK:
	case IM_LOCK:
	case IM_UNLOCK:
	case IM_LOCK_DOWN: act_on_lock(model, cycle, act); break;
	case IM_BEGIN_ERASE:
		tell_confirmed(model, cycle, model->command);
		begin_erase(model, &cycle->block);
		break;
	case IM_BEGIN_OTP: begin_otp(model, cycle); break;
	case IM_BEGIN_CHECK:
		begin(model, KVL_FLASH_CHECK, cycle->offset, part->blank_check.typ_us);
		break;
	case IM_SET_CONFIG: model->config = (u16)(cycle->offset / 2); break;
	case IM_SUSPEND_PROGRAM: suspend(model, &part->suspend_program); break;
	case IM_SUSPEND_ERASE: suspend(model, &part->suspend_erase); break;
	case IM_RESUME_ERASE:
		model->op = model->erase;
		model->erase.exists = false;
		__attribute__((fallthrough));
	case IM_RESUME_PROGRAM: resume(model, cycle); break;
	}
}

/* ---- cycles ---------------------------------------------------------------------------------- */

/* Errors are those of the partition that was addressed; a buffer's lock is that of its data. */
static u32 partition_of_error(const struct intel_model *model, const struct im_cycle *cycle,
			      enum im_cycle_is is)
{
	bool is_confirm = model->state == IM_CONFIRM || model->state == IM_ES_CONFIRM;

	if (is == IM_IS_LOCKED && is_confirm)
		return partition_at(model, model->load.start);
	return cycle->partition;
}

static void take_cycle(struct intel_model *model, u64 offset, u16 value)
{
	struct im_cycle cycle = { offset, value, value & 0xFF, partition_at(model, offset),
				  block_at(model, offset) };
	const struct im_row *row;
	const struct im_cell *cell;
	enum im_cycle_is is;

	row = &im_rows[model->family][model->state];
	is = intel_model_decode(model, &cycle);
	cell = row->on[is].next ? &row->on[is] : &row->other;
	set_mode(model, cycle.partition, cell->output);
	model->errors[partition_of_error(model, &cycle, is)] |= cell->errors;
	if (cell->next != IM_STAYS)
		model->state = cell->next;
	act_on(model, &cycle, cell->act);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void program(struct intel_model *model, const struct im_load *load)
{
	for (u32 i = 0; i < load->units; i++) {
		u8 *at = &model->array[load->start + i * model->unit_bytes];

		if (!load->given[i])
			continue;
		at[0] &= load->data[i] & 0xFF;
		if (model->unit_bytes == 2)
			at[1] &= load->data[i] >> 8;
	}
}

static void finish_erase(struct intel_model *model)
{
	const struct im_operation *op = &model->op;

	memset(&model->array[op->hand], 0xFF, op->hand_bytes);
	model->erasing[op->block] = false;
}

static bool is_blank(const struct intel_model *model, u32 index)
{
	struct flash_block block = { 0 };

	for (u64 at = 0; block.index != index || !block.bytes; at += block.bytes)
		block = block_at(model, at);
	for (u32 i = 0; i < block.bytes; i++)
		if (model->array[block.start + i] != 0xFF)
			return false;
	return true;
}

/* At the end of the block it goes on at its start. */
static void finish_fill(struct intel_model *model)
{
	struct flash_block block = block_at(model, model->befp_at);
	u64 bytes = model->fill.units * 2;

	program(model, &model->fill);
	model->befp_at = block.start + (model->befp_at + bytes - block.start) % block.bytes;
	empty(&model->fill, model->befp_at, model->fill.units);
}

static void finish(struct intel_model *model)
{
	switch (model->state) {
	case IM_OTP_BUSY: model->otp[model->otp_index - IM_OTP_LOCK] &= model->otp_data; break;
	case IM_BEFP_BUSY: finish_fill(model); break;
	case IM_LOCK_BUSY: break;
	case IM_CHECK_BUSY:
		if (!is_blank(model, model->op.block))
			model->errors[model->op.partition] |= IM_SR5;
		break;
	case IM_ERASE_BUSY:
	case IM_ERASE_SUSPENDING: finish_erase(model); break;
	default: program(model, &model->load); break;
	}
}

/* What goes on in the partition while nothing runs in it. */
static enum kvl_flash_state resting(const struct intel_model *model, u32 partition)
{
	bool erase = model->erase.exists && model->erase.partition == partition;

	return erase ? KVL_FLASH_ERASE_SUSPENDED : KVL_FLASH_IDLE;
}

static void end(struct intel_model *model)
{
	model->now = model->op.end;
	finish(model);
	model->op.exists = model->op.running = false;
	model->state = states[model->state].at_end;
	tell_state(model, model->op.partition, resting(model, model->op.partition));
}

static void come_to_rest(struct intel_model *model)
{
	struct im_operation *op = &model->op;

	model->now = model->rest;
	op->running = false;
	op->left = op->end - model->rest;
	model->state = states[model->state].at_rest;
	if (op->is == KVL_FLASH_ERASE) {
		model->erase = *op;
		op->exists = false;
		tell_state(model, op->partition, KVL_FLASH_ERASE_SUSPENDED);
	} else {
		tell_state(model, op->partition, KVL_FLASH_PROGRAM_SUSPENDED);
	}
}

static u64 busy_until(const struct flash_model *common)
{
	const struct intel_model *model = (const struct intel_model *)common;
	const struct im_operation *op = &model->op;
	bool rests = states[model->state].at_rest != IM_NONE;

	if (!op->running)
		return UINT64_MAX;
	return rests && model->rest < op->end ? model->rest : op->end;
}

static void advance(struct flash_model *common, u64 now)
{
	struct intel_model *model = (struct intel_model *)common;
	u64 due;

	while ((due = busy_until(common)) <= now) {
		if (due == model->op.end)
			end(model);
		else
			come_to_rest(model);
	}
	if (now > model->now)
		model->now = now;
}

static void write_cycle(struct flash_model *common, u64 offset, u16 value, u64 now)
{
	advance(common, now);
	take_cycle((struct intel_model *)common, offset, value);
}

/* ---- power-up -------------------------------------------------------------------------------- */

static void reset(struct flash_model *common, const struct flash_config *config, u8 *array,
		  const struct model_cells *chip)
{
	struct intel_model *model = (struct intel_model *)common;
	const struct flash_part *part = config->part;

	memset(model, 0, sizeof(*model));
	common->ops = &intel_model_ops;
	model->part = part;
	model->family = part->features & FLASH_STATES_P30    ? IM_P30
			: part->features & FLASH_LOCK_STORED ? IM_J3
							     : IM_C3;
	model->unit_bytes = config->bus_bytes;
	model->partitions = flash_hw_partition_count(part);
	model->array = array;
	model->state = IM_READY;
	memset(model->lock, part->features & FLASH_LOCK_INSTANT ? 1 : 0, sizeof(model->lock));
	memcpy(model->otp, chip->nv->otp, sizeof(model->otp));
	model->chip = chip;
	model->config = 0xBFCF;
	flash_cfi_query(part, model->query);
}

static bool is_idle(const struct flash_model *common)
{
	const struct intel_model *model = (const struct intel_model *)common;

	return !model->op.exists && !model->erase.exists;
}

static const char *cells_problem(const struct flash_model *common)
{
	const struct intel_model *model = (const struct intel_model *)common;

	return memcmp(model->chip->nv->otp, model->otp, sizeof(model->otp)) ? "protection registers"
									    : NULL;
}

const struct flash_model_ops intel_model_ops = {
	.reset = reset,
	.write = write_cycle,
	.advance = advance,
	.read = intel_model_read,
	.busy_until = busy_until,
	.shows = intel_model_shows,
	.is_idle = is_idle,
	.cells_problem = cells_problem,
	.state = state_name,
};
