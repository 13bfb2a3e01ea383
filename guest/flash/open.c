/* SPDX-License-Identifier: MIT */
/*
 * Owns the life of a chip: where the device tree says it is, its window, and what others may ask of
 * it and tell it between sessions. What it is says its query (cfi.c), who may use it chip.c.
 */
#include "guest/flash/chip.h"

#include "guest/kernel.h"
#include "guest/trace.h"

#define MAX_CHIP_BYTES GiB(1)

const char *flash_error_text(enum flash_error error)
{
	static const char *const text[] = {
		[FLASH_OK] = "done",
		[FLASH_RANGE] = "outside the partition or not aligned",
		[FLASH_TIMEOUT] = "the chip is busy for longer than it may be",
		[FLASH_PROGRAM] = "programming failed",
		[FLASH_ERASE] = "erasing failed",
		[FLASH_SEQUENCE] = "command sequence error",
		[FLASH_LOCKED] = "block is locked",
		[FLASH_VPP] = "programming voltage too low",
		[FLASH_STUCK] = "the chip is out of service after a time-out",
		[FLASH_ABSENT] = "no chip answers as CFI demands",
		[FLASH_NO_SPACE] = "no kernel address space",
		[FLASH_NOT_THERE] = "the chip cannot do that",
	};

	return text[error];
}

const struct flash_stats *flash_stats(const struct flash_chip *chip)
{
	return &chip->stats;
}

void flash_set_policy(struct flash_chip *chip, struct flash_policy policy)
{
	chip->policy = policy;
}

u32 flash_line_bytes(const struct flash_chip *chip)
{
	return chip->line_bytes;
}

bool flash_can_suspend(const struct flash_chip *chip)
{
	return chip->abilities & CHIP_SUSPENDS_ERASE;
}

bool flash_is_locked_at_power_up(const struct flash_chip *chip)
{
	return chip->abilities & CHIP_LOCKS_AT_POWER_UP;
}

/* What the device tree says; cfi.c believes four devices of 256 MiB, side by side. */
static bool place_ok(u64 gpa, u64 bytes)
{
	if (bytes && bytes <= MAX_CHIP_BYTES && !(gpa % PAGE_BYTES) && !(bytes % PAGE_BYTES) &&
	    gpa <= UINT64_MAX - bytes)
		return true;
	printk("flash: %lu bytes at %lx: no chip can be there: at most 1 GiB, whole pages\n", bytes,
	       gpa);
	return false;
}

static struct flash_chip *make_chip(void)
{
	struct flash_chip *chip = kalloc(sizeof(*chip));

	chip->gpa = boot_options.flash_gpa;
	chip->bytes = boot_options.flash_bytes;
	chip->bank_width = boot_options.flash_bank_width;
	chip->lock.name = "flash chip";
	chip->last = &chip->first;
	return chip;
}

static void make_tables(struct flash_chip *chip)
{
	if (flash_is_locked_at_power_up(chip))
		chip->lock_known = kalloc(ALIGN_UP(chip->nblocks, 32) / 8);
	if (chip->line_bytes)
		chip->line = kalloc(chip->line_bytes);
}

static void free_table(void *table)
{
	if (table)
		kfree(table);
}

struct flash_chip *flash_chip_open(void)
{
	struct flash_chip *chip;
	enum flash_error error;

	if (!place_ok(boot_options.flash_gpa, boot_options.flash_bytes))
		return NULL;
	chip = make_chip();
	chip->window = ioremap(chip->gpa, chip->bytes, SITE("flash.window"));
	if (!chip->window) {
		printk("flash: no kernel address space for a window of %lu bytes\n", chip->bytes);
		kfree(chip);
		return NULL;
	}
	error = cfi_probe(chip);
	if (!error) {
		make_tables(chip);
		return chip;
	}
	printk("flash: chip at %lx cannot be used: %s\n", chip->gpa, flash_error_text(error));
	flash_chip_close(chip);
	return NULL;
}

void flash_chip_close(struct flash_chip *chip)
{
	if (chip->mappings || chip->frames)
		panic("flash chip in use", "the chip at %lx still has a mapping", chip->gpa);
	iounmap((void *)(uintptr_t)chip->window);
	free_table(chip->lock_known);
	free_table(chip->line);
	kfree(chip);
}
