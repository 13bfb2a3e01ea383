/* SPDX-License-Identifier: MIT */
/* Inside a flash bank: what its chips and their command sets share. Not for the owners of a
 * bank. */
#ifndef KVL_FLASH_CHIP_H
#define KVL_FLASH_CHIP_H

#include "devices/flash/cfi_query.h"
#include "devices/flash/operation.h"

struct flash_chip;

/* A command set. Addresses are words of the chip: what one cycle carries of it. */
struct flash_command_set {
	u16 (*read)(struct flash_chip *chip, u32 word);
	void (*write)(struct flash_chip *chip, u32 word, u16 data);
	/* @op, which was a @was, has ended or come to rest. */
	void (*stopped)(struct flash_chip *chip, struct flash_op *op, enum flash_op_kind was);
	void (*power_up)(struct flash_chip *chip);
	/* The status that observers are told; 0 where the set has none. */
	u8 (*status)(const struct flash_chip *chip, u32 partition);
	/* FLASH_VIEW_ARRAY; or why reads of @block do not return it, whatever the partition's
	 * mode. */
	enum flash_view (*view)(const struct flash_chip *chip, const struct flash_block *block);
	bool gives_up; /* what does not come to its end fails after the longest time */
};

extern const struct flash_command_set flash_intel_set, flash_amd_set;

/* Words awaited and loaded before one operation programs them all. */
struct flash_load {
	u32 start, count, loaded;
	u16 data[FLASH_MAX_BUFFER_BYTES];
};

/* Sets 0001 and 0003 (intel*.c). */
struct intel_state {
	u8 setup;     /* first cycle of a command of which more cycles are awaited; 0: none */
	bool counted; /* Write to Buffer: the count has come */
	bool befp;    /* buffered enhanced factory programming is under way */
	u8 errors[FLASH_MAX_PARTITIONS]; /* of the status registers */
	u16 configuration;		 /* read configuration register */
	struct flash_load load;
	u8 lock[FLASH_MAX_BLOCKS]; /* FLASH_LOCK_INSTANT: block status bits, as they are read */
};

/* Set 0002 (amd*.c). */
struct amd_state {
	u8 sequence; /* how far the command now being given has come: enum amd_sequence */
	u8 entered;  /* the command that replaced the array by something else; 0: none did */
	bool query_on_codes; /* query mode was entered from autoselect */
	u32 entered_in;	     /* the partition in which that was */
	u32 entered_sector;  /* first word of the sector in which that was */
	bool bypass;	     /* unlock bypass */
	bool naming;	     /* more sectors may be named, so long as the erase has not begun */
	bool erasing_chip;
	bool exceeds;	 /* the program that runs will not end well */
	u8 outcome;	 /* errors that the operation that runs will leave */
	u8 halted;	 /* status stays until it is reset: enum amd_halt */
	u32 halted_in;	 /* of that partition */
	u8 toggle;	 /* DQ6 and DQ2, as they were read last */
	u8 errors;	 /* of the status register */
	bool status_due; /* the next read returns it, as it was when it was asked for */
	u8 status;
	bool frozen;   /* PPB Lock */
	u32 last_word; /* loaded or programmed last: there DQ7 is the complement of its data */
	u16 last_data;
	struct flash_load load;
	u8 selected[FLASH_MAX_BLOCKS / 8];  /* sectors of this erase, one bit each */
	u8 queued[FLASH_MAX_BLOCKS / 8];    /* those of them that are to be erased after this one */
	u8 protected[FLASH_MAX_BLOCKS / 8]; /* dynamic protection bits */
};

struct flash_chip {
	struct flash_bank *bank;
	const struct flash_command_set *set;
	const struct flash_part *part;
	u32 number; /* in the bank */
	u32 words;
	u32 address_shift; /* from a word to the address that it has in the data sheet's tables */
	struct flash_cells array;
	struct flash_nv *nv;
	bool owns_nv;
	u32 unstable;			  /* blocks with bits that may read one way or the other */
	u32 operations, programs, erases; /* started so far, for faults */
	enum kvl_flash_mode mode[FLASH_MAX_PARTITIONS];
	/* A program may run while the erase is suspended. All else takes the place of an erase. */
	struct flash_op erase, program;
	union {
		struct intel_state intel;
		struct amd_state amd;
	};
};

struct flash_bank {
	struct flash_config config;
	struct flash_observer observer;
	u32 bus_bytes;
	u64 bytes;
	u64 now_ns; /* the latest time that was handed in */
	u64 random; /* state of the generator of undefined bits */
	u64 steps, generation;
	bool powered;
	u8 query[FLASH_QUERY_BYTES];
	struct flash_chip chip[FLASH_MAX_CHIPS];
};

/* --- chip.c: places ------------------------------------------------------------------------- */

/* Word @word as an address of the data sheet's tables: of 16-bit words, but on parts that are
 * x8. */
static inline u32 chip_address(const struct flash_chip *chip, u32 word)
{
	return word >> chip->address_shift;
}

u32 chip_partition_of(const struct flash_chip *chip, u32 word);
struct flash_block chip_block_of(const struct flash_chip *chip, u32 word);
u32 chip_first_word(const struct flash_chip *chip, const struct flash_block *block);
u32 chip_block_words(const struct flash_chip *chip, const struct flash_block *block);

/* --- chip.c: reads -------------------------------------------------------------------------- */

/* Bits that no data sheet defines: others at each call. */
u16 chip_undefined(const struct flash_chip *chip);
/* What the array's cells give, those of an interrupted erase now this, now that. */
u16 chip_array_word(const struct flash_chip *chip, u32 word);
/* A table entry on the chip's data lines: the upper byte of a word is 00h. */
u16 chip_query_word(const struct flash_chip *chip, u32 word);

/* --- chip.c: operations --------------------------------------------------------------------- */

struct flash_op *chip_running(struct flash_chip *chip); /* NULL: none */

static inline bool chip_is_busy(const struct flash_chip *chip)
{
	return op_runs(&chip->program) || op_runs(&chip->erase);
}

static inline bool chip_erase_rests(const struct flash_chip *chip)
{
	return chip->erase.kind && chip->erase.suspended;
}

static inline bool chip_program_rests(const struct flash_chip *chip)
{
	return chip->program.kind && chip->program.suspended;
}

/*
 * These start an operation now, in the partition of @word, and tell of it. chip_program() programs
 * @words of @data into @cells from @start on, which takes @time. chip_erase() erases the block that
 * holds @word, from @from_ns on. chip_check() has the
 * block looked at, chip_lock() its lock bit set; chip_unlock_all() clears those of all blocks.
 */
void chip_program(struct flash_chip *chip, u32 word, const struct flash_cells *cells, u32 start,
		  const u16 *data, u32 words, struct flash_time time);
void chip_erase(struct flash_chip *chip, u32 word, u64 from_ns);
void chip_check(struct flash_chip *chip, u32 word);
void chip_lock(struct flash_chip *chip, u32 word);
void chip_unlock_all(struct flash_chip *chip, u32 word);

/*
 * @op becomes one that only takes @time, from @from_ns on: what a chip does at a @word that is
 * protected. No operation as faults count them.
 */
void chip_refuse(struct flash_chip *chip, struct flash_op *op, u32 word, u64 from_ns,
		 struct flash_time time);
/* Ends @op, which has not begun yet. */
void chip_cancel(struct flash_chip *chip, struct flash_op *op);

void chip_suspend(struct flash_chip *chip, struct flash_op *op);
void chip_resume(struct flash_chip *chip, struct flash_op *op);

/* What it takes to program @words of the write buffer. */
struct flash_time chip_buffer_time(const struct flash_chip *chip, u32 words);
bool chip_is_blank(const struct flash_chip *chip, u32 start, u32 words);
/* Does what is due next, of the operation that runs. True: that was a step. */
bool chip_proceed(struct flash_chip *chip);

/* --- chip.c: what is told ------------------------------------------------------------------- */
void chip_set_mode(struct flash_chip *chip, u32 partition, enum kvl_flash_mode mode);
void chip_tell_command(const struct flash_chip *chip, u32 word, u8 command, u16 data);
void chip_tell_state(struct flash_chip *chip, const struct flash_op *op);

/* --- chip.c: life --------------------------------------------------------------------------- */
void chip_power_up(struct flash_chip *chip);
enum flash_view chip_view(const struct flash_chip *chip, const struct flash_block *block);

#endif
