/* SPDX-License-Identifier: MIT */
/* Owns what a write cycle is taken for: a command code, or good or bad data for what is awaited. */
#include "tests/unit/intel_model.h"

static u32 partition_at(const struct intel_model *model, u64 offset)
{
	return flash_hw_partition_at(model->part, offset).index;
}

static struct flash_block block_at(const struct intel_model *model, u64 offset)
{
	return flash_block_at(model->part, offset);
}

static enum im_cycle_is is_code(const struct intel_model *model, const struct im_cycle *cycle)
{
	const struct flash_part *part = model->part;

	for (size_t i = 0; i < im_ncodes; i++)
		if (im_codes[i].code == cycle->code && im_codes[i].families >> model->family & 1 &&
		    (!im_codes[i].needs_buffer || part->cfi.buffer_log2) &&
		    (part->features & im_codes[i].features) == im_codes[i].features)
			return im_codes[i].is;
	return IM_IS_OTHER;
}

static bool is_locked(const struct intel_model *model, u32 block)
{
	return model->lock[block] & 1;
}

static enum im_cycle_is is_program_data(const struct intel_model *model,
					const struct im_cycle *cycle)
{
	return is_locked(model, cycle->block.index) ? IM_IS_LOCKED : IM_IS_GOOD;
}

static enum im_cycle_is is_erase_confirm(const struct intel_model *model,
					 const struct im_cycle *cycle)
{
	return cycle->code == 0xD0 ? is_program_data(model, cycle) : IM_IS_OTHER;
}

u32 intel_model_buffer_units(const struct intel_model *model)
{
	u32 units = (1u << model->part->cfi.buffer_log2) / model->unit_bytes;

	return model->unit_bytes == 1 && units > 256 ? 256 : units; /* J3 65 nm, x8 mode */
}

static enum im_cycle_is is_count(const struct intel_model *model, const struct im_cycle *cycle)
{
	return cycle->value < intel_model_buffer_units(model) ? IM_IS_GOOD : IM_IS_BAD;
}

/* Later data lie within the count from the first, in its block. */
static bool is_outside(const struct intel_model *model, const struct im_cycle *cycle)
{
	const struct im_load *load = &model->load;
	u64 bytes = (u64)load->units * model->unit_bytes;

	return load->taken && (cycle->offset - load->start >= bytes ||
			       cycle->block.index != block_at(model, load->start).index);
}

static enum im_cycle_is is_data(const struct intel_model *model, const struct im_cycle *cycle)
{
	if (is_outside(model, cycle))
		return IM_IS_BAD;
	return model->load.taken + 1 == model->load.units ? IM_IS_LAST : IM_IS_GOOD;
}

static enum im_cycle_is is_confirm(const struct intel_model *model, const struct im_cycle *cycle)
{
	struct flash_block block = block_at(model, model->load.start);

	if (cycle->code != 0xD0)
		return IM_IS_OTHER;
	if (model->errors[partition_at(model, block.start)] & (IM_SR5 | IM_SR4))
		return IM_IS_REFUSED;
	return is_locked(model, block.index) ? IM_IS_LOCKED : IM_IS_GOOD;
}

u32 intel_model_otp_end(const struct intel_model *model)
{
	return model->part->features & FLASH_WIDE_OTP ? IM_OTP_LOCK_WIDE + 1 + 8 * IM_OTP_GROUPS
						      : IM_OTP_LOCK_WIDE;
}

u32 intel_model_otp_index(const struct intel_model *model, u64 offset)
{
	return (u32)((offset - flash_hw_partition_at(model->part, offset).start) / 2);
}

static bool otp_is_locked(const struct intel_model *model, u32 index)
{
	const u16 *otp = model->otp;

	if (index == IM_OTP_LOCK || index == IM_OTP_LOCK_WIDE)
		return false;
	if (index > IM_OTP_LOCK_WIDE)
		return !(otp[IM_OTP_LOCK_WIDE - IM_OTP_LOCK] >> (index - IM_OTP_LOCK_WIDE - 1) / 8 &
			 1);
	return !(otp[0] >> (index - IM_OTP_LOCK - 1) / 4 & 1);
}

static enum im_cycle_is is_otp_data(const struct intel_model *model, const struct im_cycle *cycle)
{
	u32 index = intel_model_otp_index(model, cycle->offset);

	if (index < IM_OTP_LOCK || index >= intel_model_otp_end(model))
		return IM_IS_BAD;
	return otp_is_locked(model, index) ? IM_IS_LOCKED : IM_IS_GOOD;
}

/* It begins at the start of a buffer. */
static enum im_cycle_is is_befp_confirm(const struct intel_model *model,
					const struct im_cycle *cycle)
{
	if (cycle->code != 0xD0)
		return IM_IS_OTHER;
	if (is_locked(model, cycle->block.index))
		return IM_IS_LOCKED;
	return cycle->offset % (intel_model_buffer_units(model) * model->unit_bytes) ? IM_IS_BAD
										     : IM_IS_GOOD;
}

static enum im_cycle_is is_befp_data(const struct intel_model *model, const struct im_cycle *cycle)
{
	if (cycle->block.index != block_at(model, model->befp_at).index) {
		if (model->fill.taken)
			return IM_IS_BAD;
		return cycle->value == 0xFFFF ? IM_IS_EXIT : IM_IS_OTHER;
	}
	return model->fill.taken + 1 == intel_model_buffer_units(model) ? IM_IS_LAST : IM_IS_GOOD;
}

enum decoder {
	CODE,
	PROGRAM_DATA,
	ERASE_CONFIRM,
	COUNT,
	DATA,
	CONFIRM,
	OTP_DATA,
	BEFP_CONFIRM,
	BEFP_DATA
};

enum im_cycle_is intel_model_decode(const struct intel_model *model, const struct im_cycle *cycle)
{
	static enum im_cycle_is (*const decoders[])(const struct intel_model *,
						    const struct im_cycle *) = {
		[CODE] = is_code,
		[PROGRAM_DATA] = is_program_data,
		[ERASE_CONFIRM] = is_erase_confirm,
		[COUNT] = is_count,
		[DATA] = is_data,
		[CONFIRM] = is_confirm,
		[OTP_DATA] = is_otp_data,
		[BEFP_CONFIRM] = is_befp_confirm,
		[BEFP_DATA] = is_befp_data,
	};
	static const enum decoder of_state[IM_STATES] = {
#define X(state, decoder, ...) [IM_##state] = decoder,
		IM_STATE_TABLE(X)
#undef X
	};

	return decoders[of_state[model->state]](model, cycle);
}
