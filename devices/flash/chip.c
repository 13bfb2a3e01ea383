/* SPDX-License-Identifier: MIT */
/*
 * Owns a chip's life, its time and its bus: how an access of the CPU becomes bus cycles, and who is
 * told of what. Leaves to intel.c what a cycle means, to operation.c how the array changes.
 *
 * The chips here have no hardware partitions, so there is one, number 0: the whole chip.
 */
#include <stdlib.h>

#include "devices/flash/chip.h"

enum {
	MAX_ACCESS_BYTES = 8,
	PARTITION = 0,
};

struct flash_chip *flash_create(const struct flash_part *part, u8 *array,
				const struct flash_observer *observer)
{
	struct flash_chip *chip = calloc(1, sizeof(*chip));

	if (!chip)
		return NULL;
	chip->part = part;
	chip->array = array;
	if (observer)
		chip->observer = *observer;
	chip->mode = KVL_FLASH_READ_ARRAY;
	chip->op.state = KVL_FLASH_IDLE;
	flash_cfi_query(part, chip->query);
	return chip;
}

void flash_destroy(struct flash_chip *chip)
{
	free(chip);
}

const struct flash_part *flash_part_of(const struct flash_chip *chip)
{
	return chip->part;
}

bool flash_is_array(const struct flash_chip *chip)
{
	return chip->mode == KVL_FLASH_READ_ARRAY && chip->op.state == KVL_FLASH_IDLE;
}

u64 flash_busy_until(const struct flash_chip *chip)
{
	return chip->op.state == KVL_FLASH_IDLE ? UINT64_MAX : chip->op.end_ns;
}

void chip_set_mode(struct flash_chip *chip, enum kvl_flash_mode mode)
{
	const struct flash_observer *observer = &chip->observer;

	if (chip->mode == mode)
		return;
	chip->mode = mode;
	if (observer->mode)
		observer->mode(observer->owner, PARTITION, mode, chip->now_ns);
}

void chip_tell_command(const struct flash_chip *chip, u32 offset, u8 command, u16 data)
{
	const struct flash_observer *observer = &chip->observer;

	if (observer->command)
		observer->command(observer->owner, PARTITION, offset, command, data, chip->now_ns);
}

void chip_tell_state(const struct flash_chip *chip, u64 when_ns)
{
	const struct flash_observer *observer = &chip->observer;

	if (observer->state)
		observer->state(observer->owner, PARTITION, chip->op.state, intel_status(chip),
				when_ns);
}

void flash_advance(struct flash_chip *chip, u64 now_ns)
{
	if (now_ns > chip->now_ns)
		chip->now_ns = now_ns;
	if (flash_op_advance(&chip->op, chip->now_ns))
		chip_tell_state(chip, chip->op.end_ns);
}

/* The part of an access that one bus cycle carries. */
struct cycle {
	u32 offset; /* of the bus word */
	u32 shift;  /* bits from the bottom of the bus word to the first lane that is used */
	u32 bytes;  /* lanes used */
};

/* @offset lies inside the chip. */
static struct cycle next_cycle(const struct flash_chip *chip, u64 offset, u32 bytes)
{
	u32 lane = offset % chip->part->bus_bytes;
	u32 room = chip->part->bus_bytes - lane;

	return (struct cycle){
		.offset = (u32)(offset - lane),
		.shift = lane * 8,
		.bytes = bytes < room ? bytes : room,
	};
}

/* How many of @bytes at @offset lie inside the chip; none of an access that begins outside. */
static u32 bytes_inside(const struct flash_chip *chip, u64 offset, u32 bytes)
{
	u32 chip_bytes = chip->part->chip_bytes;

	if (bytes > MAX_ACCESS_BYTES)
		bytes = MAX_ACCESS_BYTES;
	if (offset >= chip_bytes)
		return 0;
	return bytes < chip_bytes - offset ? bytes : (u32)(chip_bytes - offset);
}

static u64 low_bytes_mask(u32 bytes)
{
	return bytes >= sizeof(u64) ? UINT64_MAX : (1ull << bytes * 8) - 1;
}

u64 flash_read(struct flash_chip *chip, u64 offset, u32 bytes, u64 now_ns)
{
	u32 inside = bytes_inside(chip, offset, bytes);
	u64 value = low_bytes_mask(bytes) & ~low_bytes_mask(inside);

	flash_advance(chip, now_ns);
	for (u32 done = 0; done < inside;) {
		struct cycle cycle = next_cycle(chip, offset + done, inside - done);
		u64 lanes = (u64)intel_read_cycle(chip, cycle.offset) >> cycle.shift;

		value |= (lanes & low_bytes_mask(cycle.bytes)) << (done * 8);
		done += cycle.bytes;
	}
	return value;
}

void flash_write(struct flash_chip *chip, u64 offset, u32 bytes, u64 value, u64 now_ns)
{
	u32 inside = bytes_inside(chip, offset, bytes);
	u64 bus = low_bytes_mask(chip->part->bus_bytes);

	flash_advance(chip, now_ns);
	for (u32 done = 0; done < inside;) {
		struct cycle cycle = next_cycle(chip, offset + done, inside - done);
		u64 lanes = low_bytes_mask(cycle.bytes) << cycle.shift;
		u64 driven = ((value >> done * 8) << cycle.shift) & lanes;

		intel_write_cycle(chip, cycle.offset, (u16)(driven | (bus & ~lanes)));
		done += cycle.bytes;
	}
}
