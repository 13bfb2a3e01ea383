/* SPDX-License-Identifier: MIT */
/* Owns what the modelled chip returns: status, autoselect codes, query, registers, array. */
#include "tests/unit/amd_model.h"

#define DQ7 0x80
#define DQ6 0x40
#define DQ5 0x20
#define DQ3 0x08
#define DQ2 0x04
#define DQ1 0x02
#define REST 0xFF11 /* DQ15 to 8, 4, 0: nobody says */

static const struct model_read undefined = { .varies = 0xFFFF }, unsaid = { 0 };

static struct model_read word(u16 value)
{
	return (struct model_read){ .value = value, .defined = 0xFFFF };
}

static struct flash_block block_at(const struct amd_model *model, u64 offset)
{
	return flash_block_at(model->part, offset);
}

static u32 partition_at(const struct amd_model *model, u64 offset)
{
	return flash_hw_partition_at(model->part, offset).index;
}

bool amd_model_program_rests(const struct amd_model *model)
{
	return model->op.what == AM_PROGRAM && model->doing == AM_IDLE;
}

/* ---- status ---------------------------------------------------------------------------------- */

static void define(struct model_read *read, u16 bits, bool set)
{
	read->defined |= bits;
	read->value |= set ? bits : 0;
	read->varies &= ~bits;
}

bool amd_model_is_like_erase(enum am_what what)
{
	return what == AM_ERASE || what == AM_ERASE_ALL || what == AM_REFUSED_ERASE ||
	       what == AM_BLANK_CHECK || what == AM_PPBS_CLEAR;
}

/* DQ7: the complement at the word that was programmed last. */
static void define_data_polling(const struct amd_model *model, struct model_read *read,
				const struct am_load *load, u64 offset)
{
	if (offset / model->unit_bytes == load->last / model->unit_bytes)
		define(read, DQ7, !(load->last_value & DQ7));
}

static bool is_named(const struct am_operation *op, u32 sector)
{
	return op->what != AM_NONE && op->named >> sector & 1;
}

static struct model_read status_of_erase(const struct amd_model *model, u64 offset)
{
	const struct am_operation *op = &model->op;
	bool named = is_named(op, block_at(model, offset).index);
	bool failed = model->doing == AM_FAILED;
	struct model_read read = { .varies = REST | DQ7 | DQ1, .toggles = DQ6 };

	define(&read, DQ5, failed);
	define(&read, DQ3, model->doing != AM_WINDOW);
	if (named)
		define(&read, DQ7, false);
	if (named || (failed && model->family == AM_GLS))
		read.toggles |= DQ2;
	else
		read.steady |= DQ2;
	return read;
}

static struct model_read status_of_program(const struct amd_model *model, u64 offset)
{
	bool in_rest = is_named(&model->erase, block_at(model, offset).index);
	bool failed = model->doing == AM_FAILED, aborted = model->doing == AM_ABORTED;
	struct model_read read = { .varies = REST | DQ7 | DQ3 | DQ1, .toggles = DQ6 };

	define(&read, DQ5, failed);
	define_data_polling(model, &read, &model->op.load, offset);
	if (model->family != AM_LV && model->family != AM_DL)
		define(&read, DQ1, aborted);
	if (failed && model->family == AM_GLS)
		define(&read, DQ3, true);
	if (in_rest || (failed && model->family == AM_GLS))
		read.toggles |= DQ2;
	else
		read.steady |= DQ2;
	return read;
}

static struct model_read status(const struct amd_model *model, u64 offset)
{
	return amd_model_is_like_erase(model->op.what) ? status_of_erase(model, offset)
						       : status_of_program(model, offset);
}

static struct model_read status_at_rest(const struct amd_model *model)
{
	struct model_read read = { .varies = REST | DQ3 | DQ1, .steady = DQ6, .toggles = DQ2 };

	if (model->family == AM_GLS)
		return undefined;
	define(&read, DQ7, true);
	define(&read, DQ5, false);
	return read;
}

static bool shows_status(const struct amd_model *model, u32 partition)
{
	return model->doing != AM_IDLE &&
	       (partition == model->op.partition || model->op.what == AM_ERASE_ALL ||
		model->doing == AM_ABORTED);
}

struct model_read amd_model_status_register(const struct amd_model *model)
{
	struct model_read read = { .varies = 0xFFFF, .once = true };

	define(&read, AM_SR_READY,
	       model->doing == AM_IDLE || model->doing == AM_FAILED || model->doing == AM_ABORTED);
	if (!read.value)
		return read;
	define(&read, 0x7E, false);
	read.value |= model->errors;
	if (amd_model_erase_rests(model))
		read.value |= AM_SR_ERASE_RESTS;
	if (amd_model_program_rests(model))
		read.value |= AM_SR_PROGRAM_RESTS;
	return read;
}

/* ---- codes, query, registers ----------------------------------------------------------------- */

static struct model_read code(const struct amd_model *model, u64 offset)
{
	const struct flash_part *part = model->part;
	bool gls = model->family == AM_GLS;
	struct flash_block block = block_at(model, offset);

	switch (gls ? (offset - block.start) / 2 : offset / 2 & 0xFF) {
	case 0x00: return word(part->manufacturer);
	case 0x01: return word(part->device[0]);
	case 0x02: return word(amd_model_is_protected(model, block.index));
	case 0x03:
		if (!part->secured_code)
			return undefined;
		return word(gls && !(model->lock_register & 1) ? part->secured_code | DQ6
							       : part->secured_code);
	case 0x0C: return gls ? (struct model_read){ .value = 1, .defined = 1 } : undefined;
	case 0x0E: return part->device[1] ? word(part->device[1]) : undefined;
	case 0x0F: return part->device[2] ? word(part->device[2]) : undefined;
	default: return undefined;
	}
}

#define QUERY_BEGINS 0x10

static struct model_read query(const struct amd_model *model, u64 at)
{
	return at >= QUERY_BEGINS && at < model->query_end ? word(model->query[at]) : undefined;
}

/* GL-S has one map for both, in the sector addressed (5.3.6.1). */
static struct model_read codes_or_query(const struct amd_model *model, u64 offset)
{
	struct flash_block block = block_at(model, model->map_at);

	if (model->family != AM_GLS)
		return model->map == AM_CODES ? code(model, offset) : query(model, offset / 2);
	if (offset - block.start >= block.bytes)
		return undefined;
	offset -= block.start;
	return offset / 2 < QUERY_BEGINS ? code(model, block.start + offset)
					 : query(model, offset / 2);
}

static struct model_read bit_0(bool set)
{
	return (struct model_read){ .value = set, .defined = 1 };
}

static struct model_read array_read(const struct amd_model *model, u64 offset);

static struct model_read region_read(const struct amd_model *model, u64 offset)
{
	struct flash_block block = block_at(model, model->map_at);
	u64 at = (offset - block.start) & ~(u64)(model->unit_bytes - 1);

	if (offset - block.start >= block.bytes)
		return array_read(model, offset);
	if (at >= model->part->secured_bytes)
		return undefined;
	return word(model->unit_bytes == 2 ? (u16)(model->secured[at] | model->secured[at + 1] << 8)
					   : model->secured[at]);
}

/* ---- array ----------------------------------------------------------------------------------- */

static bool is_held_by_program(const struct amd_model *model, u64 offset)
{
	const struct am_load *load = &model->op.load;
	u64 line = ~((1ull << model->part->cfi.buffer_log2) - 1);

	if (!amd_model_program_rests(model))
		return false;
	if (model->family == AM_GLS)
		return (offset & line) == (load->start & line);
	return block_at(model, offset).index == block_at(model, load->start).index;
}

static struct model_read array_read(const struct amd_model *model, u64 offset)
{
	const u8 *at = &model->array[offset & ~(u64)(model->unit_bytes - 1)];
	u32 sector = block_at(model, offset).index;

	if (is_named(&model->erase, sector))
		return status_at_rest(model);
	if (is_held_by_program(model, offset))
		return undefined;
	if (model->interrupted >> sector & 1)
		return unsaid;
	return word(model->unit_bytes == 2 ? (u16)(at[0] | at[1] << 8) : at[0]);
}

/* ---- reads ----------------------------------------------------------------------------------- */

static struct model_read read_map(const struct amd_model *model, u64 offset)
{
	u32 partition = partition_at(model, offset);

	if (shows_status(model, partition))
		return status(model, offset);
	switch (model->map) {
	case AM_ARRAY:
	case AM_BYPASS: return array_read(model, offset);
	case AM_CODES:
		if (partition != partition_at(model, model->map_at))
			return array_read(model, offset);
		return codes_or_query(model, offset);
	case AM_QUERY: return codes_or_query(model, offset);
	case AM_REGION: return region_read(model, offset);
	case AM_LOCK_REGISTER: return word(model->lock_register);
	case AM_PPB: return bit_0(!model->ppb[block_at(model, offset).index]);
	case AM_PPB_LOCK: return bit_0(!model->frozen);
	case AM_DYB: return bit_0(!model->dyb[block_at(model, offset).index]);
	}
	return unsaid;
}

struct model_read amd_model_read(struct flash_model *common, u64 offset)
{
	struct amd_model *model = (struct amd_model *)common;
	struct model_read read = model->status;

	if (!model->status_shown)
		read = read_map(model, offset);
	else {
		model->status_shown = false;
		amd_model_tell_modes(model);
	}
	if (model->unit_bytes == 1) {
		read.defined &= 0xFF;
		read.varies &= 0xFF;
	}
	return read;
}

/* ---- what is shown --------------------------------------------------------------------------- */

enum kvl_flash_mode amd_model_mode(const struct amd_model *model, u32 partition)
{
	bool here = partition == partition_at(model, model->map_at);

	if (model->status_shown)
		return KVL_FLASH_READ_OTHER;
	if (shows_status(model, partition))
		return KVL_FLASH_READ_STATUS;
	switch (model->map) {
	case AM_ARRAY:
	case AM_BYPASS: return KVL_FLASH_READ_ARRAY;
	case AM_CODES: return here ? KVL_FLASH_READ_ID : KVL_FLASH_READ_ARRAY;
	case AM_QUERY: return KVL_FLASH_READ_CFI;
	default: return KVL_FLASH_READ_OTHER;
	}
}

void amd_model_tell_modes(struct amd_model *model)
{
	for (u32 i = 0; i < model->partitions; i++) {
		enum kvl_flash_mode mode = amd_model_mode(model, i);

		if (mode == model->mode[i])
			continue;
		model->mode[i] = mode;
		model_tell(&model->common,
			   (struct told){ TOLD_MODE, i, mode, 0, 0, 0, model->now });
	}
}

bool amd_model_shows(const struct flash_model *common, const struct flash_block *block)
{
	const struct amd_model *model = (const struct amd_model *)common;
	bool held = amd_model_program_rests(model) &&
		    block->index == block_at(model, model->op.load.start).index;

	return amd_model_mode(model, partition_at(model, block->start)) == KVL_FLASH_READ_ARRAY &&
	       !held && !is_named(&model->erase, block->index) &&
	       !flash_nv_unstable(&model->chip->nv->block[block->index]);
}
