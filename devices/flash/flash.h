/* SPDX-License-Identifier: MIT */
/*
 * A bank of CFI NOR flash chips as a function of bus accesses and of the time it is handed: no
 * clock, no thread, no file, no KVM. The VMM, the unit tests and fuzzers drive it the same way.
 *
 * A bank is what the bus sees: one chip, or two side by side of which each carries half of every
 * bus word and has a state of its own. Time is a count of nanoseconds that never goes back. An
 * operation (program, erase, …) is a record that progresses: flash_advance() applies the steps that
 * are due, so the array changes little by little while the operation runs, as on a real chip.
 */
#ifndef KVL_FLASH_H
#define KVL_FLASH_H

#include "../abi/trace_abi.h"
#include "../abi/types.h"
#include "part.h"

#define FLASH_MAX_CHIPS 2

/* Which time an operation takes. Seeded: between the typical and the longest. */
enum flash_timing { FLASH_TYPICAL = 0, FLASH_SLOWEST, FLASH_SEEDED };

/* Faults; all 0: none. Operations are programs and erases, counted from 1 in each chip. */
struct flash_faults {
	u32 slow;	  /* this operation takes four times its longest time */
	u32 stuck;	  /* this operation never ends */
	u32 fail_program; /* this program fails halfway */
	u32 fail_erase;	  /* this erase fails halfway */
	u32 weak_words;	  /* one word in so many keeps a bit that it should lose, untold */
	u32 endurance;	  /* a block fails to erase after so many erases */
	bool vpp_low;	  /* set 0001: no programming voltage: SR.3 */
};

struct flash_config {
	const struct flash_part *part;
	u32 bus_bytes; /* width of the bus: 1, 2, 4; 0: the widest that the part has, times chips */
	u32 chips;     /* side by side: 1, 2; 0: 1 */
	enum flash_timing timing;
	u64 seed; /* of seeded times, of faults, and of all that data sheets leave undefined */
	struct flash_faults faults;
	u64 cut_at; /* power goes after so many steps; 0: never */
};

/* NULL: there can be such a bank. Else why not, as the end of a sentence. */
const char *flash_config_problem(const struct flash_config *config);

/* --- what a chip keeps beside its array ------------------------------------------------------- */

#define FLASH_OTP_WORDS 512

struct flash_nv_block {
	u32 cycles; /* completed erases */
	u8 erasing; /* 0: no erase was interrupted; 1: preconditioning; 2 + n: pulse n */
	u8 locked;  /* FLASH_LOCK_STORED, and the persistent protection bits of set 0002 */
	u8 unused[2];
};

/* One chip's; @block has flash_block_count() elements. The chip trusts none of it. */
struct flash_nv {
	u16 otp[FLASH_OTP_WORDS]; /* 0001: protection registers from word 80h; 0002: secured region */
	u16 lock_register;	  /* set 0002 */
	u16 unused[3];
	struct flash_nv_block block[];
};

size_t flash_nv_bytes(const struct flash_part *part);
/* Fresh from the factory; @seed and @chip (its number in the bank) make its serial number. */
void flash_nv_init(const struct flash_part *part, struct flash_nv *nv, u64 seed, u32 chip);
/* An interrupted erase has left @block so that its bits may read one way or the other. */
bool flash_nv_unstable(const struct flash_nv_block *block);

/* --- what the bank tells its owner ------------------------------------------------------------ */

/*
 * Called from within flash_read/write/advance, before they return; a callback must not call back
 * into the bank. Times never go back from one call to the next. Any of them may be NULL. A
 * @partition is a hardware partition; those of the second chip follow those of the first.
 */
struct flash_observer {
	void *owner;
	/*
	 * A complete command was accepted: from now on cells change.
	 * @offset: the bus word that the last cycle addressed. @command: the first cycle, or for
	 * set 0002 the one behind the unlock cycles (40h, A0h, 30h, …; D0h, 30h: resume). @data:
	 * the last cycle (the word to program, the confirmation).
	 */
	void (*command)(void *owner, u32 partition, u64 offset, u8 command, u64 data, u64 now_ns);
	/*
	 * An operation started, was suspended, ended (@now_ns: when it did). @status: the register;
	 * 0 of parts that have none.
	 */
	void (*state)(void *owner, u32 partition, enum kvl_flash_state state, u8 status,
		      u64 now_ns);
	/* reads of the partition return something else from now on */
	void (*mode)(void *owner, u32 partition, enum kvl_flash_mode mode, u64 now_ns);
	/* the power went, as configured, after @steps */
	void (*power_lost)(void *owner, u64 steps, u64 now_ns);
};

/* --- the bank --------------------------------------------------------------------------------- */

struct flash_bank;

/*
 * A bank of @config (which has no problem) over @array (flash_bank_bytes() of it, as the bus sees
 * them) and @nv, one for each chip; the caller owns both, and they outlive the bank. @nv NULL, or
 * one of them: a fresh one, gone with the bank. @config and @observer are copied; the latter may be
 * NULL. The bank is as after power-up. NULL: out of memory.
 */
struct flash_bank *flash_create(const struct flash_config *config, u8 *array,
				struct flash_nv *const nv[FLASH_MAX_CHIPS],
				const struct flash_observer *observer);
void flash_destroy(struct flash_bank *bank);

const struct flash_part *flash_part_of(const struct flash_bank *bank);
u64 flash_bank_bytes(const struct flash_config *config);
u32 flash_bus_bytes(const struct flash_config *config);
/* The erase block of the bank (of all its chips together) that holds @offset of the bus. */
struct flash_block flash_bank_block_at(const struct flash_config *config, u64 offset);

/*
 * A bus read of @bytes (1, 2, 4, 8) at @offset at time @now_ns; byte 0 of the result is the byte at
 * @offset. The bus controller makes one cycle of each bus word that the access touches, in
 * ascending order. Any offset and width is harmless: beyond the bank all bits read one, and bytes
 * beyond the eighth are not accessed. A time before an earlier one counts as that earlier one.
 */
u64 flash_read(struct flash_bank *bank, u64 offset, u32 bytes, u64 now_ns);

/*
 * A bus write, cut into cycles in the same way. Byte lanes of a bus word that the access does not
 * cover carry FFh: "leave these bits" as data, "read array" as a command. Beyond the bank nothing
 * happens.
 */
void flash_write(struct flash_bank *bank, u64 offset, u32 bytes, u64 value, u64 now_ns);

/* Lets the running operations, if any, progress to @now_ns. */
void flash_advance(struct flash_bank *bank, u64 now_ns);

/* When the last of the running operations ends or rests; UINT64_MAX: none runs, or it never
 * will. */
u64 flash_busy_until(const struct flash_bank *bank);

/* --- which of the array may be mapped --------------------------------------------------------- */

struct flash_range {
	u64 start, bytes;
};

/* What a read of a place finds, and so whether it may be mapped. */
enum flash_view {
	FLASH_VIEW_ARRAY = 0, /* the array: it may be */
	FLASH_VIEW_BUSY,      /* an operation runs in that partition */
	FLASH_VIEW_RESTS,     /* an operation on that block is suspended */
	FLASH_VIEW_MODE,      /* another read mode */
	FLASH_VIEW_UNSTABLE,  /* an interrupted erase: the bits read now one way, now the other */
	FLASH_VIEW_OFF,	      /* no power */
};

/* At @offset of the bus, inside the bank. */
enum flash_view flash_view_at(const struct flash_bank *bank, u64 offset);

/*
 * The first run of whole erase blocks, as long as can be, at or behind @from, of which every read
 * returns the array and which no operation, running or suspended, is changing: until the next write
 * it may be mapped as read-only memory. False: none.
 */
bool flash_next_shown(const struct flash_bank *bank, u64 from, struct flash_range *range);
/* All of it may be. */
bool flash_is_array(const struct flash_bank *bank);
/* Changes whenever the answers of flash_next_shown() may. */
u64 flash_shown_generation(const struct flash_bank *bank);

/* --- power ------------------------------------------------------------------------------------ */

/* Steps of all operations so far. A step changes one bit of a word, one piece or bit of a block. */
u64 flash_steps(const struct flash_bank *bank);
/*
 * A numbered fault whose operation no chip has come to: its name, and its number in *@n. NULL: all
 * of them have struck.
 */
const char *flash_missed_fault(const struct flash_bank *bank, u32 *n);
/*
 * Power goes now: every operation stops where it is, whatever is volatile is lost. Until
 * flash_power_up() reads return all ones and writes do nothing.
 */
void flash_power_cut(struct flash_bank *bank);
void flash_power_up(struct flash_bank *bank);
bool flash_has_power(const struct flash_bank *bank);

#endif
