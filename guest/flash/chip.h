/* SPDX-License-Identifier: MIT */
/* Inside the flash driver: the chip, its geometry, its command set, its arbitration. */
#ifndef GUEST_FLASH_CHIP_H
#define GUEST_FLASH_CHIP_H

#include "guest/flash/bus.h"
#include "guest/flash/flash.h"

struct flash_chip;

/* A command set; CFI names it by number (cfi.c has the table). Called inside a write session. */
struct flash_commands {
	u16 id;
	const char *name;
	/* Array mode and no error bits, whatever state the chip was left in. */
	void (*reset)(struct flash_chip *chip);
	/* Both leave the chip in array mode with its error bits cleared, also when they fail. */
	enum flash_error (*erase)(struct flash_chip *chip, u64 offset);
	enum flash_error (*program)(struct flash_chip *chip, u64 offset, const u8 *from, u64 bytes);
};

extern const struct flash_commands flash_intel_commands;

#define FLASH_MAX_REGIONS 4

struct flash_times { /* ns */
	u64 typical, max;
};

struct flash_chip {
	/* fixed once probed */
	u64 gpa, bytes;
	volatile u8 *window; /* of commands, uncached: not a reader's mapping */
	u32 bank_width;	     /* bytes of a bus word: interleave × device width */
	u32 interleave;	     /* devices side by side */
	u32 query_scale;     /* bus words between query bytes: 2 for x8/x16 parts in x8 mode */
	const struct flash_commands *commands;
	u32 nregions;
	struct {
		u64 start;
		u32 blocks, block_bytes;
	} region[FLASH_MAX_REGIONS];
	struct flash_times program_word, erase_block;

	/* arbitration: chip.c */
	struct spinlock lock;
	volatile u32 next_ticket, serving;
	u32 asked[2], served[2]; /* tickets and turns: [0] of readers, [1] of writers */
	volatile enum { CHIP_READY, CHIP_WRITING, CHIP_STUCK } state;
	volatile u32 readers; /* copies under way */
	struct flash_mapping *mappings;
	struct flash_stats stats;
};

/* --- cfi.c --- */
/* Fills in what the query says; nothing it says is believed unchecked. */
enum flash_error cfi_probe(struct flash_chip *chip);

/* @byte in the lane of each interleaved device. */
static inline u32 cfi_command(const struct flash_chip *chip, u8 byte)
{
	u32 word = byte, lane = 8 * chip->bank_width / chip->interleave;

	for (u32 i = 1; i < chip->interleave; i++)
		word = word << lane | byte;
	return word;
}

static inline u32 chip_read(const struct flash_chip *chip, u64 offset)
{
	return bus_read(chip->window, chip->bank_width, offset);
}

static inline void chip_write(const struct flash_chip *chip, u64 offset, u32 value)
{
	bus_write(chip->window, chip->bank_width, offset, value);
}

/* --- chip.c --- */
/*
 * The chip belongs to the caller until flash_write_end(): no copy runs, and no CPU holds a
 * translation to it. FLASH_STUCK: it can no longer be used, and there is no session.
 */
enum flash_error flash_write_begin(struct flash_chip *chip);
void flash_write_end(struct flash_chip *chip, enum flash_error outcome);

/* The array may be copied until flash_read_end(). Never across a wait. */
enum flash_error flash_read_begin(struct flash_chip *chip);
void flash_read_end(struct flash_chip *chip);

/* As flash_read_begin(), but returns with chip->lock held, which flash_read_unlock() drops. */
enum flash_error flash_read_lock(struct flash_chip *chip);
void flash_read_unlock(struct flash_chip *chip);

/* --- mapping.c --- */
/* Removes every page of every mapping and flushes all CPUs; the chip is in state CHIP_WRITING. */
void flash_revoke_all(struct flash_chip *chip);

#endif
