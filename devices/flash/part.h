/* SPDX-License-Identifier: MIT */
/*
 * A part: one row of the tables in parts_intel.c and parts_amd.c. What the row says is all that the
 * model and the CFI query table know of it: adding a part is adding a row.
 */
#ifndef KVL_FLASH_PART_H
#define KVL_FLASH_PART_H

#include "../abi/types.h"

#define FLASH_MAX_REGIONS 4
#define FLASH_MAX_BLOCKS 1024	    /* erase blocks of a part */
#define FLASH_MAX_RUNS 4	    /* of equal hardware partitions */
#define FLASH_MAX_PARTITIONS 32	    /* hardware partitions of a part */
#define FLASH_MAX_BUFFER_BYTES 1024 /* write buffer */

/* Typical and longest time of something; 0: the part does not do it, or at once. */
struct flash_time {
	u32 typ_us, max_us;
};

struct flash_region { /* a run of equal erase blocks, and how long one takes to erase */
	u32 blocks;
	u32 block_bytes;
	struct flash_time erase;
};

/*
 * A run of equal hardware partitions, one of which may be read while another is written. Data
 * sheets of set 0002 call them banks; here a bank is what the bus sees (flash.h).
 */
struct flash_partition_run {
	u32 partitions;
	u32 partition_bytes;
};

/* What a part can do beyond read, program and erase. */
enum flash_feature {
	/* both sets */
	FLASH_SUSPEND_ERASE = 1u << 0,
	FLASH_SUSPEND_PROGRAM = 1u << 1,
	FLASH_PROGRAM_IN_SUSPEND = 1u << 2, /* while an erase is suspended */
	FLASH_OTP = 1u << 3,		    /* protection registers; Secured Silicon region */
	FLASH_BLANK_CHECK = 1u << 4,
	/* sets 0001, 0003 */
	FLASH_LOCK_INSTANT = 1u << 8, /* lock, unlock, lock-down: volatile, locked at power-up */
	FLASH_LOCK_STORED = 1u << 9,  /* lock bits are cells: set one by one, cleared together */
	FLASH_BEFP = 1u << 10,	      /* buffered enhanced factory programming */
	/*
	 * The write state machine of L18, P30 and their kin: read modes can be changed while it is
	 * busy, identifier codes and query are one mode, a code that is no command shows the array,
	 * there is a read configuration register.
	 */
	FLASH_STATES_P30 = 1u << 11,
	FLASH_ERASE_MARK = 1u << 12, /* block status bit 1: the last erase was interrupted */
	FLASH_WIDE_OTP = 1u << 13,   /* 16 more protection registers, of 128 bits */
	/* set 0002 */
	FLASH_UNLOCK_BYPASS = 1u << 16,
	FLASH_SECTOR_PROTECT = 1u << 17, /* lock register, persistent and dynamic protection bits */
	FLASH_STATUS_COMMAND = 1u << 18, /* a status register, read by 70h */
	FLASH_DQ5_ON_ONES = 1u << 19,	 /* a 1 programmed over a 0 ends in DQ5, not in silence */
	FLASH_X8_BUFFER_ONLY = 1u << 20, /* no program command (A0h) on an 8-bit bus */
};

/* What only the CFI query says: bytes as the data sheet prints them (JESD68.01 for the units). */
struct flash_cfi {
	u16 extended_at;     /* 15h: where the primary extended query table begins */
	char version[2];     /* of that table: major, minor */
	u8 interface;	     /* 28h: 0 = x8, 1 = x16, 2 = x8/x16 */
	u8 vcc_min, vcc_max; /* 1Bh, 1Ch: BCD volts and 100 mV */
	u8 vpp_min, vpp_max; /* 1Dh, 1Eh: as those, upper digit hexadecimal; 0: no such pin */
	u8 program_typ, program_max; /* 1Fh, 23h: 2^n us; 2^n times typical */
	u8 buffer_typ, buffer_max;   /* 20h, 24h: 2^n us; 2^n times typical */
	u8 erase_typ, erase_max;     /* 21h, 25h: 2^n ms; 2^n times typical */
	u8 chip_typ, chip_max;	     /* 22h, 26h: 2^n ms; 2^n times typical; 0: no chip erase */
	u8 buffer_log2;		     /* 2Ah: of the write buffer, 2^n bytes; 0: none */
	bool regions_reversed; /* a top boot part whose table is that of the bottom boot part */
	u8 extended_bytes;     /* of extended[] that are used */
	u8 extended[80];       /* the primary extended table behind "PRI" and its version */
};

struct flash_part {
	const char *name;	/* "28f128j3" */
	const char *compatible; /* device-tree vendor string: "intel,28f128j3" */
	u16 command_set;	/* CFI primary command set id: 0001, 0003 Intel; 0002 AMD/Fujitsu */
	u16 manufacturer;
	u16 device[3];	  /* 0001: device code; 0002: words 01h, 0Eh, 0Fh (0: only the first) */
	u32 chip_bytes;	  /* a power of two */
	u32 widths;	  /* data bus widths that it can have, in bytes, as bits: 1 | 2 */
	u32 native_bytes; /* what one address stands for: 2, or 1 on parts that are only x8 */
	u32 nregions;
	struct flash_region region[FLASH_MAX_REGIONS];
	u32 nruns; /* of hardware partitions; 0: the chip is one */
	struct flash_partition_run run[FLASH_MAX_RUNS];
	u32 features;					  /* enum flash_feature */
	u32 read_ns;					  /* one random read */
	struct flash_time program;			  /* one word */
	struct flash_time buffer;			  /* a full write buffer; 0: none */
	struct flash_time suspend_program, suspend_erase; /* from the command until it rests */
	struct flash_time befp;				  /* one fill of the buffer */
	struct flash_time lock, unlock; /* FLASH_LOCK_STORED: set one bit, clear all */
	struct flash_time blank_check;	/* of a block */
	u32 resume_us;	     /* after a resume it takes so long until there is progress */
	u32 erase_window_us; /* set 0002: more sectors may be named for so long */
	u32 secured_bytes;   /* set 0002, FLASH_OTP: of the Secured Silicon region */
	u16 secured_code; /* set 0002: autoselect word 03h of a part whose region is not locked */
	struct flash_cfi cfi;
};

const struct flash_part *flash_part_find(const char *name); /* NULL: no such part */
const struct flash_part *flash_part_row(size_t index);	    /* NULL: past the end */

/* NULL: the model can carry it. Else what is wrong with the row, as the end of a sentence. */
const char *flash_part_problem(const struct flash_part *part);

/* An erase block; beyond the chip: a block of 0 bytes at the chip's end. */
struct flash_block {
	u32 index;
	u64 start;
	u32 bytes;
	struct flash_time erase;
};

/* The erase block that holds byte @offset of one chip. */
struct flash_block flash_block_at(const struct flash_part *part, u64 offset);
u32 flash_block_count(const struct flash_part *part);

/* The hardware partition that holds byte @offset of one chip (the last: beyond it). */
struct flash_hw_partition {
	u32 index;
	u64 start, bytes;
};
struct flash_hw_partition flash_hw_partition_at(const struct flash_part *part, u64 offset);
u32 flash_hw_partition_count(const struct flash_part *part);

#endif
