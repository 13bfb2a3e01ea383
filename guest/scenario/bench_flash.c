/* SPDX-License-Identifier: MIT */
/*
 * bench: reads that leave the guest, and the chip going from its array to something else and back:
 * where the array is a memory slot, that takes the slot away and gives it back. A read mode by
 * itself is of no use to who reads or writes the chip, so the driver offers none: this goes below
 * it.
 */
#include "guest/flash/chip.h"
#include "guest/scenario/bench.h"

#define STATUS_READY 0x80

/* What is read instead of the array, at address 0: of Intel's sets the status, else the query. */
struct other_mode {
	u32 address, enter, leave;
	u32 bits; /* that may be set in what is read then */
};

static const struct other_mode intel_mode = { 0, 0x70, 0xff, STATUS_READY };
static const struct other_mode amd_mode = { 0x55, 0x98, 0xf0, 0xffff };

struct probe {
	struct flash_chip *chip;
	const struct other_mode *mode;
	u64 rounds;
	u32 seen; /* by the last read */
};

static void enter_mode(const struct probe *probe)
{
	chip_write(probe->chip, cfi_offset(probe->chip, probe->mode->address),
		   cfi_command(probe->chip, probe->mode->enter));
}

static void leave_mode(const struct probe *probe)
{
	chip_write(probe->chip, 0, cfi_command(probe->chip, probe->mode->leave));
}

static void read_batch(void *arg)
{
	struct probe *probe = arg;

	for (u64 left = probe->rounds; left; left--)
		probe->seen = chip_read(probe->chip, 0);
}

static void switch_batch(void *arg)
{
	struct probe *probe = arg;

	for (u64 left = probe->rounds; left; left--) {
		enter_mode(probe);
		leave_mode(probe);
	}
}

static void measure(struct probe *probe)
{
	static const struct bench_batch read = { .batch = read_batch };
	static const struct bench_batch change = { .batch = switch_batch };

	enter_mode(probe);
	metric("mmio_exit_tsc_ticks", bench_best(&read, probe));
	/* Whether "ready" is set is the chip's own: QEMU's loses it when its errors are cleared. */
	check_equal("status_errors", cfi_merged(probe->chip, probe->seen) & ~probe->mode->bits, 0);
	leave_mode(probe);
	metric("flash_switch_tsc_ticks", bench_best(&change, probe));
}

void bench_flash(u64 rounds)
{
	static const struct flash_request alone = { .use = FLASH_COMMANDS };
	struct probe probe = { .chip = flash_chip_open(), .rounds = rounds };

	check_true("chip", probe.chip);
	if (!probe.chip)
		return;
	probe.mode = probe.chip->commands == &flash_amd_commands ? &amd_mode : &intel_mode;
	/* A session of writing: nobody else may command the chip, or read it, meanwhile. */
	if (!flash_write_begin(probe.chip, &alone)) {
		measure(&probe);
		flash_write_end(probe.chip, FLASH_OK);
	}
	flash_chip_close(probe.chip);
}
