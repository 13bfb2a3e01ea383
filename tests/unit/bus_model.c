/* SPDX-License-Identifier: MIT */
/* Owns the bus between the guest's flash driver and the chip model, and the faults planted on it. */
#include "tests/unit/bus_model.h"

#include <stdlib.h>

#include "tests/unit/flash_rig.h"

struct bus_faults bus_faults;

static const struct flash_part *part;
static struct flash_chip *chip;
static u8 *array;
static const u64 *clock_ns;
static u64 ahead_ns; /* how far the chip's time is before the guest's */
static bool query_mode, errors_shown;

static u64 now(void)
{
	return *clock_ns + ahead_ns;
}

void bus_model_start(const u64 *ns, u32 width)
{
	part = width == 1 ? &rig_part_x8 : &rig_part;
	clock_ns = ns;
	ahead_ns = 0;
	bus_faults = (struct bus_faults){ 0 };
	query_mode = errors_shown = false;
	array = malloc(RIG_BYTES);
	for (u32 i = 0; i < RIG_BYTES; i++)
		array[i] = i * 37 + (i >> 8) * 11 + 1;
	chip = flash_create(part, array, NULL);
	if (!chip)
		abort();
}

void bus_model_stop(void)
{
	flash_destroy(chip);
	free(array);
}

static u32 faulty_status(u32 status)
{
	if (bus_faults.never_ready)
		return 0;
	if (status & 0x80 && bus_faults.status_errors)
		errors_shown = true;
	return errors_shown ? status | bus_faults.status_errors : status;
}

u32 bus_model_read(u64 offset, u32 width)
{
	u32 scale = bus_faults.query_scale ? bus_faults.query_scale : 1;

	if (bus_faults.silent)
		return width == 1 ? 0xff : 0xffff;
	if (query_mode && offset / width / scale == bus_faults.query_at && bus_faults.query_at)
		return bus_faults.query_value;
	if (query_mode)
		offset /= scale;
	else if (!bus_model_is_array())
		return faulty_status(flash_read(chip, offset, width, now()));
	return flash_read(chip, offset, width, now());
}

void bus_model_write(u64 offset, u32 width, u32 value)
{
	if (bus_faults.silent)
		return;
	if (bus_model_is_array() || query_mode)
		query_mode = value == 0x98 || (query_mode && value != 0xff && value != 0x90);
	if (value == 0x50)
		bus_faults.status_errors = errors_shown = 0;
	flash_write(chip, offset, width, value, now());
	if (bus_faults.done_at_once && flash_busy_until(chip) != UINT64_MAX)
		ahead_ns = flash_busy_until(chip) - *clock_ns;
}

u8 *bus_model_array(void)
{
	return array;
}

u64 bus_model_bytes(void)
{
	return RIG_BYTES;
}

bool bus_model_is_array(void)
{
	flash_advance(chip, now());
	return flash_is_array(chip);
}

u32 bus_model_status(void)
{
	u32 status;

	flash_write(chip, 0, part->bus_bytes, 0x70, now());
	status = flash_read(chip, 0, part->bus_bytes, now());
	flash_write(chip, 0, part->bus_bytes, 0xff, now());
	return status;
}
