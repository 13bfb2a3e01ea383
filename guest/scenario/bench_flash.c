/* SPDX-License-Identifier: MIT */
/*
 * bench: reads that leave the guest, and the chip going from its array to its status and back: where
 * the array is a memory slot, that takes the slot away and gives it back.
 */
#include "guest/flash/chip.h"
#include "guest/scenario/bench.h"

enum { READ_ARRAY = 0xff, READ_STATUS = 0x70, STATUS_READY = 0x80 }; /* command set 0001h */

struct probe {
	struct flash_chip *chip;
	u64 rounds;
	u32 status; /* what the last read saw */
};

static void read_batch(void *arg)
{
	struct probe *probe = arg;

	for (u64 left = probe->rounds; left; left--)
		probe->status = chip_read(probe->chip, 0);
}

static void switch_batch(void *arg)
{
	struct probe *probe = arg;

	for (u64 left = probe->rounds; left; left--) {
		chip_write(probe->chip, 0, cfi_command(probe->chip, READ_STATUS));
		chip_write(probe->chip, 0, cfi_command(probe->chip, READ_ARRAY));
	}
}

static void measure(struct probe *probe)
{
	static const struct bench_batch read = { .batch = read_batch };
	static const struct bench_batch change = { .batch = switch_batch };

	chip_write(probe->chip, 0, cfi_command(probe->chip, READ_STATUS));
	metric("mmio_exit_tsc_ticks", bench_best(&read, probe));
	/* Whether "ready" is set is the chip's own: QEMU's loses it when its errors are cleared. */
	check_equal("status_errors", probe->status & ~cfi_command(probe->chip, STATUS_READY), 0);
	chip_write(probe->chip, 0, cfi_command(probe->chip, READ_ARRAY));
	metric("flash_switch_tsc_ticks", bench_best(&change, probe));
}

void bench_flash(u64 rounds)
{
	struct probe probe = { .chip = flash_chip_open(), .rounds = rounds };

	check_true("chip", probe.chip);
	if (!probe.chip)
		return;
	/* A session of writing: nobody else may command the chip, or read it, meanwhile. */
	if (!flash_write_begin(probe.chip)) {
		measure(&probe);
		flash_write_end(probe.chip, FLASH_OK);
	}
	flash_chip_close(probe.chip);
}
