/* SPDX-License-Identifier: MIT */
/*
 * The flash model behind a bus, for tests of the guest's driver: small parts of both command sets.
 * Driver and model use the same words for things of their own, so a test of the one includes no
 * header of the other.
 */
#ifndef TEST_BUS_MODEL_H
#define TEST_BUS_MODEL_H

#include "devices/abi/types.h"

/*
 * Every part is of 128 KiB, of which the first half can be read while the second is written: 4
 * blocks of 8 KiB and 3 of 32 KiB if nothing else is said, x8/x16, a write buffer of 32 bytes.
 */
enum bus_part {
	BUS_J3,	     /* 0001: suspends, lock bits are cells */
	BUS_QEMU,    /* 0001: x8 only, neither suspends nor locks */
	BUS_L18,     /* 0001: x16, locked at power-up, 4 hardware partitions, 16 blocks of 8 KiB */
	BUS_C3,	     /* 0003: x16, locked at power-up, no write buffer */
	BUS_AMD,     /* 0002: suspends and programs meanwhile */
	BUS_AMD_X8,  /* 0002: x8 only, no write buffer, does not suspend */
	BUS_AMD_TOP, /* 0002: small blocks at the top, its query says bottom and "top boot" */
	BUS_AMD_TOP_10, /* 0002: the same, and only its device code tells */
	BUS_AMD_STATUS, /* 0002: x16, a status register, 512 bytes of buffer */
	BUS_AMD_DQ5,	/* 0002: a 1 over a 0 is a failure */
	BUS_PARTS
};

struct bus_setup {
	enum bus_part part;
	u32 bus_bytes;
	u32 chips;	  /* 0: one */
	bool slowest;	  /* every operation takes its longest time; else some time in between */
	u32 stuck;	  /* operation that never ends; they count from 1, in each chip */
	u32 fail_program; /* program that fails */
	u32 fail_erase;
	bool vpp_low;
	bool first_worn; /* no block of the first chip can be erased any more */
	u64 seed;	 /* of the times in between */
};

struct bus_faults {
	u32 status_errors; /* 0001: SR bits that are set when an operation ends, until 50h */
	u32 query_at;	   /* this query byte (0: none) … */
	u32 query_value;   /* … reads so */
	u32 silent;	   /* no chip: reads as an open bus */
	bool done_at_once; /* an operation takes no time */
	bool deaf;	   /* commands to rest are lost */
	u32 rests_behind;  /* the next one is obeyed behind so many reads, and then at once */
	bool dq5_at_end;   /* 0002: DQ5 and DQ1 rise as an operation ends, in its second read */
};

/* A fresh chip; time is *@ns. */
void bus_model_start(const u64 *ns, const struct bus_setup *setup);
void bus_model_stop(void);
extern struct bus_faults bus_faults;

u32 bus_model_read(u64 offset, u32 width);
void bus_model_write(u64 offset, u32 width, u32 value);

u8 *bus_model_array(void);
u64 bus_model_bytes(void);
bool bus_model_is_array(void);		     /* array mode, and nothing runs or rests */
bool bus_model_shows(u64 offset, u64 bytes); /* reads there return the array */
u64 bus_model_hidden_bytes(void);	     /* of which they do not */
u32 bus_model_status(void);		     /* 0001: the status register */

#endif
