/* SPDX-License-Identifier: MIT */
/*
 * Owns what the acts of amd_states.c do, and power-up. What a cycle is taken for is in
 * amd_model_cycle.c, what begins an operation in amd_model_begin.c, its end in amd_model_end.c,
 * what failures and power cuts leave in amd_model_cut.c, what reads return in amd_model_read.c.
 */
#include <string.h>

#include "tests/unit/amd_model.h"

#define AM_SR_ERRORS (AM_SR_ERASE | AM_SR_PROGRAM | AM_SR_ABORT | AM_SR_LOCKED)

/* ---- write buffer ---------------------------------------------------------------------------- */

static u64 unit(const struct amd_model *model, u64 offset)
{
	return offset & ~(u64)(model->unit_bytes - 1);
}

static void empty(struct am_load *load, u32 count)
{
	memset(load, 0, sizeof(*load));
	load->count = count;
	load->last = UINT64_MAX;
}

static void take_word(struct amd_model *model, const struct am_cycle *cycle, u32 page_bytes)
{
	struct am_load *load = &model->load;
	u32 at;

	if (!load->taken) {
		load->start = cycle->offset & ~(u64)(page_bytes - 1);
		load->units = page_bytes / model->unit_bytes;
	}
	at = (u32)(cycle->offset - load->start) / model->unit_bytes;
	load->data[at] = cycle->value;
	load->given[at] = true;
	load->last = unit(model, cycle->offset);
	load->last_value = cycle->value;
	load->taken++;
}

/* It looks like work: status everywhere, DQ1. */
static void abort_buffer(struct amd_model *model)
{
	memset(&model->op, 0, sizeof(model->op));
	model->op.load = model->load;
	model->doing = AM_ABORTED;
	model->errors |= AM_SR_ABORT | AM_SR_PROGRAM;
}

static void act_on_program(struct amd_model *model, const struct am_cycle *cycle, enum am_act act)
{
	switch (act) {
	case AM_NOTE_SECTOR:
		model->sector = cycle->block.index;
		empty(&model->load, 0);
		break;
	case AM_TAKE_COUNT: empty(&model->load, cycle->value + 1u); break;
	case AM_TAKE_WORD: take_word(model, cycle, 1u << model->part->cfi.buffer_log2); break;
	case AM_BEGIN_BUFFER: amd_model_begin_program(model, cycle, 0x25); break;
	case AM_BEGIN_PROGRAM:
		empty(&model->load, 1);
		take_word(model, cycle, model->unit_bytes);
		amd_model_begin_program(model, cycle, 0xA0);
		break;
	default: abort_buffer(model); break;
	}
}

/* ---- suspend, resume ------------------------------------------------------------------------- */

/* In the window at once (GL-N, "Erase Suspend"). [D] So, too, while a resumption has no effect. */
static void suspend(struct amd_model *model)
{
	const struct flash_part *part = model->part;
	const struct flash_time *latency = model->op.what == AM_PROGRAM ? &part->suspend_program
									: &part->suspend_erase;

	if (model->op.what == AM_REFUSED_ERASE)
		return; /* [D] */
	model->rest = model->now;
	if (model->now >= model->op.begin)
		model->rest += latency->typ_us * 1000ull;
	model->doing = AM_SUSPENDING;
}

static void resume(struct amd_model *model, const struct am_cycle *cycle)
{
	struct am_operation *op = &model->op;

	if (amd_model_program_rests(model)) {
		model->doing = AM_PROGRAMMING;
	} else {
		*op = model->erase;
		model->erase.what = AM_NONE;
		model->doing = AM_ERASING;
	}
	op->begin = model->now + model->part->resume_us * 1000ull;
	op->end = op->begin + op->left;
	amd_model_tell_command(model, cycle, cycle->code);
	amd_model_tell_state(model, op->partition, op->is);
}

/* ---- acts ------------------------------------------------------------------------------------ */

static void enter(struct amd_model *model, const struct am_cycle *cycle, enum am_map map)
{
	model->codes_below = map == AM_QUERY && model->map == AM_CODES &&
			     model->family & (AM_LV | AM_DL);
	model->map = map;
	if (!model->codes_below)
		model->map_at = cycle->offset;
}

static void act_on_map(struct amd_model *model, const struct am_cycle *cycle, enum am_act act)
{
	static const enum am_map maps[] = {
		[AM_ENTER_CODES] = AM_CODES,
		[AM_ENTER_QUERY] = AM_QUERY,
		[AM_ENTER_BYPASS] = AM_BYPASS,
		[AM_ENTER_REGION] = AM_REGION,
		[AM_ENTER_LOCK_REGISTER] = AM_LOCK_REGISTER,
		[AM_ENTER_PPB] = AM_PPB,
		[AM_ENTER_PPB_LOCK] = AM_PPB_LOCK,
		[AM_ENTER_DYB] = AM_DYB,
	};

	switch (act) {
	case AM_RESET: model->errors &= ~AM_SR_ERRORS; __attribute__((fallthrough));
	case AM_LEAVE:
		model->map = model->codes_below ? AM_CODES : AM_ARRAY;
		model->codes_below = false;
		break;
	default: enter(model, cycle, maps[act]); break;
	}
}

/* GL-N: of the Secured Silicon region always the first sector's place. */
static void enter_region(struct amd_model *model, const struct am_cycle *cycle)
{
	enter(model, cycle, AM_REGION);
	if (model->family != AM_GLS)
		model->map_at = 0;
}

static void forget_erase(struct amd_model *model)
{
	amd_model_end_operation(model);
}

static void end_status(struct amd_model *model, enum am_act act)
{
	model->errors &= ~AM_SR_ERRORS;
	if (act != AM_CLEAR_STATUS)
		model->doing = AM_IDLE;
	if (act == AM_END_FAILURE)
		model->op.what = AM_NONE;
}

static void show_status(struct amd_model *model)
{
	model->status = amd_model_status_register(model);
	model->status_shown = true;
}

static void act_on(struct amd_model *model, const struct am_cycle *cycle, enum am_act act)
{
	switch (act) {
	case AM_NOTHING: break;
	case AM_RESET:
	case AM_LEAVE:
	case AM_ENTER_CODES:
	case AM_ENTER_QUERY:
	case AM_ENTER_BYPASS:
	case AM_ENTER_LOCK_REGISTER:
	case AM_ENTER_PPB:
	case AM_ENTER_PPB_LOCK:
	case AM_ENTER_DYB: act_on_map(model, cycle, act); break;
	case AM_ENTER_REGION: enter_region(model, cycle); break;
	case AM_NOTE_SECTOR:
	case AM_TAKE_COUNT:
	case AM_TAKE_WORD:
	case AM_BEGIN_PROGRAM:
	case AM_BEGIN_BUFFER:
	case AM_ABORT: act_on_program(model, cycle, act); break;
	case AM_NAME_FIRST: amd_model_name_sector(model, cycle, true); break;
	case AM_NAME_ANOTHER: amd_model_name_sector(model, cycle, false); break;
	case AM_FORGET_ERASE: forget_erase(model); break;
	case AM_ERASE_CHIP: amd_model_erase_chip(model, cycle); break;
	case AM_SUSPEND: suspend(model); break;
	case AM_RESUME: resume(model, cycle); break;
	case AM_SET_LOCK_REGISTER:
	case AM_SET_PPB: amd_model_set_register(model, cycle); break;
	case AM_CLEAR_PPBS: amd_model_clear_ppbs(model, cycle); break;
	case AM_FREEZE: model->frozen = true; break;
	case AM_PROTECT: model->dyb[cycle->block.index] = true; break;
	case AM_UNPROTECT: model->dyb[cycle->block.index] = false; break;
	case AM_CHECK_BLANK: amd_model_check_blank(model, cycle); break;
	case AM_SHOW_STATUS: show_status(model); break;
	case AM_CLEAR_STATUS:
	case AM_END_FAILURE:
	case AM_END_ABORT: end_status(model, act); break;
	}
}

/* ---- cycles ---------------------------------------------------------------------------------- */

static void write_cycle(struct flash_model *common, u64 offset, u16 value, u64 now)
{
	struct amd_model *model = (struct amd_model *)common;
	struct am_cycle cycle = { offset, value, value & 0xFF,
				  flash_hw_partition_at(model->part, offset).index,
				  flash_block_at(model->part, offset) };

	amd_model_advance(common, now);
	model->status_shown = false; /* [D] */
	act_on(model, &cycle, amd_model_decode(model, &cycle));
	amd_model_tell_modes(model);
}

/* ---- power-up -------------------------------------------------------------------------------- */

static enum am_family family_of(const struct flash_part *part, u32 bus_bytes)
{
	if (part->features & FLASH_STATUS_COMMAND)
		return AM_GLS;
	if (part->features & FLASH_SECTOR_PROTECT)
		return bus_bytes == 1 ? AM_GLN_X8 : AM_GLN_X16;
	return part->nruns ? AM_DL : AM_LV;
}

static void read_cells(struct amd_model *model)
{
	const struct flash_nv *nv = model->chip->nv;

	for (u32 i = 0; i < flash_block_count(model->part); i++) {
		model->ppb[i] = nv->block[i].locked;
		model->cycles[i] = nv->block[i].cycles;
	}
	model->lock_register = nv->lock_register;
	memcpy(model->secured, nv->otp, sizeof(model->secured));
}

static void reset(struct flash_model *common, const struct flash_config *config, u8 *array,
		  const struct model_cells *chip)
{
	struct amd_model *model = (struct amd_model *)common;
	const struct flash_part *part = config->part;

	memset(model, 0, sizeof(*model));
	common->ops = &amd_model_ops;
	model->part = part;
	model->chip = chip;
	model->family = family_of(part, config->bus_bytes);
	model->faults = &config->faults;
	model->unit_bytes = config->bus_bytes;
	model->partitions = flash_hw_partition_count(part);
	model->array = array;
	model->doing = AM_IDLE;
	model->map = AM_ARRAY;
	read_cells(model);
	model->frozen = !(model->lock_register & 4);
	flash_cfi_query(part, model->query);
	model->query_end = part->cfi.extended_at + 5u + part->cfi.extended_bytes;
}

static bool is_idle(const struct flash_model *common)
{
	const struct amd_model *model = (const struct amd_model *)common;

	return model->op.what == AM_NONE && !amd_model_erase_rests(model);
}

static const char *cells_problem(const struct flash_model *common)
{
	const struct amd_model *model = (const struct amd_model *)common;
	const struct flash_nv *nv = model->chip->nv;

	if (model->problem)
		return model->problem;
	for (u32 i = 0; i < flash_block_count(model->part); i++) {
		if (nv->block[i].locked != model->ppb[i])
			return "protection bits";
		if (nv->block[i].cycles != model->cycles[i])
			return "cycles";
	}
	if (nv->lock_register != model->lock_register)
		return "lock register";
	return memcmp(nv->otp, model->secured, sizeof(model->secured)) ? "secured region" : NULL;
}

static const char *state_name(const struct flash_model *common)
{
	static const char *const points[] = {
#define X(point) #point,
		AM_POINT_TABLE(X)
#undef X
	};
	static const char *const doings[] = { "idle", "window",	    "erasing", "programming",
					      "busy", "suspending", "failed",  "aborted" };
	static const char *const maps[] = { "array",  "codes",	  "query",
					    "bypass", "region",	  "lock register",
					    "PPB",    "PPB lock", "DYB" };
	const struct amd_model *model = (const struct amd_model *)common;

	if (model->point != AM_AT_START)
		return points[model->point];
	if (model->doing != AM_IDLE)
		return doings[__builtin_ctz(model->doing)];
	if (model->map == AM_ARRAY && !is_idle(common))
		return "at rest";
	return maps[__builtin_ctz(model->map)];
}

const struct flash_model_ops amd_model_ops = {
	.reset = reset,
	.write = write_cycle,
	.advance = amd_model_advance,
	.read = amd_model_read,
	.busy_until = amd_model_busy_until,
	.shows = amd_model_shows,
	.is_idle = is_idle,
	.cells_problem = cells_problem,
	.power_cut = amd_model_power_cut,
	.state = state_name,
};
