/* SPDX-License-Identifier: MIT */
/*
 * Inside the flash driver: the chip, its geometry, its command set, its arbitration. "The chip" is
 * the bank that the bus shows: one device, or several side by side that are commanded together.
 */
#ifndef GUEST_FLASH_CHIP_H
#define GUEST_FLASH_CHIP_H

#include "guest/flash/bus.h"
#include "guest/flash/flash.h"

struct flash_chip;
struct flash_frames;

/* What somebody wants of the chip, or has in hand there. */
enum flash_use {
	FLASH_READS = 0,
	FLASH_PROGRAMS,
	FLASH_ERASES,
	FLASH_COMMANDS, /* locks and what else needs the chip alone */
};

struct flash_request {
	enum flash_use use;
	u64 offset, bytes; /* in the chip; 0 bytes: no place of it */
};

struct flash_times { /* ns */
	u64 typical, max;
};

struct flash_erase_block { /* an erase block */
	u32 index;
	u64 start;
	u32 bytes;
};

/* An operation that the chip has in hand. */
struct flash_operation {
	struct flash_request what;
	u64 poll; /* where its status is read */
	const struct flash_times *times;
	bool buffered;
};

/* A command set; CFI names it by number (cfi.c has the table). Called inside a write session. */
struct flash_commands {
	const char *name;
	/*
	 * The primary extended table, which begins at query byte @at; the chip is in query mode.
	 * What it says of the chip goes into the chip's fields. False: it cannot be, and the
	 * console says why.
	 */
	bool (*extended)(struct flash_chip *chip, u32 at);
	/* Array mode and no error bits, whatever state the chip was left in. */
	void (*reset)(struct flash_chip *chip);
	/* Reads the codes of manufacturer and device. Leaves array mode. */
	void (*identify)(struct flash_chip *chip);
	/* Before the block is written. NULL: there is nothing to do. */
	enum flash_error (*prepare)(struct flash_chip *chip, const struct flash_erase_block *block);
	/*
	 * One operation each, and whoever calls waits no more. program_buffer: at most
	 * chip->line_bytes that lie within one aligned line. They may leave the chip in any state.
	 */
	enum flash_error (*erase)(struct flash_chip *chip, const struct flash_erase_block *block);
	enum flash_error (*program_word)(struct flash_chip *chip, u64 offset, u32 word);
	enum flash_error (*program_buffer)(struct flash_chip *chip, u64 offset, const u8 *from,
					   u32 bytes);
	/* Behind them: array mode, and after an error its bits cleared. @offset: one that was
	 * used. */
	void (*finish)(struct flash_chip *chip, u64 offset, enum flash_error error);
	/* Locks of one block, for who asks. FLASH_NOT_THERE: the chip has none, or none to be
	 * set. */
	enum flash_error (*set_lock)(struct flash_chip *chip, const struct flash_erase_block *block,
				     bool lock);
	enum flash_error (*get_lock)(struct flash_chip *chip, const struct flash_erase_block *block,
				     bool *locked);
	/* --- for wait.c --- */
	/* True: @op is over in every device. @error: how it went. */
	bool (*look)(struct flash_chip *chip, const struct flash_operation *op,
		     enum flash_error *error);
	/*
	 * Lets @op rest; then the rest of the chip can be read. False: it is over, which the next
	 * look tells, or it did not come to rest in time and was told to go on.
	 */
	bool (*suspend)(struct flash_chip *chip, const struct flash_operation *op);
	void (*resume)(struct flash_chip *chip, const struct flash_operation *op);
};

extern const struct flash_commands flash_intel_commands, flash_amd_commands;

#define FLASH_MAX_REGIONS 4
#define FLASH_MAX_HW_PARTITIONS 32

/* What the extended table says that the chip can do. */
enum flash_ability {
	CHIP_SUSPENDS_ERASE = 1 << 0,
	CHIP_SUSPENDS_PROGRAM = 1 << 1,
	CHIP_PROGRAMS_IN_SUSPEND = 1 << 2, /* while an erase rests */
	CHIP_LOCKS_AT_POWER_UP = 1 << 3,   /* every block, until it is unlocked */
	CHIP_STORES_LOCKS = 1 << 4,	   /* in cells: set one by one, cleared together */
	CHIP_STATUS_REGISTER = 1 << 5,	   /* set 0002: 70h shows it */
	CHIP_TOP_BY_DEVICE = 1 << 6,	/* set 0002: only the device code tells top from bottom */
	CHIP_PROTECTS_SECTORS = 1 << 7, /* set 0002: dynamic protection bits */
};

/* Somebody who waits for the chip; on its stack, in chip->first until it is served. */
struct flash_turn {
	struct flash_turn *volatile next;
	u32 ticket;
	struct flash_request request;
};

struct flash_chip {
	/* fixed once probed */
	u64 gpa, bytes;
	volatile u8 *window; /* of commands, uncached: not a reader's mapping */
	u32 bank_width;	     /* bytes of a bus word: interleave × device width */
	u32 interleave;	     /* devices side by side */
	u32 query_scale;     /* bus words between query bytes: 2 for x8/x16 parts in x8 mode */
	u32 command_set;     /* its number in the query */
	const struct flash_commands *commands;
	u32 manufacturer, device; /* codes of the first device */
	u32 abilities;		  /* enum flash_ability */
	u32 nregions;
	struct {
		u64 start;
		u32 blocks, block_bytes;
	} region[FLASH_MAX_REGIONS];
	u32 nblocks;
	u32 npartitions; /* in hardware, each with a read mode of its own; where they begin: */
	u64 partition_at[FLASH_MAX_HW_PARTITIONS];
	struct flash_times program_word, program_buffer, erase_block;
	u32 line_bytes; /* that the write buffers of all devices hold together; 0: there are none */
	u8 *line;	/* so many bytes */
	u32 *lock_known; /* bit per block: its lock is not that of power-up; NULL: there is none */

	struct flash_policy policy;

	/* arbitration: chip.c */
	struct spinlock lock;
	volatile u32 next_ticket, serving;
	struct flash_turn *volatile first; /* of those who wait, by ticket */
	struct flash_turn *volatile *last; /* where the next one goes */
	u32 asked[2], served[2];	   /* tickets and turns: [0] of readers, [1] of writers */
	volatile enum { CHIP_READY, CHIP_WRITING, CHIP_RESTING, CHIP_STUCK } state;
	volatile u32 readers;		     /* copies under way */
	const struct flash_request *resting; /* what is suspended; NULL: nothing */
	u32 lent_until;			     /* then only to tickets before this one */
	struct flash_mapping *mappings;
	struct flash_frames *frames;
	struct flash_stats stats;
};

/* --- cfi.c --- */
/* Fills in what the query says; nothing it says is believed unchecked. */
enum flash_error cfi_probe(struct flash_chip *chip);

/* For the extended tables. Query byte @at of the first device. */
u32 cfi_query(const struct flash_chip *chip, u32 at);
u32 cfi_query16(const struct flash_chip *chip, u32 at);
/* Says on the console what cannot be; returns false. */
bool cfi_refuse(const struct flash_chip *chip, const char *what, u64 value);
/* Erase regions come from the other end: a top boot part with the table of the bottom boot part. */
void cfi_reverse_regions(struct flash_chip *chip);

/* @value in the lane of each interleaved device. */
static inline u32 cfi_command(const struct flash_chip *chip, u32 value)
{
	u32 word = value, lane = 8 * chip->bank_width / chip->interleave;

	for (u32 i = 1; i < chip->interleave; i++)
		word = word << lane | value;
	return word;
}

/* Where word @address of the data sheet's tables lies in the bank. */
static inline u64 cfi_offset(const struct flash_chip *chip, u32 address)
{
	return (u64)address * chip->bank_width * chip->query_scale;
}

/* The lanes of @word laid over one another. */
static inline u32 cfi_merged(const struct flash_chip *chip, u32 word)
{
	u32 lane = 8 * chip->bank_width / chip->interleave, all = word;

	for (u32 i = 1; i < chip->interleave; i++)
		all |= word >> i * lane;
	return lane < 32 ? all & ((1u << lane) - 1) : all;
}

static inline u32 chip_read(const struct flash_chip *chip, u64 offset)
{
	return bus_read(chip->window, chip->bank_width, offset);
}

static inline void chip_write(const struct flash_chip *chip, u64 offset, u32 value)
{
	bus_write(chip->window, chip->bank_width, offset, value);
}

/* --- operate.c --- */
/* The erase block that holds @offset of the chip. */
struct flash_erase_block flash_erase_block_at(const struct flash_chip *chip, u64 offset);
/* Inside a write session. These end in array mode with no error bits, also when they fail; then the
 * console says how. */
enum flash_error flash_operate_erase(struct flash_chip *chip, u64 offset);
enum flash_error flash_operate_program(struct flash_chip *chip, u64 offset, const u8 *from,
				       u64 bytes);
enum flash_error flash_operate_lock(struct flash_chip *chip, u64 offset, bool lock);
enum flash_error flash_operate_is_locked(struct flash_chip *chip, u64 offset, bool *locked);

/* --- wait.c --- */
/* Waits until @op is over, or took longer than it may. Meanwhile others may be lent the chip. */
enum flash_error flash_wait(struct flash_chip *chip, const struct flash_operation *op);

/* --- chip.c --- */
/*
 * The chip belongs to the caller until flash_write_end(): no copy runs, and no CPU holds a
 * translation to it. FLASH_STUCK: it can no longer be used, and there is no session.
 */
enum flash_error flash_write_begin(struct flash_chip *chip, const struct flash_request *request);
void flash_write_end(struct flash_chip *chip, enum flash_error outcome);

/*
 * @bytes at @offset of the array may be read until flash_read_end(), and all writers wait until
 * then. So the caller waits for none of them meanwhile and is none itself (row W14): a copy waits
 * for nothing, who holds the chip for longer is counted in current()->chips_held.
 */
enum flash_error flash_read_begin(struct flash_chip *chip, u64 offset, u64 bytes);
void flash_read_end(struct flash_chip *chip);

/* As flash_read_begin(), but returns with chip->lock held, which flash_read_unlock() drops. */
enum flash_error flash_read_lock(struct flash_chip *chip, u64 offset, u64 bytes);
void flash_read_unlock(struct flash_chip *chip);
/* With chip->lock held: an operation rests, and the array can be read there, until it goes on. */
bool flash_is_lent(const struct flash_chip *chip, u64 offset, u64 bytes);

/* In a session: would the first in line be served if @what, which the chip has in hand, rested? */
bool flash_is_wanted(struct flash_chip *chip, const struct flash_request *what);
/*
 * In a session, @what rests and the chip shows its array: serves those who wait now and can do with
 * that. Then the chip is the caller's again, as after flash_write_begin(). FLASH_STUCK: it is not.
 */
enum flash_error flash_lend(struct flash_chip *chip, const struct flash_request *what);

/* --- mapping.c --- */
/* Removes every page of every mapping, and every raw frame, and flushes all CPUs; the chip is in
 * state CHIP_WRITING. */
void flash_revoke_all(struct flash_chip *chip);

/* --- frames.c --- */
/* The part of it that raw frames are. */
void flash_revoke_frames(struct flash_chip *chip);

#endif
