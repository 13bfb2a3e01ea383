/* SPDX-License-Identifier: MIT */
/*
 * A CFI NOR flash chip as a function of bus accesses and of the time it is handed: no clock, no
 * thread, no file, no KVM. The VMM, the unit tests and fuzzers drive it the same way.
 *
 * Time is a count of nanoseconds that never goes back. An operation (program, erase) is a record
 * that progresses: flash_advance() applies the steps that are due, so the array changes little by
 * little while the operation runs, as on a real chip.
 */
#ifndef KVL_FLASH_H
#define KVL_FLASH_H

#include "../abi/trace_abi.h"
#include "../abi/types.h"

#define FLASH_MAX_REGIONS 4
#define FLASH_MAX_BUFFER_BYTES 256

struct flash_region { /* a run of equal erase blocks */
	u32 blocks;
	u32 block_bytes;
};

/* What only the CFI query says: bytes as the data sheet prints them (JESD68.01 for the units). */
struct flash_cfi {
	u8 extended_at;		     /* 15h: where the primary extended query table begins */
	char version[2];	     /* of that table: major, minor */
	u8 interface;		     /* 28h: 1 = x16, 2 = x8/x16 */
	u8 vcc_min, vcc_max;	     /* 1Bh, 1Ch: BCD volts and 100 mV */
	u8 vcc_best;		     /* extended table +Ch: BCD, highest performance */
	u8 program_typ, program_max; /* 1Fh, 23h: 2^n us; 2^n times typical */
	u8 buffer_typ, buffer_max;   /* 20h, 24h: 2^n us; 2^n times typical */
	u8 erase_typ, erase_max;     /* 21h, 25h: 2^n ms; 2^n times typical */
	u8 buffer_log2;		     /* 2Ah: of the write buffer, 2^n bytes; 0: none */
	u8 protection_fields;	     /* extended table +Eh; none is modelled */
};

/* A part: one row of the table in parts.c, with the source (data sheet, section) of its numbers. */
struct flash_part {
	const char *name;	/* "28f128j3" */
	const char *compatible; /* device-tree vendor string: "intel,28f128j3" */
	u16 manufacturer, device;
	u16 command_set; /* CFI primary command set id: 0x0001 Intel/Sharp */
	u32 chip_bytes;	 /* a power of two */
	u32 bus_bytes;	 /* bus width used, and with it a word: 1 = x8, 2 = x16 */
	u32 nregions;
	struct flash_region region[FLASH_MAX_REGIONS];
	u32 read_ns;			    /* one random read of the bus */
	u32 program_typ_us, program_max_us; /* one word */
	u32 buffer_typ_us, buffer_max_us;   /* the write buffer, however full; 0: none */
	u32 erase_typ_ms, erase_max_ms;	    /* one block */
	struct flash_cfi cfi;
};

const struct flash_part *flash_part_find(const char *name); /* NULL: no such part */
const struct flash_part *flash_part_row(size_t index);	    /* NULL: past the end */

/*
 * What the chip tells its owner. Called from within flash_read/write/advance, before they return;
 * a callback must not call back into the chip. Times never go back from one call to the next. Any
 * of the three may be NULL.
 */
struct flash_observer {
	void *owner;
	/*
	 * A complete program or erase command was accepted: from now on the array changes.
	 * @offset: the bus word that the last cycle addressed. @command: the first cycle (40h, 10h,
	 * E8h, 20h). @data: the last cycle (the word to program, D0h).
	 */
	void (*command)(void *owner, u32 partition, u64 offset, u8 command, u64 data, u64 now_ns);
	/* an operation started (status 00h), ended (KVL_FLASH_IDLE; @now_ns: when it did end) */
	void (*state)(void *owner, u32 partition, enum kvl_flash_state state, u8 status,
		      u64 now_ns);
	/* reads of the partition return something else from now on */
	void (*mode)(void *owner, u32 partition, enum kvl_flash_mode mode, u64 now_ns);
};

struct flash_chip;

/*
 * A chip of @part over @array (part->chip_bytes bytes, owned by the caller, outlives the chip).
 * State after power-up: read array, status 80h. @observer is copied and may be NULL. NULL: out of
 * memory.
 */
struct flash_chip *flash_create(const struct flash_part *part, u8 *array,
				const struct flash_observer *observer);
void flash_destroy(struct flash_chip *chip);

const struct flash_part *flash_part_of(const struct flash_chip *chip);

/*
 * A bus read of @bytes (1, 2, 4, 8) at @offset at time @now_ns; byte 0 of the result is the byte at
 * @offset. The bus controller makes one cycle of each bus word that the access touches, in
 * ascending order. Any offset and width is harmless: beyond the chip all bits read one, and bytes
 * beyond the eighth are not accessed. A time before an earlier one counts as that earlier one.
 */
u64 flash_read(struct flash_chip *chip, u64 offset, u32 bytes, u64 now_ns);

/*
 * A bus write, cut into cycles in the same way. Byte lanes of a bus word that the access does not
 * cover carry FFh: "leave these bits" as data, "read array" as a command. Beyond the chip nothing
 * happens.
 */
void flash_write(struct flash_chip *chip, u64 offset, u32 bytes, u64 value, u64 now_ns);

/* Lets the running operation, if any, progress to @now_ns. */
void flash_advance(struct flash_chip *chip, u64 now_ns);

/*
 * True if reads of the whole chip return the array and nothing is changing it: it may then be
 * mapped as read-only memory until the next write.
 */
bool flash_is_array(const struct flash_chip *chip);

/* When the running operation ends; UINT64_MAX if none runs. */
u64 flash_busy_until(const struct flash_chip *chip);

/* The erase block that holds @offset; beyond the chip: a block of 0 bytes at the chip's end. */
struct flash_block {
	u32 index;
	u64 start;
	u32 bytes;
};
struct flash_block flash_block_at(const struct flash_part *part, u64 offset);

#endif
