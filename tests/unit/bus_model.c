/* SPDX-License-Identifier: MIT */
/* Owns the bus between the guest's flash driver and the chip model, and the faults planted on it. */
#include "tests/unit/bus_model.h"

#include <stdlib.h>

#include "tests/unit/flash_rig.h"

struct bus_faults bus_faults;

static struct flash_chip *chip;
static u8 *array;
static const u64 *clock_ns;
static bool query_mode, errors_shown;

void bus_model_start(const u64 *ns)
{
	clock_ns = ns;
	bus_faults = (struct bus_faults){ 0 };
	query_mode = errors_shown = false;
	array = malloc(RIG_BYTES);
	for (u32 i = 0; i < RIG_BYTES; i++)
		array[i] = i * 37 + (i >> 8) * 11 + 1;
	chip = flash_create(&rig_part, array, NULL);
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
		return 0xffff;
	if (query_mode && offset / 2 / scale == bus_faults.query_at && bus_faults.query_at)
		return bus_faults.query_value;
	if (query_mode)
		offset /= scale;
	else if (!bus_model_is_array())
		return faulty_status(flash_read(chip, offset, width, *clock_ns));
	return flash_read(chip, offset, width, *clock_ns);
}

void bus_model_write(u64 offset, u32 width, u32 value)
{
	if (bus_faults.silent)
		return;
	if (bus_model_is_array() || query_mode)
		query_mode = value == 0x98 || (query_mode && value != 0xff && value != 0x90);
	if (value == 0x50)
		bus_faults.status_errors = errors_shown = 0;
	flash_write(chip, offset, width, value, *clock_ns);
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
	flash_advance(chip, *clock_ns);
	return flash_is_array(chip);
}

u32 bus_model_status(void)
{
	u32 status;

	flash_write(chip, 0, 2, 0x70, *clock_ns);
	status = flash_read(chip, 0, 2, *clock_ns);
	flash_write(chip, 0, 2, 0xff, *clock_ns);
	return status;
}
