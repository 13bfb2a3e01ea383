/* SPDX-License-Identifier: MIT */
/* Owns what the modelled chip returns: status, identifier codes, query, array. */
#include "tests/unit/intel_model.h"

#define STATUS_BITS 0x7F

static struct model_read word(u16 value)
{
	return (struct model_read){ .value = value, .defined = 0xFFFF };
}

static const struct model_read undefined = { .varies = 0xFFFF }, unsaid = { 0 };

/* ---- status ---------------------------------------------------------------------------------- */

static bool in_befp(const struct intel_model *model)
{
	return model->state == IM_BEFP_LOAD || model->state == IM_BEFP_BUSY;
}

static u32 busy_partition(const struct intel_model *model)
{
	return model->state == IM_BEFP_LOAD ? model->befp_partition : model->op.partition;
}

/* SR.7 = 0: SR.0 tells which partition is busy, or that no fill can be taken; SR.6 to .1
 * nothing. */
static struct model_read busy_status(const struct intel_model *model, u32 partition)
{
	struct model_read status = { .defined = (u16)~STATUS_BITS, .varies = STATUS_BITS };
	bool bit0 = in_befp(model) ? model->state == IM_BEFP_BUSY
				   : partition != busy_partition(model);

	if (in_befp(model) || model->partitions > 1) {
		status.value = bit0;
		status.defined |= 1;
		status.varies &= ~1;
	}
	return status;
}

struct model_read intel_model_status(const struct intel_model *model, u32 partition)
{
	const struct im_operation *op = &model->op, *erase = &model->erase;
	u8 status = IM_SR7 | model->errors[partition];

	if (intel_model_is_busy(model))
		return busy_status(model, partition);
	if (op->exists && op->partition == partition)
		status |= IM_SR2;
	if (erase->exists && erase->partition == partition)
		status |= IM_SR6;
	return word(status);
}

/* ---- identifier codes, query ----------------------------------------------------------------- */

#define ID_MANUFACTURER 0
#define ID_DEVICE 1
#define ID_BLOCK_STATUS 2 /* from the start of the block */
#define ID_CONFIG 5
#define QUERY 0x10

/* Bit 1 on parts with FLASH_ERASE_MARK: the last erase was not complete, open before it is. */
static struct model_read block_status(const struct intel_model *model, u32 block)
{
	struct model_read status = word(model->lock[block]);

	if (model->part->features & FLASH_ERASE_MARK && model->erasing[block])
		status.defined &= ~2;
	return status;
}

/* On an 8-bit bus half of it, as the address says (J3, "byte-wide protection register
 * addressing"). */
static struct model_read otp_word(const struct intel_model *model, u64 offset, u64 index)
{
	u16 value = model->otp[index - IM_OTP_LOCK];

	if (model->state == IM_OTP_BUSY && index == model->otp_index)
		return unsaid;
	return word(model->unit_bytes == 1 && offset & 1 ? value >> 8 : value);
}

/*
 * What the one map of L18 and P30 holds, and which half of it the two modes of the others. @index:
 * the word that @offset is of.
 */
static struct model_read id_word(const struct intel_model *model, bool with_otp, bool with_query,
				 u64 offset, u64 index)
{
	if (index == ID_MANUFACTURER)
		return word(model->part->manufacturer);
	if (index == ID_DEVICE)
		return word(model->part->device[0]);
	if (index == ID_CONFIG && model->family == IM_P30)
		return word(model->config);
	if (with_otp && index >= IM_OTP_LOCK && index < intel_model_otp_end(model))
		return otp_word(model, offset, index);
	if (index >= QUERY && index < IM_OTP_LOCK)
		return word(with_query ? model->query[index] : 0);
	if (index >= IM_OTP_LOCK && index < FLASH_QUERY_BYTES && with_query)
		return word(model->query[index]);
	return unsaid;
}

static struct model_read id_read(const struct intel_model *model, u32 partition, u64 offset)
{
	struct flash_hw_partition in = flash_hw_partition_at(model->part, offset);
	struct flash_block block = flash_block_at(model->part, offset);
	bool one_map = model->family == IM_P30;
	bool query = model->mode[partition] == KVL_FLASH_READ_CFI;
	u64 index = (offset - in.start) / 2;

	if ((offset - block.start) / 2 == ID_BLOCK_STATUS)
		return block_status(model, block.index);
	return id_word(model, one_map || !query, one_map || query, offset, index);
}

/* ---- array ----------------------------------------------------------------------------------- */

static bool is_in_hand(const struct im_operation *op, u64 offset)
{
	return op->exists && offset - op->hand < op->hand_bytes;
}

static bool is_given(const struct intel_model *model, u64 offset)
{
	return model->load.given[(offset - model->load.start) / model->unit_bytes];
}

static bool is_in_busy_partition(const struct intel_model *model, u32 partition)
{
	return intel_model_is_busy(model) && busy_partition(model) == partition;
}

static struct model_read array_read(const struct intel_model *model, u32 partition, u64 offset)
{
	const u8 *at = &model->array[offset];

	if (is_in_busy_partition(model, partition) || is_in_hand(&model->erase, offset))
		return undefined;
	if (is_in_hand(&model->op, offset))
		return model->op.is != KVL_FLASH_PROGRAM || is_given(model, offset) ? undefined
										    : unsaid;
	return word(model->unit_bytes == 2 ? (u16)(at[0] | at[1] << 8) : at[0]);
}

/* On an 8-bit bus the lower byte of an identifier or query word comes twice. */
static struct model_read narrow(struct model_read read)
{
	read.defined &= 0xFF;
	read.varies &= 0xFF;
	return read;
}

struct model_read intel_model_read(struct flash_model *common, u64 offset)
{
	const struct intel_model *model = (const struct intel_model *)common;
	u32 partition = flash_hw_partition_at(model->part, offset).index;
	struct model_read read;

	switch (model->mode[partition]) {
	case KVL_FLASH_READ_ARRAY: read = array_read(model, partition, offset); break;
	case KVL_FLASH_READ_STATUS: read = intel_model_status(model, partition); break;
	default: read = id_read(model, partition, offset); break;
	}
	return model->unit_bytes == 2 ? read : narrow(read);
}

bool intel_model_shows(const struct flash_model *common, const struct flash_block *block)
{
	const struct intel_model *model = (const struct intel_model *)common;
	const struct im_operation *op = &model->op, *erase = &model->erase;
	u32 partition = flash_hw_partition_at(model->part, block->start).index;

	return model->mode[partition] == KVL_FLASH_READ_ARRAY &&
	       !is_in_busy_partition(model, partition) &&
	       !(op->exists && op->hand_bytes && op->block == block->index) &&
	       !(erase->exists && erase->block == block->index);
}
