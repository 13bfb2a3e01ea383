/* SPDX-License-Identifier: MIT */
/*
 * Owns Intel/Sharp command set 0001, as far as it is modelled: what a bus cycle means in each
 * state. Leaves to chip.c how an access becomes cycles, to operation.c what an operation does.
 *
 * Sources: Intel 28F128J3A data sheet (290667), sections 4.1 to 4.9; for what a read returns
 * between the two cycles of a command, and after codes that are not commands, the "output next
 * state" table of the P30 data sheet (306666).
 *
 * docs/flash-model.md draws the states and lists which commands are absent.
 */
#include <string.h>

#include "devices/flash/chip.h"

enum intel_command {
	PROGRAM_ALTERNATE = 0x10,
	ERASE = 0x20,
	PROGRAM = 0x40,
	CLEAR_STATUS = 0x50,
	READ_STATUS = 0x70,
	READ_ID = 0x90,
	READ_QUERY = 0x98,
	WRITE_TO_BUFFER = 0xE8,
	CONFIRM = 0xD0,
	READ_ARRAY = 0xFF,
};

enum intel_status_bit {
	SR_READY = 0x80,
	SR_ERASE_ERROR = 0x20,
	SR_PROGRAM_ERROR = 0x10,
	/* both at once: command sequence error */
	SR_SEQUENCE_ERROR = SR_ERASE_ERROR | SR_PROGRAM_ERROR,
};

/* While SR.7 is 0 the other bits are not driven (J3-65nm data sheet, 7.3); they are 0 here. */
u8 intel_status(const struct flash_chip *chip)
{
	return chip->op.state == KVL_FLASH_IDLE ? SR_READY | chip->errors : 0;
}

/*
 * Query and identifier data come on DQ7-0, with 00h on DQ15-8, at word addresses. The block status
 * register, word 2 of each block in both modes, reads 0: not locked, and locks are not modelled.
 */
static u16 query_word(const struct flash_chip *chip, u32 word)
{
	return word < FLASH_QUERY_BYTES ? chip->query[word] : 0;
}

static u16 id_word(const struct flash_chip *chip, u32 word)
{
	switch (word) {
	case 0: return chip->part->manufacturer;
	case 1: return chip->part->device;
	default: return 0;
	}
}

u16 intel_read_cycle(const struct flash_chip *chip, u32 offset)
{
	u32 word = offset / chip->part->bus_bytes;

	switch (chip->mode) {
	case KVL_FLASH_READ_STATUS: return intel_status(chip);
	case KVL_FLASH_READ_ID: return id_word(chip, word);
	case KVL_FLASH_READ_CFI: return query_word(chip, word);
	case KVL_FLASH_READ_ARRAY: break;
	}
	return flash_get_word(chip->part, chip->array + offset);
}

/* From here until Read Array, reads return status: between the two cycles, and ever after. */
static void await_second_cycle(struct flash_chip *chip, u8 command)
{
	chip->setup = command;
	chip_set_mode(chip, KVL_FLASH_READ_STATUS);
}

static void await_buffer(struct flash_chip *chip)
{
	chip->buffer.words = 0;
	await_second_cycle(chip, WRITE_TO_BUFFER);
}

static void first_cycle(struct flash_chip *chip, u8 command)
{
	switch (command) {
	case READ_ARRAY: chip_set_mode(chip, KVL_FLASH_READ_ARRAY); break;
	case READ_STATUS: chip_set_mode(chip, KVL_FLASH_READ_STATUS); break;
	case READ_ID: chip_set_mode(chip, KVL_FLASH_READ_ID); break;
	case READ_QUERY: chip_set_mode(chip, KVL_FLASH_READ_CFI); break;
	case CLEAR_STATUS: chip->errors = 0; break; /* 4.5: the read mode stays */
	case PROGRAM:
	case PROGRAM_ALTERNATE:
	case ERASE: await_second_cycle(chip, command); break;
	case WRITE_TO_BUFFER:
		if (chip->part->cfi.buffer_log2)
			await_buffer(chip);
		break;
	default: break; /* not a command: neither state nor read mode changes */
	}
}

static void sequence_error(struct flash_chip *chip)
{
	chip->errors |= SR_SEQUENCE_ERROR;
}

static void program(struct flash_chip *chip, u32 offset, u8 command, u16 data)
{
	u8 bytes[sizeof(data)];

	flash_put_word(chip->part, bytes, data);
	flash_op_program(&chip->op, chip->part, chip->array, offset, bytes, chip->part->bus_bytes,
			 chip->part->program_typ_us, chip->now_ns);
	chip_tell_command(chip, offset, command, data);
	chip_tell_state(chip, chip->now_ns);
}

/* 4.6: anything but the confirmation is an invalid sequence; nothing is erased by accident. */
static void erase(struct flash_chip *chip, u32 offset, u16 data)
{
	if ((data & 0xFF) != CONFIRM) {
		sequence_error(chip);
		return;
	}
	flash_op_erase(&chip->op, chip->part, chip->array, offset, chip->now_ns);
	chip_tell_command(chip, offset, ERASE, data);
	chip_tell_state(chip, chip->now_ns);
}

/* 4.8: the number of words, less one. More than the buffer holds is an invalid sequence. */
static void take_count(struct flash_chip *chip, u16 data)
{
	struct flash_buffer *buffer = &chip->buffer;
	u32 room = (1u << chip->part->cfi.buffer_log2) / chip->part->bus_bytes;

	if (data >= room) {
		sequence_error(chip);
		return;
	}
	buffer->words = data + 1u;
	buffer->loaded = 0;
	memset(buffer->data, 0xFF, sizeof(buffer->data));
	chip->setup = WRITE_TO_BUFFER;
}

/* The words from the start address on lie in one erase block. */
static bool in_one_block(const struct flash_chip *chip, u32 start, u32 bytes)
{
	struct flash_block block = flash_block_at(chip->part, start);

	return start + bytes <= block.start + block.bytes;
}

/*
 * The first word gives the start address, and all others "must lie within the start address plus
 * the count". What a chip does with one that does not, or with a buffer that reaches beyond its
 * block, the model takes for what a wrong confirmation is: an invalid sequence, nothing programmed.
 */
static void load_word(struct flash_chip *chip, u32 offset, u16 data)
{
	struct flash_buffer *buffer = &chip->buffer;
	u32 bytes = buffer->words * chip->part->bus_bytes;

	if (!buffer->loaded)
		buffer->start = offset;
	if ((u32)(offset - buffer->start) >= bytes || !in_one_block(chip, buffer->start, bytes)) {
		sequence_error(chip);
		return;
	}
	flash_put_word(chip->part, buffer->data + (offset - buffer->start), data);
	buffer->loaded++;
	chip->setup = WRITE_TO_BUFFER;
}

static void program_buffer(struct flash_chip *chip, u32 offset, u16 data)
{
	struct flash_buffer *buffer = &chip->buffer;

	if ((data & 0xFF) != CONFIRM) {
		sequence_error(chip);
		return;
	}
	flash_op_program(&chip->op, chip->part, chip->array, buffer->start, buffer->data,
			 buffer->words * chip->part->bus_bytes, chip->part->buffer_typ_us,
			 chip->now_ns);
	chip_tell_command(chip, offset, WRITE_TO_BUFFER, data);
	chip_tell_state(chip, chip->now_ns);
}

/* The cycles after E8h: the count, that many words, the confirmation. */
static void buffer_cycle(struct flash_chip *chip, u32 offset, u16 data)
{
	if (!chip->buffer.words)
		take_count(chip, data);
	else if (chip->buffer.loaded < chip->buffer.words)
		load_word(chip, offset, data);
	else
		program_buffer(chip, offset, data);
}

/*
 * While the write state machine runs, Read Array (4.1), Read Identifier Codes (4.3) and Clear
 * Status (4.5) are not recognised, and Read Status (4.4) changes nothing, since reads return status
 * already.
 */
void intel_write_cycle(struct flash_chip *chip, u32 offset, u16 data)
{
	u8 setup = chip->setup;

	if (chip->op.state != KVL_FLASH_IDLE)
		return;
	chip->setup = 0;
	if (setup == ERASE)
		erase(chip, offset, data);
	else if (setup == WRITE_TO_BUFFER)
		buffer_cycle(chip, offset, data);
	else if (setup)
		program(chip, offset, setup, data);
	else
		first_cycle(chip, data & 0xFF);
}
